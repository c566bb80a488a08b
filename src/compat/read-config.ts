import type { Fault } from "../core/errors.ts"
import { isGiven, isSettings, pointersOf, type Row, type Settings } from "./mapping.ts"
import { aroundOf, fieldOf, placeIn, valueAt, withPlace } from "./places.ts"

/** The masks of an API in a document that was sent. */
export interface Masks {
  /** Whether a value is the API's mask for that row. */
  is(value: unknown, row: Row): boolean
  /** The config whose values masks keep; undefined if nothing is stored. */
  readonly stored: Settings | undefined
}

/** The pointers of the required values that a document lacks, in the order of the rows. */
export const lacking = (rows: readonly Row[], document: Settings): string[] =>
  rows.flatMap((row) => {
    const [pointer = ""] = pointersOf(row)
    const required = typeof row.required === "function" ? row.required(document) : row.required === true
    const around = aroundOf(pointer)
    return required && isSettings(around === "" ? document : valueAt(document, around)) && !isGiven(valueAt(document, pointer)) ? [pointer] : []
  })

/** The faults of a document; each message is a text that follows the value's name. */
export function faultsOf(rows: readonly Row[], document: Settings): Fault[] {
  const objects = [...new Set(rows.flatMap(pointersOf).map(aroundOf))].filter((around) => around !== "")
  const broken = objects.filter((around) => isGiven(valueAt(document, around)) && !isSettings(valueAt(document, around)))
  const wrong = rows.flatMap((row): Fault[] => {
    const values = pointersOf(row).map((pointer) => valueAt(document, pointer))
    const message = values.some(isGiven) ? row.check?.(...values) : undefined
    return message === undefined ? [] : [{ pointer: pointersOf(row)[0] ?? "", message }]
  })
  return [...broken.map((pointer) => ({ pointer, message: "must be an object." })), ...wrong]
}

/** Converts a valid document to a config. `null` clears the field of a value that was not sent. */
export function readConfig(rows: readonly Row[], document: Settings, masks: Masks): Record<string, unknown> {
  const kept = new Set<string>()
  let config: Settings = {}
  for (const row of rows) {
    if (row.ours === undefined) continue
    const values = pointersOf(row).map((pointer) => valueAt(document, pointer))
    if (!values.some(isGiven)) {
      if (row.absent !== undefined) config = withPlace(config, row.ours, row.absent, true)
      continue
    }
    const value = masks.is(values[0], row) ? keptBy(row, row.ours, masks.stored) : row.read === undefined ? values[0] : row.read(...values)
    if (value === undefined) kept.add(fieldOf(row.ours))
    else config = withPlace(config, row.ours, value)
  }
  const fields = rows.flatMap(({ ours, oneWay }) => (ours === undefined || oneWay === true ? [] : [fieldOf(ours)]))
  return { ...Object.fromEntries(fields.filter((field) => !kept.has(field)).map((field) => [field, null])), ...config }
}

/** The value that a mask keeps: the hub's own mask for a secret, undefined for a whole login, and the stored value otherwise. */
function keptBy({ secret, read }: Row, place: string, stored: Settings | undefined): unknown {
  const before = placeIn(stored, place)
  if (secret !== true) return before
  if (isSettings(before) && before["kind"] !== undefined) return undefined
  return read === undefined ? { set: true } : read({ set: true })
}
