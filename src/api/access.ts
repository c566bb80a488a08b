import type { FastifyInstance, FastifyRequest } from "fastify"
import { PlatformError } from "../core/errors.ts"
import type { Principal } from "../hub/base/principal.ts"
import type { Identity } from "../hub/people/identity.ts"
import { atLeast } from "../hub/people/roles.ts"
import type { Role } from "../store/database.ts"
import { originOf } from "./mount.ts"

/** The access that a route requires of its caller: `public` requires nothing, `signedIn` any role. */
export type Access = "public" | Role | "operator"

declare module "fastify" {
  interface FastifyContextConfig {
    access?: Access
    /** As in the operation's spec. */
    scoped?: true
  }
  interface FastifyRequest {
    principal: Principal | undefined
  }
}

/** Authenticates every request of this instance and enforces its route's `config.access`; a route without one requires admin. */
export function useAccess(app: FastifyInstance, identity: Identity): void {
  app.decorateRequest("principal", undefined)
  app.addHook("onRequest", async (request) => {
    if (request.is404) return
    const access = request.routeOptions.config.access ?? "admin"
    if (access === "public") return
    const principal = { ...(await identity.authenticate(credentialOf(request), workspaceOf(request))), request: originOf(request).request }
    request.principal = principal
    if (access === "operator") {
      if (!principal.operator) throw new PlatformError("forbidden", "Only operators (admins of the hub's first workspace) may do this; ask one of them.")
    } else if (!atLeast(principal.role, access)) {
      throw new PlatformError(
        "forbidden",
        `The role ${principal.role} may not do this; it requires ${access === "use" ? "the role use" : `${article(access)} ${access}`}. Use a key of that role, or ask an admin.`,
      )
    }
    if (principal.scope !== undefined && request.routeOptions.config.scoped !== true)
      throw new PlatformError("forbidden", "The caller is limited to certain connectors and may not do this; use a key without that limit, or ask an admin.")
  })
}

/** The caller of a request; every route but public ones has one. */
export function principalOf(request: FastifyRequest): Principal {
  if (request.principal === undefined) throw new PlatformError("unauthenticated", "Send `Authorization: Bearer <key>` or `x-api-key`.")
  return request.principal
}

/** The key or token of a request, if it has one, from `Authorization: Bearer` or `x-api-key`. */
function credentialOf(request: FastifyRequest): string | undefined {
  const { authorization, "x-api-key": apiKey } = request.headers
  const bearer = authorization === undefined ? undefined : /^Bearer +(\S+)$/i.exec(authorization)?.[1]
  if (authorization !== undefined && bearer === undefined) throw new PlatformError("unauthenticated", "The Authorization header must be `Bearer <key>`.")
  return bearer ?? (typeof apiKey === "string" && apiKey !== "" ? apiKey : undefined)
}

function workspaceOf(request: FastifyRequest): string | undefined {
  const header = request.headers["jackfield-workspace"]
  return typeof header === "string" && header !== "" ? header : undefined
}

const article = (word: string): string => (/^[aeiou]/.test(word) ? "an" : "a")
