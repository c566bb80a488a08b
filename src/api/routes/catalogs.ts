import type { Hub } from "../../hub/hub.ts"
import { principalOf } from "../access.ts"
import { Page } from "../health-schemas.ts"
import { Catalog, CatalogDiff, CatalogQuery, CatalogVersion, DiffQuery, DiscoverInput, pageOf, Ref, SkippedQuery, SkippedThing } from "../schemas.ts"
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
      schema: {
        ...describe("catalogs", "The newest catalog, or another version: searched and paged", { 200: Catalog }),
        params: Ref,
        querystring: CatalogQuery,
      },
    },
    async (request) => catalogs.page(principalOf(request), request.params.id, request.query),
  )
  api.get(
    "/connectors/:id/catalogs",
    {
      ...access("viewer"),
      schema: { ...describe("catalogs", "The catalog's versions, the newest first", { 200: pageOf(CatalogVersion) }), params: Ref, querystring: Page },
    },
    async (request) => catalogs.versions(principalOf(request), request.params.id, request.query),
  )
  api.get(
    "/connectors/:id/catalog/skipped",
    {
      ...access("viewer"),
      schema: { ...describe("catalogs", "What a catalog left out, and why", { 200: pageOf(SkippedThing) }), params: Ref, querystring: SkippedQuery },
    },
    async (request) => catalogs.skipped(principalOf(request), request.params.id, request.query),
  )
  api.get(
    "/connectors/:id/catalog/diff",
    {
      ...access("viewer"),
      schema: {
        ...describe("catalogs", "What changed between two versions, breaking changes marked; the newest and the one before unless given", { 200: CatalogDiff }),
        params: Ref,
        querystring: DiffQuery,
      },
    },
    async (request) => catalogs.diff(principalOf(request), request.params.id, request.query),
  )
}
