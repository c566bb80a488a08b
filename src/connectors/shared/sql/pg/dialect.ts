import { type Dialect, quotedBy } from "../dialect.ts"
import type { Lexis } from "../lexis.ts"
import { encode, type PgBound, param } from "./encode.ts"
import { isDataError } from "./errors.ts"
import { pgTypes } from "./values.ts"

const { read } = pgTypes()

/** Comments and quotes (PostgreSQL docs, 4.1). A string of `E''` may end later than it does here, and the server then takes less of it for code. */
const LEXIS: Lexis = { lineComments: [/--/y], nests: true, quotes: `'"`, dollars: /\$(?:[A-Za-z_\x80-\uffff][\w\x80-\uffff]*)?\$/y }

/** The SQL of PostgreSQL, and of systems that speak its protocol. */
export const pgDialect: Dialect<PgBound> = {
  product: "PostgreSQL",
  login: "role",
  ident: quotedBy('"'),
  bound: (n) => `$${n}`,
  // A composite is compared with a record, and a record without a type has no input.
  compared: (n, { type, nativeType }) => (type === "unknown" ? `$${n}::${nativeType}` : `$${n}`),
  param,
  encode,
  // The extended protocol takes a single statement, so none can end the transaction and go on.
  reading: { words: ["select", "with", "values", "table", "show", "explain"], lexis: LEXIS, by: "transaction" },
  order: {
    tuples: true,
    // JSON comes back in another spelling.
    resumes: ({ type }) => type !== "json",
    // By some collations texts are equal that differ, as citext is; so are intervals, and what composites and arrays hold may be.
    exact: ({ type, nativeType }) =>
      type !== "array" && type !== "unknown" && (type !== "string" || (nativeType !== "interval" && read(nativeType).type === "string")),
    isBadKey: isDataError,
  },
}
