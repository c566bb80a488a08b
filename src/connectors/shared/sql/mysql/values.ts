import type { Column, ColumnType, Value } from "../../../../core/values.ts"
import { distinctNames } from "../../columns.ts"
import { withoutZeros } from "../../fraction.ts"
import { parseJsonCell } from "../../json.ts"
import { type Typed, type TypeRow, typeReader } from "../types.ts"

const of = (type: ColumnType, names: string, more: Omit<TypeRow, "name" | "type"> = {}): TypeRow[] => names.split(" ").map((name) => ({ name, type, ...more }))

/** The types by their names in the catalog (MySQL docs, chapter 13, and MariaDB's own). In MariaDB, JSON is a text there. */
const TYPES: readonly TypeRow[] = [
  ...of("integer", "tinyint", { bits: 8 }),
  ...of("integer", "smallint year", { bits: 16 }),
  ...of("integer", "mediumint", { bits: 24 }),
  ...of("integer", "int", { bits: 32 }),
  ...of("integer", "bigint", { bits: 64 }),
  ...of("decimal", "decimal", { size: "digits" }),
  ...of("float", "float", { bits: 32 }),
  ...of("float", "double", { bits: 64 }),
  ...of("string", "char varchar bit", { size: "length" }),
  ...of("string", "tinytext text mediumtext longtext enum set uuid inet4 inet6"),
  ...of("bytes", "binary varbinary", { size: "length" }),
  ...of("bytes", "tinyblob blob mediumblob longblob vector geometry point linestring polygon"),
  ...of("bytes", "multipoint multilinestring multipolygon geometrycollection geomcollection"),
  ...of("date", "date"),
  ...of("time", "time", { size: "seconds", zoned: false }),
  ...of("timestamp", "datetime", { size: "seconds", zoned: false }),
  ...of("timestamp", "timestamp", { size: "seconds", zoned: true }),
  ...of("json", "json"),
]
const reader = typeReader(TYPES)

/** Parses a type of a result or the catalog: `bigint(20) unsigned`, `enum('a','b')`. An unsigned integer needs one bit more than a signed one of its size. */
export function typeOf(native: string): Typed {
  const [, word = "", numbers = "", rest = ""] = /^(\w+)(\([\d,]*\))?(.*)$/s.exec(native.toLowerCase()) ?? []
  const typed = reader(`${word}${numbers}`)
  const unsigned = typed.type === "integer" && typed.precision !== undefined && rest.includes("unsigned")
  return { ...typed, nativeType: native, ...(unsigned ? { precision: (typed.precision ?? 0) + 1 } : {}) }
}

/** Sizes of types for which the catalog names none. */
const OWN_SIZES: ReadonlyMap<string, Partial<Typed>> = new Map<string, Partial<Typed>>([
  ...["time", "datetime", "timestamp"].map((name) => [name, { precision: 0 }] as const),
  ...["tinytext", "tinyblob"].map((name) => [name, { maxLength: 255 }] as const),
  ...["text", "blob"].map((name) => [name, { maxLength: 65_535 }] as const),
  ...["mediumtext", "mediumblob"].map((name) => [name, { maxLength: 16_777_215 }] as const),
])

/** The type of a column of the catalog (`COLUMN_TYPE`). */
export const catalogType = (native: string): Typed => ({ ...OWN_SIZES.get(native.toLowerCase()), ...typeOf(native) })

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

/** The name of a type on the wire, and how its values are read. */
interface Kind {
  readonly name: string
  readonly parse: Parse
  /** Absent: by the name. */
  readonly type?: ColumnType
}

const text: Parse = (raw) => (Buffer.isBuffer(raw) ? raw.toString("utf8") : String(raw))
const number: Parse = (raw) => Number(raw)
const bytes: Parse = (raw) => (Buffer.isBuffer(raw) ? raw : Buffer.from(String(raw), "utf8")).toString("base64")

/** The shortest decimal that denotes the same 32-bit FLOAT, instead of all digits of its 64-bit form. */
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

/** `2024-03-31 01:00:00.500000` → `2024-03-31T01:00:00.5Z`; impossible dates (`0000-00-00`) keep the server's notation. */
export function timestamp(raw: unknown, zone: "Z" | ""): string {
  const given = String(raw)
  if (/^0000|-00/.test(given)) return given
  return `${withoutZeros(given.replace(" ", "T"))}${zone}`
}

