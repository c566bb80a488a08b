import type { Field, Fields } from "../../../src/core/fields.ts"

/** The place of a secret in a type's config: the names of its path, `kind=x` for a variant, `0` for a row of a list. */
export interface Place {
  readonly path: readonly string[]
  readonly field: Field
}

/** The destination of a config's connection, and the name of its user. */
export interface Aim {
  readonly port: number
  readonly user: string
}

/** All secrets of a type, in all variants and lists. */
export function secretPlaces(fields: Fields, base: readonly string[] = []): Place[] {
  return Object.entries(fields).flatMap(([name, field]): Place[] => {
    const path = [...base, name]
    if (field.kind === "secret") return [{ path, field }]
    if (field.kind === "variant") return Object.entries(field.variants ?? {}).flatMap(([kind, each]) => secretPlaces(each.fields, [...path, `kind=${kind}`]))
    return field.fields === undefined ? [] : secretPlaces(field.fields, [...path, "0"])
  })
}

/** The value in a form that the field accepts: wrapped as PEM if the field requires it, and inserted into the field's example if there is one. */
export function worded({ format, example }: Field, value: string): string {
  if (example !== undefined && !value.startsWith("{")) return example.replace("…", () => JSON.stringify(value).slice(1, -1))
  return format === "pem" && !value.includes("-----BEGIN ") ? `-----BEGIN OPENSSH PRIVATE KEY-----\n${value}\n-----END OPENSSH PRIVATE KEY-----` : value
}

/** Whether a place accepts a value, according to its field. */
export const takes = (field: Field, value: string): boolean => value.length <= (field.maxLength ?? 65_536) && field.check?.(value) === undefined

/** The smallest config with `value` at the place; other required fields get a sample, and other secrets get `value` too. */
export function configAt(fields: Fields, path: readonly string[], value: unknown, aim: Aim): Record<string, unknown> {
  const [name = "", ...rest] = path
  const out: Record<string, unknown> = {}
  for (const [each, field] of Object.entries(fields)) {
    if (each === name) out[each] = within(field, rest, value, aim)
    else if (field.required || each === "port" || field.variants?.["off"] !== undefined) out[each] = sample(each, field, value, aim)
  }
  return out
}

function within(field: Field, path: readonly string[], value: unknown, aim: Aim): unknown {
  const [step, ...rest] = path
  if (step === undefined) return typeof value === "string" ? worded(field, value) : value
  if (field.kind === "list") return [configAt(field.fields ?? {}, rest, value, aim)]
  const kind = step.replace(/^kind=/, "")
  return { kind, ...configAt(field.variants?.[kind]?.fields ?? {}, rest, value, aim) }
}

function sample(name: string, field: Field, value: unknown, aim: Aim): unknown {
  switch (field.kind) {
    case "integer":
      return name === "port" ? aim.port : (field.min ?? 1)
    case "flag":
      return false
    case "choice":
      return field.options?.[0]
    case "list":
      return []
    case "secret":
      return typeof value === "string" && takes(field, worded(field, value)) ? worded(field, value) : (field.example ?? "sample")
    case "variant": {
      const kind = field.variants?.["off"] === undefined ? (Object.keys(field.variants ?? {})[0] ?? "") : "off"
      return { kind, ...configAt(field.variants?.[kind]?.fields ?? {}, [], value, aim) }
    }
    default:
      return text(name, field, aim)
  }
}

function text(name: string, field: Field, { port, user }: Aim): string {
  if (field.format === "host") return "127.0.0.1"
  if (field.format === "url") return `http://127.0.0.1:${port}/${user}`
  if (field.format === "pem") return "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n"
  if (field.format === "upload") return "00000000-0000-4000-8000-000000000000"
  if (name === "user" || name === "username") return user
  // With such a name, the value in the same row is a secret.
  if (name === "name") return "X-Api-Token"
  return field.example ?? "sample"
}
