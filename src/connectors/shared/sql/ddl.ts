import type { Call } from "../../../core/call.ts"
import type { Stream } from "../../../core/streams.ts"
import type { Column } from "../../../core/values.ts"
import { type Dialect, qualified } from "./dialect.ts"
import { type Spellings, spell } from "./types.ts"

/** How a system makes and changes tables. `C` is the type's client. */
export interface Ddl<C = unknown> {
  readonly types: Spellings
  /** The type of a column of the key, where it differs: a text that an index can hold. */
  keyType?(column: Column): string | undefined
  /** The clause that names the key: `PRIMARY KEY (a, b)`. Absent: by the standard. */
  key?(names: string): string
  /** What follows the columns: `ENGINE = …`. */
  readonly tail?: string
  /** `ALTER TABLE t ADD COLUMN c type`. Absent: by the standard. */
  add?(table: string, column: string, type: string): string
  /** A wanted column as the catalog shows it once it is made. Absent: as it was wanted. */
  made?(column: Column, keyed: boolean): Column
  /** How a column says whether it may be empty: ` NOT NULL`. Absent: by the standard. */
  empty?(column: Column): string
  /** What else a change of a column must say again, by the column's name: ` NOT NULL DEFAULT 7`. Absent: a change keeps it. */
  kept?(client: C, stream: Stream, call: Call): Promise<ReadonlyMap<string, string>>
  /** Whether the system gives such a column that wider type. Absent: it always does. */
  widens?(from: Column, to: Column): boolean
  /** Gives a column another type that holds all it held before. Absent: columns are not widened. */
  widen?(table: string, column: string, type: string, rest: string): string
  /** Lets a column be empty. Absent: it is not done. */
  loosen?(table: string, column: string, type: string, rest: string): string
  /** Whether some changes may not stand in a transaction: each one then commits by itself. */
  readonly alone?: boolean
  /** Holds a table until the transaction ends, where keys are not enforced: of two writes of one commit, the second one waits. */
  lock?(table: string): string
  /** Whether commits are kept in a table beside the target, in the transaction of the rows. */
  readonly commits?: boolean
}

/** A table with those columns. Columns of the key are never empty. */
export function createTable(
  dialect: Pick<Dialect<never>, "ident">,
  ddl: Ddl,
  path: readonly string[],
  columns: readonly Column[],
  key: readonly string[],
): string {
  const lines = columns.map((column) => {
    const keyed = key.includes(column.name)
    return `${dialect.ident(column.name)} ${spellIn(ddl, column, keyed)}${emptyOr(ddl, keyed ? { ...column, nullable: false } : column)}`
  })
  const names = key.map((name) => dialect.ident(name)).join(", ")
  const keyLine = key.length === 0 ? [] : [ddl.key?.(names) ?? `PRIMARY KEY (${names})`]
  return `CREATE TABLE ${qualified(dialect, path)} (${[...lines, ...keyLine].join(", ")})${ddl.tail === undefined ? "" : ` ${ddl.tail}`}`
}

/** The type of a column, which may be part of the key. */
export const spellIn = (ddl: Pick<Ddl, "keyType" | "types">, column: Column, keyed: boolean): string =>
  (keyed ? ddl.keyType?.(column) : undefined) ?? spell(ddl.types, column)

/** Whether a column may be empty, as SQL. */
export const emptyOr = (ddl: Pick<Ddl, "empty">, column: Column): string => ddl.empty?.(column) ?? (column.nullable ? "" : " NOT NULL")
