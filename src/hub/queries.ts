import { PlatformError } from "../core/errors.ts"
import { open, type Session } from "../core/session.ts"
import type { Batch, RejectedRecord, Stream } from "../core/streams.ts"
import { round } from "../core/trace.ts"
import type { Column, Row, Value } from "../core/values.ts"
import { noteQuery } from "./audit/audit-notes.ts"
import type { Catalogs } from "./catalogs/catalogs.ts"
import type { Connectors } from "./connectors/connectors.ts"
import { toRecords } from "./encode.ts"
import type { HubParts } from "./hub.ts"
import type { Principal } from "./people/identity.ts"
import { TURN_WAIT_MS } from "./turns.ts"

export interface QueryInput {
  readonly statement: string
  readonly params?: readonly unknown[]
  readonly maxRows?: number
  readonly timeoutMs?: number
}

/** Rows as one JSON answer; `truncated` says that there were more than were asked for. */
export interface RowsAnswer {
  readonly columns: readonly Column[]
  readonly rows: readonly Row[]
  readonly rowCount: number
  readonly truncated: boolean
  readonly durationMs: number
  /** Records of a file that are no rows, as far as it was read: how many, and the first of them. */
  readonly rejected?: { readonly count: number; readonly records: readonly RejectedRecord[] }
}

export const QUERY_DEADLINE_MS = 30_000
/** Rows of a JSON answer at most, and bytes: what is larger is for a stream. */
export const JSON_ROWS_MAX = 10_000
const JSON_BYTES_MAX = 64 * 1024 * 1024
/** Rejected records that an answer names, and after which it ends though there were rows to come. */
const REJECTED_NAMED = 100
const REJECTED_MAX = 10_000

type Start = (session: Session) => AsyncIterable<Batch>

/** Reads rows: statements, and previews of streams. Each read is one lease; it ends with the caller. */
export class Queries {
  readonly #parts: HubParts
  readonly #connectors: Connectors
  readonly #catalogs: Catalogs

  constructor(parts: HubParts, connectors: Connectors, catalogs: Catalogs) {
    this.#parts = parts
    this.#connectors = connectors
    this.#catalogs = catalogs
  }

  /** The batches of a read-only statement, at most `maxRows` rows in all. Errors before the first batch reject it. */
  async *stream(by: Principal, ref: string, input: QueryInput, signal: AbortSignal): AsyncGenerator<Batch> {
    const limit = input.maxRows
    const batches = this.#run(
      by,
      ref,
      input.timeoutMs,
      limit,
      signal,
      input,
      () => (session) => session.query(input.statement, (input.params ?? []) as readonly Value[]),
    )
    let left = limit ?? Number.POSITIVE_INFINITY
    for await (const batch of batches) {
      const rows = batch.rows.length > left ? batch.rows.slice(0, left) : batch.rows
      left -= rows.length
      yield { ...batch, rows }
      if (left <= 0) return
    }
  }

  async query(by: Principal, ref: string, input: QueryInput, signal: AbortSignal): Promise<RowsAnswer> {
    const maxRows = input.maxRows ?? JSON_ROWS_MAX
    if (maxRows > JSON_ROWS_MAX) {
      const message = `must be at most ${JSON_ROWS_MAX} for a JSON answer; ask for application/x-ndjson or text/csv to stream more.`
      throw new PlatformError("request_invalid", `maxRows ${message}`, { faults: [{ pointer: "/maxRows", message }] })
    }
    return collect(
      this.#run(
        by,
        ref,
        input.timeoutMs,
        maxRows + 1,
        signal,
        input,
        () => (session) => session.query(input.statement, (input.params ?? []) as readonly Value[]),
      ),
      maxRows,
    )
  }

  /** The first rows of a stream, without SQL; what the catalog knows of it is used, but it need not be there. */
  async preview(by: Principal, ref: string, path: readonly string[], limit: number, signal: AbortSignal): Promise<RowsAnswer> {
    return collect(
      this.#run(by, ref, undefined, limit + 1, signal, { path }, async (id) => {
        const stream: Stream = (await this.#catalogs.stream(by, id, path)) ?? { path, kind: "table", columns: [], key: [] }
        return (session) => session.read(stream)
      }),
      limit,
    )
  }

  async *#run(
    by: Principal,
    ref: string,
    timeoutMs: number | undefined,
    maxRows: number | undefined,
    signal: AbortSignal,
    read: { readonly statement: string } | { readonly path: readonly string[] },
    prepare: (id: string) => Start | Promise<Start>,
  ): AsyncGenerator<Batch> {
    const { door, log, uploads, bounds, turns } = this.#parts
    using _place = bounds.enter(by.workspace.id, "queries")
    const opened = await this.#connectors.open(by, ref)
    const start = await prepare(opened.id)
    await noteQuery(this.#parts, by, { kind: "connector", id: opened.id, name: opened.name }, read)
    const use = await this.#connectors.use(by, opened, signal)
    const deadlineMs = timeoutMs ?? QUERY_DEADLINE_MS
    const leave = await turns.take(by.workspace.id, opened, { signal, waitMs: Math.min(deadlineMs, TURN_WAIT_MS) }).catch((error: unknown) => {
      use.done()
      throw error
    })
    const lease = door.lease({ deadlineMs, operator: by.operator, signal: AbortSignal.any([signal, leave.signal]) })
    lease.trace.onStage(({ name }) => (name === "connect" ? leave.sent() : undefined))
    use.watch(lease.trace)
    try {
      const options = {
        log: (message: string, facts?: Readonly<Record<string, unknown>>) => log.info(facts ?? {}, message),
        batchRows: Math.min(1_000, maxRows ?? 1_000),
        upload: uploads.opener(by.workspace.id),
        token: this.#parts.tokens.of({ workspaceId: by.workspace.id, connectorId: opened.id, operator: by.operator }),
        turn: () => leave.again({ signal: lease.signal, waitMs: lease.remainingMs() }),
      }
      await using session = await open(opened.connector, opened.config, lease, maxRows === undefined ? options : { ...options, maxRows })
      yield* start(session)
      use.worked()
    } catch (error) {
      await use.failed(error)
      throw error
    } finally {
      use.done()
      leave.release()
      await lease.close()
    }
  }
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
