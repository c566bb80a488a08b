import type { FastifyReply, FastifyRequest, HTTPMethods } from "fastify"
import type { Mount } from "../../api/mount.ts"
import { PlatformError } from "../../core/errors.ts"
import type { Principal } from "../../hub/base/principal.ts"
import type { Hub } from "../../hub/hub.ts"
import type { Role } from "../../store/database.ts"
import { serve } from "../serve.ts"
import { readConnector, readId } from "./body.ts"
import { Connectors } from "./connectors.ts"
import { answerOf, unprocessable } from "./errors.ts"

const PATH = "/v1/connectors"
/** Databar's clients check the balance before they run anything; this hub is free of charge. */
const BALANCE = 1_000_000

type Handler = (by: Principal, request: FastifyRequest, reply: FastifyReply) => Promise<unknown>

/** Databar's connectors API (databar-create-connector.md, databar-list-connectors.md). */
export const databar: Mount = {
  name: "databar",
  prefix: "/databar",
  answer: answerOf,
  routes(scope, hub) {
    scope.removeContentTypeParser("text/plain")
    const connectors = new Connectors(hub)
    const route = (method: HTTPMethods, path: string, least: Role, handle: Handler): void =>
      serve(scope, { method, path, least, caller: (request) => callerOf(request, hub), handle })
    route("GET", PATH, "viewer", (by) => connectors.list(by))
    route("POST", PATH, "editor", async (by, { body }, reply) => {
      const made = await connectors.create(by, readConnector(body))
      return reply.code(201).send(made)
    })
    route("GET", `${PATH}/:id`, "viewer", (by, { params }) => connectors.get(by, idOf(params)))
    route("PUT", `${PATH}/:id`, "editor", (by, { params, body }) => connectors.replace(by, idOf(params), readConnector(body)))
    route("DELETE", `${PATH}/:id`, "editor", async (by, { params }, reply) => {
      await connectors.remove(by, idOf(params))
      return reply.code(204).send()
    })
    route("GET", "/v1/user/me", "viewer", async ({ kind, name, workspace }) => ({
      first_name: name,
      email: kind === "session" ? name : "",
      balance: BALANCE,
      plan: "Self-hosted",
      workspace: workspace.id,
    }))
  },
}

const idOf = (params: unknown): number => readId((params as { id: string }).id)

/** The caller, by `x-apikey`, which determines the workspace. Without that header the answer is 422, as for any missing field, unless the hub requires no credentials. */
async function callerOf(request: FastifyRequest, hub: Hub): Promise<Principal> {
  const key = request.headers["x-apikey"]
  if (typeof key === "string") return hub.identity.authenticate(key, undefined)
  return hub.identity.authenticate(undefined, undefined).catch((error: unknown) => {
    if (!(error instanceof PlatformError) || error.code !== "unauthenticated") throw error
    throw unprocessable([{ type: "missing", loc: ["header", "x-apikey"], msg: "Field required" }])
  })
}
