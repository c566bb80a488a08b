import type { FastifyReply, FastifyRequest, HTTPMethods } from "fastify"
import { type Mount, originOf } from "../../api/mount.ts"
import { PlatformError } from "../../core/errors.ts"
import type { Principal } from "../../hub/base/principal.ts"
import type { Hub } from "../../hub/hub.ts"
import type { Role } from "../../store/database.ts"
import type { Settings } from "../mapping.ts"
import { serve } from "../serve.ts"
import { Connectors } from "./connectors.ts"
import { type ListQuery, readConnector, readId, readList, readLogin } from "./contract.ts"
import { answerOf, noWorkspace } from "./errors.ts"
import { iconOf, iconPath } from "./icons.ts"

const PREFIX = "/aisquared"
const PATH = "/api/v1/connectors"

type Handler = (by: Principal, request: FastifyRequest, reply: FastifyReply) => Promise<unknown>

/** AI Squared's connectors API and its login (aisquared-create-connector.md). */
export const aisquared: Mount = {
  name: "aisquared",
  prefix: PREFIX,
  answer: answerOf,
  routes(scope, hub) {
    scope.removeContentTypeParser("text/plain")
    const connectors = new Connectors(hub)
    const route = (method: HTTPMethods, path: string, least: Role, handle: Handler): void =>
      serve(scope, { method, path, least, caller: (request) => callerOf(request, hub), handle })
    route("GET", PATH, "viewer", async (by, request) => {
      const query = readList(request.query as Settings)
      const { data, total } = await connectors.list(by, query, baseOf(hub, request))
      return { data, links: linksOf(hub, request, query, total) }
    })
    route("POST", PATH, "editor", async (by, request, reply) => {
      const data = await connectors.create(by, readConnector(request.body, true), baseOf(hub, request))
      return reply.code(201).send({ data })
    })
    route("GET", `${PATH}/:id`, "viewer", async (by, request) => ({ data: await connectors.get(by, idOf(request), baseOf(hub, request)) }))
    for (const method of ["PUT", "PATCH"] as const)
      route(method, `${PATH}/:id`, "editor", async (by, request) => ({
        data: await connectors.update(by, idOf(request), readConnector(request.body, false), baseOf(hub, request)),
      }))
    route("DELETE", `${PATH}/:id`, "editor", async (by, request, reply) => {
      await connectors.remove(by, idOf(request))
      return reply.code(204).send()
    })
    for (const url of ["/api/v1/login", "/api/v1/login/"])
      scope.post(url, { config: { access: "public" } }, async (request) => {
        const { email, password } = readLogin(request.body)
        const { token } = await hub.identity.logIn(email, password, originOf(request))
        return { data: { type: "token", id: token, attributes: { token } } }
      })
    for (const [path, definition] of new Map(connectors.definitions.map((each) => [iconPath(each), each])))
      scope.get(path, (_, reply) => reply.type("image/svg+xml").send(iconOf(definition)))
  },
}

const idOf = ({ params }: FastifyRequest): number => readId((params as { id: string }).id)

/**
 * The base URL of this mount: its prefix at the hub's public URL, or the root of a host that the operator assigned to this
 * API. No other Host header appears in a link.
 */
function baseOf(hub: Hub, { protocol, headers, originalUrl }: FastifyRequest): string {
  if (originalUrl.startsWith(`${PREFIX}/`)) return `${hub.publicUrl()}${PREFIX}`
  return `${protocol === "https" ? "https" : "http"}://${headers.host ?? ""}`
}

/** The links of a page: the caller's query with another page number. */
function linksOf(hub: Hub, request: FastifyRequest, { page, perPage }: ListQuery, total: number): Readonly<Record<string, string | null>> {
  const last = Math.max(1, Math.ceil(total / perPage))
  const link = (to: number): string => {
    const query = new URLSearchParams(request.query as Record<string, string>)
    query.set("page", String(to))
    query.set("per_page", String(perPage))
    return `${baseOf(hub, request)}${PATH}?${query.toString()}`
  }
  return {
    self: link(page),
    first: link(1),
    prev: page > 1 ? link(Math.min(page - 1, last)) : null,
    next: page < last ? link(page + 1) : null,
    last: link(last),
  }
}

/** The caller, by `Authorization: Bearer` with a login's token or an API key. `Workspace-Id` selects one of the caller's workspaces; by default the first. */
async function callerOf(request: FastifyRequest, hub: Hub): Promise<Principal> {
  const { authorization = "", "workspace-id": workspace } = request.headers
  const token = /^Bearer +(\S+)$/i.exec(authorization)?.[1]
  const picked = typeof workspace === "string" && workspace !== "" ? workspace : undefined
  if (picked === undefined) return hub.identity.authenticate(token, undefined)
  try {
    if (/^\d{1,9}$/.test(picked)) return await hub.identity.authenticate(token, String(Number(picked)))
    await hub.identity.authenticate(token, undefined)
  } catch (error) {
    throw error instanceof PlatformError && error.code === "forbidden" ? noWorkspace(error) : error
  }
  throw noWorkspace()
}
