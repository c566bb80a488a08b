import { principalOf } from "../access.ts"
import { type Operation, operation } from "../operation.ts"
import { ifMatchOf } from "../request.ts"
import { ConnectorRef, Page, pageOf } from "../schemas/basics.ts"
import { Connector } from "../schemas/connectors.ts"
import { Version, VersionRef, WholeVersion } from "../schemas/versions.ts"
import { shown } from "./connectors.ts"

/** Earlier versions of connectors: listed, shown, restored. */
export const versionOperations: readonly Operation[] = [
  operation(
    {
      id: "listVersions",
      method: "GET",
      path: "/v1/connectors/{id}/versions",
      tag: "versions",
      access: "viewer",
      scoped: true,
      summary: "List the changes of a connector, the newest first",
      params: ConnectorRef,
      query: Page,
      answer: pageOf(Version),
    },
    async (request, _reply, { versions }) => versions.list(principalOf(request), request.params.id, request.query),
  ),
  operation(
    {
      id: "getVersion",
      method: "GET",
      path: "/v1/connectors/{id}/versions/{version}",
      tag: "versions",
      access: "viewer",
      scoped: true,
      summary: "Get a version, with the connector as it was at that time",
      params: VersionRef,
      answer: WholeVersion,
    },
    async (request, _reply, { versions }) => versions.get(principalOf(request), request.params.id, request.params.version),
  ),
  operation(
    {
      id: "restoreVersion",
      method: "POST",
      path: "/v1/connectors/{id}/versions/{version}/restore",
      tag: "versions",
      access: "editor",
      summary: "Restore the config and the secrets of a version, as a new version",
      params: VersionRef,
      answer: Connector,
      etag: true,
      ifMatch: true,
    },
    async (request, _reply, { versions }) => shown(await versions.restore(principalOf(request), request.params.id, request.params.version, ifMatchOf(request))),
  ),
]
