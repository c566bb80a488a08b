import type { Hub } from "../../hub/hub.ts"
import { principalOf } from "../access.ts"
import { Catalog, CatalogQuery, DiscoverInput, Ref } from "../schemas.ts"
import type { Api } from "../server.ts"
import { access, callerSignal, describe } from "../shapes.ts"

/** What a connector has to offer. */
export function catalogRoutes(api: Api, { catalogs }: Hub): void {
  api.post(
    "/connectors/:id/discover",
    {
      ...access("editor"),
      schema: { ...describe("catalogs", "Read the system's schema into a new version of the catalog", { 200: Catalog }), params: Ref, body: DiscoverInput },
    },
    async (request, reply) =>
      catalogs.discover(principalOf(request), request.params.id, {
        signal: callerSignal(reply),
        ...(request.body.timeoutMs === undefined ? {} : { timeoutMs: request.body.timeoutMs }),
      }),
  )
  api.get(
    "/connectors/:id/catalog",
    {
      ...access("viewer"),
      schema: { ...describe("catalogs", "The newest catalog: searched and paged", { 200: Catalog }), params: Ref, querystring: CatalogQuery },
    },
    async (request) => catalogs.page(principalOf(request), request.params.id, request.query),
  )
}
