import { named } from "../schemas/basics.ts"
import type { JsonSchema } from "./components.ts"

/** A part of a config that may become a named schema: the part, its possible name, and its original JSON text. */
type Visit = (part: JsonSchema, name: string, text: string) => JsonSchema

/**
 * The same config schemas, in which every part that occurs in several places has a name: `TunnelSsh`, the alternative `ssh` of
 * a field `tunnel`; `HeadersEntry`, an entry of a list `headers`.
 */
export function withSharedParts(configs: readonly JsonSchema[], suffix = ""): readonly JsonSchema[] {
  const seen = new Map<string, { readonly name: string; readonly times: number }>()
  const count: Visit = (part, name, text) => {
    seen.set(text, { name: seen.get(text)?.name ?? name, times: (seen.get(text)?.times ?? 0) + 1 })
    return part
  }
  for (const config of configs) visited(config, count)
  const often = [...seen].filter(([, { times }]) => times > 1).sort(([, one], [, other]) => other.times - one.times)
  // When several parts could have the same name, the one that occurs most often gets it.
  const names = new Map<string, string>()
  for (const [text, { name }] of often) if (![...names.values()].includes(name)) names.set(text, name)
  const share: Visit = (part, _name, text) => {
    const name = names.get(text)
    return name === undefined ? part : named(name + suffix, part)
  }
  return configs.map((config) => visited(config, share))
}

const visited = (schema: JsonSchema, visit: Visit): JsonSchema => {
  const properties = Object.entries((schema["properties"] ?? {}) as Readonly<Record<string, JsonSchema>>)
  return { ...schema, properties: Object.fromEntries(properties.map(([field, property]) => [field, inField(field, property, visit)])) }
}

/** A field's alternatives, or the entries of its list. */
function inField(field: string, schema: JsonSchema, visit: Visit): JsonSchema {
  const part = (each: JsonSchema, name: string): JsonSchema => visit(visited(each, visit), name, JSON.stringify(each))
  const alternative = (each: JsonSchema): JsonSchema => {
    const { kind } = (each["properties"] ?? {}) as { readonly kind?: { readonly const: string } }
    return kind === undefined ? inField(field, each, visit) : part(each, pascalCase(`${field}_${kind.const}`))
  }
  const alternatives = (["oneOf", "anyOf"] as const).filter((keyword) => keyword in schema)
  const entry = schema["items"] as JsonSchema | undefined
  return {
    ...schema,
    ...Object.fromEntries(alternatives.map((keyword) => [keyword, (schema[keyword] as readonly JsonSchema[]).map(alternative)])),
    ...(entry === undefined || !("properties" in entry) ? {} : { items: part(entry, pascalCase(`${field}_entry`)) }),
  }
}

/** `OauthClient` for `oauth_client`; capitals within a word stay. */
export const pascalCase = (text: string): string =>
  text
    .split("_")
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join("")
