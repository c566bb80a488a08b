/**
 * A value in every format of ours: JSON, with 64-bit integers and decimals as strings, bytes as base64, timestamps as
 * ISO 8601 with their zone, dates as `YYYY-MM-DD`, and floats that JSON cannot express as "NaN", "Infinity",
 * "-Infinity". Only what a caller sends (inputs, parameters of statements) holds exact numbers.
 */
export type Value = null | boolean | number | string | ExactNumber | readonly Value[] | { readonly [name: string]: Value }

/** A number that a double does not hold, with its digits as they were written. In JSON it is that number, as a text its digits. */
export class ExactNumber {
  readonly digits: string

  constructor(digits: string) {
    this.digits = digits
  }

  toString(): string {
    return this.digits
  }

  /** Makes `JSON.stringify` write the digits as they are. */
  toJSON(): unknown {
    return rawJson(this.digits)
  }
}

const { rawJSON: rawJson } = JSON as unknown as { rawJSON(text: string): unknown }

/** One record, by column name. */
export type Row = Readonly<Record<string, Value>>

export const COLUMN_TYPES = ["string", "integer", "decimal", "float", "boolean", "date", "time", "timestamp", "json", "bytes", "array", "unknown"] as const
export type ColumnType = (typeof COLUMN_TYPES)[number]

/**
 * A column as its system defines it. `nativeType` is the system's own spelling (`numeric(38,10)`), which no other
 * system understands; the optional members give a destination the facts that it needs to create a column for the same
 * values.
 */
export interface Column {
  readonly name: string
  readonly type: ColumnType
  readonly nativeType: string
  readonly nullable: boolean
  /**
   * Digits of a decimal; bits of an integer (16, 32, 64, one more when it is unsigned) or of a float (32, 64); fractional digits of the seconds of
   * a time or timestamp.
   */
  readonly precision?: number
  /** Fractional digits of a decimal. */
  readonly scale?: number
  /** The maximum length: characters of a string, or bytes. */
  readonly maxLength?: number
  /** Timestamp and time: true for an instant, false for a wall-clock time without a zone. */
  readonly zoned?: boolean
  /**
   * `computed`: the system computes the value from other columns and accepts no other. `identity`: the system assigns the
   * value to a new row; a write may set it there and never change it.
   */
  readonly generated?: "computed" | "identity"
}
