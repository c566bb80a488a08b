import { aimChanged } from "./aim.ts"
import type { Fault } from "./errors.ts"
import { type Field, type Fields, isPlainRow, Secret } from "./fields.ts"
import { didYouMean } from "./nearest.ts"
import { maxLengthOf } from "./schema.ts"
import { formatFault } from "./text-format.ts"

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }
type Plain = Readonly<Record<string, unknown>>

/** A secret as every response shows it. A client that sends the mask back in a change keeps the stored value. */
export interface SecretMask {
  readonly set: true
  readonly fingerprint: string
}

/** The new state of the secret at one pointer: a new value, or "keep" for the stored one. */
export type SecretChange = { readonly value: string } | "keep"

/**
 * A posted config, split up. `plain` may be stored and shown; `secrets` go to the vault by their pointer
 * (`/password`, `/tunnel/auth/privateKey`, `/headers/X-Key/value`); `faults` are invalid values, `missing` required
 * values that are absent.
 */
export interface ParsedConfig {
  readonly plain: Plain
  readonly secrets: ReadonlyMap<string, SecretChange>
  readonly faults: readonly Fault[]
  readonly missing: readonly Fault[]
}

/** The stored config of a connector, as the base of a change that names only some fields. */
export interface StoredConfig {
  readonly plain: Plain
  readonly secrets: ReadonlySet<string>
}

interface Walk {
  readonly secrets: Map<string, SecretChange>
  readonly faults: Fault[]
  readonly missing: Fault[]
  readonly stored: ReadonlySet<string>
}

/**
 * Checks a posted config, extracts its secrets and reports all faults at once. With `stored`, an absent field keeps
 * its stored value, `null` clears it, and a mask keeps a secret; without it, absent fields take their defaults.
 */
export function parseConfig(fields: Fields, input: unknown, stored?: StoredConfig): ParsedConfig {
  const walk: Walk = { secrets: new Map(), faults: [], missing: [], stored: stored?.secrets ?? new Set() }
  const plain = isRecord(input) ? parseFields(fields, input, stored?.plain, "", "", walk) : {}
  if (!isRecord(input)) walk.faults.push({ pointer: "", message: "config must be an object." })
  else if (stored !== undefined && aimChanged(fields, stored.plain, plain)) dropKept(walk, "")
  return { plain, secrets: walk.secrets, faults: walk.faults, missing: walk.missing }
}

/**
 * Drops kept secrets, because a stored secret must never be sent to a new destination: a user who points a connector
 * elsewhere must know its secrets.
 */
function dropKept(walk: Walk, below: string): void {
  for (const [pointer, change] of walk.secrets) {
    if (change !== "keep" || !pointer.startsWith(`${below}/`)) continue
    walk.secrets.delete(pointer)
    walk.faults.push({
      pointer,
      message: "The connection now goes to another destination than the one this secret was entered for; send the secret again, or null to clear it.",
    })
  }
}

// `shown` is the pointer into the input that users see in a fault; `kept` is the stable pointer under which a secret
// is stored.
function parseFields(fields: Fields, input: Plain, before: Plain | undefined, shown: string, kept: string, walk: Walk, known: readonly string[] = []): Plain {
  for (const name of Object.keys(input)) {
    if (Object.hasOwn(fields, name) || known.includes(name)) continue
    const names = [...known, ...Object.keys(fields)]
    walk.faults.push({
      pointer: `${shown}/${encodeSegment(name)}`,
      message: `There is no field "${clip(name)}"; the fields are ${names.join(", ")}.${didYouMean(name, names)}`,
    })
  }
  const out: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(fields)) {
    const place = { shown: `${shown}/${encodeSegment(name)}`, kept: `${kept}/${encodeSegment(name)}` }
    const value = parseField(field, Object.hasOwn(input, name) ? input[name] : undefined, before?.[name], place, input, walk)
    if (value !== undefined) out[name] = value
  }
  return out
}

interface Place {
  readonly shown: string
  readonly kept: string
}

function parseField(field: Field, given: unknown, before: unknown, place: Place, row: Plain, walk: Walk): unknown {
  if (field.kind === "secret") return parseSecret(field, given, before, place, row, walk)
  if (given === undefined && before !== undefined) return keep(field, before, place, walk)
  const value = given === undefined || given === null ? field.default : given
  if (value === undefined) {
    if (field.required) walk.missing.push({ pointer: place.shown, message: `${field.title} is required.` })
    return undefined
  }
  const fault = (message: string): undefined => {
    walk.faults.push({ pointer: place.shown, message: `${field.title} ${message}` })
  }
  switch (field.kind) {
    case "text":
      return parseText(field, value, place, walk, fault)
    case "integer":
      if (typeof value !== "number" || !Number.isSafeInteger(value)) return fault("must be a whole number.")
      if (field.min !== undefined && value < field.min) return fault(`must be at least ${field.min}.`)
      if (field.max !== undefined && value > field.max) return fault(`must be at most ${field.max}.`)
      return value
    case "flag":
      return typeof value === "boolean" ? value : fault("must be true or false.")
    case "choice":
      return typeof value === "string" && field.options?.includes(value) ? value : fault(`must be one of ${(field.options ?? []).join(", ")}.`)
    case "variant":
      return parseVariant(field, value, before, place, walk, fault)
    case "list":
      return parseList(field, value, before, place, walk, fault)
  }
}

