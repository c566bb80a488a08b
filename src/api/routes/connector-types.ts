import { didYouMean } from "../../core/nearest.ts"
import { notFound } from "../../hub/base/not-found.ts"
import { slice } from "../../hub/base/page.ts"
import { describeType } from "../../hub/connectors/connector-types.ts"
import { type Operation, operation } from "../operation.ts"
import { Page, pageOf } from "../schemas/basics.ts"
import { ConnectorType, ConnectorTypeRef } from "../schemas/connector-types.ts"

/** The kinds of system, and the fields that each needs. */
export const connectorTypeOperations: readonly Operation[] = [
  operation(
    {
      id: "listConnectorTypes",
      method: "GET",
      path: "/v1/connector-types",
      tag: "connector types",
      access: "viewer",
      scoped: true,
      summary: "List the connector types with capabilities, JSON Schema and fields",
      query: Page,
      answer: pageOf(ConnectorType),
    },
    async (request, _reply, { registry }) => {
      const page = slice(registry.all(), request.query)
      return { ...page, data: page.data.map(describeType) }
    },
  ),
  operation(
    {
      id: "getConnectorType",
      method: "GET",
      path: "/v1/connector-types/{type}",
      tag: "connector types",
      access: "viewer",
      scoped: true,
      summary: "Get a connector type",
      params: ConnectorTypeRef,
      answer: ConnectorType,
    },
    async (request, _reply, { registry }) => {
      const { type } = request.params
      const connector = registry.named(type)
      if (connector !== undefined) return describeType(connector)
      const hint = didYouMean(
        type,
        registry.all().map((each) => each.type),
      )
      throw notFound(
        `There is no connector type ${type.slice(0, 60)}`,
        { things: "types", path: "/v1/connector-types", command: "jackfield connectors types" },
        hint,
      )
    },
  ),
]
