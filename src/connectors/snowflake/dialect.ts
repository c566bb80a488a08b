import { digitsOf } from "../shared/plain-number.ts"
import type { Dialect } from "../shared/sql/dialect.ts"
import { jsonWriter } from "../shared/sql/merge.ts"
import type { Reading } from "../shared/sql/reading.ts"
import { fromTextBy, textDialect, timedBy } from "../shared/sql/text-dialect.ts"
import type { Writer } from "../shared/sql/writer.ts"
import { asText } from "../shared/unfit.ts"
import type { Snowflake } from "./api.ts"
import { errors } from "./errors.ts"
import type { Binding } from "./statement.ts"

/** System functions that only tell; the others cancel, abort, alter or send (docs, System functions). */
const TELLING =
  /^(typeof|wait|version|allowlist(_privatelink)?|get_\w+|show_\w+|clustering_\w+|estimate_\w+|explain_\w+|last_change_commit_time|pipe_status|stream_\w+|query_reference|reference|database_refresh_\w+|current_user_task_name)$/

/** The SQL API has no read-only transaction, so the statement itself is judged: each part of a `->>` chain reads, and nothing is called. */
export const reading: Reading = {
  words: ["select", "with", "values", "show", "describe", "desc", "explain"],
  lexis: { lineComments: [/--/y, /\/\//y], quotes: `'"`, escapes: "'", dollars: /\$\$/y },
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

export const fromText = fromTextBy({
  ...timedBy("'AUTO'"),
  bytes: (sql) => `TO_BINARY(${sql}, 'BASE64')`,
  json: (sql, native) =>
    /^geo/i.test(native) ? `TO_${native}(${sql})` : /^variant/i.test(native) ? `PARSE_JSON(${sql})` : `CAST(PARSE_JSON(${sql}) AS ${native})`,
  // A vector is made of an array, not of a variant.
  array: (sql, native) => (/^array$/i.test(native) ? `CAST(PARSE_JSON(${sql}) AS ARRAY)` : `CAST(CAST(PARSE_JSON(${sql}) AS ARRAY) AS ${native})`),
})

export const dialect: Dialect<Binding> = textDialect<Binding>({
  product: "Snowflake",
  login: "role",
  quote: '"',
  errors,
  reading,
  fromText,
  param(value) {
    const digits = digitsOf(value, 38)
    if (digits !== undefined || typeof value === "number") return { type: digits === undefined ? "REAL" : "FIXED", value: digits ?? String(value) }
    return typeof value === "boolean" ? { type: "BOOLEAN", value: String(value) } : value === null ? null : asText(value)
  },
})

/** The rows are one bind variable, of which Snowflake takes 16 MB, and which FLATTEN takes apart. */
export const writer: Writer<Binding, Snowflake> = jsonWriter({
  rows: "TABLE(FLATTEN(INPUT => PARSE_JSON(?))) F",
  cell: (n) => `F.VALUE[${n}]::VARCHAR`,
  fromText,
  mostBytes: 4 * 1_048_576,
})
