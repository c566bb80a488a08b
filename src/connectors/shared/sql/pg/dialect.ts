import { type Dialect, quotedBy } from "../dialect.ts"
import type { Lexis } from "../lexis.ts"
import { encode, type PgBound, param } from "./encode.ts"
import { isDataError } from "./errors.ts"
import { pgTypes } from "./values.ts"

const { read } = pgTypes()

/** Comments and quotes (PostgreSQL docs, 4.1). A string with `E''` may end later than assumed here; the server then treats less of the text as code. */
const LEXIS: Lexis = { lineComments: [/--/y], nests: true, quotes: `'"`, dollars: /\$(?:[A-Za-z_\x80-\uffff][\w\x80-\uffff]*)?\$/y }

/** The SQL of PostgreSQL, and of systems that speak its protocol. */
export const pgDialect: Dialect<PgBound> = {
  product: "PostgreSQL",
  login: "role",
  ident: quotedBy('"'),
  bound: (n) => `$${n}`,
  // A composite needs a cast: without one the parameter would be an anonymous record, which has no input function.
  compared: (n, { type, nativeType }) => (type === "unknown" ? `$${n}::${nativeType}` : `$${n}`),
  param,
  encode,
  // The extended protocol accepts a single statement, so no statement can end the transaction and run another.
  reading: { words: ["select", "with", "values", "table", "show", "explain"], lexis: LEXIS, by: "transaction" },
  order: {
    tuples: true,
    // JSON comes back in another spelling.
    resumes: ({ type }) => type !== "json",
    // Texts may be equal although they differ, by some collations and in citext; so may intervals and the members of composites and arrays.
    exact: ({ type, nativeType }) =>
      type !== "array" && type !== "unknown" && (type !== "string" || (nativeType !== "interval" && read(nativeType).type === "string")),
    isBadKey: isDataError,
  },
}
