import type { Wire } from "../../wire.ts"
import type { ConnectorType } from "../answers.ts"
import type { Entry, FileFault } from "./documents.ts"
import type { Filled } from "./placeholders.ts"

/** The label that assigns a connector to an owner's files; `--prune` decides only by this label. */
export const OWNER_LABEL = "managed-by"

/** A whole connector in the API's format: a value that the file omits is sent as absent. */
export interface Wanted {
  readonly name: string
  readonly was?: string
  readonly type: string
  readonly title: string
  readonly description: string
  readonly labels: Readonly<Record<string, string>>
  readonly purpose: string | null
  readonly limits: Readonly<Record<string, unknown>> | null
  readonly config: Readonly<Record<string, unknown>>
  readonly draft: boolean
  readonly enabled: boolean
  readonly check: Readonly<Record<string, unknown>> | null
}

const PARTS = ["type", "title", "description", "labels", "purpose", "limits", "draft", "enabled", "renamedFrom", "check", "config"]

/** Converts a filled entry to the API's format; reports faults only if the API could not report them better. */
export function wantedOf(entry: Entry, filled: Filled, types: ReadonlyMap<string, ConnectorType>, faults: FileFault[]): Wanted | undefined {
  const { value } = filled
  const before = faults.length
  const fault = (pointer: string, message: string): void => void faults.push(entry.at(pointer, message))
  for (const name of Object.keys(value)) {
    if (!PARTS.includes(name)) fault(`/${name}`, `There is no field "${name.slice(0, 60)}"; the fields are ${PARTS.join(", ")}.`)
  }
  const config = value["config"] ?? {}
  if (!isRecord(config)) fault("/config", "must be a mapping.")
  const labels = value["labels"] ?? {}
  if (!isRecord(labels)) fault("/labels", "must be a mapping.")
  else if (entry.owner !== undefined && (labels[OWNER_LABEL] ?? entry.owner) !== entry.owner)
    fault(`/labels/${OWNER_LABEL}`, `differs from the file's owner, ${entry.owner}; leave it out.`)
  const given = value["type"]
  const type = typeof given === "string" ? types.get(given) : undefined
  if (type === undefined)
    fault("/type", given === undefined ? "is required." : `There is no such connector type; the types are ${[...types.keys()].join(", ")}.`)
  const whole = type === undefined ? {} : wholeConfig(type.fields, isRecord(config) ? config : {}, "/config", { filled: filled.filled, fault })
  if (faults.length > before || type === undefined) return undefined
  const scalar = (name: string): unknown => readScalar(value[name], filled.filled.has(`/${name}`))
  // A value of the wrong shape (a title that is a number) is passed on unchanged: the hub reports the fault, and the CLI
  // adds its place.
  return {
    name: entry.name,
    ...(value["renamedFrom"] === undefined || value["renamedFrom"] === null ? {} : { was: value["renamedFrom"] as string }),
    type: type.type,
    title: (value["title"] ?? entry.name) as string,
    description: (value["description"] ?? "") as string,
    labels: { ...(labels as Record<string, string>), ...(entry.owner === undefined ? {} : { [OWNER_LABEL]: entry.owner }) },
    purpose: (value["purpose"] ?? null) as string | null,
    limits: numbersIn(value["limits"], "/limits", filled.filled),
    check: numbersIn(value["check"], "/check", filled.filled),
    config: whole,
    draft: (scalar("draft") ?? false) as boolean,
    enabled: (scalar("enabled") ?? true) as boolean,
  }
}

/** A flat mapping in which texts from placeholders become numbers; the API rejects anything else. */
const numbersIn = (value: unknown, pointer: string, filled: ReadonlySet<string>): Readonly<Record<string, unknown>> | null =>
  isRecord(value)
    ? Object.fromEntries(Object.entries(value).map(([name, each]) => [name, readScalar(each, filled.has(`${pointer}/${name}`))]))
    : ((value ?? null) as null)

interface Walk {
  readonly filled: ReadonlySet<string>
  readonly fault: (pointer: string, message: string) => void
}

/**
 * A complete config: `null` for each omitted field, so that the hub keeps nothing that is not in the file. The text
 * of a placeholder becomes a number or a flag if the field is one.
 */
function wholeConfig(fields: readonly Wire["Field"][], config: Readonly<Record<string, unknown>>, pointer: string, walk: Walk): Record<string, unknown> {
  const out: Record<string, unknown> = { ...config }
  for (const field of fields) {
    const place = `${pointer}/${field.name}`
    out[field.name] = Object.hasOwn(config, field.name) ? wholeField(field, config[field.name], place, walk) : null
  }
  return out
}

function wholeField(field: Wire["Field"], value: unknown, place: string, walk: Walk): unknown {
  if (field.kind === "variant" && isRecord(value)) {
    const kinds = field.variants?.map(({ kind }) => kind) ?? []
    const chosen = field.variants?.find(({ kind }) => kind === value["kind"])
    if (chosen === undefined) walk.fault(`${place}/kind`, `kind must be one of ${kinds.join(", ")}.`)
    return chosen === undefined ? value : wholeConfig(chosen.fields, value, place, walk)
  }
  if (field.kind === "list" && Array.isArray(value))
    return value.map((row: unknown, index) => (isRecord(row) ? wholeConfig(field.fields ?? [], row, `${place}/${index}`, walk) : row))
  return field.kind === "integer" || field.kind === "flag" ? readScalar(value, walk.filled.has(place)) : value
}

function readScalar(value: unknown, filled: boolean): unknown {
  if (!filled || typeof value !== "string") return value
  if (value === "true" || value === "false") return value === "true"
  return /^-?\d{1,15}$/.test(value) ? Number(value) : value
}

const isRecord = (value: unknown): value is Record<string, unknown> => value !== null && typeof value === "object" && !Array.isArray(value)
