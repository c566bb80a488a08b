import type { Field, Fields } from "../../core/fields.ts"
import { jsonSchema } from "../../core/schema.ts"
import { named } from "../schemas/basics.ts"
import type { JsonSchema } from "./components.ts"

const NULL = { type: "null" }
const MASK = named("SecretMask", {
  type: "object",
  description: "A mask: answers show it in place of a secret. Send it back to keep the stored secret.",
  properties: { set: { const: true }, fingerprint: { type: "string" } },
  required: ["set"],
  additionalProperties: false,
})

/** The config of a new connector. */
export const configSchema = (fields: Fields): JsonSchema => described(jsonSchema(fields)) as JsonSchema

/** A change of a stored config: an absent field is kept, `null` clears one, and a mask keeps a secret. */
export function changeSchema(fields: Fields): JsonSchema {
  const { properties } = configSchema(fields) as { readonly properties: Readonly<Record<string, JsonSchema>> }
  const entries = Object.entries(fields).map(([name, field]) => [name, { anyOf: [...changes(field, properties[name] ?? {}), NULL] }])
  return { type: "object", properties: Object.fromEntries(entries), additionalProperties: false }
}

/** The values, besides null, that a change may give a field. */
function changes(field: Field, property: JsonSchema): readonly object[] {
  const { title, description } = property
  const about = { title, ...(description === undefined ? {} : { description }) }
  switch (field.kind) {
    case "secret":
      return [property, MASK]
    case "list":
      return [{ ...property, items: rowSchema(field.fields ?? {}) }]
    case "variant":
      return Object.entries(field.variants ?? {}).map(([kind, variant]) => {
        const inner = changeSchema(variant.fields) as { readonly properties: object }
        return { ...inner, ...about, title: variant.title, properties: { kind: { const: kind }, ...inner.properties } }
      })
    default:
      return [property]
  }
}

/** An entry of a list. A change replaces the whole entry, except for secrets that are absent or masked. */
function rowSchema(fields: Fields): JsonSchema {
  const whole = configSchema(fields) as { readonly properties: Readonly<Record<string, JsonSchema>>; readonly required: readonly string[] }
  const secrets = Object.keys(fields).filter((name) => fields[name]?.kind === "secret")
  const kept = Object.fromEntries(secrets.map((name) => [name, { anyOf: [whole.properties[name], MASK] }]))
  return { ...whole, properties: { ...whole.properties, ...kept }, required: whole.required.filter((name) => !secrets.includes(name)) }
}

/**
 * A schema with its defaults as words: client generators assume that a field with a `default` is always
 * present, but a request may omit it. `schema` may also be a list of schemas, or a map of them.
 */
function described(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(described)
  if (schema === null || typeof schema !== "object") return schema
  const told = Object.fromEntries(Object.entries(schema).map(([keyword, each]) => [keyword, described(each)]))
  // In a map of properties, `default` may be the name of a field, and no property has a type that is a word.
  if (!("type" in schema ? typeof schema.type === "string" : "oneOf" in schema)) return told
  const { default: value, ...rest } = told
  const words = wordsOf(value)
  return words === undefined ? rest : { ...rest, description: [rest["description"], `${words} unless given.`].filter((part) => part !== undefined).join(" ") }
}

/** A default in words; undefined when there is none or it is empty. */
function wordsOf(value: unknown): string | undefined {
  if (value === undefined || value === "" || (Array.isArray(value) && value.length === 0)) return undefined
  if (typeof value === "object" && value !== null && "kind" in value) return `\`${String(value.kind)}\``
  return `\`${String(value)}\``
}
