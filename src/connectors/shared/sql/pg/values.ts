import type { FieldDef } from "pg"
import type { Column, ColumnType, Value } from "../../../../core/values.ts"
import { distinctNames } from "../../columns.ts"
import { parseJsonCell } from "../../json.ts"
import { type Typed, type TypeRow, typeReader } from "../types.ts"
import { parseArray } from "./arrays.ts"

/** Reads a value's text as the server sends it. */
export type Parse = (text: string) => Value

const number: Parse = (text) => Number(text)
const float: Parse = (text) => {
  const value = Number(text)
  return Number.isFinite(value) ? value : text
}
const bytes: Parse = (text) => Buffer.from(text.slice(2), "hex").toString("base64")
const boolean: Parse = (text) => text === "t"

/** `2024-03-31 01:00:00+00` → `2024-03-31T01:00:00Z`. The session's zone is UTC; infinity and years BC stay as the server writes them. */
const timestamp: Parse = (text) => {
  const space = text.indexOf(" ")
  if (space < 10 || text.endsWith("BC")) return text
  const end = text.endsWith("+00") ? `${text.slice(space + 1, -3)}Z` : text.slice(space + 1)
  return `${text.slice(0, space)}T${end}`
}

/** `-$1,234.56` → `-1234.56`: `lc_monetary` is C in every transaction. */
const money: Parse = (text) => text.replace(/[$,]/g, "")

/** A built-in type by its OID and that of its array (pg_type.dat). Without `parse` its values come as the server's text. */
export interface PgType extends TypeRow {
  readonly oid: number
  readonly array?: number
  readonly parse?: Parse
}

const BUILT_IN: readonly PgType[] = [
  { oid: 16, array: 1000, name: "boolean", type: "boolean", parse: boolean },
  { oid: 17, array: 1001, name: "bytea", type: "bytes", parse: bytes },
  { oid: 18, array: 1002, name: '"char"', type: "string" },
  { oid: 19, array: 1003, name: "name", type: "string" },
  { oid: 20, array: 1016, name: "bigint", type: "integer", bits: 64 },
  { oid: 21, array: 1005, name: "smallint", type: "integer", bits: 16, parse: number },
  { oid: 23, array: 1007, name: "integer", type: "integer", bits: 32, parse: number },
  { oid: 25, array: 1009, name: "text", type: "string" },
  { oid: 26, array: 1028, name: "oid", type: "integer", bits: 64, parse: number },
  { oid: 114, array: 199, name: "json", type: "json", parse: parseJsonCell },
  { oid: 142, array: 143, name: "xml", type: "string" },
  { oid: 650, array: 651, name: "cidr", type: "string" },
  { oid: 700, array: 1021, name: "real", type: "float", bits: 32, parse: float },
  { oid: 701, array: 1022, name: "double precision", type: "float", bits: 64, parse: float },
  { oid: 790, array: 791, name: "money", type: "decimal", parse: money },
  { oid: 829, array: 1040, name: "macaddr", type: "string" },
  { oid: 869, array: 1041, name: "inet", type: "string" },
  { oid: 1042, array: 1014, name: "character", type: "string", size: "length" },
  { oid: 1042, name: "bpchar", type: "string" },
  { oid: 1043, array: 1015, name: "character varying", type: "string", size: "length" },
  { oid: 1082, array: 1182, name: "date", type: "date" },
  { oid: 1083, array: 1183, name: "time without time zone", type: "time", size: "seconds", zoned: false },
  { oid: 1114, array: 1115, name: "timestamp without time zone", type: "timestamp", size: "seconds", zoned: false, parse: timestamp },
  { oid: 1184, array: 1185, name: "timestamp with time zone", type: "timestamp", size: "seconds", zoned: true, parse: timestamp },
  { oid: 1186, array: 1187, name: "interval", type: "string" },
  { oid: 1266, array: 1270, name: "time with time zone", type: "time", size: "seconds", zoned: true },
  { oid: 1560, array: 1561, name: "bit", type: "string", size: "length" },
  { oid: 1562, array: 1563, name: "bit varying", type: "string", size: "length" },
  { oid: 1700, array: 1231, name: "numeric", type: "decimal", size: "digits" },
  { oid: 2950, array: 2951, name: "uuid", type: "string" },
  { oid: 3802, array: 3807, name: "jsonb", type: "json", parse: parseJsonCell },
]

