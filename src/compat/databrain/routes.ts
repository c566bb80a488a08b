import type { FastifyRequest } from "fastify"
import type { Mount } from "../../api/mount.ts"
import { PlatformError } from "../../core/errors.ts"
import type { Principal } from "../../hub/base/principal.ts"
import type { Hub } from "../../hub/hub.ts"
import { isSessionToken } from "../../hub/people/identity.ts"
import { serve } from "../serve.ts"
import { Datasources } from "./datasources.ts"
import { answerOf, beginsCreating } from "./errors.ts"

const PATH = "/api/v2/datasource"

/** DataBrain's datasource API (docs: API reference, Create Datasource), and the progress of caching a schema. */
export const databrain: Mount = {
  name: "databrain",
  prefix: "/databrain",
  answer: answerOf,
  routes(scope, hub) {
    scope.removeContentTypeParser("text/plain")
    const datasources = new Datasources(hub)
    const caller = (request: FastifyRequest): Promise<Principal> => callerOf(request, hub)
    serve(scope, {
      method: "POST",
      path: PATH,
      least: "editor",
      caller,
      handle: (by, request) => {
        const datasource = datasources.read(request.body)
        beginsCreating(request)
        return datasources.create(by, datasource)
      },
    })
    serve(scope, { method: "POST", path: `${PATH}/getDatasourceProgress`, least: "editor", caller, handle: (by, { body }) => datasources.progress(by, body) })
  },
}

/** The caller, by a service token: an API key as Bearer. A user's session is rejected. */
async function callerOf({ headers: { authorization } }: FastifyRequest, hub: Hub): Promise<Principal> {
  const token = authorization === undefined ? undefined : (/^Bearer +(\S+)$/i.exec(authorization)?.[1] ?? "")
  if (token !== undefined && (token === "" || isSessionToken(token)))
    throw new PlatformError("unauthenticated", "The Authorization header must be Bearer <service token>.")
  return hub.identity.authenticate(token, undefined)
}
