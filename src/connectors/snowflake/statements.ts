import { setTimeout as sleep } from "node:timers/promises"
import type { Call } from "../../core/call.ts"
import { PlatformError } from "../../core/errors.ts"
import type { Snowflake } from "./client.ts"
import type { RowType } from "./values.ts"

/** A bind variable (docs, SQL API, Using bind variables): the value is text whatever the type. */
export interface Binding {
  readonly type: "TEXT" | "FIXED" | "REAL" | "BOOLEAN"
  readonly value: string | null
}

/** A row as it comes: text, or null for SQL's NULL. */
export type Cells = readonly (string | null)[]

/** What a statement gave. The first partition is here, the others are asked for one by one. */
export interface Result {
  readonly handle: string
  readonly columns: readonly RowType[]
  readonly first: readonly Cells[]
  readonly partitions: number
  /** Rows that a DML statement changed; absent for others. */
  readonly stats: Readonly<Record<string, number>>
}

export interface RunOptions {
  readonly bindings?: readonly Binding[]
  /** Rows of the result at most; Snowflake stops there. */
  readonly maxRows?: number | undefined
  /** Wait for the answer in one request: for what reads metadata alone, and needs no cancelling. */
  readonly atOnce?: boolean
}

const FIRST_POLL_MS = 20
const LONGEST_POLL_MS = 1_000
/** The longest that Snowflake lets a statement run. */
const MOST_S = 604_800

/**
 * Runs one statement to its end. It is sent asynchronously, so that its handle is known while it runs: at a cut-off it is
 * cancelled by it, and its own timeout ends it when even that does not arrive.
 */
export async function run(client: Snowflake, statement: string, options: RunOptions, call: Call): Promise<Result> {
  // A submission outlives a cut-off, so none may begin after it.
  call.signal.throwIfAborted()
  const bindings = Object.fromEntries((options.bindings ?? []).map((binding, index) => [String(index + 1), binding]))
  const body = {
    statement,
    timeout: Math.min(MOST_S, Math.max(1, Math.ceil(call.remainingMs() / 1_000))),
    ...client.place,
    ...(options.bindings === undefined ? {} : { bindings }),
    parameters: {
      // An account may allow more than one by default.
      MULTI_STATEMENT_COUNT: "1",
      TIMEZONE: "UTC",
      QUERY_TAG: "jackfield",
      ...(options.maxRows === undefined ? {} : { ROWS_PER_RESULTSET: String(options.maxRows) }),
    },
  }
  if (options.atOnce === true) {
    const reply = await client.ask("POST", "?async=false", body, call)
    return reply.status === 200 ? resultOf(reply.body) : await ended(client, handleOf(reply.body), call)
  }
  const sent = client.submit("?async=true", body, call).then((reply) => handleOf(reply.body))
  const release = client.cancelAtCutOff(sent.catch(() => undefined))
  try {
    return await ended(client, await sent, call)
  } finally {
    release()
  }
}

/** Asks until the statement has ended, more and more seldom. */
async function ended(client: Snowflake, handle: string, call: Call): Promise<Result> {
  for (let waitMs = FIRST_POLL_MS; ; waitMs = Math.min(LONGEST_POLL_MS, waitMs * 1.5)) {
    await sleep(waitMs, undefined, { signal: call.signal })
    const reply = await client.ask("GET", `/${handle}`, undefined, call)
    if (reply.status === 200) return resultOf(reply.body)
  }
}

/** A result's rows by partition; memory holds one. */
export async function* partitions(client: Snowflake, result: Result, call: Call): AsyncGenerator<readonly Cells[]> {
  yield result.first
  for (let index = 1; index < result.partitions; index++) {
    const { body } = await client.ask("GET", `/${result.handle}?partition=${index}`, undefined, call)
    yield rowsOf(body)
  }
}

/** Every row of a result that is known to be small, by the names of its columns in lower case. */
export async function rows(client: Snowflake, statement: string, options: RunOptions, call: Call): Promise<Record<string, string | null>[]> {
  const result = await run(client, statement, options, call)
  const names = result.columns.map(({ name }) => name.toLowerCase())
  const all: Record<string, string | null>[] = []
  for await (const some of partitions(client, result, call))
    for (const cells of some) all.push(Object.fromEntries(names.map((name, index) => [name, cells[index] ?? null])))
  return all
}

type Body = Readonly<Record<string, unknown>>

function resultOf(body: Body): Result {
  const meta = body["resultSetMetaData"] as { rowType?: unknown; partitionInfo?: unknown } | undefined
  if (!Array.isArray(meta?.rowType)) throw invalid("names no columns")
  return {
    handle: handleOf(body),
    columns: meta.rowType as RowType[],
    first: rowsOf(body),
    partitions: Array.isArray(meta.partitionInfo) ? meta.partitionInfo.length : 1,
    stats: (body["stats"] ?? {}) as Record<string, number>,
  }
}

function rowsOf(body: Body): readonly Cells[] {
  const { data } = body
  if (!Array.isArray(data)) throw invalid("has no rows")
  return data as Cells[]
}

/** It becomes part of a path, so it is a UUID and nothing else. */
function handleOf(body: Body): string {
  const handle = body["statementHandle"]
  if (typeof handle !== "string" || !/^[0-9a-f-]{36}$/i.test(handle)) throw invalid("has no statement handle")
  return handle
}

const invalid = (how: string): PlatformError => new PlatformError("response_invalid", `Snowflake's answer ${how}; what stands between it and the hub?`)
