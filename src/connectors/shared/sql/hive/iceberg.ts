import type { Column } from "../../../../core/values.ts"
import type { Ddl } from "../ddl.ts"
import { quotedBy } from "../dialect.ts"
import { digited, spell } from "../types.ts"

/** A name in Hive's DDL. */
export const tick = quotedBy("`")

/** A table in Hive's DDL: its database and its name, without the catalog. */
export const hiveTable = ([, ...names]: readonly string[]): string => names.map(tick).join(".")

/** A folder for each name, whatever it has in it. */
const folder = (name: string): string => name.replace(/[^a-z0-9_-]/g, (char) => `.${char.codePointAt(0)?.toString(16)}.`)

/** Makes an Iceberg table in a folder of its own below `location` (docs, Athena, Creating Iceberg tables). */
export function createIceberg(path: readonly string[], columns: readonly Column[], location: string): string {
  const lines = columns.map((column) => `${tick(column.name.toLowerCase())} ${spell(icebergDdl.types, column)}`)
  const where = [location.replace(/\/+$/, ""), ...path.slice(1).map(folder)].join("/")
  return `CREATE TABLE ${hiveTable(path)} (${lines.join(", ")}) LOCATION '${where.replaceAll("'", "''")}/' TBLPROPERTIES ('table_type'='ICEBERG')`
}

/** Iceberg tables by Hive's DDL (docs, Athena, Evolving Iceberg table schema); no column refuses rows without a value. */
export const icebergDdl: Omit<Ddl<never>, "create"> = {
  keyless: true,
  types: {
    string: "string",
    integer: [
      [32, "int"],
      [64, "bigint"],
      [128, "decimal(38,0)"],
    ],
    decimal: digited("decimal", 38, "string"),
    float: [
      [32, "float"],
      [64, "double"],
    ],
    boolean: "boolean",
    date: "date",
    time: "string",
    timestamp: "timestamp",
    json: "string",
    bytes: "binary",
    array: "string",
    unknown: "string",
  },
  names: { table: hiveTable, column: tick },
  empty: () => "",
  made: ({ maxLength: _, precision, scale, elements: __, ...column }) => {
    const { type } = column
    if (["time", "json", "array", "unknown"].includes(type)) return { ...column, type: "string" }
    if (type === "timestamp") return { ...column, zoned: false, precision: 6 }
    return { ...column, ...(precision === undefined ? {} : { precision }), ...(scale === undefined ? {} : { scale }) }
  },
  add: (name, column, type) => `ALTER TABLE ${name} ADD COLUMNS (${column} ${type})`,
  // Docs, Evolving Iceberg table schema: int to bigint, float to double, and more digits before the point.
  widens: (from, to) =>
    from.type === to.type && (from.type !== "decimal" || from.scale === to.scale) && !/^decimal/.test(from.type === "integer" ? from.nativeType : ""),
  widen: (name, column, type) => `ALTER TABLE ${name} CHANGE COLUMN ${column} ${column} ${type}`,
  alone: true,
}
