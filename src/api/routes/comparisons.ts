import Type from "typebox"
import { type Comparison as Answer, compareConnector, type WantedConnector } from "../../hub/declarative/compare.ts"
import type { Hub } from "../../hub/hub.ts"
import { principalOf } from "../access.ts"
import { CheckInput } from "../health-schemas.ts"
import { Id, Name, Nullable, shared, wanted } from "../schemas.ts"
import type { Api } from "../server.ts"
import { access, describe } from "../shapes.ts"

const Wanted = Type.Object(
  {
    name: Name,
    was: Type.Optional(Name),
    ...shared,
    ...wanted,
    check: Type.Optional(Nullable(CheckInput)),
  },
  { additionalProperties: false },
)
const Comparison = Type.Unsafe<Answer>(
  Type.Object({
    action: Type.Enum(["create", "change", "none"]),
    id: Nullable(Id),
    version: Nullable(Type.Integer()),
    labels: Type.Record(Type.String(), Type.String(), { description: "That the connector has now" }),
    changes: Type.Array(
      Type.Object({
        pointer: Type.String({ description: "Into the connector, such as /config/host" }),
        before: Type.Optional(Type.Unsafe<unknown>({ description: "Absent when it comes" })),
        after: Type.Optional(Type.Unsafe<unknown>({ description: "Absent when it goes" })),
      }),
    ),
    secrets: Type.Array(Type.String(), { description: "Where the wanted connector has secrets" }),
  }),
)

/** What a change would do, for those who plan before they change. */
export function comparisonRoutes(api: Api, hub: Hub): void {
  api.post(
    "/connectors/compare",
    {
      ...access("editor"),
      schema: { ...describe("connectors", "What storing a connector would change, by name; nothing is stored", { 200: Comparison }), body: Wanted },
    },
    async (request) => compareConnector(hub, principalOf(request), request.body as WantedConnector),
  )
}
