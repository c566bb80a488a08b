import { PlatformError } from "../../../../core/errors.ts"
import { mayLoseDigits } from "../../../../core/exact-json.ts"
import { ExactNumber, type Value } from "../../../../core/values.ts"
import { parseJson } from "../../json.ts"
import { converted, joinedKinds, type Kind } from "../kinds.ts"

/** A field of a document; a number that a double does not hold is an `ExactNumber`. */
export type JsonField = Value
/** The fields of one record, by name. Read it with `fieldOf`, because a field may have the name of a method that every object has. */
export type JsonRecord = Readonly<Record<string, JsonField>>

export const fieldOf = (record: JsonRecord, name: string): JsonField => (Object.hasOwn(record, name) ? (record[name] ?? null) : null)

/** Parses the text of one JSON object; returns the record, or as a string the reason why the text is not a record. */
export function parseRecord(text: string): JsonRecord | string {
  try {
    const value = parseJson(text)
    if (!isRecord(value)) return "is not a JSON object."
    return mayLoseDigits(text) ? withExactNumbers(value, JSON.parse(text) as JsonRecord) : value
  } catch (error) {
    if (error instanceof SyntaxError) return "is not valid JSON."
    if (error instanceof PlatformError) return "is nested too deeply."
    throw error
  }
}

const isRecord = (value: Value): value is Readonly<Record<string, Value>> => typeof value === "object" && value !== null && !Array.isArray(value)

/** Turns strings into exact numbers if the document has a number there, which `plain` shows. */
const withExactNumbers = (exact: JsonRecord, plain: JsonRecord): JsonRecord =>
  Object.fromEntries(
    Object.entries(exact).map(([name, value]) => [name, typeof value === "string" && typeof plain[name] === "number" ? new ExactNumber(value) : value]),
  )

const WHOLE = /^-?\d{1,38}$/

/** The narrowest kind of a value; null has none. */
export function kindOfJson(value: JsonField): Kind | undefined {
  if (value === null) return undefined
  if (value instanceof ExactNumber) return WHOLE.test(value.digits) ? "bigint" : "decimal"
  if (typeof value === "boolean") return "boolean"
  if (typeof value === "number") return Number.isSafeInteger(value) ? "integer" : "float"
  return typeof value === "string" ? "text" : "json"
}

export function joinedJson(kind: Kind | undefined, value: JsonField): Kind | undefined {
  const other = kindOfJson(value)
  if (kind === undefined || other === undefined) return kind ?? other
  return joinedKinds(kind, other, "json")
}

/** The value as our wires spell it for a column of that kind; undefined if it is not a value of the kind. */
export function convertedJson(kind: Kind, value: JsonField): Value | undefined {
  if (value === null) return null
  const plain = value instanceof ExactNumber ? value.digits : value
  switch (kind) {
    case "json":
      return plain
    case "text":
      return typeof plain === "object" ? JSON.stringify(plain) : String(plain)
    case "integer":
      return Number.isSafeInteger(value) ? plain : undefined
    case "bigint":
      return Number.isSafeInteger(value) || kindOfJson(value) === "bigint" ? String(plain) : undefined
    case "float":
      return typeof value === "number" ? value : undefined
    case "decimal":
      return typeof value === "number" || value instanceof ExactNumber ? String(plain) : undefined
    case "boolean":
      return typeof value === "boolean" ? value : undefined
    default:
      return typeof value === "string" ? converted(kind, value) : undefined
  }
}
