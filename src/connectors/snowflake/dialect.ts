import type { Column } from "../../core/values.ts"
import { type Dialect, quotedBy } from "../shared/sql/dialect.ts"
import { rowReason } from "../shared/sql/errors.ts"
import type { Lexis } from "../shared/sql/lexis.ts"
import { jsonWriter } from "../shared/sql/merge.ts"
import type { Reading } from "../shared/sql/reading.ts"
import { textFor } from "../shared/sql/text-values.ts"
import type { Writer } from "../shared/sql/writer.ts"
import { asText } from "../shared/unfit.ts"
import type { Binding, Snowflake } from "./api.ts"
import { errors } from "./errors.ts"

/** `//` begins a comment too, and `$$` a text. */
const LEXIS: Lexis = { lineComments: [/--/y, /\/\//y], quotes: `'"`, escapes: "'", dollars: /\$\$/y }

/** System functions that only tell; the others cancel, abort, alter or send (docs, System functions). */
const TELLING =
  /^(typeof|wait|version|allowlist(_privatelink)?|get_\w+|show_\w+|clustering_\w+|estimate_\w+|explain_\w+|last_change_commit_time|pipe_status|stream_\w+|query_reference|reference|database_refresh_\w+|current_user_task_name)$/

/** The SQL API has no read-only transaction, so the statement itself is judged: each part of a `->>` chain reads, and nothing is called. */
export const reading: Reading = {
  words: ["select", "with", "values", "show", "describe", "desc", "explain"],
  lexis: LEXIS,
  by: { parts: "->>" },
  names: '"',
  fault(bare) {
    const code = bare.replace(/"(?:[^"]|"")*"/g, '""')
    // `WITH p AS PROCEDURE () … CALL p()` runs a program of the caller's.
    if (/\bas\s+procedure\b/i.test(code) || /\bcall\s+\w/i.test(code))
      return "Procedures may change data and are not called here; send a statement that only reads."
    const [, name] = [...bare.matchAll(/\bsystem\$(\w+)/gi)].find(([, each = ""]) => !TELLING.test(each.toLowerCase())) ?? []
    return name === undefined ? undefined : `SYSTEM$${name.toUpperCase()} may change something and is not called here; send a statement that only reads.`
  },
}

export const dialect: Dialect<Binding> = {
  product: "Snowflake",
  login: "role",
  ident: quotedBy('"'),
  bound: () => "?",
  compared: (_, column) => fromText(column, "?"),
  stored: (_, column) => fromText(column, "?"),
  param(value) {
    if (typeof value === "number") return { type: Number.isInteger(value) ? "FIXED" : "REAL", value: String(value) }
    return typeof value === "boolean" ? { type: "BOOLEAN", value: String(value) } : value === null ? null : asText(value)
  },
  encode: textFor,
  reading,
  order: {
    tuples: false,
    resumes: ({ type }) => !["json", "array", "unknown"].includes(type),
    isBadKey: (error) => rowReason(errors, error) !== undefined,
  },
}

/** SQL that makes a column's type of a text. A cast to VARCHAR(n) would cut a longer text silently; the column itself refuses it. */
export function fromText({ type, nativeType }: Pick<Column, "type" | "nativeType">, sql: string): string {
  if (type === "string" || type === "unknown") return sql
  if (type === "bytes") return `TO_BINARY(${sql}, 'BASE64')`
  if (type === "json" && /^geo/i.test(nativeType)) return `TO_${nativeType}(${sql})`
  if (type === "json") return /^variant/i.test(nativeType) ? `PARSE_JSON(${sql})` : `CAST(PARSE_JSON(${sql}) AS ${nativeType})`
  if (type !== "array") return `CAST(${sql} AS ${nativeType})`
  // A vector is made of an array, not of a variant.
  const array = `CAST(PARSE_JSON(${sql}) AS ARRAY)`
  return /^array$/i.test(nativeType) ? array : `CAST(${array} AS ${nativeType})`
}

/** The rows of the one bind variable, which FLATTEN takes apart. */
const source = (columns: readonly Column[]): string => {
  const each = columns.map((column, index) => `${fromText(column, `F.VALUE[${index}]::VARCHAR`)} AS ${dialect.ident(column.name)}`)
  return `SELECT ${each.join(", ")} FROM TABLE(FLATTEN(INPUT => PARSE_JSON(?))) F`
}

/** Snowflake takes 16 MB in one bind variable. */
export const writer: Writer<Binding, Snowflake> = jsonWriter({ source, mostBytes: 4 * 1_048_576 })
