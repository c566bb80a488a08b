import Type from "typebox"
import { closed, Id, Nullable, named, Time } from "./basics.ts"

export const EgressRule = named(
  "EgressRule",
  Type.Object({
    id: Nullable(Id),
    rule: Type.String({ description: "cidr[:port[-port]]" }),
    note: Type.String(),
    source: Type.Enum(["environment", "store"]),
    createdAt: Nullable(Time),
  }),
)
export const EgressInput = named(
  "EgressInput",
  Type.Object(
    { rule: Type.String({ minLength: 1, maxLength: 100, description: "cidr[:port[-port]]" }), note: Type.Optional(Type.String({ maxLength: 500 })) },
    closed,
  ),
)
