import type { Call } from "../../core/call.ts"
import { PlatformError } from "../../core/errors.ts"
import type { Batch, Cursor, ReadOptions, Stream } from "../../core/streams.ts"
import type { Column, Value } from "../../core/values.ts"
import { findStream } from "./catalog.ts"
import { ident, type MySql, qualified } from "./client.ts"
import { encode, placeholder, Unfit } from "./encode.ts"
import { type Bound, begin, pages, rollback } from "./statements.ts"

/**
 * A stream's rows in key order. Each batch's cursor holds its last key; a read that goes on from it takes the keys
 * behind, so that nothing comes twice or is left out. Without a key there is one pass and no cursor.
 */
export async function* read(client: MySql, from: Stream, { after: cursor }: ReadOptions, call: Call): AsyncGenerator<Batch> {
  await begin(client, call, "READ ONLY")
  try {
    const stream = await findStream(client, from.path)
    const key = resumable(stream)
    const after = cursor === undefined ? undefined : openCursor(cursor, key, stream)
    const columns =
      from.columns.length === 0
        ? stream.columns
        : stream.columns.filter((column) => from.columns.some((wanted) => wanted.name === column.name) || key.includes(column))
    const positions = key.map((column) => columns.indexOf(column))
    for await (const { columns: told, rows } of pages(client, select(stream, columns, key, after), after === undefined ? [] : behind(after), call)) {
      const last = rows.at(-1)
      // That a text of MariaDB's is JSON is told with the rows, not in the catalog.
      const typed = columns.map((column, index) => (told[index]?.type === "json" ? { ...column, type: "json" as const } : column))
      yield { columns: typed, rows, ...(last === undefined || key.length === 0 ? {} : { cursor: makeCursor(key, positions, last) }) }
    }
  } finally {
    await rollback(client)
  }
}

function select(stream: Stream, columns: readonly Column[], key: readonly Column[], after: readonly Bound[] | undefined): string {
  const where = after === undefined ? "" : ` WHERE ${later(key)}`
  const order = key.length === 0 ? "" : ` ORDER BY ${key.map((column) => ident(column.name)).join(", ")}`
  return `SELECT ${columns.map((column) => ident(column.name)).join(", ")} FROM ${qualified(stream.path)}${where}${order}`
}

/** `a > ? OR (a = ? AND b > ?)`, with `a >= ?` in front: the server finds its way into an index by that, and not by `(a, b) > (?, ?)`. */
function later(key: readonly Column[]): string {
  const [first, ...rest] = key
  if (first === undefined) return "TRUE"
  const [name, value] = [ident(first.name), placeholder(first)]
  return rest.length === 0 ? `${name} > ${value}` : `(${name} >= ${value} AND (${name} > ${value} OR ${later(rest)}))`
}

/** The values in the order of the placeholders that `later` makes. */
const behind = (after: readonly Bound[]): Bound[] => after.flatMap((value, index) => (index === after.length - 1 ? [value] : [value, value]))

/** Types whose order in an index is not that of their values as text, or whose values come in another spelling. */
const UNORDERED = /^(enum|set|float|bit)\b/

/** The key, unless a value of it cannot be given back as it was read. */
function resumable(stream: Stream): Column[] {
  const key = stream.key.flatMap((name) => stream.columns.filter((column) => column.name === name))
  return key.some((column) => column.type === "json" || UNORDERED.test(column.nativeType)) ? [] : key
}

const makeCursor = (key: readonly Column[], positions: readonly number[], row: readonly Value[]): Cursor =>
  Buffer.from(JSON.stringify([key.map((column) => column.name), positions.map((position) => row[position] ?? null)])).toString("base64url")

/** The key values behind which to go on, as the server reads them. */
function openCursor(cursor: Cursor, key: readonly Column[], stream: Stream): Bound[] {
  let parsed: unknown
  try {
    parsed = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"))
  } catch (error) {
    throw malformed(stream, error)
  }
  const [names, values]: unknown[] = Array.isArray(parsed) ? parsed : []
  const fits = Array.isArray(names) && Array.isArray(values) && key.length > 0 && names.length === key.length && values.length === key.length
  if (!fits || key.some((column, index) => column.name !== names[index] || !isKeyValue(values[index], column))) throw malformed(stream, undefined)
  try {
    return key.map((column, index) => encode((values as (string | number)[])[index] ?? "", column))
  } catch (error) {
    if (error instanceof Unfit) throw malformed(stream, error)
    throw error
  }
}

const SPELLINGS: Readonly<Partial<Record<Column["type"], RegExp>>> = {
  integer: /^-?\d{1,20}$/,
  decimal: /^-?\d{1,65}(\.\d{1,38})?$/,
  date: /^\d{4}-\d\d-\d\d$/,
  time: /^-?\d{2,3}:\d\d:\d\d(\.\d{1,6})?$/,
  timestamp: /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,6})?Z?$/,
}

/** The server would take what is no number for 0, and warn nobody. */
const isKeyValue = (value: unknown, { type }: Column): boolean =>
  (typeof value === "string" || typeof value === "number") && (SPELLINGS[type]?.test(String(value)) ?? true)

const malformed = (stream: Stream, cause: unknown): PlatformError =>
  new PlatformError("request_invalid", `The cursor is not one that a read of ${stream.path.join(".")} gave; begin again without it.`, {
    faults: [{ pointer: "/cursor", message: "Not a cursor of this stream." }],
    ...(cause === undefined ? {} : { cause }),
  })
