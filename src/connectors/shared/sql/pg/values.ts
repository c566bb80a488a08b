import type { CustomTypesConfig, FieldDef } from "pg"
import type { Column, Value } from "../../../../core/values.ts"
import { distinctNames } from "../../columns.ts"
import { parseJson } from "../../json.ts"
import { type Typed, type TypeRow, typeReader } from "../types.ts"

type Parse = (text: string) => Value

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
  { oid: 114, array: 199, name: "json", type: "json", parse: parseJson },
  { oid: 142, name: "xml", type: "string" },
  { oid: 650, array: 651, name: "cidr", type: "string" },
  { oid: 700, array: 1021, name: "real", type: "float", bits: 32, parse: float },
  { oid: 701, array: 1022, name: "double precision", type: "float", bits: 64, parse: float },
  { oid: 790, name: "money", type: "string" },
  { oid: 829, name: "macaddr", type: "string" },
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
  { oid: 3802, array: 3807, name: "jsonb", type: "json", parse: parseJson },
]

/** The types of a system that speaks the protocol. */
export interface PgTypes {
  /** A type as `format_type()` spells it. */
  read(native: string): Typed
  /** For `pg`: how to read a text of a type, each text's length told to `meter`. Local to a query, never set on the library. */
  parsers(meter: (length: number) => void): CustomTypesConfig
  /** A result's columns; a name that comes again gets `_2`, `_3`. Types that the table lacks are named by their OID. */
  columnsOf(fields: readonly Pick<FieldDef, "name" | "dataTypeID" | "dataTypeModifier">[]): Column[]
}

/** PostgreSQL's built-in types, and those of a system beside them. */
export function pgTypes(more: readonly PgType[] = []): PgTypes {
  const rows = [...more, ...BUILT_IN]
  const byOid = new Map(rows.toReversed().map((row) => [row.oid, row]))
  const arrays = new Map(rows.flatMap((row) => (row.array === undefined ? [] : [[row.array, row] as const])))
  const read = typeReader(rows)
  const parsers = (meter: (length: number) => void): CustomTypesConfig => {
    const getTypeParser = (oid: number): Parse => {
      const parse = byOid.get(oid)?.parse
      return (text) => {
        meter(text.length)
        return parse === undefined ? text : parse(text)
      }
    }
    return { getTypeParser } as CustomTypesConfig
  }
  const typeOf = (oid: number, modifier: number): Typed => {
    const row = byOid.get(oid)
    if (row !== undefined) return read(spelled(row, modifier))
    const element = arrays.get(oid)
    return element === undefined ? { type: "unknown", nativeType: `oid ${oid}` } : { type: "array", nativeType: `${spelled(element, modifier)}[]` }
  }
  const columnsOf: PgTypes["columnsOf"] = (fields) => {
    const names = distinctNames(fields.map(({ name }) => name))
    return fields.map(({ name, dataTypeID, dataTypeModifier }, index) => ({
      name: names[index] ?? name,
      ...typeOf(dataTypeID, dataTypeModifier),
      nullable: true,
    }))
  }
  return { read, parsers, columnsOf }
}

/** As `format_type()` spells it, modifiers too. */
function spelled({ name, size, oid }: PgType, modifier: number): string {
  if (modifier < 0 || size === undefined) return name
  if (size === "digits") return `${name}(${(modifier - 4) >> 16},${(((modifier - 4) & 0x7ff) ^ 1024) - 1024})`
  if (size === "seconds") return name.replace(/^\w+/, `$&(${modifier})`)
  return `${name}(${BITS.has(oid) ? modifier : modifier - 4})`
}

/** Their modifier is the length itself. */
const BITS: ReadonlySet<number> = new Set([1560, 1562])
