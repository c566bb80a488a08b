import { PlatformError } from "../../core/errors.ts"
import type { Session } from "../../core/session.ts"
import type { Batch, RejectedRecord, Stream } from "../../core/streams.ts"
import { round } from "../../core/trace.ts"
import type { Column, Row, Value } from "../../core/values.ts"
import { noteQuery } from "../audit/audit-notes.ts"
import { toRecords } from "../base/encode.ts"
import type { Principal } from "../base/principal.ts"
import type { Catalogs } from "../catalogs/catalogs.ts"
import type { UseOptions, Uses } from "../connectors/uses.ts"
import type { HubParts } from "../parts.ts"

export interface QueryInput {
  readonly statement: string
  readonly params?: readonly unknown[]
  readonly maxRows?: number
  readonly timeoutMs?: number
}

/** Rows as one JSON answer; `truncated` says that there were more rows than the answer holds. */
export interface RowsAnswer {
  readonly columns: readonly Column[]
  readonly rows: readonly Row[]
  readonly rowCount: number
  readonly truncated: boolean
  readonly durationMs: number
  /** Records of a file that are not rows, as far as the file was read: their number, and the first of them. */
  readonly rejected?: { readonly count: number; readonly records: readonly RejectedRecord[] }
}

export const QUERY_DEADLINE_MS = 30_000
/** The most rows and bytes of a JSON answer; a stream has no such limits. */
export const JSON_ROWS_MAX = 10_000
const JSON_BYTES_MAX = 64 * 1024 * 1024
/** The rejected records that an answer names, and the number after which it ends early. */
const REJECTED_NAMED = 100
const REJECTED_MAX = 10_000

/** A statement, or the path of a stream. */
type Read = Pick<QueryInput, "statement" | "params"> | { readonly path: readonly string[] }

type Start = (session: Session) => AsyncIterable<Batch>

interface ReadLimits {
  readonly timeoutMs?: number | undefined
  readonly maxRows: number | undefined
  readonly signal: AbortSignal
}

/** Reads rows: statements, and previews of streams. A read ends with its caller. */
export class Queries {
  readonly #parts: HubParts
  readonly #uses: Uses
  readonly #catalogs: Catalogs

  constructor(parts: HubParts, uses: Uses, catalogs: Catalogs) {
    this.#parts = parts
    this.#uses = uses
    this.#catalogs = catalogs
  }

  /** The batches of a read-only statement, at most `maxRows` rows in all. Errors before the first batch reject it. */
  async *stream(by: Principal, ref: string, input: QueryInput, signal: AbortSignal): AsyncGenerator<Batch> {
    const { maxRows, timeoutMs } = input
    let left = maxRows ?? Number.POSITIVE_INFINITY
    for await (const batch of this.#read(by, ref, input, { maxRows, timeoutMs, signal })) {
      const rows = batch.rows.length > left ? batch.rows.slice(0, left) : batch.rows
      left -= rows.length
      yield { ...batch, rows }
      if (left <= 0) return
    }
  }

  async query(by: Principal, ref: string, input: QueryInput, signal: AbortSignal): Promise<RowsAnswer> {
    const { maxRows = JSON_ROWS_MAX, timeoutMs } = input
    if (maxRows > JSON_ROWS_MAX) {
      const message = `must be at most ${JSON_ROWS_MAX} for a JSON answer; ask for application/x-ndjson or text/csv to stream more.`
      throw new PlatformError("request_invalid", `maxRows ${message}`, { faults: [{ pointer: "/maxRows", message }] })
    }
    return collect(this.#read(by, ref, input, { maxRows: maxRows + 1, timeoutMs, signal }), maxRows)
  }

  /** The first rows of a stream, without SQL. The stream's columns come from the catalog when it has them. */
  async preview(by: Principal, ref: string, path: readonly string[], limit: number, signal: AbortSignal): Promise<RowsAnswer> {
    return collect(this.#read(by, ref, { path }, { maxRows: limit + 1, signal }), limit)
  }

  /** The batches of a read. The read is noted in the audit while it begins, and no row is given out before it is. */
  #read(by: Principal, ref: string, what: Read, how: ReadLimits): AsyncGenerator<Batch> {
    const options: UseOptions<Start> = {
      kind: "queries",
      repeatable: true,
      deadlineMs: how.timeoutMs ?? QUERY_DEADLINE_MS,
      maxRows: how.maxRows,
      signal: how.signal,
      prepare: async ({ id, name }) => {
        const start = await this.#startOf(by, id, what)
        const noted = noteQuery(this.#parts, by, { kind: "connector", id, name }, what)
        return (session) => behind(noted, start(session))
      },
    }
    return this.#uses.stream(by, ref, options, ({ session, prepared }) => prepared(session))
  }

  async #startOf(by: Principal, connectorId: string, what: Read): Promise<Start> {
    if (!("path" in what)) return (session) => session.query(what.statement, (what.params ?? []) as readonly Value[])
    const stream: Stream = (await this.#catalogs.stream(by, connectorId, what.path)) ?? { path: what.path, kind: "table", columns: [], key: [] }
    return (session) => session.read(stream)
  }
}

/** The batches, none of them before the promise is kept. */
async function* behind(promise: Promise<void>, batches: AsyncIterable<Batch>): AsyncGenerator<Batch> {
  // When the read fails first, its error is the one that is told.
  promise.catch(() => undefined)
  for await (const batch of batches) {
    await promise
    yield batch
  }
  await promise
}

async function collect(batches: AsyncIterable<Batch>, maxRows: number): Promise<RowsAnswer> {
  const begun = performance.now()
  let columns: readonly Column[] = []
  const rows: Row[] = []
  let bytes = 0
  const rejected = { count: 0, records: [] as RejectedRecord[] }
  for await (const batch of batches) {
    columns = batch.columns
    rejected.count += batch.rejected?.length ?? 0
    rejected.records.push(...(batch.rejected ?? []).slice(0, REJECTED_NAMED - rejected.records.length))
    for (const row of toRecords(batch)) rows.push(row)
    bytes += JSON.stringify(batch.rows).length
    if (bytes > JSON_BYTES_MAX)
      throw new PlatformError("response_too_large", "The answer is larger than 64 MiB; ask for fewer rows, or for application/x-ndjson to stream it.")
    if (rows.length > maxRows || rejected.count >= REJECTED_MAX) break
  }
  const truncated = rows.length > maxRows || rejected.count >= REJECTED_MAX
  return {
    columns,
    rows: rows.slice(0, maxRows),
    rowCount: Math.min(rows.length, maxRows),
    truncated,
    durationMs: round(performance.now() - begun),
    ...(rejected.count === 0 ? {} : { rejected }),
  }
}
