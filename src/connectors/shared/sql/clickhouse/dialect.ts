import type { Column } from "../../../../core/values.ts"
import type { Dialect } from "../dialect.ts"
import type { Lexis } from "../lexis.ts"
import type { Reading } from "../reading.ts"
import { keySlicer, type Slicer } from "../slices.ts"
import type { SqlConnection } from "../wire.ts"
import { encodeCell } from "./encode.ts"
import { clickhouseErrors } from "./errors.ts"
import { escaped, nativeOf, within } from "./native.ts"
import { encodeParameter } from "./parameters.ts"

const lexis: Lexis = { lineComments: [/--/y, /#[ !]/y], nests: true, quotes: "'\"`", escapes: "'\"`", dollars: /\$\w*\$/y }

/** ClickHouse itself keeps a statement from changing anything, by `readonly`. It would still let DESCRIBE open connections. */
const reading: Reading = {
  words: ["select", "with", "from", "show", "describe", "desc", "explain", "exists"],
  lexis,
  by: {},
  names: '`"',
  fault: (bare) =>
    /^[\s(]*desc(ribe)?\s+(table\s+)?[\w.`"]+\s*\(/i.test(bare)
      ? "DESCRIBE of a table function may open a connection from the server; describe a table, or a SELECT in parentheses."
      : undefined,
}

const ORDERED: ReadonlySet<Column["type"]> = new Set(["string", "integer", "decimal", "boolean", "date", "timestamp", "bytes"])

/** A type without `Nullable` and `LowCardinality`, for a parameter. */
function bare(nativeType: string): string {
  const { name, args } = within(nativeOf(nativeType)).native
  return args.length === 0 ? name : `${name}(${args.join(", ")})`
}

export const clickhouseDialect: Dialect<string> = {
  product: "ClickHouse",
  login: "user",
  ident: (name) => `\`${escaped(name).replaceAll("`", "\\`")}\``,
  bound: (n) => `{p${n}:String}`,
  compared: (n, { type, nativeType, precision = 0 }) =>
    type === "timestamp" ? `parseDateTime64BestEffort({p${n}:String}, ${precision}, 'UTC')` : `{p${n}:${bare(nativeType)}}`,
  param: (value, type) => encodeParameter(value, type?.nativeType),
  encode: (value, { nativeType }) => encodeCell(value, nativeType),
  reading,
  order: {
    tuples: false,
    resumes: ({ type }) => ORDERED.has(type),
    isBadKey: (error) => {
      const said = clickhouseErrors.said(error)
      return said !== undefined && (said.code === "457" || clickhouseErrors.isRowFault(said))
    },
    // The rows of a ReplacingMergeTree with one key are one row; it forgets the others some time later.
    from: ({ key, keyHolds = true }) => (key.length > 0 && keyHolds ? "FINAL" : ""),
  },
}

/** Slices by ranges of the sorting key, by a sample of its values. */
export const clickhouseSlicer = <C extends SqlConnection<string>>(): Slicer<string, C> =>
  keySlicer(clickhouseDialect, (table, percent) => `${table} WHERE rand64() % 100000 < ${Math.round(percent * 1_000)}`)
