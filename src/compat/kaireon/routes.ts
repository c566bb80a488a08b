import type { FastifyRequest, HTTPMethods } from "fastify"
import type { Mount } from "../../api/mount.ts"
import type { Principal } from "../../hub/base/principal.ts"
import { WorkspaceRate } from "../../limits/workspace-rate.ts"
import type { Role } from "../../store/database.ts"
import type { Settings } from "../mapping.ts"
import { type Route, serve } from "../serve.ts"
import { callerOf } from "./auth.ts"
import { limitOf, readBody } from "./body.ts"
import { Connectors } from "./connectors.ts"
import { answerOf } from "./errors.ts"

const PATH = "/api/v1/connectors"
const TESTS = { requests: 100, perMs: 60_000 }

/** KaireonAI's connectors API (docs: API reference, Connectors). */
export const kaireon: Mount = {
  name: "kaireon",
  prefix: "/kaireon",
  answer: answerOf,
  routes(scope, hub) {
    scope.removeContentTypeParser("text/plain")
    const connectors = new Connectors(hub)
    const tests = new WorkspaceRate(hub.store, "kaireon tests", TESTS)
    const caller = (request: FastifyRequest): Promise<Principal> => callerOf(request, hub)
    const route = (method: HTTPMethods, path: string, least: Role, handle: Route["handle"]): void => serve(scope, { method, path, least, caller, handle })
    route("GET", PATH, "viewer", (by, { query }) => connectors.list(by, limitOf(query as Settings), (query as Settings)["cursor"]))
    route("POST", PATH, "editor", async (by, { body }, reply) => {
      const made = await connectors.create(by, readBody(body, ["name", "type"]))
      return reply.code(201).send(made)
    })
    route("PUT", PATH, "editor", (by, { body }) => connectors.update(by, readBody(body, ["id"])))
    route("DELETE", PATH, "editor", async (by, { query }, reply) => {
      await connectors.remove(by, readBody(query, ["id"]).id ?? "")
      return reply.code(204).send()
    })
    route("POST", `${PATH}/test`, "editor", async (by, { body }) => {
      await tests.take(by.workspace.id)
      return connectors.test(by, readBody(body, ["id"]).id ?? "")
    })
    route("GET", `${PATH}/:id`, "viewer", (by, { params }) => connectors.get(by, (params as { id: string }).id))
  },
}