function parseText(field: Field, value: unknown, place: Place, walk: Walk, fault: (message: string) => undefined): string | undefined {
  if (typeof value !== "string") return fault("must be text.")
  if (value === "" && field.required) {
    walk.missing.push({ pointer: place.shown, message: `${field.title} is required, but empty.` })
    return undefined
  }
  if (value.length > maxLengthOf(field)) return fault(`must have at most ${maxLengthOf(field)} characters; it has ${value.length}.`)
  if (!value.isWellFormed() || value.includes("\u0000")) return fault("must be valid Unicode text without null characters.")
  const wrong = value === "" ? undefined : (formatFault(field.format, field.formatted?.(value) ?? value) ?? field.check?.(value))
  return wrong === undefined ? value : fault(wrong)
}

function parseVariant(field: Field, value: unknown, before: unknown, place: Place, walk: Walk, fault: (message: string) => undefined): unknown {
  const kinds = Object.keys(field.variants ?? {})
  if (!isRecord(value)) return fault(`must be an object with "kind": ${kinds.join(", ")}.`)
  const kind = value["kind"] ?? (isRecord(before) ? before["kind"] : undefined)
  const chosen = typeof kind === "string" && Object.hasOwn(field.variants ?? {}, kind) ? field.variants?.[kind] : undefined
  if (chosen === undefined || typeof kind !== "string") {
    walk.faults.push({ pointer: `${place.shown}/kind`, message: `${field.title}: kind must be one of ${kinds.join(", ")}.` })
    return undefined
  }
  const same = isRecord(before) && before["kind"] === kind ? before : undefined
  const inner = same === undefined ? { ...walk, stored: new Set<string>() } : walk
  const fields = parseFields(chosen.fields, value, same, place.shown, place.kept, inner, ["kind"])
  if (field.aims === "within" && same !== undefined && aimChanged(chosen.fields, same, fields)) dropKept(walk, place.kept)
  return { kind, ...fields }
}

function parseList(field: Field, value: unknown, before: unknown, place: Place, walk: Walk, fault: (message: string) => undefined): unknown {
  if (!Array.isArray(value)) return fault("must be a list.")
  const max = field.max ?? 100
  if (value.length > max) return fault(`must have at most ${max} entries; it has ${value.length}.`)
  const segments = rowSegments(field, value)
  const earlier = Array.isArray(before)
    ? new Map(rowSegments(field, before).map((segment, index) => [segment, before[index] as unknown]))
    : new Map<string, unknown>()
  return value.map((row: unknown, index) => {
    if (!isRecord(row)) {
      walk.faults.push({ pointer: `${place.shown}/${index}`, message: `${field.title}: each entry must be an object.` })
      return {}
    }
    const segment = segments[index] ?? String(index)
    const previous = earlier.get(segment)
    // An entry replaces the whole row except its secrets: only secrets may be left out or masked.
    const secretsOnly = isRecord(previous)
      ? Object.fromEntries(Object.entries(previous).filter(([name]) => field.fields?.[name]?.kind === "secret"))
      : undefined
    return parseFields(field.fields ?? {}, row, secretsOnly, `${place.shown}/${index}`, `${place.kept}/${segment}`, walk)
  })
}

/**
 * The stable pointer segment of each row: its name (`by`), with `#2` for the second row of the same name, or its
 * index.
 */
export function rowSegments(field: Field, rows: readonly unknown[]): string[] {
  const seen = new Map<string, number>()
  return rows.map((row, index) => {
    const name =
      field.by !== undefined && isRecord(row) && typeof row[field.by] === "string" ? encodeName((row[field.by] as string).slice(0, 256)) : String(index)
    const count = (seen.get(name) ?? 0) + 1
    seen.set(name, count)
    return count === 1 ? name : `${name}#${count}`
  })
}

function parseSecret(field: Field, given: unknown, before: unknown, place: Place, row: Plain, walk: Walk): string | undefined {
  if (isMask(given) || (given === undefined && (walk.stored.has(place.kept) || typeof before === "string"))) {
    if (walk.stored.has(place.kept)) walk.secrets.set(place.kept, "keep")
    else if (typeof before === "string") return before
    else walk.faults.push({ pointer: place.shown, message: `${field.title} is a mask, but no value is stored for it; send the value.` })
    return undefined
  }
  if (given === undefined || given === null || (given === "" && field.required)) {
    if (field.required) walk.missing.push({ pointer: place.shown, message: `${field.title} is required.` })
    return undefined
  }
  const wrong = secretFault(field, given)
  if (wrong !== undefined) {
    walk.faults.push({ pointer: place.shown, message: `${field.title} ${wrong}` })
    return undefined
  }
  if (isPlainRow(field, row)) return given as string
  if (given !== "") walk.secrets.set(place.kept, { value: given as string })
  return undefined
}

