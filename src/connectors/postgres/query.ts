import { once } from "node:events"
import type { QueryResult } from "pg"
import type { Call } from "../../core/call.ts"
import { PlatformError } from "../../core/errors.ts"
import type { Batch } from "../../core/streams.ts"
import type { Value } from "../../core/values.ts"
import { begin, type Postgres, rollback } from "./client.ts"
import { columnsOf, type Field, typesOf } from "./values.ts"

const READS = ["select", "with", "values", "table", "show", "explain"]

/**
 * Runs one reading statement in a read-only transaction that is rolled back afterwards. The extended protocol takes a
 * single statement, so none can end the transaction and go on.
 */
export async function* query(client: Postgres, statement: string, params: readonly Value[], call: Call): AsyncGenerator<Batch> {
  const word = firstWord(statement)
  if (!READS.includes(word.toLowerCase()))
    throw new PlatformError(
      "query_invalid",
      word === ""
        ? "The statement is empty; send one SELECT."
        : `Only reading statements are taken (${READS.join(", ").toUpperCase()}); this one begins with ${word.slice(0, 40)}.`,
    )
  await begin(client, call, "READ ONLY")
  try {
    for await (const { fields, rows } of pages(client, statement, params, call)) yield { columns: columnsOf(fields), rows }
    if (client.pg.getTransactionStatus() !== "T")
      throw new PlatformError("query_invalid", "The statement ended its read-only transaction; send one that only reads.")
  } finally {
    await rollback(client)
  }
}

/** The statement's first keyword, behind white space, comments and opening parentheses. */
export function firstWord(statement: string): string {
  let rest = statement
  for (let before = ""; before !== rest; ) {
    before = rest
    rest = rest.replace(/^[\s(]+/, "").replace(/^--[^\n]*(\n|$)/, "")
    if (rest.startsWith("/*")) rest = afterComment(rest)
  }
  return /^\w+/.exec(rest)?.[0] ?? rest.slice(0, 1)
}

/** Block comments nest in PostgreSQL. */
function afterComment(text: string): string {
  let depth = 0
  for (const { 0: mark, index } of text.matchAll(/\/\*|\*\//g)) {
    depth += mark === "/*" ? 1 : -1
    if (depth === 0) return text.slice(index + 2)
  }
  return ""
}

export interface Page {
  readonly fields: readonly Field[]
  readonly rows: Value[][]
}

interface RowHandler {
  handleDataRow(message: unknown): void
}

const FIRST_ROWS = 32
const PAGE_LENGTH = 8 * 1_048_576

/**
 * A statement's rows in pages, the first also when it is empty; stops at the call's `maxRows`. Memory holds one page:
 * the first is short, and where rows are long so are the others, about 8 MiB at most.
 */
export async function* pages({ pg }: Postgres, statement: string, params: readonly Value[], call: Pick<Call, "batchRows" | "maxRows">): AsyncGenerator<Page> {
  const { default: Cursor } = await import("pg-cursor")
  let length = 0
  const types = typesOf((more) => {
    length += more
  })
  const cursor = pg.query(new Cursor<Value[]>(statement, [...params], { rowMode: "array", types }))
  const most = call.maxRows ?? Number.POSITIVE_INFINITY
  let failed = false
  let due = 0
  const { handleDataRow } = cursor as unknown as RowHandler
  // The library keeps whatever comes; a server that sends more than was asked for would fill the memory.
  const counted: RowHandler["handleDataRow"] = (message) => {
    if (due-- <= 0)
      throw new PlatformError("protocol_invalid", "What answers sent more rows than it was asked for, so it is no PostgreSQL; check host and port.")
    handleDataRow.call(cursor, message)
  }
  Object.assign(cursor, { handleDataRow: counted })
  const next = (count: number): Promise<Page> =>
    new Promise((resolve, reject) => {
      due = count
      cursor.read(count, (error: Error | undefined, rows: Value[][], result: QueryResult) => {
        if (error) reject(error)
        else resolve({ fields: result?.fields ?? [], rows })
      })
    })
  try {
    for (let seen = 0; seen < most || seen === 0; ) {
      const fitting = seen === 0 ? FIRST_ROWS : Math.floor((PAGE_LENGTH * seen) / Math.max(1, length))
      const wanted = Math.max(1, Math.min(call.batchRows, most - seen, fitting))
      const page = await next(wanted)
      if (page.rows.length > 0 || seen === 0) yield page
      seen += page.rows.length
      if (page.rows.length < wanted) break
    }
  } catch (error) {
    failed = true
    throw error
  } finally {
    // `close` waits for the server; when the connection is gone nothing would ever come.
    const closed = new AbortController()
    if (!failed) await Promise.race([cursor.close(), once(pg, "end", closed).catch(() => undefined)])
    closed.abort()
  }
}
