import type { ConnectorView } from "../../hub/connectors/connector-view.ts"
import { compareConnector } from "../../hub/declarative/compare.ts"
import { principalOf } from "../access.ts"
import { configExamples, exampleName } from "../examples.ts"
import { type Operation, operation } from "../operation.ts"
import { ifMatchOf } from "../request.ts"
import { ConnectorRef, pageOf } from "../schemas/basics.ts"
import { Comparison, Connector, ConnectorInput, ConnectorPatch, ConnectorQuery, UnsavedTestInput, WantedConnector } from "../schemas/connectors.ts"
import { TestInput, TestReport } from "../schemas/tests.ts"
import { answerTest, REPORT_LINES } from "../test-answer.ts"

/** A connector as this API shows it: the parts that belong to compatible APIs are left out. */
export const shown = ({ compat: _, document: __, ...connector }: ConnectorView) => connector

/** Connectors: created, listed, compared, changed, deleted, tested. */
export const connectorOperations: readonly Operation[] = [
  operation(
    {
      id: "createConnector",
      method: "POST",
      path: "/v1/connectors",
      tag: "connectors",
      access: "editor",
      summary: "Create a connector",
      body: ConnectorInput,
      examples: configExamples((type, config) => ({ name: exampleName(type), type, config })),
      status: 201,
      answer: Connector,
      etag: true,
      location: "/v1/connectors/{id}",
    },
    async (request, _reply, { connectors }) => shown(await connectors.create(principalOf(request), request.body)),
  ),
  operation(
    {
      id: "listConnectors",
      method: "GET",
      path: "/v1/connectors",
      tag: "connectors",
      access: "viewer",
      scoped: true,
      summary: "List the connectors of the workspace, the oldest first",
      query: ConnectorQuery,
      answer: pageOf(Connector),
    },
    async (request, _reply, { connectors }) => {
      const page = await connectors.list(principalOf(request), request.query)
      return { ...page, data: page.data.map(shown) }
    },
  ),
  operation(
    {
      id: "compareConnector",
      method: "POST",
      path: "/v1/connectors/compare",
      tag: "connectors",
      access: "editor",
      summary: "Show what storing a connector would change",
      description: "Nothing is stored. The connector is found by its name.",
      body: WantedConnector,
      examples: configExamples((type, config) => ({ name: exampleName(type), type, config })),
      answer: Comparison,
    },
    async (request, _reply, hub) => compareConnector(hub, principalOf(request), request.body),
  ),
  operation(
    {
      id: "testConnectorConfig",
      method: "POST",
      path: "/v1/connectors/test",
      tag: "connectors",
      access: "editor",
      summary: "Test a config without storing it",
      body: UnsavedTestInput,
      examples: configExamples((type, config) => ({ type, config })),
      answer: TestReport,
      media: REPORT_LINES,
    },
    async (request, reply, { connectors }) =>
      answerTest(request, reply, request.body, (options) => connectors.testUnsaved(principalOf(request), request.body.type, request.body.config, options)),
  ),
  operation(
    {
      id: "getConnector",
      method: "GET",
      path: "/v1/connectors/{id}",
      tag: "connectors",
      access: "viewer",
      scoped: true,
      summary: "Get a connector",
      params: ConnectorRef,
      answer: Connector,
      etag: true,
    },
    async (request, _reply, { connectors }) => shown(await connectors.get(principalOf(request), request.params.id)),
  ),
  operation(
    {
      id: "updateConnector",
      method: "PATCH",
      path: "/v1/connectors/{id}",
      tag: "connectors",
      access: "editor",
      summary: "Change a connector",
      description: "An absent field keeps its value, within the config too; null clears a field; a mask keeps the stored secret.",
      params: ConnectorRef,
      body: ConnectorPatch,
      examples: { "A title and a label": { title: "Orders", labels: { team: "sales" } } },
      answer: Connector,
      etag: true,
      ifMatch: true,
    },
    async (request, _reply, { connectors }) => shown(await connectors.patch(principalOf(request), request.params.id, request.body, ifMatchOf(request))),
  ),
  operation(
    {
      id: "deleteConnector",
      method: "DELETE",
      path: "/v1/connectors/{id}",
      tag: "connectors",
      access: "editor",
      summary: "Delete a connector, its secrets and its catalogs",
      params: ConnectorRef,
      ifMatch: true,
    },
    async (request, _reply, { connectors }) => {
      await connectors.remove(principalOf(request), request.params.id, ifMatchOf(request))
    },
  ),
  operation(
    {
      id: "testConnector",
      method: "POST",
      path: "/v1/connectors/{id}/test",
      tag: "connectors",
      access: "use",
      scoped: true,
      summary: "Test a connector, stage by stage",
      params: ConnectorRef,
      body: TestInput,
      examples: { "At most five seconds": { timeoutMs: 5_000 } },
      answer: TestReport,
      media: REPORT_LINES,
    },
    async (request, reply, { connectors }) =>
      answerTest(request, reply, request.body, (options) => connectors.test(principalOf(request), request.params.id, options)),
  ),
]
