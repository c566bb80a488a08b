import { PlatformError } from "../../core/errors.ts"
import type { Ddl } from "../shared/sql/ddl.ts"
import { createIceberg, icebergDdl } from "../shared/sql/hive/iceberg.ts"
import { isIceberg } from "../shared/sql/hive/tables.ts"
import { trinoDialect, trinoWriterOf } from "../shared/sql/trino/dialect.ts"
import type { Bound } from "../shared/sql/trino/literals.ts"
import type { Puts, Writer } from "../shared/sql/writer.ts"
import type { Athena } from "./api.ts"
import { metadata } from "./catalog.ts"
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

/** Tables are Iceberg's: only those can be upserted into. */
export const ddl: Ddl<Athena> = {
  ...icebergDdl,
  create({ settings }, path, columns) {
    if (settings.tables === "") return { kind: "refused", reason: "The connector has no location of new tables; enter one, such as s3://bucket/tables/." }
    if (path[0] !== settings.catalog)
      return { kind: "refused", reason: `Tables are created in the connector's own catalog, which is ${settings.catalog || "not named"}.` }
    return { kind: "create", statement: createIceberg(path, columns, settings.tables) }
  },
}
