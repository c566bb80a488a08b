import type { Call } from "../../../../core/call.ts"
import { PlatformError } from "../../../../core/errors.ts"
import type { Relation } from "../catalog.ts"
import { saidOf, strange } from "../http-errors.ts"
import { warehouseRelation } from "../information-schema.ts"
import { pathKey } from "../show.ts"
import type { Page } from "../wire.ts"
import { errors } from "./errors.ts"
import type { Connection } from "./jobs.ts"
import { columnsOf, type Field, rowReader } from "./rows.ts"

/** What the API says of a table (docs, REST, Table), for which it asks nothing. */
export interface Table {
  readonly type: string
  readonly schema?: { readonly fields?: readonly Field[] }
  readonly numRows?: string
  readonly description?: string
  readonly requirePartitionFilter?: boolean
  readonly timePartitioning?: { readonly field?: string; readonly type: string; readonly requirePartitionFilter?: boolean }
  readonly rangePartitioning?: { readonly field: string }
  readonly clustering?: { readonly fields?: readonly string[] }
  readonly tableConstraints?: { readonly primaryKey?: { readonly columns?: readonly string[] } }
  readonly streamingBuffer?: object
}

/** Where a table is in the API; undefined for a path that names none. */
export function tableAt([project = "", dataset = "", table = "", ...more]: readonly string[]): string | undefined {
  const named = /^[a-z0-9.:-]{1,100}$/.test(project) && /^\w{1,1024}$/.test(dataset) && /^[^/\\]{1,1024}$/.test(table) && !/^\.*$/.test(table)
  if (!named || more.length > 0 || !table.isWellFormed()) return undefined
  return `/bigquery/v2/projects/${encodeURIComponent(project)}/datasets/${dataset}/tables/${encodeURIComponent(table)}`
}

/** A table by its path; undefined if there is none. */
export async function tableIn({ api }: Connection, path: readonly string[], call: Call): Promise<Table | undefined> {
  const to = tableAt(path)
  if (to === undefined) return undefined
  try {
    return (await api.ask({ method: "GET", to }, call)) as unknown as Table
  } catch (error) {
    if (saidOf(error)?.code === "notFound") return undefined
    throw error
  }
}

const KINDS: Readonly<Record<string, string>> = { TABLE: "BASE TABLE", SNAPSHOT: "BASE TABLE", MATERIALIZED_VIEW: "MATERIALIZED VIEW" }

/** A table as a stream. */
export function relationOf(path: readonly string[], table: Table): Relation {
  const { type, schema, numRows, description, tableConstraints } = table
  const keys = new Map([[pathKey(path), tableConstraints?.primaryKey?.columns ?? []]])
  return warehouseRelation({
    product: "BigQuery",
    path,
    type: KINDS[type] ?? type,
    columns: columnsOf(schema?.fields ?? []),
    estimate: type === "TABLE" ? numRows : undefined,
    comment: [description, ...layoutOf(table)].filter((each) => each !== undefined && each !== "").join(" "),
    keys,
  })
}

function layoutOf({ timePartitioning: time, rangePartitioning: range, clustering, requirePartitionFilter = time?.requirePartitionFilter }: Table): string[] {
  const by = time === undefined ? range?.field : (time.field ?? "_PARTITIONTIME")
  return [
    ...(by === undefined ? [] : [`Partitioned by ${by}${requirePartitionFilter === true ? ", on which every query must have a filter" : ""}.`]),
    ...(clustering?.fields === undefined ? [] : [`Clustered by ${clustering.fields.join(", ")}.`]),
  ]
}

/**
 * The rows of a whole table in no order, page by page, which costs nothing (docs, REST, tabledata.list). The pages show one moment.
 * Undefined for what only a statement reads: views, tables outside of BigQuery, and rows that have just been streamed.
 */
export async function listed(connection: Connection, path: readonly string[], names: readonly string[], call: Call): Promise<AsyncIterable<Page> | undefined> {
  const table = await tableIn(connection, path, call)
  const all = table?.schema?.fields ?? []
  const fields = names.flatMap((name) => all.filter((field) => field.name === name))
  if (table?.type !== "TABLE" || table.streamingBuffer !== undefined || fields.length !== names.length) return undefined
  const pages = pagesOf(
    connection,
    `${tableAt(path)}/data`,
    all.filter((field) => names.includes(field.name)),
    fields,
    call,
  )
  try {
    const first = await pages.next()
    return (async function* () {
      if (first.done !== true) yield first.value
      yield* pages
    })()
  } catch (error) {
    // Row access policies, for example, are for statements alone.
    if (error instanceof PlatformError && ["permission_denied", "query_invalid"].includes(error.code)) return undefined
    throw error
  }
}

async function* pagesOf({ api }: Connection, to: string, told: readonly Field[], wanted: readonly Field[], call: Call): AsyncGenerator<Page> {
  const [columns, read] = [columnsOf(wanted), rowReader(told)]
  const at = wanted.map((field) => told.indexOf(field))
  const [most, seenTokens] = [call.maxRows ?? Number.POSITIVE_INFINITY, new Set<unknown>()]
  for (let seen = 0, page: unknown; ; ) {
    const size = Math.min(call.batchRows - (seen % call.batchRows), most - seen)
    const query = new URLSearchParams({
      "formatOptions.useInt64Timestamp": "true",
      maxResults: String(size),
      selectedFields: told.map(({ name }) => name).join(","),
    })
    if (page !== undefined) query.set("pageToken", String(page))
    const { rows = [], pageToken } = await api.ask({ method: "GET", to: `${to}?${query}` }, call)
    if (!Array.isArray(rows)) throw strange(errors, "has no rows")
    const values = (rows as unknown[]).map(read).map((row) => at.map((index) => row[index] ?? null))
    if (seen === 0 || values.length > 0) yield { columns, rows: values.slice(0, size) }
    seen += values.length
    if (pageToken === undefined || seen >= most) return
    if (values.length === 0 || seenTokens.has(pageToken)) throw strange(errors, "leads to the same page again and again")
    seenTokens.add(pageToken)
    page = pageToken
  }
}
