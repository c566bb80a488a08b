import type { Call } from "../../../core/call.ts"
import type { SchemaStep, Stream } from "../../../core/streams.ts"
import type { Column } from "../../../core/values.ts"
import { type Dialect, qualified } from "./dialect.ts"
import { type Spellings, spell } from "./types.ts"

/** How a system creates and changes tables. `C` is the type's client. */
export interface Ddl<C = unknown> {
  readonly types: Spellings
  /** The type of a key column, if it differs: a text that fits into an index. */
  keyType?(column: Column): string | undefined
  /** The system knows no keys: the columns of a wanted key are NOT NULL, and that is all. */
  readonly keyless?: boolean
  /** The clause that names the key: `PRIMARY KEY (a, b)`. Absent: by the standard. */
  key?(names: string): string
  /** The clause that names the key behind the columns: `PRIMARY INDEX a, b`. Absent: it is named among them. */
  keyAfter?(names: string): string
  /** What follows the columns of a table without a key. */
  readonly unkeyed?: string
  /** Creates a table, or says why not, if that takes more than its columns and key. Absent: by `createTable`. */
  create?(client: C, path: readonly string[], columns: readonly Column[]): SchemaStep
  /** How these statements spell a table and a column, if it is not as others do. */
  readonly names?: { table(path: readonly string[]): string; column(name: string): string }
  /** What follows the columns: `ENGINE = …`. */
  readonly tail?: string
  /** `ALTER TABLE t ADD COLUMN c type`. Absent: by the standard. */
  add?(table: string, column: string, type: string): string
  /** A wanted column as the catalog shows it after creation. Absent: unchanged. */
  made?(column: Column, keyed: boolean): Column
  /** The clause that says whether a column may be NULL: ` NOT NULL`. Absent: by the standard. */
  empty?(column: Column): string
  /** The rest of each column's definition that a change must repeat, by the column's name: ` NOT NULL DEFAULT 7`. Absent: a change keeps it. */
  kept?(client: C, stream: Stream, call: Call): Promise<ReadonlyMap<string, string>>
  /** Whether the system can change such a column, or one of the key, to the wider type. Absent: it always can. */
  widens?(from: Column, to: Column, keyed: boolean): boolean
  /** Changes a column to a type that holds all of its values. Absent: columns are not widened. */
  widen?(table: string, column: string, type: string, rest: string): string
  /** Allows NULL in a column. Absent: not supported. */
  loosen?(table: string, column: string, type: string, rest: string): string
  /** Whether some changes cannot run in a transaction; each change then commits by itself. */
  readonly alone?: boolean
  /** Locks a table until the transaction ends, if keys are not enforced: of two writes of the same commit, the second waits. */
  lock?(table: string): string
  /** Whether commits are kept in a table beside the target, in the transaction of the rows. */
  readonly commits?: boolean
}

/** A table with those columns. Key columns are NOT NULL. */
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
  const within = key.length === 0 || ddl.keyless === true || ddl.keyAfter !== undefined ? [] : [ddl.key?.(names) ?? `PRIMARY KEY (${names})`]
  const behind = [key.length === 0 ? ddl.unkeyed : ddl.keyAfter?.(names), ddl.tail].flatMap((each) => (each === undefined ? [] : [` ${each}`]))
  return `CREATE TABLE ${qualified(dialect, path)} (${[...lines, ...within].join(", ")})${behind.join("")}`
}

/** The type of a column, which may be part of the key. */
export const spellIn = (ddl: Pick<Ddl, "keyType" | "types">, column: Column, keyed: boolean): string =>
  (keyed ? ddl.keyType?.(column) : undefined) ?? spell(ddl.types, column)

/** Whether a column may be empty, as SQL. */
export const emptyOr = (ddl: Pick<Ddl, "empty">, column: Column): string => ddl.empty?.(column) ?? (column.nullable ? "" : " NOT NULL")
