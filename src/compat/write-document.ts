import type { Field, Fields } from "../core/fields.ts"
import { hiddenSecrets } from "./hidden-secrets.ts"
import { isGiven, isSettings, pointersOf, type Row, type Settings } from "./mapping.ts"
import { aroundOf, below, dotted, lastOf, placeIn, valueAt, withValueAt } from "./places.ts"

/** How to show a config. */
export interface Showing {
  /** The document as it was sent, with masked secrets; undefined if the connector was created in another way. */
  readonly sent: Settings | undefined
  /** The API's mask of a secret. */
  readonly mask: unknown
  /** The fields whose defaults are shown only to a client that sent them; undefined shows all. */
  readonly defaults: Fields | undefined
}

/**
 * Converts a config to the vendor's document: as the client sent it, updated with later changes from other APIs.
 * Values are in the order of the rows, because the store does not keep the order of a document.
 */
export function writeDocument(rows: readonly Row[], config: Settings, showing: Showing): Settings {
  const { sent, mask, defaults } = showing
  const shown = new Map<string, unknown>()
  const places = new Set<string>()
  const isSent = (row: Row): boolean => pointersOf(row).some((pointer) => valueAt(sent, pointer) !== undefined)
  for (const row of rows.filter(isSent))
    for (const [pointer, value] of ofSent(row, config, sent ?? {}, mask)) {
      shown.set(pointer, value)
      if (row.ours !== undefined && isGiven(value)) places.add(row.ours)
    }
  for (const row of rows) {
    const hidden = isFixed(row) ? isAroundSent(row, sent) : places.has(row.ours ?? "") || (sent !== undefined && isDefault(row, config, defaults))
    // When several names map to one place, the first name is shown.
    const isFirst = isFixed(row) || rows.find(({ ours }) => ours === row.ours) === row
    if (!isSent(row) && !hidden && isFirst) for (const [pointer, value] of written(row, config, mask)) shown.set(pointer, value)
  }
  const inOrder = rows.flatMap(pointersOf).flatMap((pointer): [string, unknown][] => (shown.has(pointer) ? [[pointer, shown.get(pointer)]] : []))
  return [...inOrder, ...unmapped(rows, sent ?? {})].reduce<Settings>((out, [pointer, value]) => withValueAt(out, pointer, value), {})
}

/** The document to store, with masked secrets. Without a mask, secrets are left out. */
export function storedDocument(rows: readonly Row[], document: Settings, mask: unknown): Settings {
  const secret = rows.flatMap((row) => (row.secret === true ? pointersOf(row) : [])).filter((pointer) => isGiven(valueAt(document, pointer)))
  return secret.reduce((out, pointer) => withValueAt(out, pointer, masked(valueAt(document, pointer), mask)), document)
}

/** The names of values that look like a credential but would be stored as they were sent; `around` is the document's own pointer. */
export function exposedSecrets(rows: readonly Row[], document: Settings, around = ""): string[] {
  const read = rows.filter((row) => !isFixed(row))
  return unmapped(read, document).flatMap(([pointer, value]) => hiddenSecrets(dotted(around + pointer).slice(0, 100), value, lastOf(pointer)))
}

/** Whether the hub would have filled the value in for a client that left it out. */
export function isDefault(row: Row, config: Settings, fields: Fields | undefined): boolean {
  if (row.ours === undefined || fields === undefined) return false
  return same(placeIn(config, row.ours), row.absent ?? placeIn(defaultsOf(fields), row.ours))
}

const defaultsOf = (fields: Fields): Settings => Object.fromEntries(Object.entries(fields).map(([name, field]: [string, Field]) => [name, field.default]))

/** Shows a row of which some values were sent: those values while they still apply, otherwise the config's. */
function ofSent(row: Row, config: Settings, sent: Settings, mask: unknown): [string, unknown][] {
  const values = pointersOf(row).map((pointer): [string, unknown] => [pointer, valueAt(sent, pointer)])
  const read = values.map(([, value]) => value)
  if (isFixed(row) || holds(row, config, read)) return values.filter(([, value]) => value !== undefined)
  const now = new Map(written(row, config, mask))
  return values.flatMap(([pointer, value]): [string, unknown][] => {
    if (now.has(pointer)) return [[pointer, now.get(pointer)]]
    return value === undefined || !isEmpty(value) ? [] : [[pointer, value]]
  })
}

/** Whether the values that were sent are read as the config's value; for a secret this is unknown. */
const holds = ({ ours, secret, check, read }: Row, config: Settings, values: readonly unknown[]): boolean =>
  secret !== true &&
  values.some(isGiven) &&
  check?.(...values) === undefined &&
  same(read === undefined ? values[0] : read(...values), placeIn(config, ours ?? ""))

/** The config's value in the vendor's form, without empty values. */
function written(row: Row, config: Settings, mask: unknown): [string, unknown][] {
  if (row.write === undefined && isFixed(row)) return []
  const value = row.ours === undefined ? undefined : placeIn(config, row.ours)
  const out = row.write !== undefined ? row.write(value, config) : row.secret === true && isGiven(value) ? mask : value
  const values: readonly unknown[] = typeof row.theirs === "string" ? [out] : Array.isArray(out) ? out : []
  return pointersOf(row).flatMap((pointer, index): [string, unknown][] => (isGiven(values[index]) ? [[pointer, values[index]]] : []))
}

/** A row whose value cannot be derived from the config. */
const isFixed = ({ ours, oneWay }: Row): boolean => ours === undefined || oneWay === true

const isAroundSent = (row: Row, sent: Settings | undefined): boolean =>
  sent !== undefined && pointersOf(row).every((pointer) => aroundOf(pointer) === "" || isSettings(valueAt(sent, aroundOf(pointer))))

/** The values of a document that no row names, with their pointers. */
function unmapped(rows: readonly Row[], document: Settings, base = ""): [string, unknown][] {
  const pointers = rows.flatMap(pointersOf)
  return Object.entries(document).flatMap(([name, value]): [string, unknown][] => {
    const pointer = below(base, name)
    if (pointers.includes(pointer)) return []
    const inside = isSettings(value) && pointers.some((each) => each.startsWith(`${pointer}/`))
    return inside ? unmapped(rows, value, pointer) : [[pointer, value]]
  })
}

const isEmpty = (value: unknown): boolean => !isGiven(value) || (isSettings(value) && Object.keys(value).length === 0)

/** Masks each value of an object; the names stay visible. */
const masked = (value: unknown, mask: unknown): unknown =>
  isSettings(value) && mask !== undefined ? Object.fromEntries(Object.keys(value).map((name) => [name, mask])) : mask

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other)
