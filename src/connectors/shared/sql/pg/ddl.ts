import type { Ddl } from "../ddl.ts"
import { digited, lengthed, timed } from "../types.ts"

/** How PostgreSQL makes and changes tables. */
export const pgDdl: Ddl = {
  types: {
    string: lengthed("varchar", 10_485_760, "text"),
    integer: [
      [16, "smallint"],
      [32, "integer"],
      [64, "bigint"],
      [128, "numeric"],
    ],
    decimal: digited("numeric", 1_000, "numeric"),
    float: [
      [32, "real"],
      [64, "double precision"],
    ],
    boolean: "boolean",
    date: "date",
    time: timed("time", 6, { zoned: " with time zone", wall: "" }),
    timestamp: timed("timestamp", 6, { zoned: " with time zone", wall: "" }),
    json: "jsonb",
    bytes: "bytea",
    array: "jsonb",
    unknown: "text",
  },
  widen: (table, column, type) => `ALTER TABLE ${table} ALTER COLUMN ${column} TYPE ${type}`,
  loosen: (table, column) => `ALTER TABLE ${table} ALTER COLUMN ${column} DROP NOT NULL`,
  commits: true,
}
