import type { CustomTypesConfig } from "pg"
import type { Column, ColumnType, Value } from "../../core/values.ts"
import { distinctNames } from "../shared/columns.ts"
import { parseJson } from "../shared/json.ts"

type Parse = (text: string) => Value

const same: Parse = (text) => text
const number: Parse = (text) => Number(text)
const float: Parse = (text) => {
  const value = Number(text)
  return Number.isFinite(value) ? value : text
}
const bytes: Parse = (text) => Buffer.from(text.slice(2), "hex").toString("base64")

/** `2024-03-31 01:00:00+00` → `2024-03-31T01:00:00Z`. The session's zone is UTC; infinity and years BC stay as PostgreSQL writes them. */
const timestamp: Parse = (text) => {
  const space = text.indexOf(" ")
  if (space < 10 || text.endsWith("BC")) return text
  const end = text.endsWith("+00") ? `${text.slice(space + 1, -3)}Z` : text.slice(space + 1)
  return `${text.slice(0, space)}T${end}`
}

interface Kind {
  readonly type: ColumnType
  readonly name: string
  readonly parse: Parse
}

const kind = (type: ColumnType, name: string, parse: Parse = same): Kind => ({ type, name, parse })

/** Built-in types by OID (pg_type.dat); whatever is not here is text. */
const KINDS: ReadonlyMap<number, Kind> = new Map([
  [16, kind("boolean", "boolean", (text) => text === "t")],
  [17, kind("bytes", "bytea", bytes)],
  [18, kind("string", '"char"')],
  [19, kind("string", "name")],
  [20, kind("integer", "bigint")],
  [21, kind("integer", "smallint", number)],
  [23, kind("integer", "integer", number)],
  [25, kind("string", "text")],
  [26, kind("integer", "oid", number)],
  [114, kind("json", "json", parseJson)],
  [142, kind("string", "xml")],
  [700, kind("float", "real", float)],
  [701, kind("float", "double precision", float)],
  [790, kind("string", "money")],
  [829, kind("string", "macaddr")],
  [650, kind("string", "cidr")],
  [869, kind("string", "inet")],
  [1042, kind("string", "character")],
  [1043, kind("string", "character varying")],
  [1082, kind("date", "date")],
  [1083, kind("time", "time without time zone")],
  [1114, kind("timestamp", "timestamp without time zone", timestamp)],
  [1184, kind("timestamp", "timestamp with time zone", timestamp)],
  [1186, kind("string", "interval")],
  [1266, kind("time", "time with time zone")],
  [1560, kind("string", "bit")],
  [1562, kind("string", "bit varying")],
  [1700, kind("decimal", "numeric")],
  [2950, kind("string", "uuid")],
  [3802, kind("json", "jsonb", parseJson)],
])

const ARRAYS: ReadonlySet<number> = new Set([
  ...[199, 651, 1000, 1001, 1002, 1003, 1005, 1007, 1009, 1014, 1015, 1016, 1021, 1022, 1028, 1041, 1115, 1182, 1183, 1185, 1187, 1231, 1270, 1561, 1563],
  ...[2951, 3807],
])

/** For `pg`: how to read a text of that type, each text's length told to `meter`. Local to a query, never set on the library. */
export const typesOf = (meter: (length: number) => void): CustomTypesConfig => {
  const getTypeParser = (oid: number): Parse => {
    const parse = KINDS.get(oid)?.parse ?? same
    return (text) => {
      meter(text.length)
      return parse(text)
    }
  }
  return { getTypeParser } as CustomTypesConfig
}

/** What a type is to us, by OID. */
export const columnType = (oid: number): ColumnType => KINDS.get(oid)?.type ?? (ARRAYS.has(oid) ? "array" : "unknown")

export interface Field {
  readonly name: string
  readonly dataTypeID: number
  readonly dataTypeModifier: number
}

/** A result's columns; a name that comes again gets `_2`, `_3`. Types beyond the built-in ones are named by their OID. */
export function columnsOf(fields: readonly Field[]): Column[] {
  const names = distinctNames(fields.map(({ name }) => name))
  return fields.map((field, index) => ({
    name: names[index] ?? field.name,
    type: columnType(field.dataTypeID),
    nativeType: nativeType(field),
    nullable: true,
  }))
}

/** As `format_type()` spells it, modifiers too. */
function nativeType({ dataTypeID: oid, dataTypeModifier: modifier }: Field): string {
  const name = KINDS.get(oid)?.name ?? `oid ${oid}`
  if (modifier < 0) return name
  if (oid === 1700) return `numeric(${(modifier - 4) >> 16},${(((modifier - 4) & 0x7ff) ^ 1024) - 1024})`
  return oid === 1042 || oid === 1043 ? `${name}(${modifier - 4})` : name
}
