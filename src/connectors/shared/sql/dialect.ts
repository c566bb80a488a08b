import type { Column, Value } from "../../../core/values.ts"
import type { Reading } from "./reading.ts"
import type { ParamType } from "./wire.ts"

/** How one SQL system is spelled. `B` is what its wire binds. */
export interface Dialect<B> {
  /** As sentences name the system: "PostgreSQL". */
  readonly product: string
  /** As sentences name who logs in: "role" or "user". */
  readonly login: string
  /** A name, quoted, so that the system takes it as it is written. */
  ident(name: string): string
  /** SQL for the n-th parameter, from 1. */
  bound(n: number): string
  /** The same where it is compared with a column, as the column's own type. Absent: as it is bound. */
  compared?(n: number, column: Column): string
  /** The same where it is stored in a column. Absent: as it is bound. */
  stored?(n: number, column: Column): string
  /** A parameter of a caller's statement, by its type where the server tells one (`SqlWire.paramTypes`); throws `Unfit`. */
  param(value: Value, type?: ParamType): B
  /** A value as its column takes it, null included; throws `Unfit`. */
  encode(value: Value, column: Column): B
  /** Which statements only read, and who sees to it. */
  readonly reading: Reading
  /** How streams are read in the order of columns. */
  readonly order: Order<B>
}

export interface Order<B> {
  /** Whether the system finds an index by `(a, b) > (x, y)`; else the comparison is spelled out behind `a >= x`. */
  readonly tuples: boolean
  /** Whether values of the column sort as they compare, and come back as they were read. A key that does not makes its stream one pass without a cursor. */
  resumes(column: Column): boolean
  /** Whether equal values of the column come alike; else a batch without a key could end between equal rows. Absent: they do. */
  exact?(column: Column): boolean
  /** A value of a cursor or a bound as the wire binds it; throws `Unfit` for what no read gave. Absent: `encode`. */
  keyValue?(value: string | number | boolean, column: Column): B
  /** Whether the system refused a cursor's value, which it alone can judge. */
  isBadKey?(error: unknown): boolean
  /** A statement that gives one row, `skip` places behind the first. Absent: by LIMIT and OFFSET. */
  nth?(ordered: string, skip: number): string
  /** A column as its rows describe it, where the catalog knows less. */
  told?(column: Column, told: Column | undefined): Column
}

/** A path as SQL. */
export const qualified = ({ ident }: Pick<Dialect<never>, "ident">, path: readonly string[]): string => path.map((name) => ident(name)).join(".")

/** Columns as SQL lists them. */
export const listed = ({ ident }: Pick<Dialect<never>, "ident">, columns: readonly Pick<Column, "name">[]): string =>
  columns.map(({ name }) => ident(name)).join(", ")

/** Quoting by doubling: `"` by the standard, a backtick in MySQL's family. */
export const quotedBy =
  (quote: string) =>
  (name: string): string =>
    `${quote}${name.replaceAll(quote, quote + quote)}${quote}`

/** A statement's parameters as they are bound, in the order in which they were asked for. */
export class Params<B> {
  readonly #dialect: Pick<Dialect<B>, "bound" | "compared" | "stored">
  readonly all: B[] = []

  constructor(dialect: Pick<Dialect<B>, "bound" | "compared" | "stored">) {
    this.#dialect = dialect
  }

  /** Binds a value that is compared with a column; its place as SQL. */
  compare(value: B, column: Column): string {
    const n = this.all.push(value)
    return this.#dialect.compared?.(n, column) ?? this.#dialect.bound(n)
  }

  /** Binds a value that is stored in a column; its place as SQL. */
  store(value: B, column: Column): string {
    const n = this.all.push(value)
    return this.#dialect.stored?.(n, column) ?? this.#dialect.bound(n)
  }
}

/** A string constant, for statements that take no parameters, where backslashes escape too. */
export const quotedText = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`
