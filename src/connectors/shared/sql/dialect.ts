import type { Stream } from "../../../core/streams.ts"
import type { Column, Value } from "../../../core/values.ts"
import type { Reading } from "./reading.ts"
import type { ParamType } from "./wire.ts"

/** How one system spells its SQL. `B` is what its wire binds. */
export interface Dialect<B> {
  /** The system's name in messages: "PostgreSQL". */
  readonly product: string
  /** The word for the login in messages: "role" or "user". */
  readonly login: string
  /** Quotes a name, so that the system takes it exactly as written. */
  ident(name: string): string
  /** The name of a column as the system keeps it, where it does not keep upper and lower case. */
  folded?(name: string): string
  /** SQL for the n-th parameter, from 1. */
  bound(n: number): string
  /** The n-th parameter when it is compared with a column, converted to the column's type. Absent: the same as `bound`. */
  compared?(n: number, column: Column): string
  /** The n-th parameter when it is stored in a column. Absent: the same as `bound`. */
  stored?(n: number, column: Column): string
  /** A parameter of a caller's statement, by its type if the server names it (`SqlWire.paramTypes`); throws `Unfit`. */
  param(value: Value, type?: ParamType): B
  /** Encodes a value for its column, null included; throws `Unfit`. */
  encode(value: Value, column: Column): B
  /** Which statements only read, and who sees to it. */
  readonly reading: Reading
  /** How streams are read in the order of columns. */
  readonly order: Order<B>
}

export interface Order<B> {
  /** Whether the system uses an index for `(a, b) > (x, y)`; if not, the comparison is spelled out after `a >= x`. */
  readonly tuples: boolean
  /** Whether ORDER BY and `>` agree on the column's values, and a value that was read is the same value when it is sent back. If not, a stream with such a key is read in one pass without a cursor. */
  resumes(column: Column): boolean
  /** Whether equal values of the column always look the same; if not, a batch without a key could end between equal rows. Absent: they always do. */
  exact?(column: Column): boolean
  /** Encodes a value of a cursor or a bound; throws `Unfit` for a value that no read can return. Absent: `encode`. */
  keyValue?(value: string | number | boolean, column: Column): B
  /** Whether the error means that the system rejected the value of a cursor. */
  isBadKey?(error: unknown): boolean
  /**
   * How ORDER BY puts rows without a value first (`NULLS FIRST`), for systems that know no keys: a stream is read by the key that its caller
   * names, and a row without a value in it is an error. Absent: a stream without a key of its own is read in one pass.
   */
  readonly callersKey?: string
  /** A statement that returns one row, `skip` rows after the first. Absent: by LIMIT and OFFSET. */
  nth?(ordered: string, skip: number): string
  /** SQL that reads a column, if its name alone gives a value that cannot be read back; the result has the column's name. */
  selected?(column: Column): string | undefined
  /** SQL behind the name of a stream whenever its rows are read: `FINAL`. */
  from?(stream: Stream): string
  /** A column as the result describes it, if the catalog knows less. */
  told?(column: Column, told: Column | undefined): Column
  /** Reads a value of the column that its result describes as another type: JSON that comes as text. Absent, or without an answer: it is read already. */
  cell?(column: Column): ((value: Value) => Value) | undefined
}

/** A stream or a batch whose columns and key have the names that the system keeps. */
export function foldedBy<T extends { readonly columns: readonly Column[]; readonly key?: readonly string[] }>(
  { folded }: Pick<Dialect<never>, "folded">,
  given: T,
): T {
  if (folded === undefined) return given
  const columns = given.columns.map((column) => ({ ...column, name: folded(column.name) }))
  return { ...given, columns, ...(given.key === undefined ? {} : { key: given.key.map(folded) }) }
}

/** A path as SQL. */
export const qualified = ({ ident }: Pick<Dialect<never>, "ident">, path: readonly string[]): string => path.map((name) => ident(name)).join(".")

/** Columns as a list in SQL. */
export const listed = ({ ident }: Pick<Dialect<never>, "ident">, columns: readonly Pick<Column, "name">[]): string =>
  columns.map(({ name }) => ident(name)).join(", ")

/** Quoting by doubling: `"` by the standard, a backtick in MySQL's family. */
export const quotedBy =
  (quote: string) =>
  (name: string): string =>
    `${quote}${name.replaceAll(quote, quote + quote)}${quote}`

/** Collects a statement's parameters in the order in which they are bound. */
export class Params<B> {
  readonly #dialect: Pick<Dialect<B>, "bound" | "compared" | "stored">
  readonly all: B[] = []

  constructor(dialect: Pick<Dialect<B>, "bound" | "compared" | "stored">) {
    this.#dialect = dialect
  }

  /** Binds a value that is compared with a column; returns its placeholder. */
  compare(value: B, column: Column): string {
    const n = this.all.push(value)
    return this.#dialect.compared?.(n, column) ?? this.#dialect.bound(n)
  }

  /** Binds a value that is stored in a column; returns its placeholder. */
  store(value: B, column: Column): string {
    const n = this.all.push(value)
    return this.#dialect.stored?.(n, column) ?? this.#dialect.bound(n)
  }
}

/** A string constant, for statements without parameters in systems where backslashes escape too. */
export const quotedText = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`
