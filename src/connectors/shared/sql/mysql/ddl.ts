import type { Column, Value } from "../../../../core/values.ts"
import type { Ddl } from "../ddl.ts"
import type { Spelling } from "../types.ts"
import type { MysqlClient } from "./client.ts"

/** The first type that is long enough; the last one where no length is known. */
const ladder =
  (steps: readonly (readonly [most: number, spelled: string])[], longest: string): Spelling =>
  ({ maxLength = Number.POSITIVE_INFINITY }) =>
    (steps.find(([most]) => maxLength <= most)?.[1] ?? longest).replace("{n}", String(Math.max(1, maxLength)))

/** Decimals of seconds, six where nothing is known: MySQL's own choice is none. */
const fraction = ({ precision = 6 }: Column): string => `(${Math.min(precision, 6)})`

/** A timestamp says whether it may be empty: older servers else make the first of a table one that changes by itself with each update. */
const timestamp = (column: Column): string => {
  const { zoned = true, nullable } = column
  if (!zoned) return `datetime${fraction(column)}`
  return `timestamp${fraction(column)}${nullable ? " NULL" : ` DEFAULT CURRENT_TIMESTAMP${fraction(column)}`}`
}

/** Digits and decimals that a decimal has at most. */
const [DIGITS, DECIMALS] = [65, 30]
const fits = ({ precision = Number.POSITIVE_INFINITY, scale = 0 }: Column): boolean =>
  precision <= DIGITS && scale >= 0 && scale <= Math.min(precision, DECIMALS)

/** An index holds 3,072 bytes, which are 768 characters. Where no length is known, three columns fit. */
const KEY_LENGTH = 255
const MOST_KEY_LENGTH: Readonly<Partial<Record<Column["type"], number>>> = { string: 768, unknown: 768, bytes: 3_072 }

const inKey = (column: Column): Column => {
  const most = MOST_KEY_LENGTH[column.type]
  return most === undefined ? column : { ...column, maxLength: Math.min(column.maxLength ?? KEY_LENGTH, most) }
}

/** How MySQL and MariaDB make and change tables. Texts are compared to the letter, as in the systems that rows come from. */
export const mysqlDdl: Ddl<MysqlClient> = {
  types: {
    // A row's bytes outside its long texts are limited, so only short texts are part of it.
    string: ladder(
      [
        [255, "varchar({n})"],
        [16_383, "text"],
        [4_194_303, "mediumtext"],
      ],
      "longtext",
    ),
    integer: [
      [8, "tinyint"],
      [16, "smallint"],
      [24, "mediumint"],
      [32, "int"],
      [64, "bigint"],
      [128, "decimal(39,0)"],
    ],
    decimal: (column) => (fits(column) ? `decimal(${column.precision},${column.scale ?? 0})` : `decimal(${DIGITS},${DECIMALS})`),
    float: [
      [32, "float"],
      [64, "double"],
    ],
    boolean: "boolean",
    date: "date",
    time: (column) => `time${fraction(column)}`,
    timestamp,
    json: "json",
    bytes: ladder(
      [
        [255, "varbinary({n})"],
        [65_535, "blob"],
        [16_777_215, "mediumblob"],
      ],
      "longblob",
    ),
    array: "json",
    unknown: "longtext",
  },
  keyType: (column) => {
    const { type, maxLength } = inKey({ ...column, nullable: false })
    if (type === "string" || type === "unknown") return `varchar(${maxLength})`
    if (type === "bytes") return `varbinary(${maxLength})`
    return type === "timestamp" ? timestamp({ ...column, nullable: false }) : undefined
  },
  tail: "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin",
  made: (column, keyed) => {
    if (column.type === "boolean") return { ...column, type: "integer", precision: 8 }
    if (column.type === "decimal" && !fits(column)) return { ...column, precision: DIGITS, scale: DECIMALS }
    return keyed ? inKey(column) : column
  },
  kept: async ({ wire }, { path }, call) => new Map((await wire.run(KEPT, [...path], call)).rows.map((row) => [String(row[0]), attributes(row)])),
  widen: (table, column, type, nullable, rest) => `ALTER TABLE ${table} MODIFY COLUMN ${column} ${type}${rest}${nullable ? "" : " NOT NULL"}`,
  loosen: (table, column, type, rest) => `ALTER TABLE ${table} MODIFY COLUMN ${column} ${type}${rest} NULL`,
  commits: true,
}

const KEPT =
  "SELECT COLUMN_NAME, COLUMN_DEFAULT, EXTRA, COLLATION_NAME, COLUMN_COMMENT FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?"

/** What MODIFY must say again of a column; undefined for a default, a counter or an expression, whose SQL the catalog does not give alike on all servers. */
function attributes([, standard, extra, collation, comment]: readonly Value[]): string | undefined {
  if ((standard !== null && standard !== "NULL") || (extra !== null && extra !== "")) return undefined
  const said = comment === null || comment === "" ? "" : ` COMMENT '${String(comment).replace(/['\\]/g, "$&$&")}'`
  return `${collation === null ? "" : ` COLLATE ${String(collation).replace(/\W/g, "")}`}${said}`
}
