import type { Field, Fields } from "./fields.ts"

export type JsonSchema = Readonly<Record<string, unknown>>

const DEFAULT_LENGTH = 4_096
const LONG_LENGTH = 65_536

/** The maximum length of a text or secret, in characters. */
export const maxLengthOf = (field: Field): number =>
  field.maxLength ?? (field.kind === "secret" || field.format === "pem" || field.format === "multiline" ? LONG_LENGTH : DEFAULT_LENGTH)

/** JSON Schema 2020-12 of a connector's config; the API's docs and the forms derive from it. */
export function jsonSchema(fields: Fields): JsonSchema {
  const names = Object.keys(fields)
  return {
    type: "object",
    additionalProperties: false,
    properties: Object.fromEntries(names.map((name) => [name, property(fields[name] as Field)])),
    required: names.filter((name) => fields[name]?.required),
  }
}

function property(field: Field): JsonSchema {
  const common = {
    title: field.title,
    ...(field.help === undefined ? {} : { description: field.help }),
    ...(field.default === undefined ? {} : { default: field.default }),
    ...(field.example === undefined ? {} : { examples: [field.example] }),
  }
  switch (field.kind) {
    case "text":
      return { type: "string", ...common, maxLength: maxLengthOf(field), ...(field.required ? { minLength: 1 } : {}), ...formatOf(field) }
    case "secret":
      return { type: "string", ...common, maxLength: maxLengthOf(field), format: "password", writeOnly: true }
    case "integer":
      return {
        type: "integer",
        ...common,
        ...(field.min === undefined ? {} : { minimum: field.min }),
        ...(field.max === undefined ? {} : { maximum: field.max }),
      }
    case "flag":
      return { type: "boolean", ...common }
    case "choice":
      return { type: "string", ...common, enum: field.options ?? [] }
    case "list":
      return { type: "array", ...common, items: jsonSchema(field.fields ?? {}), maxItems: field.max ?? 100 }
    case "variant":
      return { ...common, oneOf: Object.entries(field.variants ?? {}).map(([kind, { title, fields }]) => alternative(kind, title, fields)) }
  }
}

function alternative(kind: string, title: string, fields: Fields): JsonSchema {
  const inner = jsonSchema(fields) as { properties: object; required: string[] }
  return { ...inner, title, properties: { kind: { const: kind }, ...inner.properties }, required: ["kind", ...inner.required] }
}

const formatOf = (field: Field): JsonSchema =>
  field.format === "url"
    ? { format: "uri" }
    : field.format === "host"
      ? { format: "hostname" }
      : field.format === "pem"
        ? { contentMediaType: "application/x-pem-file" }
        : {}

/** A field as a form needs it: JSON without functions, in the order of the definition. */
export interface FieldDescription {
  readonly name: string
  readonly kind: Field["kind"]
  readonly title: string
  readonly required: boolean
  readonly help?: string
  readonly example?: string
  readonly default?: unknown
  readonly options?: readonly string[]
  readonly min?: number
  readonly max?: number
  readonly maxLength?: number
  readonly format?: string
  readonly plainNames?: string
  readonly fields?: readonly FieldDescription[]
  readonly variants?: readonly { readonly kind: string; readonly title: string; readonly fields: readonly FieldDescription[] }[]
}

/** The field list for forms, docs and CLI flags. */
export function describeFields(fields: Fields): FieldDescription[] {
  return Object.entries(fields).map(([name, field]) => {
    const { fields: inner, variants, by: _by, check: _check, aims: _aims, login: _login, formatted: _formatted, __type: _type, ...rest } = field
    return {
      name,
      ...rest,
      ...(inner === undefined ? {} : { fields: describeFields(inner) }),
      ...(variants === undefined
        ? {}
        : { variants: Object.entries(variants).map(([kind, each]) => ({ kind, title: each.title, fields: describeFields(each.fields) })) }),
    }
  })
}
