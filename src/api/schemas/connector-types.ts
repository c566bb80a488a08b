import Type from "typebox"
import type { FieldDescription } from "../../core/schema.ts"
import { anything, Nullable, named, open, referring } from "./basics.ts"

const inner = referring<FieldDescription>("Field")
const Field = named(
  "Field",
  Type.Object(
    {
      name: Type.String(),
      kind: Type.Enum(["text", "integer", "flag", "choice", "secret", "variant", "list"]),
      title: Type.String(),
      required: Type.Boolean(),
      help: Type.Optional(Type.String()),
      example: Type.Optional(Type.String()),
      default: Type.Optional(anything("The value of a field that is left out")),
      options: Type.Optional(Type.Array(Type.String(), { description: "The values of a choice" })),
      min: Type.Optional(Type.Number()),
      max: Type.Optional(Type.Number({ description: "Of a list, the number of entries" })),
      maxLength: Type.Optional(Type.Number()),
      format: Type.Optional(Type.String()),
      plainNames: Type.Optional(
        Type.String({ description: "Of a secret in a list: a pattern of the entries' names whose value is shown; case does not matter" }),
      ),
      fields: Type.Optional(Type.Array(inner, { description: "The fields of each entry of a list" })),
      variants: Type.Optional(
        Type.Array(Type.Object({ kind: Type.String(), title: Type.String(), fields: Type.Array(inner) }), { description: "The alternatives of a variant" }),
      ),
    },
    { description: "A field of a config, as a form needs it" },
  ),
)
export const ConnectorType = named(
  "ConnectorType",
  Type.Object({
    type: Type.String(),
    title: Type.String(),
    category: Type.String(),
    summary: Type.String(),
    capabilities: Type.Array(Type.String()),
    proof: Type.Enum(["server", "emulator", "stand-in"], { description: "The kind of system that the type was proven against" }),
    provenBy: Nullable(Type.String({ description: "The program that the type was proven against, such as Trino 476" })),
    aliases: Type.Array(Type.String(), { description: "Other names under which the type is found, such as mariadb" }),
    schema: open("JSON Schema of the config"),
    fields: Type.Array(Field),
  }),
)
export const ConnectorTypeRef = Type.Object({ type: Type.String({ maxLength: 128, description: "The name of a connector type", examples: ["postgres"] }) })
