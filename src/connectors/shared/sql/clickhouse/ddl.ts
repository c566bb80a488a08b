import type { Column } from "../../../../core/values.ts"
import type { Ddl } from "../ddl.ts"
import { digited } from "../types.ts"

const seconds = ({ precision = 6 }: Column): number => Math.min(precision, 9)

/** How ClickHouse makes and changes tables. A table with a key keeps one row of each key, so that it takes upserts. */
export const clickhouseDdl: Ddl = {
  types: {
    string: "String",
    // 65 bits are those of an integer of 64 without a sign.
    integer: [8, 16, 32, 64, 65, 128, 256].map((bits) => [bits, bits === 65 ? "UInt64" : `Int${bits}`]),
    decimal: digited("Decimal", 76, "String"),
    float: [
      [32, "Float32"],
      [64, "Float64"],
    ],
    boolean: "Bool",
    date: "Date32",
    time: "String",
    timestamp: (column) => `DateTime64(${seconds(column)}, 'UTC')`,
    // The type JSON has no lists and numbers at its top, and forgets members without a value.
    json: "String",
    bytes: "String",
    array: "String",
    unknown: "String",
  },
  keyAfter: (names) => `ENGINE = ReplacingMergeTree ORDER BY (${names})`,
  unkeyed: "ENGINE = MergeTree ORDER BY tuple()",
  empty: ({ nullable }) => (nullable ? " NULL" : ""),
  made(column) {
    const { maxLength: _, elements: __, ...made } = column
    if (["time", "json", "bytes", "array", "unknown"].includes(column.type) || (column.type === "decimal" && !(Number(column.precision) <= 76)))
      return { ...made, type: "string" }
    return column.type === "timestamp" ? { ...made, zoned: true, precision: seconds(column) } : made
  },
  // A change keeps whether a column takes NULL only if the new type says so.
  widens: (_from, _to, keyed) => !keyed,
  kept: async (_client, stream) => new Map(stream.columns.map(({ name, nullable }) => [name, nullable ? " NULL" : ""])),
  widen: (table, column, type, rest) => `ALTER TABLE ${table} MODIFY COLUMN ${column} ${type}${rest}`,
  loosen: (table, column, type) => `ALTER TABLE ${table} MODIFY COLUMN ${column} ${type} NULL`,
  alone: true,
}
