import type { Call } from "../../core/call.ts"
import { PlatformError } from "../../core/errors.ts"
import type { Batch, Cursor, Discovered, ReadOptions, Stream } from "../../core/streams.ts"
import type { Column, ColumnType, Row, Value } from "../../core/values.ts"
import type { Client } from "./exchange.ts"
import { type HttpConfig, inputsOf, isTemplate } from "./fields.ts"
import { type Place, pages } from "./paging.ts"
import { prepare } from "./request.ts"

/** Where a read goes on: a page, and how many of its records are done. */
interface Position {
  readonly place: Place
  readonly done: number
}

/** A URL that answers GET without inputs is one stream of records, its columns those of the first page. One request. */
export async function* discover(client: Client, call: Call): AsyncGenerator<Discovered> {
  const path = [nameOf(client.config)]
  yield { counted: { total: 1, byKind: { resource: 1 } } }
  const reason = unreadable(client.config)
  if (reason !== undefined) {
    yield { skipped: { path, reason } }
    return
  }
  for await (const { rows } of pages(client, await prepare(client.config, {}, call.render), call)) {
    yield {
      stream: { path, kind: "resource", columns: columnsOf([], rows), key: keyOf(client.config), comment: "Columns are those of the first page's records." },
    }
    return
  }
}

/** The records of the stream, page by page; a record with more members than those before widens the columns from there on. */
export async function* read(client: Client, from: Stream, { after: cursor }: ReadOptions, call: Call): AsyncGenerator<Batch> {
  const name = nameOf(client.config)
  if (from.path.length !== 1 || from.path[0] !== name) throw new PlatformError("stream_not_found", `The connector has one stream, ${name}; discover it again.`)
  const reason = unreadable(client.config)
  if (reason !== undefined) throw new PlatformError("unsupported", reason)
  const start = cursor === undefined ? undefined : positionIn(cursor, client.config)
  let columns: readonly Column[] = from.columns
  let done = start?.done ?? 0
  for await (const page of pages(client, await prepare(client.config, {}, call.render), call, start?.place)) {
    columns = columnsOf(columns, page.rows)
    for (let at = done; at < page.rows.length; at += call.batchRows) {
      const rows = page.rows.slice(at, at + call.batchRows)
      const last = at + rows.length === page.rows.length
      const next: Position = last && page.next !== undefined ? { place: page.next, done: 0 } : { place: page.place, done: at + rows.length }
      yield {
        columns,
        rows: rows.map((row) => columns.map(({ name: each }) => (Object.hasOwn(row, each) ? (row[each] as Value) : null))),
        cursor: textOf(next, client.config),
      }
    }
    done = 0
  }
}

const keyOf = ({ key }: HttpConfig): string[] =>
  (key ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "")

function unreadable(config: HttpConfig): string | undefined {
  if (config.method !== "GET") return `Only a connector with GET is read as a stream; this one sends ${config.method}.`
  if (isTemplate(config.url)) return "The URL is made for each call from its inputs, so it is called row by row, not read."
  const open = inputsOf(config)
    .filter(({ required }) => required)
    .map(({ name }) => name)
  return open.length === 0 ? undefined : `The URL takes inputs without a value of their own (${open.join(", ")}), so it is called row by row, not read.`
}

/** The last part of the URL's path, or its host. */
function nameOf({ url }: HttpConfig): string {
  const { hostname, pathname } = new URL(url)
  const last = pathname.split("/").findLast((part) => part !== "") ?? hostname
  try {
    return decodeURIComponent(last)
  } catch {
    return last
  }
}

/** An address that a page named may repeat the connector's own key: that stays here. */
function textOf({ place, done }: Position, { auth }: HttpConfig): Cursor {
  if (place.url === undefined || auth.kind !== "query") return JSON.stringify({ place, done })
  const url = new URL(place.url)
  url.searchParams.delete(auth.name)
  return JSON.stringify({ place: { url: url.href }, done })
}

/** A cursor comes from outside: it leads nowhere that a page could not have led to. */
function positionIn(cursor: Cursor, config: HttpConfig): Position {
  try {
    const { place, done } = JSON.parse(cursor) as Position
    const stays = place.url === undefined || new URL(place.url).origin === new URL(config.url).origin
    if (stays && typeof place === "object" && Number.isSafeInteger(done) && done >= 0) return { place, done }
  } catch {
    // Said below, like a cursor of something else.
  }
  throw new PlatformError("query_invalid", "The cursor is not one of this stream; read it from the beginning.")
}

function columnsOf(known: readonly Column[], rows: readonly Row[]): Column[] {
  const found = new Map(known.map((column) => [column.name, column]))
  const fixed = new Set(found.keys())
  for (const row of rows)
    for (const [name, value] of Object.entries(row)) {
      if (fixed.has(name)) continue
      const type = typeOf(value)
      const before = found.get(name)
      const both = before === undefined || before.type === "unknown" ? type : type === "unknown" ? before.type : joined(before.type, type)
      found.set(name, { name, type: both, nativeType: "", nullable: true })
    }
  return [...found.values()]
}

const joined = (one: ColumnType, other: ColumnType): ColumnType =>
  one === other ? one : [one, other].every((type) => type === "integer" || type === "float") ? "float" : "json"

function typeOf(value: Value): ColumnType {
  if (value === null) return "unknown"
  if (typeof value === "number") return Number.isSafeInteger(value) ? "integer" : "float"
  if (typeof value === "boolean") return "boolean"
  return typeof value === "string" ? "string" : "json"
}
