import { principalOf } from "../access.ts"
import { type Operation, operation } from "../operation.ts"
import { callerSignal } from "../request.ts"
import { ConnectorRef, Page, pageOf } from "../schemas/basics.ts"
import { Catalog, CatalogDiff, CatalogQuery, CatalogVersion, DiffQuery, DiscoverInput, SkippedQuery, SkippedStream } from "../schemas/catalogs.ts"

/** The streams that a connector offers. */
export const catalogOperations: readonly Operation[] = [
  operation(
    {
      id: "discoverCatalog",
      method: "POST",
      path: "/v1/connectors/{id}/discover",
      tag: "catalogs",
      access: "editor",
      summary: "Read the system's schema into a new version of the catalog",
      params: ConnectorRef,
      body: DiscoverInput,
      examples: { "At most a minute": { timeoutMs: 60_000 } },
      answer: Catalog,
    },
    async (request, reply, { catalogs }) =>
      catalogs.discover(principalOf(request), request.params.id, {
        signal: callerSignal(reply),
        ...(request.body.timeoutMs === undefined ? {} : { timeoutMs: request.body.timeoutMs }),
      }),
  ),
  operation(
    {
      id: "getCatalog",
      method: "GET",
      path: "/v1/connectors/{id}/catalog",
      tag: "catalogs",
      access: "viewer",
      scoped: true,
      summary: "Get a page of a catalog: the newest, or another version",
      params: ConnectorRef,
      query: CatalogQuery,
      answer: Catalog,
    },
    async (request, _reply, { catalogs }) => catalogs.page(principalOf(request), request.params.id, request.query),
  ),
  operation(
    {
      id: "listCatalogVersions",
      method: "GET",
      path: "/v1/connectors/{id}/catalogs",
      tag: "catalogs",
      access: "viewer",
      scoped: true,
      summary: "List the versions of a catalog, the newest first",
      params: ConnectorRef,
      query: Page,
      answer: pageOf(CatalogVersion),
    },
    async (request, _reply, { catalogs }) => catalogs.versions(principalOf(request), request.params.id, request.query),
  ),
  operation(
    {
      id: "listSkippedStreams",
      method: "GET",
      path: "/v1/connectors/{id}/catalog/skipped",
      tag: "catalogs",
      access: "viewer",
      scoped: true,
      summary: "List what a catalog left out, with the reasons",
      params: ConnectorRef,
      query: SkippedQuery,
      answer: pageOf(SkippedStream),
    },
    async (request, _reply, { catalogs }) => catalogs.skipped(principalOf(request), request.params.id, request.query),
  ),
  operation(
    {
      id: "diffCatalogs",
      method: "GET",
      path: "/v1/connectors/{id}/catalog/diff",
      tag: "catalogs",
      access: "viewer",
      scoped: true,
      summary: "List the changes between two versions of a catalog",
      description: "Breaking changes are marked. Without `from` and `to`, the newest version is compared with the one before it.",
      params: ConnectorRef,
      query: DiffQuery,
      answer: CatalogDiff,
    },
    async (request, _reply, { catalogs }) => catalogs.diff(principalOf(request), request.params.id, request.query),
  ),
]
