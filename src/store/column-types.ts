import type { ColumnType, JSONColumnType } from "kysely"

/**
 * jsonb: parsed when read, written as JSON text (`JSON.stringify`), because the driver would send an array as a
 * PostgreSQL array.
 */
export type Json<T> = JSONColumnType<T & object, string, string>
export type OptionalJson<T> = ColumnType<T | null, string | null | undefined, string | null>
/** timestamptz: a Date when read, the database's `now()` if left out. */
export type Stamped = ColumnType<Date, Date | undefined, Date>
export type OptionalDate = ColumnType<Date | null, Date | null | undefined, Date | null>
export type OptionalText = ColumnType<string | null, string | null | undefined, string | null>
export type Plain = Readonly<Record<string, unknown>>
