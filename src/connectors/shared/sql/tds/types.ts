import type { Column, Value } from "../../../../core/values.ts"
import { distinctNames } from "../../columns.ts"
import { type Typed, typeReader } from "../types.ts"
import { shortReal } from "./exact.ts"

/** A column of a result as the client library describes it. */
export interface TdsColumn {
  readonly colName: string
  readonly type: { readonly name: string }
  readonly dataLength?: number | undefined
  readonly precision?: number | undefined
  readonly scale?: number | undefined
  readonly udtInfo?: { readonly typeName: string } | undefined
}

/** The types of SQL Server (docs, Data types). */
const reader = typeReader([
  { name: "bit", type: "boolean" },
  { name: "tinyint", type: "integer", bits: 16 },
  { name: "smallint", type: "integer", bits: 16 },
  { name: "int", type: "integer", bits: 32 },
  { name: "bigint", type: "integer", bits: 64 },
  { name: "decimal", type: "decimal", size: "digits" },
  { name: "numeric", type: "decimal", size: "digits" },
  { name: "money", type: "decimal" },
  { name: "smallmoney", type: "decimal" },
  { name: "real", type: "float", bits: 32 },
  { name: "float", type: "float", bits: 64 },
  { name: "date", type: "date" },
  { name: "time", type: "time", size: "seconds", zoned: false },
  { name: "datetime2", type: "timestamp", size: "seconds", zoned: false },
  { name: "datetime", type: "timestamp", zoned: false },
  { name: "smalldatetime", type: "timestamp", zoned: false },
  { name: "datetimeoffset", type: "timestamp", size: "seconds", zoned: true },
  ...["char", "varchar", "nchar", "nvarchar"].map((name) => ({ name, type: "string" as const, size: "length" as const })),
  ...["text", "ntext", "xml", "uniqueidentifier"].map((name) => ({ name, type: "string" as const })),
  ...["binary", "varbinary"].map((name) => ({ name, type: "bytes" as const, size: "length" as const })),
  ...["image", "timestamp", "rowversion"].map((name) => ({ name, type: "bytes" as const })),
  { name: "json", type: "json" },
])

/** What the names of these types leave out. */
const MORE: Readonly<Record<string, Partial<Typed>>> = {
  money: { precision: 19, scale: 4 },
  smallmoney: { precision: 10, scale: 4 },
  datetime: { precision: 3 },
  smalldatetime: { precision: 0 },
  uniqueidentifier: { maxLength: 36 },
  timestamp: { maxLength: 8 },
  rowversion: { maxLength: 8 },
}

/** A type as the system spells it: `nvarchar(max)` has no limit. */
export const typed = (native: string): Typed => ({ ...reader(native.replace("(max)", "")), ...MORE[native], nativeType: native })

/** A type from what sys.columns says of it; lengths are bytes, and -1 is no limit. */
export function spelledType(name: string, bytes: number, precision: number, scale: number): string {
  if (/^(decimal|numeric)$/.test(name)) return `${name}(${precision},${scale})`
  if (/^(time|datetime2|datetimeoffset)$/.test(name)) return `${name}(${scale})`
  if (/^(var)?(char|binary)$/.test(name)) return `${name}(${bytes < 0 ? "max" : bytes})`
  if (/^n(var)?char$/.test(name)) return `${name}(${bytes < 0 ? "max" : bytes / 2})`
  return name === "timestamp" ? "rowversion" : name
}

const BY_LENGTH: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  IntN: { 1: "tinyint", 2: "smallint", 4: "int", 8: "bigint" },
  FloatN: { 4: "real", 8: "float" },
  MoneyN: { 4: "smallmoney", 8: "money" },
  DateTimeN: { 4: "smalldatetime", 8: "datetime" },
}
const NAMES: Readonly<Record<string, string>> = { BitN: "bit", DecimalN: "decimal", NumericN: "numeric", Variant: "sql_variant", UDT: "unknown", Null: "int" }
/** How a length without a limit is described. */
const MAX = 65_535

/** The type of a result's column. */
function nativeOf({ type: { name }, dataLength = 0, precision = 0, scale = 0, udtInfo }: TdsColumn): string {
  if (udtInfo !== undefined) return udtInfo.typeName
  const native = BY_LENGTH[name]?.[dataLength] ?? NAMES[name] ?? name.toLowerCase()
  return spelledType(native, dataLength === MAX ? -1 : dataLength, precision, scale)
}

/** A result's columns, each name once, and how the library's values are read. */
export function readerOf(described: readonly TdsColumn[]): {
  readonly columns: readonly Column[]
  readonly values: (raw: readonly unknown[]) => readonly Value[]
} {
  const names = distinctNames(described.map(({ colName }) => colName))
  const columns = described.map((each, index): Column => ({ name: names[index] ?? "", ...typed(nativeOf(each)), nullable: true }))
  const reads = columns.map(({ nativeType }) => (nativeType === "real" ? (raw: unknown): Value => shortReal(raw as number) : plainly))
  return { columns, values: (raw) => raw.map((value, index) => (value === null || value === undefined ? null : (reads[index]?.(value) ?? null))) }
}

const plainly = (raw: unknown): Value => (Buffer.isBuffer(raw) ? raw.toString("base64") : (raw as Value))
