import { PlatformError } from "../../core/errors.ts"
import type { Ddl } from "../shared/sql/ddl.ts"
import { quotedBy } from "../shared/sql/dialect.ts"
import { trinoDialect, trinoWriterOf } from "../shared/sql/trino/dialect.ts"
import type { Bound } from "../shared/sql/trino/literals.ts"
import { digited, spell } from "../shared/sql/types.ts"
import type { Puts, Writer } from "../shared/sql/writer.ts"
import type { Athena } from "./api.ts"
import { isIceberg, metadata } from "./catalog.ts"
import { errors } from "./errors.ts"

const engine = trinoDialect("Athena", errors)

export const dialect: typeof engine = {
  ...engine,
  login: "identity",
  order: {
    ...engine.order,
    // The texts of nested values cannot be taken apart, but JSON can.
    selected: ({ name, type, nativeType }) =>
      nativeType !== "json" && (type === "json" || type === "array") ? `CAST(${engine.ident(name)} AS json) AS ${engine.ident(name)}` : undefined,
    // Glue does not say whether a timestamp has a zone.
    told: (column, told) => (column.type === "timestamp" && told?.type === "timestamp" && told.zoned === true ? { ...column, zoned: true } : column),
  },
}

/** A statement has at most 262,144 bytes (docs, Service quotas), and quotation marks are doubled. */
const rows = trinoWriterOf<Athena>(120_000)

const upsert: Puts<Bound, Athena> = async (target, lines) => {
  const table = await metadata(target.client, target.stream.path, target.call)
  if (table !== undefined && isIceberg(table)) return (await rows.upsert?.(target, lines)) ?? { written: 0, rejected: [] }
  throw new PlatformError("unsupported", `${target.name} is not an Iceberg table, and Athena changes rows of no other; append, or write to an Iceberg table.`)
}

export const writer: Writer<Bound, Athena> = { ...rows, upsert }

const tick = quotedBy("`")
/** A folder for each name, whatever it has in it. */
const folder = (name: string): string => name.replace(/[^a-z0-9_-]/g, (char) => `.${char.codePointAt(0)?.toString(16)}.`)
const table = ([, ...names]: readonly string[]): string => names.map(tick).join(".")

/** Tables are Iceberg's: only those can be upserted into. Statements of DDL are Hive's (docs, Athena, Creating Iceberg tables; Evolving Iceberg table schema). */
export const ddl: Ddl<Athena> = {
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
  names: { table, column: tick },
  create({ settings }, path, columns) {
    if (settings.tables === "") return { kind: "refused", reason: "The connector has no location of new tables; enter one, such as s3://bucket/tables/." }
    if (path[0] !== settings.catalog)
      return { kind: "refused", reason: `Tables are created in the connector's own catalog, which is ${settings.catalog || "not named"}.` }
    const lines = columns.map((column) => `${tick(column.name.toLowerCase())} ${spell(ddl.types, column)}`)
    const location = [settings.tables.replace(/\/+$/, ""), ...path.slice(1).map(folder)].join("/")
    const statement = `CREATE TABLE ${table(path)} (${lines.join(", ")}) LOCATION '${location.replaceAll("'", "''")}/' TBLPROPERTIES ('table_type'='ICEBERG')`
    return { kind: "create", statement }
  },
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
