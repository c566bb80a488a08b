import type { DryRun } from "../../core/connector.ts"
import { PlatformError } from "../../core/errors.ts"
import type { Session } from "../../core/session.ts"
import type { Batch, Cursor, Stream } from "../../core/streams.ts"
import type { Value } from "../../core/values.ts"
import { noteQuery } from "../audit/audit-notes.ts"
import type { Principal } from "../base/principal.ts"
import type { Catalogs } from "../catalogs/catalogs.ts"
import type { Opened } from "../connectors/opened.ts"
import type { UseOptions, Uses } from "../connectors/uses.ts"
import type { HubParts } from "../parts.ts"
import { type AnswerSpace, AnswerSpaces } from "./answer-space.ts"
import { atLeastColumns, columnsOf, only } from "./chosen-columns.ts"
import { firstRows, onePage, type RowsAnswer, type RowsPage } from "./row-answers.ts"

export interface QueryInput {
  readonly statement: string
  readonly params?: readonly unknown[]
  readonly maxRows?: number
  readonly timeoutMs?: number
}

/** What a statement would read; null for what the system does not say. */
export interface DryRunAnswer extends Required<Pick<DryRun, "columns" | "details" | "warnings">> {
  readonly bytes: number | null
  readonly accuracy: NonNullable<DryRun["accuracy"]> | null
  readonly durationMs: number
}

export interface RowsInput {
  readonly path: readonly string[]
  /** The columns wanted, in this order; absent: all. */
  readonly columns?: readonly string[]
  /** Where an earlier read of the same stream ended. */
  readonly cursor?: Cursor
  readonly limit?: number
  readonly timeoutMs?: number
}

export const QUERY_DEADLINE_MS = 30_000
/** The most rows of a JSON answer; a stream has no such limit. */
export const JSON_ROWS_MAX = 10_000
const PAGE_ROWS = 20
/** A very long answer is collected when no more than so many bytes of earlier ones wait to be read. */
const VERY_LONG_UNREAD = 64 * 1_048_576

/** A statement, or a stream of the system. */
type Read = Pick<QueryInput, "statement" | "params"> | Omit<RowsInput, "limit" | "timeoutMs">

type Start = (session: Session) => AsyncIterable<Batch>

/** How a read ends, besides with its caller. */
type ReadOptions = Pick<UseOptions, "maxRows" | "batchRows" | "perResult"> & {
  readonly timeoutMs: number | undefined
  readonly signal: AbortSignal
}

/** Reads rows: of statements, and of streams without SQL. A read ends with its caller. */
export class Queries {
  readonly #parts: HubParts
  readonly #uses: Uses
  readonly #catalogs: Catalogs
  readonly #spaces = new AnswerSpaces()

  constructor(parts: HubParts, uses: Uses, catalogs: Catalogs) {
    this.#parts = parts
    this.#uses = uses
    this.#catalogs = catalogs
  }

