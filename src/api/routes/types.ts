import Type from "typebox"
import { PlatformError } from "../../core/errors.ts"
import { slice } from "../../hub/base/page.ts"
import { describeType } from "../../hub/connectors/connector-types.ts"
import type { Hub } from "../../hub/hub.ts"
import { ConnectorType, Page, pageOf } from "../schemas.ts"
import type { Api } from "../server.ts"
import { access, describe } from "../shapes.ts"

/** What kinds of system there are, and what each needs. */
export function typeRoutes(api: Api, { registry }: Hub): void {
  api.get(
    "/connector-types",
    {
      ...access("viewer"),
      schema: { ...describe("connector types", "Every connector type: capabilities, schema, fields", { 200: pageOf(ConnectorType) }), querystring: Page },
    },
    async (request) => {
      const page = slice(registry.all(), request.query)
      return { ...page, data: page.data.map(describeType) }
    },
  )
  api.get(
    "/connector-types/:type",
    {
      ...access("viewer"),
      schema: { ...describe("connector types", "One connector type", { 200: ConnectorType }), params: Type.Object({ type: Type.String({ maxLength: 128 }) }) },
    },
    async (request) => {
      const connector = registry.find(request.params.type)
      if (connector === undefined)
        throw new PlatformError("not_found", `There is no connector type ${request.params.type.slice(0, 60)}; list them with GET /v1/connector-types.`)
      return describeType(connector)
    },
  )
}