const [UNSIGNED, ZEROFILL, ENUM, SET] = [32, 64, 256, 2048]
const BINARY = 63
/** Kinds that the library would decode. They are read as bytes: an SRID and WKB, or floats. */
const [VECTOR, GEOMETRY, BLOB] = [242, 255, 252]
const JSON_KIND: Kind = { name: "json", parse: (raw) => parseJsonCell(text(raw) as string) }

/** By `columnType`. The character set tells texts from bytes. */
const KINDS: ReadonlyMap<number, Kind> = new Map([
  [0, { name: "decimal", parse: text }],
  [1, { name: "tinyint", parse: number }],
  [2, { name: "smallint", parse: number }],
  [3, { name: "int", parse: number }],
  [4, { name: "float", parse: shortest }],
  [5, { name: "double", parse: number }],
  [6, { name: "null", parse: () => null }],
  [7, { name: "timestamp", parse: (raw) => timestamp(raw, "Z") }],
  [8, { name: "bigint", parse: text }],
  [9, { name: "mediumint", parse: number }],
  [10, { name: "date", parse: text }],
  [11, { name: "time", parse: text }],
  [12, { name: "datetime", parse: (raw) => timestamp(raw, "") }],
  [13, { name: "year", parse: number }],
  [14, { name: "date", parse: text }],
  [245, JSON_KIND],
  [246, { name: "decimal", parse: text }],
  [VECTOR, { name: "vector", parse: bytes }],
  [GEOMETRY, { name: "geometry", parse: bytes }],
] satisfies [number, Kind][])

/** Kinds whose values are texts of digits. ZEROFILL adds leading zeros, which are not part of the value. */
const DIGITS: ReadonlySet<string> = new Set(["decimal", "bigint"])

function kindOf(field: Field): Kind {
  const { columnType, columnLength, characterSet, flags, extendedFormat, extendedTypeName } = field
  if (extendedFormat === "json") return JSON_KIND
  if (columnType === 16) return { name: `bit(${columnLength})`, parse: (raw) => bits(raw, columnLength) }
  const known = KINDS.get(columnType)
  if (known !== undefined && (flags & ZEROFILL) !== 0 && DIGITS.has(known.name)) return { ...known, parse: (raw) => String(raw).replace(/^0+(?=\d)/, "") }
  if (known !== undefined) return known
  const name = (flags & ENUM) !== 0 ? "enum" : (flags & SET) !== 0 ? "set" : undefined
  if (name !== undefined) return { name, parse: text }
  const long = columnType >= 249 && columnType <= 252
  if (characterSet === BINARY) return { name: long ? "blob" : `varbinary(${columnLength})`, parse: bytes }
  return { name: extendedTypeName ?? (long ? "text" : `varchar(${Math.floor(columnLength / 4)})`), parse: text, type: "string" }
}

/** A result's columns, and the functions that convert the library's values. Changes the fields so that the library does not decode geometries and vectors. */
export function readerOf(fields: readonly Field[]): { readonly columns: readonly Column[]; readonly parses: readonly Parse[] } {
  const names = distinctNames(fields.map(({ name }) => name))
  const kinds = fields.map(kindOf)
  const columns = fields.map((field, index): Column => {
    const { name = "", type } = kinds[index] ?? {}
    return { name: names[index] ?? field.name, ...typeOf(spelled(name, field)), ...(type === undefined ? {} : { type }), nullable: true }
  })
  for (const field of fields) if (field.columnType === GEOMETRY || field.columnType === VECTOR) Object.assign(field, { columnType: BLOB, characterSet: BINARY })
  return { columns, parses: kinds.map(({ parse }) => parse) }
}

function spelled(name: string, { flags, columnLength, decimals }: Field): string {
  const unsigned = (flags & UNSIGNED) !== 0
  if (name === "decimal") return `decimal(${columnLength - (decimals > 0 ? 1 : 0) - (unsigned ? 0 : 1)},${decimals})${unsigned ? " unsigned" : ""}`
  return unsigned && /int$|float|double/.test(name) ? `${name} unsigned` : name
}
