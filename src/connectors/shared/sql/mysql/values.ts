import type { Column, ColumnType, Value } from "../../core/values.ts"
import { distinctNames } from "../shared/columns.ts"
import { withoutZeros } from "../shared/fraction.ts"
import { parseJson } from "../shared/json.ts"

/** A column of a result as the client library describes it (MySQL docs, Column Definition). The library reads by `columnType` and `characterSet`. */
export interface Field {
  readonly name: string
  columnType: number
  characterSet: number
  readonly flags: number
  readonly columnLength: number
  readonly decimals: number
  /** MariaDB alone: `json`, where the type is a text. */
  readonly extendedFormat?: string | undefined
  /** MariaDB alone: `uuid`, `inet6`, `point`. */
  readonly extendedTypeName?: string | undefined
}

type Parse = (raw: unknown) => Value

/** What a type on the wire is to us, and its name. */
interface Kind {
  readonly type: ColumnType
  readonly name: string
  readonly parse: Parse
}

const text: Parse = (raw) => (Buffer.isBuffer(raw) ? raw.toString("utf8") : String(raw))
const number: Parse = (raw) => Number(raw)
const bytes: Parse = (raw) => (Buffer.isBuffer(raw) ? raw : Buffer.from(String(raw), "utf8")).toString("base64")

/** FLOAT has 32 bits: the shortest decimal that is the same one, instead of all the digits of its 64-bit form. */
export const shortest: Parse = (raw) => {
  const value = Number(raw)
  for (let digits = 6; digits < 9; digits++) if (Math.fround(Number(value.toPrecision(digits))) === Math.fround(value)) return Number(value.toPrecision(digits))
  return Number(value.toPrecision(9))
}

/** BIT(n) as n zeros and ones. */
export const bits = (raw: unknown, length: number): string => {
  const digits = BigInt(`0x${(Buffer.isBuffer(raw) ? raw : Buffer.from(String(raw), "latin1")).toString("hex") || "0"}`).toString(2)
  return digits.padStart(length, "0")
}

/** `2024-03-31 01:00:00.500000` → `2024-03-31T01:00:00.5Z`; dates that no calendar has (`0000-00-00`) stay as the server writes them. */
export function timestamp(raw: unknown, zone: "Z" | ""): string {
  const given = String(raw)
  if (/^0000|-00/.test(given)) return given
  return `${withoutZeros(given.replace(" ", "T"))}${zone}`
}

const UNSIGNED = 32
const [ENUM, SET] = [256, 2048]
const BINARY = 63
/** Kinds that the library would take apart; as bytes they come whole: an SRID and WKB, or floats. */
const [VECTOR, GEOMETRY, BLOB] = [242, 255, 252]

const whole = (name: string): Kind => ({ type: "integer", name, parse: number })

/** By `columnType`; texts and bytes are told apart by their character set. */
const KINDS: ReadonlyMap<number, Kind> = new Map([
  [0, { type: "decimal", name: "decimal", parse: text }],
  [1, whole("tinyint")],
  [2, whole("smallint")],
  [3, whole("int")],
  [4, { type: "float", name: "float", parse: shortest }],
  [5, { type: "float", name: "double", parse: number }],
  [6, { type: "unknown", name: "null", parse: () => null }],
  [7, { type: "timestamp", name: "timestamp", parse: (raw) => timestamp(raw, "Z") }],
  [8, { type: "integer", name: "bigint", parse: text }],
  [9, whole("mediumint")],
  [10, { type: "date", name: "date", parse: text }],
  [11, { type: "time", name: "time", parse: text }],
  [12, { type: "timestamp", name: "datetime", parse: (raw) => timestamp(raw, "") }],
  [13, whole("year")],
  [14, { type: "date", name: "date", parse: text }],
  [245, { type: "json", name: "json", parse: (raw) => parseJson(text(raw) as string) }],
  [246, { type: "decimal", name: "decimal", parse: text }],
  [VECTOR, { type: "bytes", name: "vector", parse: bytes }],
  [GEOMETRY, { type: "bytes", name: "geometry", parse: bytes }],
] satisfies [number, Kind][])

function kindOf(field: Field): Kind {
  if (field.extendedFormat === "json") return KINDS.get(245) as Kind
  if (field.columnType === 16) return { type: "string", name: `bit(${field.columnLength})`, parse: (raw) => bits(raw, field.columnLength) }
  const known = KINDS.get(field.columnType)
  if (known !== undefined) return known
  const name = (field.flags & ENUM) !== 0 ? "enum" : (field.flags & SET) !== 0 ? "set" : undefined
  if (name !== undefined) return { type: "string", name, parse: text }
  const long = field.columnType >= 249 && field.columnType <= 252
  if (field.characterSet === BINARY) return { type: "bytes", name: long ? "blob" : `varbinary(${field.columnLength})`, parse: bytes }
  return { type: "string", name: field.extendedTypeName ?? (long ? "text" : `varchar(${Math.floor(field.columnLength / 4)})`), parse: text }
}

/** A result's columns, and how a row of the library's becomes one of ours; sets the fields so that the library leaves values whole. */
export function readerOf(fields: readonly Field[]): { readonly columns: readonly Column[]; readonly parses: readonly Parse[] } {
  const names = distinctNames(fields.map(({ name }) => name))
  const kinds = fields.map(kindOf)
  const columns = fields.map((field, index): Column => {
    const { type = "unknown", name = "" } = kinds[index] ?? {}
    return { name: names[index] ?? field.name, type, nativeType: spelled(name, field), nullable: true }
  })
  for (const field of fields) if (field.columnType === GEOMETRY || field.columnType === VECTOR) Object.assign(field, { columnType: BLOB, characterSet: BINARY })
  return { columns, parses: kinds.map(({ parse }) => parse) }
}

function spelled(name: string, { flags, columnLength, decimals }: Field): string {
  const unsigned = (flags & UNSIGNED) !== 0
  if (name === "decimal") return `decimal(${columnLength - (decimals > 0 ? 1 : 0) - (unsigned ? 0 : 1)},${decimals})${unsigned ? " unsigned" : ""}`
  return unsigned && /int$|float|double/.test(name) ? `${name} unsigned` : name
}

/** What a column's type is to us, by its name in the catalog (`DATA_TYPE`); JSON of MariaDB is a text there. */
const CATALOG_TYPES: Readonly<Record<string, ColumnType>> = {
  ...Object.fromEntries(["tinyint", "smallint", "mediumint", "int", "bigint", "year"].map((name) => [name, "integer" as const])),
  ...Object.fromEntries(["char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set", "bit"].map((name) => [name, "string" as const])),
  ...Object.fromEntries(["uuid", "inet4", "inet6"].map((name) => [name, "string" as const])),
  ...Object.fromEntries(["binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob", "vector"].map((name) => [name, "bytes" as const])),
  ...Object.fromEntries(["geometry", "point", "linestring", "polygon", "multipoint"].map((name) => [name, "bytes" as const])),
  ...Object.fromEntries(["multilinestring", "multipolygon", "geometrycollection", "geomcollection"].map((name) => [name, "bytes" as const])),
  decimal: "decimal",
  float: "float",
  double: "float",
  date: "date",
  time: "time",
  datetime: "timestamp",
  timestamp: "timestamp",
  json: "json",
}

export const columnType = (dataType: string): ColumnType => (Object.hasOwn(CATALOG_TYPES, dataType) ? CATALOG_TYPES[dataType] : undefined) ?? "unknown"