function secretFault(field: Field, value: unknown): string | undefined {
  if (typeof value !== "string") return "must be text."
  if (value.length > maxLengthOf(field)) return `must have at most ${maxLengthOf(field)} characters.`
  if (!value.isWellFormed() || value.includes("\u0000")) return "must be valid Unicode text without null characters."
  if (value === "") return undefined
  return (field.format === undefined ? undefined : formatFault(field.format, value)) ?? field.check?.(value)
}

/** Keeps a stored value as it is, together with the secrets below it. */
function keep(field: Field, before: unknown, place: Place, walk: Walk): unknown {
  const prefix = `${place.kept}/`
  if (field.kind === "variant" || field.kind === "list") for (const pointer of walk.stored) if (pointer.startsWith(prefix)) walk.secrets.set(pointer, "keep")
  return before
}

/**
 * The typed config that `connect` receives: stored values, defaults, and a `Secret` for each entry of `secrets`, by
 * pointer.
 */
export function openConfig(fields: Fields, plain: Plain, secrets: ReadonlyMap<string, string>, base = ""): Record<string, unknown> {
  const out: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(fields)) out[name] = openField(field, plain[name], secrets, `${base}/${encodeSegment(name)}`)
  return out
}

function openField(field: Field, stored: unknown, secrets: ReadonlyMap<string, string>, pointer: string): unknown {
  if (field.kind === "secret") {
    const secret = secrets.get(pointer)
    if (secret !== undefined) return new Secret(secret)
    return typeof stored === "string" ? new Secret(stored, true) : undefined
  }
  const value = stored ?? field.default
  if (field.kind === "variant" && isRecord(value)) {
    const kind = String(value["kind"])
    return { kind, ...openConfig(field.variants?.[kind]?.fields ?? {}, value, secrets, pointer) }
  }
  if (field.kind === "list" && Array.isArray(value)) {
    const segments = rowSegments(field, value)
    return value.map((row: unknown, index) => openConfig(field.fields ?? {}, isRecord(row) ? row : {}, secrets, `${pointer}/${segments[index]}`))
  }
  return value
}

/** A stored config as responses show it: plain values, and a mask wherever `mask` returns one. */
export function showConfig(fields: Fields, plain: Plain, mask: (pointer: string) => SecretMask | undefined, base = ""): Record<string, unknown> {
  const out: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(fields)) {
    const pointer = `${base}/${encodeSegment(name)}`
    const value = plain[name]
    const shown = field.kind === "secret" ? (mask(pointer) ?? value) : showField(field, value, mask, pointer)
    if (shown !== undefined) out[name] = shown
  }
  return out
}

function showField(field: Field, value: unknown, mask: (pointer: string) => SecretMask | undefined, pointer: string): unknown {
  if (field.kind === "variant" && isRecord(value)) {
    const kind = String(value["kind"])
    return { kind, ...showConfig(field.variants?.[kind]?.fields ?? {}, value, mask, pointer) }
  }
  if (field.kind === "list" && Array.isArray(value)) {
    const segments = rowSegments(field, value)
    return value.map((row: unknown, index) => showConfig(field.fields ?? {}, isRecord(row) ? row : {}, mask, `${pointer}/${segments[index]}`))
  }
  return value
}

/**
 * Every field of a type's config that names a host or a URL, with the path at which to put a value; for the egress
 * suite.
 */
export function targetFields(fields: Fields, base: readonly string[] = []): { path: readonly string[]; format: "host" | "url" }[] {
  return Object.entries(fields).flatMap(([name, field]) => {
    const path = [...base, name]
    if (field.format === "host" || field.format === "url") return [{ path, format: field.format }]
    if (field.kind === "variant") return Object.entries(field.variants ?? {}).flatMap(([kind, each]) => targetFields(each.fields, [...path, `kind=${kind}`]))
    return field.fields === undefined ? [] : targetFields(field.fields, [...path, "0"])
  })
}

export const isMask = (value: unknown): value is SecretMask =>
  isRecord(value) && value["set"] === true && Object.keys(value).every((key) => key === "set" || key === "fingerprint")

const isRecord = (value: unknown): value is Record<string, unknown> => value !== null && typeof value === "object" && !Array.isArray(value)

/**
 * A row's name as a segment. `#` in the name itself is escaped, so that a row named `X#2` and the second row named
 * `X` differ.
 */
const encodeName = (name: string): string => encodeSegment(name).replaceAll("#", "~2")

/** RFC 6901. */
const encodeSegment = (segment: string): string => segment.replaceAll("~", "~0").replaceAll("/", "~1")

const clip = (name: string): string => (name.length > 60 ? `${name.slice(0, 60)}…` : name)