/** A type of a database's own, by its OID: an enum, a domain, a composite or an array of them (`own-types.ts`). */
export interface OwnType extends Pick<Column, "type" | "nativeType" | "elements"> {
  /** The OID of the built-in type whose values it has, or whose values its elements have. */
  readonly base: number
}

/** Types of the database's own that the connection has met so far. */
export type OwnTypes = ReadonlyMap<number, OwnType>

/** The types of a system that speaks the protocol. */
export interface PgTypes {
  /** A type as `format_type()` spells it. */
  read(native: string): Typed
  /** Whether the OID needs no look-up in the database. */
  knows(oid: number): boolean
  /** How to read a text of the type; one that nothing is known about is read as text. */
  parser(oid: number, own?: OwnTypes): Parse
  /** The type of a parameter or of a column without modifiers. */
  typeOf(oid: number, own?: OwnTypes): Typed
  /** A result's columns; a name that comes again gets `_2`, `_3`. Types that nothing is known about are named by their OID. */
  columnsOf(fields: readonly Pick<FieldDef, "name" | "dataTypeID" | "dataTypeModifier">[], own?: OwnTypes): Column[]
}

const plain: Parse = (text) => text
const NONE: OwnTypes = new Map()

/** PostgreSQL's built-in types, and those of a system beside them. */
export function pgTypes(more: readonly PgType[] = []): PgTypes {
  const rows = [...more, ...BUILT_IN]
  const byOid = new Map(rows.toReversed().map((row) => [row.oid, row]))
  const arrays = new Map(rows.flatMap((row) => (row.array === undefined ? [] : [[row.array, row] as const])))
  const readOne = typeReader(rows)
  const read = (native: string): Typed =>
    native.endsWith("[]") ? { ...arrayOf(readOne(native.replace(/(\[\])+$/, "")).type), nativeType: native } : readOne(native)
  const elementsOf =
    (element: PgType | undefined): Parse =>
    (text) =>
      parseArray(text, element?.parse ?? plain, element?.type)
  const parser: PgTypes["parser"] = (oid, own = NONE) => {
    const [row, element, mine] = [byOid.get(oid), arrays.get(oid), own.get(oid)]
    if (row !== undefined) return row.parse ?? plain
    if (element !== undefined) return elementsOf(element)
    if (mine === undefined) return plain
    return mine.type === "array" ? elementsOf(byOid.get(mine.base)) : (byOid.get(mine.base)?.parse ?? plain)
  }
  const typeOf = (oid: number, modifier: number, own: OwnTypes): Typed => {
    const [row, element] = [byOid.get(oid), arrays.get(oid)]
    if (row !== undefined) return read(spelled(row, modifier))
    if (element !== undefined) return read(`${spelled(element, modifier)}[]`)
    const { base: _, ...mine } = own.get(oid) ?? { type: "unknown" as const, nativeType: `oid ${oid}`, base: 0 }
    return mine
  }
  const columnsOf: PgTypes["columnsOf"] = (fields, own = NONE) => {
    const names = distinctNames(fields.map(({ name }) => name))
    return fields.map(({ name, dataTypeID, dataTypeModifier }, index) => ({
      name: names[index] ?? name,
      ...typeOf(dataTypeID, dataTypeModifier, own),
      nullable: true,
    }))
  }
  return { read, knows: (oid) => byOid.has(oid) || arrays.has(oid), parser, typeOf: (oid, own = NONE) => typeOf(oid, -1, own), columnsOf }
}

/** An array of elements of that type. */
export const arrayOf = (elements: ColumnType): Pick<Typed, "type" | "elements"> => ({ type: "array", ...(elements === "unknown" ? {} : { elements }) })

/** As `format_type()` spells it, modifiers too. */
function spelled({ name, size, oid }: PgType, modifier: number): string {
  if (modifier < 0 || size === undefined) return name
  if (size === "digits") return `${name}(${(modifier - 4) >> 16},${(((modifier - 4) & 0x7ff) ^ 1024) - 1024})`
  if (size === "seconds") return name.replace(/^\w+/, `$&(${modifier})`)
  return `${name}(${BITS.has(oid) ? modifier : modifier - 4})`
}

/** Their modifier is the length itself. */
const BITS: ReadonlySet<number> = new Set([1560, 1562])
