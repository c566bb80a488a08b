import { type TextTypeRow, textTypes } from "../text-types.ts"
import { jsonIn, realIn, type TextReader, truthIn } from "../text-values.ts"

/** A parameter: a text, or a text with the type that it is cast to. */
export type Binding = string | null | { readonly type: string; readonly value: string }

const day: TextReader = (text) => (/^[+-]?\d{4,6}-\d\d-\d\d$/.test(text) ? text : undefined)
const base64: TextReader = (text) => (/^[A-Za-z0-9+/]*={0,2}$/.test(text) && text.length % 4 === 0 ? text : undefined)

/** A clock, which has a zone behind it if `zoned`; decimals without the zeros at their end. */
const clock =
  (zoned: boolean): TextReader =>
  (text) => {
    const [, date, time, fraction = "", zone = ""] = /^([+-]?\d{4,6}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-]\d\d:\d\d)?$/.exec(text) ?? []
    if (date === undefined || (zone !== "") !== zoned) return undefined
    return `${date}T${time}${fraction.replace(/\.?0+$/, "")}${/^[+-]00:00$/.test(zone) ? "Z" : zone}`
  }

const integer = (name: string, bits: number): TextTypeRow => ({ name, type: "integer", bits, ...(bits > 32 ? {} : { read: Number }) })
const json = (type: "json" | "array", ...names: readonly string[]) => names.map((name): TextTypeRow => ({ name, type, nested: true, read: jsonIn }))

/** The types of Spark's SQL, and the texts of their values in Databricks' JSON (docs, Data types; Statement Execution API, `format`). */
export const sparkTypes = (product: string) =>
  textTypes({
    product,
    aliases: { byte: "tinyint", short: "smallint", integer: "int", long: "bigint", real: "float", numeric: "decimal", dec: "decimal", null: "void" },
    rows: [
      ...[integer("tinyint", 8), integer("smallint", 16), integer("int", 32), integer("bigint", 64)],
      { name: "decimal", type: "decimal", size: "digits" },
      { name: "float", type: "float", bits: 32, read: realIn },
      { name: "double", type: "float", bits: 64, read: realIn },
      { name: "string", type: "string", nested: true },
      { name: "varchar", type: "string", size: "length" },
      { name: "char", type: "string", size: "length" },
      { name: "interval", type: "string", nested: true },
      { name: "boolean", type: "boolean", read: truthIn },
      { name: "date", type: "date", read: day },
      { name: "timestamp", type: "timestamp", zoned: true, read: clock(true) },
      { name: "timestamp_ntz", type: "timestamp", zoned: false, read: clock(false) },
      { name: "binary", type: "bytes", read: base64 },
      { name: "void", type: "unknown" },
      ...json("array", "array"),
      ...json("json", "struct", "map", "variant", "geography", "geometry"),
    ],
    next: () => "cast the column to STRING",
  })

/** A type's name without its arguments, by which its values are read: `ARRAY<INT>` is `ARRAY`. */
export const outerType = (native: string): string => /^\w*/.exec(native)?.[0] ?? ""

/** A type with its name in upper case; the names of a structure's fields stay. */
export const spelledType = (native: string): string => (native.includes("<") ? native : native.toUpperCase())