  /**
   * The batches of a read-only statement, at most `maxRows` rows in all. Errors before the first batch reject it. It may
   * last as long as each batch comes within `timeoutMs`.
   */
  stream(by: Principal, ref: string, input: QueryInput, signal: AbortSignal): AsyncGenerator<Batch> {
    const { maxRows, timeoutMs } = input
    return upTo(maxRows, this.#read(by, ref, input, { maxRows, timeoutMs, signal, perResult: true }))
  }

  async query(by: Principal, ref: string, input: QueryInput, signal: AbortSignal): Promise<RowsAnswer> {
    const { maxRows = JSON_ROWS_MAX, timeoutMs } = input
    assertFits("maxRows", "/maxRows", maxRows)
    using space = this.#spaceOf(by, signal)
    return await firstRows(this.#read(by, ref, input, { maxRows: maxRows + 1, timeoutMs, signal }), maxRows, space)
  }

  /** What a statement would read, which its system says without running it. Types whose systems cannot say it are refused before anything is dialled. */
  async dryRun(by: Principal, ref: string, { statement, params = [], timeoutMs = QUERY_DEADLINE_MS }: QueryInput, signal: AbortSignal): Promise<DryRunAnswer> {
    const prepare = async ({ id, name, connector: { title, dryRun } }: Opened): Promise<void> => {
      if (dryRun === undefined)
        throw new PlatformError("unsupported", `${title} connectors have no dry run: their systems do not say what a statement would read.`)
      await noteQuery(this.#parts, by, { kind: "connector", id, name }, { statement, dryRun: true })
    }
    const options: UseOptions<void> = { kind: "queries", repeatable: true, deadlineMs: timeoutMs, signal, prepare }
    return await this.#uses.once(by, ref, options, async ({ session, begunAt }) => {
      const { bytes = null, accuracy = null, columns, details = {}, warnings = [] } = await session.dryRun(statement, params as readonly Value[])
      return { bytes, accuracy, columns, details, warnings, durationMs: performance.now() - begunAt }
    })
  }

  /** The batches of a stream, from its beginning or from a cursor to its end, or to `limit` rows. It lasts as long as a streamed statement. */
  rows(by: Principal, ref: string, input: RowsInput, signal: AbortSignal): AsyncGenerator<Batch> {
    const { limit, timeoutMs } = input
    return upTo(limit, this.#read(by, ref, input, { maxRows: limit, timeoutMs, signal, perResult: true }))
  }

  /** One page of a stream, 20 rows unless `limit` says otherwise, and the cursor of the next one. */
  async page(by: Principal, ref: string, input: RowsInput, signal: AbortSignal): Promise<RowsPage> {
    const { limit = PAGE_ROWS, timeoutMs } = input
    assertFits("limit", "/querystring/limit", limit)
    using space = this.#spaceOf(by, signal)
    return await onePage(this.#read(by, ref, input, { maxRows: limit + 1, batchRows: limit, timeoutMs, signal }), limit, space)
  }

  #spaceOf({ workspace }: Principal, signal: AbortSignal): AnswerSpace {
    return this.#spaces.of(workspace.id, signal, () => this.#parts.nodeLimits.readers(workspace.id, VERY_LONG_UNREAD, signal))
  }

  /** The batches of a read. The read is noted in the audit while it begins, and no row is given out before it is. */
  #read(by: Principal, ref: string, what: Read, { timeoutMs = QUERY_DEADLINE_MS, ...how }: ReadOptions): AsyncGenerator<Batch> {
    const options: UseOptions<Start> = {
      ...how,
      kind: "queries",
      repeatable: true,
      deadlineMs: timeoutMs,
      prepare: async ({ id, name }) => {
        const start = await this.#startOf(by, id, what)
        const noted = noteQuery(this.#parts, by, { kind: "connector", id, name }, what)
        return (session) => behind(noted, start(session))
      },
    }
    return this.#uses.stream(by, ref, options, ({ session, prepared }) => prepared(session))
  }

  async #startOf(by: Principal, connectorId: string, what: Read): Promise<Start> {
    if ("statement" in what) return (session) => session.query(what.statement, (what.params ?? []) as readonly Value[])
    const { path, columns, cursor } = what
    const known: Stream | undefined = await this.#catalogs.stream(by, connectorId, path)
    const stream = known ?? { path, kind: "table", columns: [], key: [] }
    const after = cursor === undefined ? {} : { after: cursor }
    const chosen = columns === undefined ? stream.columns : known === undefined ? [] : columnsOf(known, columns)
    const read = (session: Session): AsyncIterable<Batch> => atLeastColumns(chosen, session.read({ ...stream, columns: chosen }, after))
    return columns === undefined ? read : (session) => only(columns, path, read(session))
  }
}

function assertFits(name: string, pointer: string, rows: number): void {
  if (rows <= JSON_ROWS_MAX) return
  const message = `must be at most ${JSON_ROWS_MAX} for a JSON answer; ask for application/x-ndjson or text/csv to stream more.`
  throw new PlatformError("request_invalid", `${name} ${message}`, { faults: [{ pointer, message }] })
}

/** The first rows of all batches. A batch that is cut has no cursor, since that would leave rows out. */
async function* upTo(most: number | undefined, batches: AsyncIterable<Batch>): AsyncGenerator<Batch> {
  let left = most ?? Number.POSITIVE_INFINITY
  for await (const batch of batches) {
    const { cursor: _, ...cut } = batch
    yield batch.rows.length > left ? { ...cut, rows: batch.rows.slice(0, left) } : batch
    left -= batch.rows.length
    if (left <= 0) return
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
