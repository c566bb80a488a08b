import type { Column } from "../../../../core/values.ts"
import type { Ddl } from "../ddl.ts"
import { qualified } from "../dialect.ts"
import type { Spelling } from "../types.ts"
import type { MysqlClient } from "./client.ts"
import { mysqlDialect } from "./dialect.ts"

/** The first type that is long enough, or the last one if the length is unknown. */
const ladder =
  (steps: readonly (readonly [most: number, spelled: string])[], longest: string): Spelling =>
  ({ maxLength = Number.POSITIVE_INFINITY }) =>
    (steps.find(([most]) => maxLength <= most)?.[1] ?? longest).replace("{n}", String(Math.max(1, maxLength)))

/** Decimals of seconds; six if they are unknown, because MySQL's own default is none. */
const fraction = ({ precision = 6 }: Column): string => `(${Math.min(precision, 6)})`

/** The most digits and decimals of a decimal. */
const [DIGITS, DECIMALS] = [65, 30]
const fits = ({ precision = Number.POSITIVE_INFINITY, scale = 0 }: Column): boolean =>
  precision <= DIGITS && scale >= 0 && scale <= Math.min(precision, DECIMALS)

/** The length of a key column whose length is unknown. An index holds 3,072 bytes (768 characters), so three such columns fit. */
const KEY_LENGTH = 255
const MOST_KEY_LENGTH: Readonly<Partial<Record<Column["type"], number>>> = { string: 768, unknown: 768, bytes: 3_072 }

const inKey = (column: Column): Column => {
  const most = MOST_KEY_LENGTH[column.type]
  return most === undefined ? column : { ...column, maxLength: Math.min(column.maxLength ?? KEY_LENGTH, most) }
}

/** How MySQL and MariaDB create and alter tables. Texts are compared exactly, as in the systems from which rows come. */
export const mysqlDdl: Ddl<MysqlClient> = {
  types: {
    // The size of a row without its long texts is limited, so only short texts are stored in the row.
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
    timestamp: (column) => `${column.zoned === false ? "datetime" : "timestamp"}${fraction(column)}`,
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
    const { type, maxLength } = inKey(column)
    if (type === "string" || type === "unknown") return `varchar(${maxLength})`
    return type === "bytes" ? `varbinary(${maxLength})` : undefined
  },
  tail: "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin",
  made: (column, keyed) => {
    if (column.type === "boolean") return { ...column, type: "integer", precision: 8 }
    if (column.type === "decimal" && !fits(column)) return { ...column, precision: DIGITS, scale: DECIMALS }
    return keyed ? inKey(column) : column
  },
  // On older servers, the first timestamp without a default changes with each update.
  empty: (column) => {
    const { type, zoned, nullable } = column
    if (type !== "timestamp" || zoned === false) return nullable ? "" : " NOT NULL"
    return nullable ? " NULL" : ` DEFAULT CURRENT_TIMESTAMP${fraction(column)} NOT NULL`
  },
  kept: async ({ wire }, { path, columns }, call) => {
    const { rows } = await wire.run(`SHOW CREATE TABLE ${qualified(mysqlDialect, path)}`, [], call)
    return definitions(String(rows[0]?.[1] ?? ""), columns)
  },
  widen: (table, column, type, rest) => `ALTER TABLE ${table} MODIFY COLUMN ${column} ${type}${rest}`,
  loosen: (table, column, type, rest) => `ALTER TABLE ${table} MODIFY COLUMN ${column} ${type}${rest.replace(NOT_NULL, "$1 NULL")}`,
  commits: true,
}

const NOT_NULL = /^((?: CHARACTER SET \w+)?(?: COLLATE \w+)?) NOT NULL/

/** The text after each column's type in SHOW CREATE TABLE: ` NOT NULL AUTO_INCREMENT COMMENT 'it''s one'`. Line ends in texts are escaped there. */
export function definitions(created: string, columns: readonly Column[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const { name, nativeType } of columns) {
    const head = `\n  ${mysqlDialect.ident(name)} ${nativeType}`
    const at = created.indexOf(head)
    const rest =
      at < 0
        ? undefined
        : created
            .slice(at + head.length)
            .split("\n", 1)[0]
            ?.replace(/,$/, "")
    if (rest === "" || rest?.startsWith(" ")) found.set(name, rest)
  }
  return found
}
