import Type from "typebox"
import { anything, ConnectorRef, Nullable, named, Time } from "./basics.ts"
import { PastConnector } from "./connectors.ts"

const Change = named(
  "ConnectorChange",
  Type.Object({
    pointer: Type.String({ description: "JSON pointer into the connector" }),
    change: Type.Enum(["added", "changed", "removed"]),
    secret: Type.Optional(Type.Literal(true)),
    before: Type.Optional(anything("Never the value of a secret, nor a long value")),
    after: Type.Optional(anything("Never the value of a secret, nor a long value")),
  }),
)
const fields = {
  version: Type.Integer({ minimum: 1 }),
  kind: Type.Enum(["recorded", "created", "changed", "restored", "switched", "rolled_back"], {
    description: "`recorded`: the state in which the hub found the connector when it began to keep versions",
  }),
  of: Nullable(Type.Integer({ description: "The version that was restored" })),
  author: Nullable(Type.Object({ id: Type.String(), name: Nullable(Type.String()) })),
  at: Time,
  changes: Type.Array(Change),
}
export const Version = named("Version", Type.Object(fields))
export const WholeVersion = named("WholeVersion", Type.Object({ ...fields, connector: PastConnector }))
export const VersionRef = Type.Object({
  ...ConnectorRef.properties,
  version: Type.Integer({ minimum: 1, maximum: 2_147_483_647, description: "The number of a version", examples: [1] }),
})
