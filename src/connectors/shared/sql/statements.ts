import { randomUUID } from "node:crypto"
import type { Duplex } from "node:stream"
import { setTimeout as sleep } from "node:timers/promises"
import type { Call } from "../../../core/call.ts"
import type { Address, Lease } from "../../../core/lease.ts"
import type { Column, Value } from "../../../core/values.ts"
import { leftInBatch } from "../cursors.ts"
import type { Page, PageLimits, SqlWire } from "./wire.ts"

/** What a statement is sent with. */
export interface Submission<B> {
  /** A UUID of the statement alone, for systems that know and cancel a statement by such an id. */
  readonly id: string
  readonly sql: string
  readonly params: readonly B[]
  /** The system ends the statement after so long, also when nobody can cancel it. */
  readonly timeoutMs: number
  /** Rows of the result at most, where the system can be told. */
  readonly maxRows: number | undefined
  /** It reads metadata alone: the answer may come with the submission's, and need not be cancelled. */
  readonly quick: boolean
  /** Its result is read page by page and may be large. Absent: it is small, or not known. */
  readonly large?: boolean
}

/** What an answer of the system said. `H` is where the next question goes: a handle, a link, a page token. */
export interface Progress<H> {
  /** Once they are known. */
  readonly columns?: readonly Column[]
  readonly rows?: readonly (readonly Value[])[]
  /** Further rows of this answer, which arrive while they are read. They are read to their end, or closed, before the next question. */
  readonly stream?: AsyncIterable<readonly (readonly Value[])[]>
  /** Rows that the statement changed. */
  readonly touched?: number
  /** Where to ask next; absent: that was all. */
  readonly next?: H
  /** The statement has ended on the server: what is left are pages of its result, and nothing need be cancelled. */
  readonly ended?: boolean
}

/**
 * The statement API of a warehouse over HTTP: submit, poll, fetch pages, cancel. Polling and paging are one question, `next`: an answer
 * without rows whose statement has not ended is asked again a little later. Values are ours already.
 */
export interface StatementApi<B, H> {
  /** Sends a statement. Unless it is `quick`, it must be answered also when the caller has gone, since only the answer says what to cancel: it takes no signal. */
  submit(statement: Submission<B>, call: Call): Promise<Progress<H>>
  /** What cancels a statement whose submission is not answered yet; absent, or undefined: only the answer says it. */
  known?(submission: Submission<B>): H | undefined
  next(from: H, call: Call): Promise<Progress<H>>
  /** Cancels on the server. `dial` is given at a cut-off: the lease's own sockets are about to be destroyed then. */
  cancel(handle: H, dial: Dial | undefined): Promise<void>
  /** Waits before asking again: the first time, and at most. */
  readonly pollMs?: { readonly first: number; readonly most: number }
}

export type Dial = (to: Address) => Promise<Duplex>

const POLL_MS = { first: 20, most: 1_000 }

/** A wire over a statement API. Each statement commits by itself; a cut-off cancels it on the server, also when the submission's answer comes late. */
export function wireOver<B, H>(api: StatementApi<B, H>, lease: Pick<Lease, "beforeCutOff">): SqlWire<B> {
  const followed = (sql: string, params: readonly B[], how: Pick<Submission<B>, "maxRows" | "quick" | "large">, call: Call) =>
    follow(api, lease, { id: randomUUID(), sql, params, timeoutMs: call.remainingMs(), ...how }, call)
  return {
    pages: (sql, params, limits, call) => pagesOf(followed(sql, params, { maxRows: limits.maxRows, quick: false, large: true }, call), limits),
    run: async (sql, params, call, quick = false) => {
      const all: (readonly Value[])[] = []
      let columns: readonly Column[] = []
      let touched = 0
      for await (const answer of followed(sql, params, { maxRows: undefined, quick, large: false }, call)) {
        columns = answer.columns ?? columns
        touched = answer.touched ?? touched
        for await (const rows of rowsOf(answer)) for (const row of rows) all.push(row)
      }
      return { columns, rows: all, touched }
    },
    close: () => Promise.resolve(),
  }
}

/** A statement's answers until its last one. The statement is cancelled when the lease is cut off, and when the consumer stops while it runs. */
async function* follow<B, H>(api: StatementApi<B, H>, lease: Pick<Lease, "beforeCutOff">, submission: Submission<B>, call: Call): AsyncGenerator<Progress<H>> {
  // A submission outlives a cut-off, so none may begin after it.
  call.signal.throwIfAborted()
  const submitted = api.submit(submission, call)
  let latest: Progress<H> | undefined
  const running = async (): Promise<H | undefined> => {
    const known = latest === undefined ? api.known?.(submission) : undefined
    if (known !== undefined) return known
    const { next, ended } = latest ?? (await submitted)
    return ended === true ? undefined : next
  }
  const cancel = async (dial: Dial): Promise<void> => {
    const handle = await running().catch(() => undefined)
    if (handle !== undefined) await api.cancel(handle, dial)
  }
  const release = submission.quick ? () => undefined : lease.beforeCutOff(cancel)
  let stopped = false
  try {
    const { first, most } = api.pollMs ?? POLL_MS
    let waitMs = first
    for (latest = await submitted; ; latest = await api.next(latest.next, call)) {
      stopped = true
      yield latest
      stopped = false
      if (latest.next === undefined) return
      if (latest.rows !== undefined || latest.stream !== undefined || latest.ended === true) continue
      await sleep(waitMs, undefined, { signal: call.signal })
      waitMs = Math.min(most, waitMs * 1.5)
    }
  } finally {
    release()
    const handle = stopped && !call.signal.aborted ? await running() : undefined
    // The consumer wants no more; a statement that cannot be cancelled ends by its own timeout.
    if (handle !== undefined) await api.cancel(handle, undefined).catch(() => undefined)
  }
}

async function* rowsOf<H>({ rows, stream }: Progress<H>): AsyncGenerator<readonly (readonly Value[])[]> {
  if (rows !== undefined) yield rows
  if (stream !== undefined) yield* stream
}

/** A result in pages of at most `batchRows` rows, the first also when it is empty; stops at `maxRows`. */
export async function* pagesOf<H>(answers: AsyncIterable<Progress<H>>, { batchRows, maxRows = Number.POSITIVE_INFINITY }: PageLimits): AsyncGenerator<Page> {
  let columns: readonly Column[] = []
  let seen = 0
  for await (const answer of answers) {
    columns = answer.columns ?? columns
    for await (const rows of rowsOf(answer)) {
      for (let at = 0; at < rows.length && seen < maxRows; ) {
        const some = rows.slice(at, at + Math.min(leftInBatch(batchRows, seen), maxRows - seen))
        yield { columns, rows: some }
        at += some.length
        seen += some.length
      }
      if (seen >= maxRows) break
    }
    if (seen >= maxRows) break
  }
  if (seen === 0) yield { columns, rows: [] }
}
