import type { Call } from "../../core/call.ts"
import { PlatformError } from "../../core/errors.ts"
import type { Batch, Cursor, ReadOptions, Stream } from "../../core/streams.ts"
import type { Column, Value } from "../../core/values.ts"
import { findStream } from "./catalog.ts"
import type { Snowflake } from "./client.ts"
import { encode, fromText } from "./encode.ts"
import { isRowFault } from "./errors.ts"
import { pages } from "./query.ts"
import { ident, qualified } from "./sql.ts"
import type { Binding } from "./statements.ts"

/**
 * A stream's rows in key order, one statement for all of them. Each batch's cursor holds its last key, and a read that goes
 * on takes the keys behind it. Snowflake does not enforce keys, so a batch never ends between rows of one key: nothing
 * comes twice or is left out. Without a key there is one pass and no cursor.
 */
export async function* read(client: Snowflake, from: Stream, { after: cursor }: ReadOptions, call: Call): AsyncGenerator<Batch> {
  const stream = await findStream(client, from.path, call)
  const key = resumable(stream)
  const after = cursor === undefined ? undefined : openCursor(cursor, key, stream)
  const columns =
    from.columns.length === 0
      ? stream.columns
      : stream.columns.filter((column) => from.columns.some((wanted) => wanted.name === column.name) || key.includes(column))
  const positions = key.map((column) => columns.indexOf(column))
  const keyOf = (row: readonly Value[]): Value[] => positions.map((position) => row[position] ?? null)
  // One more than wanted, to see whether the last key goes on.
  const maxRows = call.maxRows === undefined ? undefined : call.maxRows + 1
  const { statement, bindings } = select(stream, columns, key, after)
  try {
    for await (const rows of batches(
      pages(client, `${statement}${maxRows === undefined ? "" : ` LIMIT ${maxRows}`}`, { bindings, maxRows }, call),
      keyOf,
      call,
    )) {
      const last = rows.done ? rows.rows.at(-1) : undefined
      yield { columns, rows: rows.rows, ...(last === undefined || key.length === 0 ? {} : { cursor: makeCursor(key, keyOf(last)) }) }
    }
  } catch (error) {
    if (after !== undefined && isRowFault(error)) throw malformed(stream, error)
    throw error
  }
}

interface Cut {
  readonly rows: readonly (readonly Value[])[]
  /** Whether no further row has the last one's key. */
  readonly done: boolean
}

/** Cuts pages into batches of `batchRows`, longer where a key repeats; at most `maxRows` rows in all. */
async function* batches(
  source: AsyncIterable<{ readonly rows: readonly (readonly Value[])[] }>,
  keyOf: (row: readonly Value[]) => readonly Value[],
  call: Call,
): AsyncGenerator<Cut> {
  const most = call.maxRows ?? Number.POSITIVE_INFINITY
  const name = (row: readonly Value[]): string => JSON.stringify(keyOf(row))
  let batch: (readonly Value[])[] = []
  let given = 0
  for await (const { rows } of source)
    for (const row of rows) {
      const last = batch.at(-1)
      const same = last !== undefined && keyOf(row).length > 0 && name(row) === name(last)
      const full = given + batch.length >= most
      if (last !== undefined && (full || (batch.length >= call.batchRows && !same))) {
        yield { rows: batch, done: !same }
        given += batch.length
        batch = []
      }
      if (full) return
      batch.push(row)
    }
  if (batch.length > 0 || given === 0) yield { rows: batch, done: true }
}

/** Snowflake compares no rows of values, so `(a, b) > (x, y)` is spelled out. */
function select(stream: Stream, columns: readonly Column[], key: readonly Column[], after: readonly string[] | undefined) {
  const bindings: Binding[] = []
  const bound = (index: number): string => {
    bindings.push({ type: "TEXT", value: after?.[index] ?? null })
    return fromText(key[index] as Column, "?")
  }
  const behind = (index: number): string => {
    const name = ident(key[index]?.name ?? "")
    const more = `${name} > ${bound(index)}`
    return index === key.length - 1 ? more : `(${more} OR (${name} = ${bound(index)} AND ${behind(index + 1)}))`
  }
  const where = after === undefined ? "" : ` WHERE ${behind(0)}`
  const order = key.length === 0 ? "" : ` ORDER BY ${key.map(({ name }) => ident(name)).join(", ")}`
  return { statement: `SELECT ${columns.map(({ name }) => ident(name)).join(", ")} FROM ${qualified(stream.path)}${where}${order}`, bindings }
}

/** The key, unless a value of it cannot be compared or given back as it was read. */
function resumable(stream: Stream): Column[] {
  const key = stream.key.flatMap((name) => stream.columns.filter((column) => column.name === name))
  return key.some(({ type }) => ["json", "array", "unknown"].includes(type)) ? [] : key
}

const makeCursor = (key: readonly Column[], values: readonly Value[]): Cursor =>
  Buffer.from(JSON.stringify([key.map(({ name }) => name), values])).toString("base64url")

/** The key values behind which to go on, as text. */
function openCursor(cursor: Cursor, key: readonly Column[], stream: Stream): string[] {
  let parsed: unknown
  try {
    parsed = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"))
  } catch (error) {
    throw malformed(stream, error)
  }
  const [names, values]: unknown[] = Array.isArray(parsed) ? parsed : []
  const fits = Array.isArray(names) && Array.isArray(values) && key.length > 0 && names.length === key.length && values.length === key.length
  if (!fits) throw malformed(stream, undefined)
  return key.map((column, index) => {
    const value: unknown = (values as unknown[])[index]
    if (column.name !== (names as unknown[])[index] || !["string", "number", "boolean"].includes(typeof value)) throw malformed(stream, undefined)
    return encode(value as string | number | boolean, column.type) ?? ""
  })
}

const malformed = (stream: Stream, cause: unknown): PlatformError =>
  new PlatformError("request_invalid", `The cursor is not one that a read of ${stream.path.join(".")} gave; begin again without it.`, {
    faults: [{ pointer: "/cursor", message: "Not a cursor of this stream." }],
    ...(cause === undefined ? {} : { cause }),
  })
