import type { FastifyRequest } from "fastify"
import { PlatformError } from "../../core/errors.ts"
import type { Hub } from "../../hub/hub.ts"
import { isSessionToken, type Principal } from "../../hub/identity.ts"
import type { Role } from "../../store/database.ts"

const RANK: Readonly<Record<Role, number>> = { viewer: 1, editor: 2, admin: 3 }

/**
 * The caller, by `Authorization: Bearer` or `X-API-Key`, with at least that role. An API key decides the tenant; a
 * user's token picks one of the user's own by `X-Tenant-Id`. `X-User-Role` is not believed.
 */
export async function callerOf(request: FastifyRequest, hub: Hub, least: Role): Promise<Principal> {
  const { authorization, "x-api-key": apiKey, "x-tenant-id": tenant } = request.headers
  const bearer = authorization === undefined ? undefined : /^Bearer +(\S+)$/i.exec(authorization)?.[1]
  if (authorization !== undefined && bearer === undefined) throw new PlatformError("unauthenticated", "The Authorization header must be Bearer <key>.")
  const credential = bearer ?? (typeof apiKey === "string" && apiKey !== "" ? apiKey : undefined)
  const byTenant = credential === undefined || isSessionToken(credential)
  const picked = byTenant && typeof tenant === "string" && tenant !== "" ? tenant : undefined
  const caller = await hub.identity.authenticate(credential, picked)
  if (RANK[caller.role] < RANK[least]) throw new PlatformError("forbidden", `The role ${caller.role} may not do this; it takes ${least} or more.`)
  return caller
}
