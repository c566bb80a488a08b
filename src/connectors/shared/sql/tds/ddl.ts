import type { Ddl } from "../ddl.ts"
import { digited, lengthed, timed } from "../types.ts"
import { collated } from "./catalog.ts"
import type { TdsClient } from "./client.ts"

const [texts, longest] = [4_000, "nvarchar(max)"]
/** A clustered index takes 900 bytes of key (docs, Maximum capacity specifications). */
const [KEY_LENGTH, MOST_KEY_CHARACTERS, MOST_KEY_BYTES] = [255, 450, 900]
/** Texts of keys are compared exactly, as in the systems from which rows come. */
const EXACT = "COLLATE Latin1_General_100_BIN2"

/** How SQL Server creates and alters tables. */
export const tdsDdl: Ddl<TdsClient> = {
  types: {
    string: lengthed("nvarchar", texts, longest),
    integer: [
      [16, "smallint"],
      [32, "int"],
      [64, "bigint"],
      [127, "decimal(38,0)"],
    ],
    // Decimals with more digits than SQL Server supports are stored as text.
    decimal: digited("decimal", 38, longest),
    float: [
      [32, "real"],
      [64, "float"],
    ],
    boolean: "bit",
    date: "date",
    time: timed("time", 7),
    timestamp: ({ zoned, precision }) =>
      `${zoned === false ? "datetime2" : "datetimeoffset"}${precision === undefined || precision > 7 ? "" : `(${precision})`}`,
    json: longest,
    bytes: lengthed("varbinary", 8_000, "varbinary(max)"),
    array: longest,
    unknown: longest,
  },
  keyType: ({ type, maxLength = KEY_LENGTH }) => {
    if (type === "string" || type === "unknown") return `nvarchar(${Math.min(maxLength, MOST_KEY_CHARACTERS)}) ${EXACT}`
    return type === "bytes" ? `varbinary(${Math.min(maxLength, MOST_KEY_BYTES)})` : undefined
  },
  made: (column, keyed) => {
    if (column.type === "json" || column.type === "array" || column.type === "unknown") return { ...column, type: "string" }
    if (column.type === "decimal" && (column.precision === undefined || column.precision > 38)) return { ...column, type: "string" }
    if (!keyed || (column.type !== "string" && column.type !== "bytes")) return column
    return { ...column, maxLength: Math.min(column.maxLength ?? KEY_LENGTH, column.type === "string" ? MOST_KEY_CHARACTERS : MOST_KEY_BYTES) }
  },
  empty: ({ nullable }) => (nullable ? " NULL" : " NOT NULL"),
  add: (table, column, type) => `ALTER TABLE ${table} ADD ${column} ${type}`,
  // A changed column takes the database's collation and is nullable unless both are repeated (docs, ALTER TABLE).
  kept: async (client, { path }, call) =>
    new Map([...(await collated(client, path, call))].map(([name, { collate, nullable }]) => [name, `${collate}${nullable ? " NULL" : " NOT NULL"}`])),
  widen: (table, column, type, rest) => `ALTER TABLE ${table} ALTER COLUMN ${column} ${type.replace(` ${EXACT}`, "")}${rest}`,
  loosen: (table, column, type, rest) => `ALTER TABLE ${table} ALTER COLUMN ${column} ${type}${rest.replace(/ NOT NULL$/, " NULL")}`,
  commits: true,
}
