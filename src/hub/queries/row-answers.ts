import { breathe } from "../../core/breathe.ts"
import { PlatformError } from "../../core/errors.ts"
import type { Batch, Cursor, RejectedRecord } from "../../core/streams.ts"
import { round } from "../../core/trace.ts"
import type { Column } from "../../core/values.ts"
import { recordWriter } from "../base/encode.ts"
import type { AnswerSpace } from "./answer-space.ts"

/** Rows as one JSON answer; `truncated` says that there were more rows than the answer holds. */
export interface RowsAnswer {
  readonly columns: readonly Column[]
  /** Each row is the text of a JSON object by column. */
  readonly rows: readonly string[]
  readonly rowCount: number
  readonly truncated: boolean
  readonly durationMs: number
  /** In how many places a secret of the connector was hidden, because the system repeats it letter for letter; absent if in none. */
  readonly hidden?: number
  /** Records of a file that are not rows, as far as the file was read: their number, and the first of them. */
  readonly rejected?: { readonly count: number; readonly records: readonly RejectedRecord[] }
}

/**
 * One page of a stream. `nextCursor` is null at the end, and where the stream has no order to resume by; `truncated`
 * tells the two apart.
 */
export interface RowsPage extends RowsAnswer {
  readonly nextCursor: Cursor | null
}

const JSON_BYTES_MAX = 64 * 1024 * 1024
/** A page of long rows ends early, since the next page can go on from there. */
const PAGE_BYTES = 16 * 1024 * 1024
/** The rejected records that an answer names, and the number after which it ends early. */
const REJECTED_NAMED = 100
const REJECTED_MAX = 10_000

/** Values that are encoded at a time; others are served between. */
const VALUES_AT_ONCE = 20_000

/** The rows that an answer has collected so far. */
class Collected {
  columns: readonly Column[] = []
  readonly rows: string[] = []
  bytes = 0
  rejected = 0
  hidden = 0
  readonly #space: AnswerSpace
  readonly #begun = performance.now()
  readonly #records: RejectedRecord[] = []

  constructor(space: AnswerSpace) {
    this.#space = space
  }

  /** Adds a batch, and waits for space in memory if the answer is large. */
  async add(batch: Batch): Promise<void> {
    this.columns = batch.columns
    this.hidden += batch.hidden ?? 0
    this.rejected += batch.rejected?.length ?? 0
    this.#records.push(...(batch.rejected ?? []).slice(0, REJECTED_NAMED - this.#records.length))
    const write = recordWriter(batch.columns)
    const atOnce = Math.max(1, Math.floor(VALUES_AT_ONCE / (batch.columns.length + 1)))
    for (const [index, row] of batch.rows.entries()) {
      if (index > 0 && index % atOnce === 0) await breathe()
      const text = write(row)
      this.rows.push(text)
      this.bytes += text.length
      if (this.bytes > JSON_BYTES_MAX)
        throw new PlatformError("response_too_large", "The answer is larger than 64 MiB; ask for fewer rows, or for application/x-ndjson to stream it.")
    }
    await this.#space.grown(this.bytes)
  }

  answer(rows: readonly string[], truncated: boolean): RowsAnswer {
    return {
      columns: this.columns,
      rows,
      rowCount: rows.length,
      truncated,
      durationMs: round(performance.now() - this.#begun),
      ...(this.hidden === 0 ? {} : { hidden: this.hidden }),
      ...(this.rejected === 0 ? {} : { rejected: { count: this.rejected, records: this.#records } }),
    }
  }
}

/** At most `maxRows` rows of batches that may hold more. */
export async function firstRows(batches: AsyncIterable<Batch>, maxRows: number, space: AnswerSpace): Promise<RowsAnswer> {
  const all = new Collected(space)
  for await (const batch of batches) {
    await all.add(batch)
    if (all.rows.length > maxRows || all.rejected >= REJECTED_MAX) break
  }
  return all.answer(all.rows.slice(0, maxRows), all.rows.length > maxRows || all.rejected >= REJECTED_MAX)
}

/**
 * A page of `limit` rows, from batches that end after `limit` rows. The page has fewer if its rows are long, and more if
 * further rows share the key of the last one.
 */
export async function onePage(batches: AsyncIterable<Batch>, limit: number, space: AnswerSpace): Promise<RowsPage> {
  const all = new Collected(space)
  let end: { readonly rows: number; readonly cursor: Cursor } | undefined
  let more = false
  for await (const batch of batches) {
    const here = end?.rows === all.rows.length
    const full = all.rows.length >= limit || (here && (all.bytes > PAGE_BYTES || all.rejected >= REJECTED_MAX))
    more = full && (batch.rows.length > 0 || (batch.rejected?.length ?? 0) > 0)
    if (more) break
    await all.add(batch)
    if (batch.cursor !== undefined) end = { rows: all.rows.length, cursor: batch.cursor }
  }
  // A page without a cursor at its end goes back to the last one, or is cut at the limit if there is none.
  more ||= all.rows.length > limit && end?.rows !== all.rows.length
  const rows = more ? all.rows.slice(0, end?.rows ?? limit) : all.rows
  return { ...all.answer(rows, more), nextCursor: more ? (end?.cursor ?? null) : null }
}
