import type { Column } from "../../../core/values.ts"
import type { Line } from "../put.ts"
import { withDeletes } from "./deletes.ts"
import type { Dialect } from "./dialect.ts"
import type { FromText } from "./text-dialect.ts"
import type { SqlConnection } from "./wire.ts"
import { changed, columnList, inPieces, type Puts, type Target, type Writer } from "./writer.ts"

/** `INSERT INTO t (a, b) SELECT …`; `source` has the batch's columns in the batch's order. */
export const insertFrom = <B, C>(target: Target<B, C>, source: string): string => `INSERT INTO ${target.table} (${columnList(target)}) ${source}`

/** The MERGE of the standard. `source` names its columns like the batch, and no two of its rows may share a key. */
export function mergeFrom<B, C>(target: Target<B, C>, source: string): string {
  const { columns, dialect } = target
  const names = columns.map(({ name }) => dialect.ident(name))
  const others = changed(target).map(({ name }) => dialect.ident(name))
  const update = others.length === 0 ? "" : ` WHEN MATCHED THEN UPDATE SET ${others.map((name) => `${name} = S.${name}`).join(", ")}`
  const values = names.map((name) => `S.${name}`).join(", ")
  return `${merging(target, source)}${update} WHEN NOT MATCHED THEN INSERT (${names.join(", ")}) VALUES (${values})`
}

/** Deletes the rows whose keys the source has. */
const removeFrom = <B, C>(target: Target<B, C>, source: string): string => `${merging(target, source)} WHEN MATCHED THEN DELETE`

const merging = <B, C>({ dialect, key, table }: Target<B, C>, source: string): string =>
  `MERGE INTO ${table} T USING (${source}) S ON ${key.map((part) => `T.${dialect.ident(part)} = S.${dialect.ident(part)}`).join(" AND ")}`

/** How a warehouse takes rows from one bind variable: a JSON array of arrays of texts. */
export interface FromJson {
  /** What gives the rows in a FROM; its only parameter is the JSON. */
  readonly rows: string
  /** SQL for the text of the n-th column in one of these rows, from 0. */
  cell(n: number): string
  readonly fromText: FromText
  /** Bytes of the bind variable at most. */
  readonly mostBytes: number
  /** Whether rows are deleted by MERGE too, where a statement takes few bind variables. Absent: by DELETE, with a bind variable per key. */
  readonly mergesDeletes?: boolean
}

/** Appends by INSERT … SELECT and upserts by MERGE, both from JSON; for bind values that are texts. */
export function jsonWriter<B, C extends SqlConnection<B | string>>({ rows, cell, fromText, mostBytes, mergesDeletes = false }: FromJson): Writer<B, C> {
  const source = (columns: readonly Column[], { ident }: Pick<Dialect<B>, "ident">): string =>
    `SELECT ${columns.map((column, at) => `${fromText(column, cell(at))} AS ${ident(column.name)}`).join(", ")} FROM ${rows}`
  const json = (lines: readonly Line<B>[]): string => JSON.stringify(lines.map(({ values }) => values))
  const put =
    (statement: (target: Target<B, C>, source: string) => string) =>
    async (target: Target<B, C>, lines: readonly Line<B>[]): Promise<number> => {
      const { touched } = await target.client.wire.run(statement(target, source(target.columns, target.dialect)), [json(lines)], target.call)
      // A row of keys alone that is there already is as it should be, and a key that is there twice changes two rows.
      return target.columns.length === target.key.length ? lines.length : Math.min(lines.length, touched)
    }
  const none = (statement: (target: Target<B, C>, source: string) => string) => (target: Target<B, C>) =>
    target.client.wire.run(statement(target, source(target.columns, target.dialect)), ["[]"], target.call)
  const limits = { limits: () => ({ bytes: mostBytes }), sizeOf: (line: Line<B>) => Buffer.byteLength(json([line])) }
  const upsert: Puts<B, C> = inPieces({ ...limits, lastOfEachKey: true, put: put(mergeFrom), empty: none(mergeFrom) })
  const remove: Puts<B, C> = inPieces({ ...limits, put: (target, lines) => put(removeFrom)(...keysOf(target, lines)) })
  return {
    append: inPieces({ ...limits, put: put(insertFrom), empty: none(insertFrom) }),
    upsert: withWholeKeys(mergesDeletes ? withDeletes(upsert, remove) : withDeletes(upsert)),
    deletes: true,
  }
}

/** The target and its lines with the key's columns alone. */
function keysOf<B, C>(target: Target<B, C>, lines: readonly Line<B>[]): [Target<B, C>, Line<B>[]] {
  const at = target.key.map((name) => target.columns.findIndex((column) => column.name === name))
  const narrow = <T>(values: readonly T[]): T[] => at.map((index) => values[index] as T)
  return [{ ...target, columns: narrow(target.columns) }, lines.map((line) => ({ ...line, values: narrow(line.values) }))]
}

/** Rejects rows without a value in the key: they match none, so that a MERGE would insert them anew each time. */
const withWholeKeys =
  <B, C>(puts: Puts<B, C>): Puts<B, C> =>
  async (target, lines) => {
    const at = target.columns.flatMap(({ name }, index) => (target.key.includes(name) ? [index] : []))
    const isWhole = ({ values }: Line<B>): boolean => at.every((index) => values[index] !== null)
    const reason = `The row has no value in its key (${target.key.join(", ")}).`
    const { written, rejected } = await puts(target, lines.filter(isWhole))
    return { written, rejected: [...rejected, ...lines.filter((line) => !isWhole(line)).map(({ index }) => ({ index, reason }))] }
  }
