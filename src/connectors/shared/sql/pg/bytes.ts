import { PlatformError } from "../../../../core/errors.ts"
import type { ByteOffer } from "../../../../core/streams.ts"
import type { Column } from "../../../../core/values.ts"
import { CSV_READ, CSV_WRITTEN, type CsvShape, type CsvSpellings, csvOffers } from "../../csv-shape.ts"
import type { Bytes } from "../bytes.ts"
import { listed, qualified } from "../dialect.ts"
import type { PgClient } from "./client.ts"
import { copyIn, copyOut } from "./copy.ts"
import { pgDialect } from "./dialect.ts"
import type { PgBound } from "./encode.ts"
import type { PgTypes } from "./values.ts"

/** Rows as bytes by COPY. Binary bytes pass between columns of the same built-in types; the OIDs inside other types differ between databases. */
export const pgBytes = ({ read }: Pick<PgTypes, "read">): Bytes<PgBound, PgClient> => {
  const builtIn = ({ nativeType }: Column): boolean => read(nativeType.replace(/(\[\])+$/, "")).type !== "unknown"
  const binary = (columns: readonly Column[]): readonly ByteOffer[] =>
    columns.length > 0 && columns.every(builtIn)
      ? [{ format: "copy-binary", shape: JSON.stringify(columns.map(({ name, nativeType }) => ({ name, type: nativeType }))) }]
      : []
  return {
    offers: (columns) => [...binary(columns), ...csv(columns, CSV_WRITTEN)],
    takes: async ({ wire }, { kind, path }, columns, call) => {
      if ((kind !== "table" && kind !== "foreign table") || columns.some(({ generated }) => generated === "computed")) return []
      // COPY refuses a table under row-level security.
      const [row] = (await wire.run("SELECT row_security_active($1)", [qualified(pgDialect, path)], call)).rows
      return row?.[0] === true ? [] : [...binary(columns), ...csv(columns, CSV_READ)]
    },
    list: (columns, { format }) => (format === "csv" ? columns.map(csvField).join(", ") : listed(pgDialect, columns)),
    literal: (value, column) => `${literal(value)}${column?.type === "unknown" && value !== null ? `::${column.nativeType}` : ""}`,
    out: ({ pg }, select, offer) => copyOut(pg, `COPY (${select}) TO STDOUT (${optionsOf(offer)})`),
    in: async ({ pg }, table, columns, offer, bytes) =>
      await copyIn(pg, `COPY ${table} (${listed(pgDialect, columns)}) FROM STDIN (${optionsOf(offer)})`, bytes),
  }
}

/** Systems spell bytes and arrays differently, so a table that has them offers no CSV. */
const csv = (columns: readonly Column[], spellings: CsvSpellings): readonly ByteOffer[] =>
  columns.some(({ type }) => type === "bytes" || type === "array")
    ? []
    : csvOffers(
        columns.map(({ name }) => name),
        spellings,
      )

/** A column as rows spell it: `true` and `false`, times as `2024-03-31T01:30:00+00:00`, money as a number. */
function csvField({ name, type, nativeType }: Column): string {
  const column = pgDialect.ident(name)
  if (nativeType === "money") return `${column}::numeric`
  if (type === "boolean") return `${column}::text`
  return type === "timestamp" ? `to_json(${column}) #>> '{}'` : column
}

function optionsOf({ format, shape }: ByteOffer): string {
  if (format !== "csv") return "FORMAT binary"
  const { delimiter, quote } = JSON.parse(shape) as CsvShape
  return `FORMAT csv, DELIMITER ${literal(delimiter)}, QUOTE ${literal(quote)}, NULL '', ENCODING 'UTF8'`
}

/** A constant of a statement that takes no parameters; its type is the one that it is compared with (PostgreSQL docs, 4.1.2). */
function literal(value: PgBound): string {
  if (value === null) return "NULL"
  if (value.includes("\u0000")) throw new PlatformError("request_invalid", "A value holds a NUL character, which PostgreSQL does not store.")
  const quoted = `'${value.replaceAll("'", "''").replaceAll("\\", "\\\\")}'`
  return value.includes("\\") ? `E${quoted}` : quoted
}
