import Type from "typebox"
import type { Hub } from "../../hub/hub.ts"
import { principalOf } from "../access.ts"
import { Connector, closed, PageQuery, pageOf, Ref } from "../schemas.ts"
import type { Api } from "../server.ts"
import { access, describe, ifMatchOf } from "../shapes.ts"
import { Version, VersionRef, WholeVersion } from "../version-schemas.ts"

/** What connectors were: listed, shown, restored. */
export function versionRoutes(api: Api, { versions }: Hub): void {
  api.get(
    "/connectors/:id/versions",
    {
      ...access("viewer"),
      schema: {
        ...describe("versions", "Every change of a connector, newest first", { 200: pageOf(Version) }),
        params: Ref,
        querystring: Type.Object(PageQuery, closed),
      },
    },
    async (request) => versions.list(principalOf(request), request.params.id, request.query),
  )
  api.get(
    "/connectors/:id/versions/:version",
    {
      ...access("viewer"),
      schema: { ...describe("versions", "One version, and the connector as it was then", { 200: WholeVersion }), params: VersionRef },
    },
    async (request) => versions.get(principalOf(request), request.params.id, request.params.version),
  )
  api.post(
    "/connectors/:id/versions/:version/restore",
    {
      ...access("editor", { versioned: true }),
      schema: { ...describe("versions", "Bring config and secrets of a version back, as a new version", { 200: Connector }), params: VersionRef },
    },
    async (request, reply) => {
      const restored = await versions.restore(principalOf(request), request.params.id, request.params.version, ifMatchOf(request))
      return reply.header("etag", `"${restored.version}"`).send(restored)
    },
  )
}
