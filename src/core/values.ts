/**
 * A value on every wire of ours: JSON, with 64-bit integers and decimals as strings, bytes as base64, timestamps as
 * ISO 8601 with their zone, dates as `YYYY-MM-DD`, and floats that JSON lacks as "NaN", "Infinity", "-Infinity".
 */
export type Value = null | boolean | number | string | readonly Value[] | { readonly [name: string]: Value }

/** One record by name. */
export type Row = Readonly<Record<string, Value>>

export const COLUMN_TYPES = ["string", "integer", "decimal", "float", "boolean", "date", "time", "timestamp", "json", "bytes", "array", "unknown"] as const
export type ColumnType = (typeof COLUMN_TYPES)[number]

/**
 * A column as its system has it. `nativeType` is the system's own spelling (`numeric(38,10)`) and means nothing to another
 * system; the optional members say what a destination needs to make a column that holds the same values.
 */
export interface Column {
  readonly name: string
  readonly type: ColumnType
  readonly nativeType: string
  readonly nullable: boolean
  /** Digits of a decimal; bits of an integer (16, 32, 64) or of a float (32, 64); decimals of the seconds of a time or timestamp. */
  readonly precision?: number
  /** Decimals of a decimal. */
  readonly scale?: number
  /** Characters of a string, or bytes, at most. */
  readonly maxLength?: number
  /** Timestamp and time: true for an instant, false for a wall clock without a zone. */
  readonly zoned?: boolean
}
