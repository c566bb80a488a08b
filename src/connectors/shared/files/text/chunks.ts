import type { RejectedRecord } from "../../../../core/streams.ts"
import type { Value } from "../../../../core/values.ts"
import { leftInBatch } from "../../cursors.ts"
import type { Position, RowChunk, Span, WantedRows } from "../format.ts"
import { isTextPosition, type TextPosition, type TextRecord, type TextSpan } from "./records.ts"

/** A chunk ends at this size, however few rows it has, because a single row may have 1 MiB. */
const CHUNK_BYTES = 4 * 1_048_576

/** The position at which reading a part begins: where an earlier read ended, at the part's start, or at the beginning of the text. */
export const beginOf = ({ start, after }: Span): TextPosition => (isTextPosition(after) ? after : isTextPosition(start) ? start : [0, 1])

const nextLine = ({ end, lastLine }: TextSpan): TextPosition => [end, lastLine + 1]

/** The offset at which a part ends; undefined: at the end of the text. */
export const endOf = ({ end }: Span): number | undefined => (isTextPosition(end) ? end[0] : undefined)

/** A rejected record with its lines counted from the start of the part. */
export function rejectedRecord({ start }: Span, { line, lastLine }: Pick<RejectedRecord, "line" | "lastLine">, reason: string): RejectedRecord {
  const from = isTextPosition(start) ? start[0] : 0
  return { ...(from === 0 ? {} : { from }), line, lastLine, reason }
}

/**
 * Converts records to rows, chunk by chunk. `rowOf` returns a row, or the reason why the value is not one; `behind` returns the
 * position at which a read resumes after a record.
 */
export async function* chunksOf<T, R extends TextRecord<T>>(
  records: AsyncIterable<readonly R[]>,
  rowOf: (value: T) => Value[] | string,
  wanted: Omit<WantedRows, "columns">,
  behind: (record: R) => Position = nextLine,
): AsyncGenerator<RowChunk> {
  let [rows, rejected, begun, given] = [[] as Value[][], [] as RejectedRecord[], beginOf(wanted)[0], 0]
  let last: R | undefined
  const chunk = (record: R): RowChunk => {
    const next: RowChunk = { rows, rejected, position: behind(record) }
    ;[rows, rejected, begun, last] = [[], [], record.end, undefined]
    return next
  }
  for await (const some of records)
    for (const record of some) {
      const row = "value" in record ? rowOf(record.value) : record.reason
      if (typeof row === "string") rejected.push(rejectedRecord(wanted, record, row))
      else {
        rows.push(row)
        given++
      }
      last = record
      const full =
        (rows.length > 0 && leftInBatch(wanted.batchRows, (wanted.rowsBefore ?? 0) + given) === wanted.batchRows) ||
        rejected.length >= wanted.batchRows ||
        record.end - begun >= CHUNK_BYTES
      if (full || given >= wanted.maxRows) yield chunk(record)
      if (given >= wanted.maxRows) return
    }
  if (last !== undefined) yield chunk(last)
}
