import type { Column } from "../../../../core/values.ts"
import type { CsvShape } from "../../csv-shape.ts"
import { mysqlDialect } from "./dialect.ts"

/** Bits, whose text is bytes, and 32-bit floats, whose text in MySQL has only six digits. */
const NOT_WRITTEN = /^(bit|float)\b/i

/** Whether the server can write the column in a form that other systems read. The form of bytes differs between systems. */
export const isWritten = ({ type, nativeType }: Column): boolean => type !== "bytes" && type !== "unknown" && !NOT_WRITTEN.test(nativeType)

/** Whether the server reads the column from a text. */
export const isRead = ({ type, nativeType }: Column): boolean => type !== "bytes" && type !== "unknown" && !/^bit\b/i.test(nativeType)

/**
 * SQL for a row as one line of CSV. A line longer than max_allowed_packet becomes NULL as a whole. No single field can be NULL, because
 * a NULL value is written as an empty field.
 */
export function csvLine(columns: readonly Column[]): string {
  const fields = columns.map((column) => {
    const name = mysqlDialect.ident(column.name)
    return `IF(${name} IS NULL, '', ${fieldOf(column, name)})`
  })
  return `CONCAT(${fields.join(", x'2c', ")}, x'0a')`
}

function fieldOf({ type, zoned, nativeType }: Column, name: string): string {
  // Adding 0 removes the leading zeros and keeps the decimals.
  if (nativeType.includes("zerofill")) return `(${name} + 0)`
  switch (type) {
    case "integer":
    case "decimal":
    case "float":
    case "date":
    case "time":
      return name
    case "timestamp":
      return zoned === true ? `CONCAT(REPLACE(${name}, ' ', 'T'), 'Z')` : `REPLACE(${name}, ' ', 'T')`
    default:
      return `CONCAT('"', REPLACE(CONVERT(${name} USING utf8mb4), '"', '""'), '"')`
  }
}

/** The LOAD DATA statement for lines of that shape, in which the unquoted word NULL stands for null. */
export function loadStatement(
  table: string,
  columns: readonly Column[],
  { delimiter, quote, lineEnd }: Pick<CsvShape, "delimiter" | "quote" | "lineEnd">,
): string {
  const read = columns.map((column, index) => ({
    name: mysqlDialect.ident(column.name),
    variable: `@jackfield_${index}`,
    value: storedAs(column, `@jackfield_${index}`),
  }))
  const into = read.map(({ name, variable, value }) => (value === undefined ? name : variable)).join(", ")
  const sets = read.flatMap(({ name, value }) => (value === undefined ? [] : [`${name} = ${value}`]))
  return `LOAD DATA LOCAL INFILE 'jackfield' INTO TABLE ${table} CHARACTER SET utf8mb4
    FIELDS TERMINATED BY ${hex(delimiter)} ENCLOSED BY ${hex(quote)} ESCAPED BY '' LINES TERMINATED BY ${hex(lineEnd)}
    (${into})${sets.length === 0 ? "" : ` SET ${sets.join(", ")}`}`
}

/** A hexadecimal constant. The escapes of a string constant would depend on the server's sql_mode. */
const hex = (text: string): string => `x'${Buffer.from(text).toString("hex")}'`

/** SQL that converts a field for its column if the server would misread or silently round it; undefined if it needs no conversion. */
function storedAs({ type, nativeType, precision = 0 }: Column, text: string): string | undefined {
  // The server warns about such a text, which makes the piece fail.
  const odd = (reason: string): string => `CONCAT(${text}, ' (${reason})')`
  switch (type) {
    case "integer": {
      const whole = `IF(${text} REGEXP '^[-+]?[0-9]+$', ${text}, ${odd("no whole number")})`
      return /^tinyint/i.test(nativeType) ? `CASE ${text} WHEN 'true' THEN 1 WHEN 'false' THEN 0 ELSE ${whole} END` : whole
    }
    case "time":
      return `IF(${text} REGEXP '${beyond(precision)}', ${odd("too many decimals")}, ${text})`
    case "timestamp":
      return `CASE WHEN ${text} REGEXP '${beyond(precision)}' THEN ${odd("too many decimals")} ${inUtc(text)} ELSE ${text} END`
    default:
      return undefined
  }
}

/** A pattern for seconds with more decimals than that. */
const beyond = (decimals: number): string => `[.][0-9]{${decimals}}[0-9]*[1-9]`

/** The conditions of a CASE that converts a timestamp with a zone to UTC, the session's zone. A zone is `Z` or `+hh:mm`; the server warns about any other. */
function inUtc(text: string): string {
  const without = `LEFT(${text}, CHAR_LENGTH(${text}) - 6)`
  const zoned = (sign: string): string => `${text} REGEXP '[:.][0-9]+[${sign}][0-9]{2}:[0-9]{2}$'`
  return `WHEN RIGHT(${text}, 1) IN ('Z', 'z') THEN LEFT(${text}, CHAR_LENGTH(${text}) - 1)
    WHEN RIGHT(${text}, 6) = '+00:00' THEN ${without}
    WHEN ${zoned("+")} THEN ${without} - INTERVAL RIGHT(${text}, 5) HOUR_MINUTE
    WHEN ${zoned("-")} THEN ${without} + INTERVAL RIGHT(${text}, 5) HOUR_MINUTE`
}
