import type { Call } from "../../core/call.ts"
import { PlatformError } from "../../core/errors.ts"
import type { Batch, Cursor, ReadOptions, Stream } from "../../core/streams.ts"
import type { Column, Value } from "../../core/values.ts"
import { findStream } from "./catalog.ts"
import { begin, ident, type Postgres, qualified, rollback } from "./client.ts"
import { isServerError } from "./errors.ts"
import { pages } from "./query.ts"

/**
 * A stream's rows in key order. Each batch's cursor holds its last key; a read that goes on from it takes the keys
 * behind, so that nothing comes twice or is left out. Without a key there is one pass and no cursor.
 */
export async function* read(client: Postgres, from: Stream, { after: cursor }: ReadOptions, call: Call): AsyncGenerator<Batch> {
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
    try {
      for await (const { rows } of pages(client, select(stream, columns, key, after), after ?? [], call)) {
        const last = rows.at(-1)
        yield { columns, rows, ...(last === undefined || key.length === 0 ? {} : { cursor: makeCursor(key, positions, last) }) }
      }
    } catch (error) {
      if (after !== undefined && isServerError(error) && error.code.startsWith("22")) throw malformed(stream, error)
      throw error
    }
  } finally {
    await rollback(client)
  }
}

function select(stream: Stream, columns: readonly Column[], key: readonly Column[], after: readonly Value[] | undefined): string {
  const names = key.map((column) => ident(column.name)).join(", ")
  const where = after === undefined ? "" : ` WHERE (${names}) > (${after.map((_, index) => `$${index + 1}`).join(", ")})`
  return `SELECT ${columns.map((column) => ident(column.name)).join(", ")} FROM ${qualified(stream.path)}${where}${key.length === 0 ? "" : ` ORDER BY ${names}`}`
}

/** The key, unless a value of it cannot be given back as it was read: JSON is read into another spelling. */
function resumable(stream: Stream): Column[] {
  const key = stream.key.flatMap((name) => stream.columns.filter((column) => column.name === name))
  return key.some((column) => column.type === "json") ? [] : key
}

const makeCursor = (key: readonly Column[], positions: readonly number[], row: readonly Value[]): Cursor =>
  Buffer.from(JSON.stringify([key.map((column) => column.name), positions.map((position) => row[position] ?? null)])).toString("base64url")

/** The key values behind which to go on, as PostgreSQL reads them. */
function openCursor(cursor: Cursor, key: readonly Column[], stream: Stream): Value[] {
  let parsed: unknown
  try {
    parsed = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"))
  } catch (error) {
    throw malformed(stream, error)
  }
  const [names, values]: unknown[] = Array.isArray(parsed) ? parsed : []
  const fits = Array.isArray(names) && Array.isArray(values) && key.length > 0 && names.length === key.length && values.length === key.length
  if (!fits || key.some((column, index) => column.name !== names[index] || !isScalar(values[index]))) throw malformed(stream, undefined)
  return key.map((column, index) => keyValue(column, (values as (string | number | boolean)[])[index] ?? ""))
}

const isScalar = (value: unknown): boolean => typeof value === "string" || typeof value === "number" || typeof value === "boolean"

const keyValue = (column: Column, value: string | number | boolean): Value =>
  column.type === "bytes" ? `\\x${Buffer.from(String(value), "base64").toString("hex")}` : value

const malformed = (stream: Stream, cause: unknown): PlatformError =>
  new PlatformError("request_invalid", `The cursor is not one that a read of ${stream.path.join(".")} gave; begin again without it.`, {
    faults: [{ pointer: "/cursor", message: "Not a cursor of this stream." }],
    ...(cause === undefined ? {} : { cause }),
  })
