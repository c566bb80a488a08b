import type { TextRecord } from "../../text/records.ts"
import type { Fields } from "../shape.ts"
import { headerOf } from "./header.ts"
import { type Table, widthOf } from "./tables.ts"

/** The maximum number of records before a header. */
const MOST = 50
/** The share of records after a preamble that may have a different number of fields from the table; one may in any case. */
const IRREGULAR = 0.1

/**
 * The number of records before the header: a report's title, comments, notes. 0 unless the record after them is a header,
 * so that a line of data is never taken for a note.
 */
export function preambleOf({ records, width }: Table): number {
  if (width < 2) return 0
  const first = records.slice(0, MOST + 1).findIndex((record) => widthOf(record) === width)
  const narrow = first > 0 && isHeaderAt(records, first, width, records.slice(0, first).every(isNote) ? "likely" : "certain") ? first : 0
  return behindComments(records, narrow, width) ?? (narrow > 0 ? narrow : padded(records, width))
}

/** A line without a delimiter, or a comment. */
const isNote = (record: TextRecord<Fields>): boolean => widthOf(record) < 2 || isComment(record)

const isComment = (record: TextRecord<Fields> | undefined): boolean =>
  record !== undefined && "value" in record && record.value[0]?.trimStart().startsWith("#") === true

function isHeaderAt(records: readonly TextRecord<Fields>[], index: number, width: number, wanted: "likely" | "certain"): boolean {
  const body = records.slice(index)
  if (body.length < 2 || widthOf(body[0] as TextRecord<Fields>) !== width) return false
  const regular = body.filter((record) => widthOf(record) === width).length
  if (regular < 2 || body.length - regular > Math.max(1, body.length * IRREGULAR)) return false
  const { header, certain } = headerOf(fieldsOf(body))
  return header && (certain || wanted === "likely")
}

export const fieldsOf = (records: readonly TextRecord<Fields>[]): Fields[] => records.flatMap((record) => ("value" in record ? [record.value] : []))

/** Skips comments with as many delimiters as the rows, if a certain header follows them. A header may begin with `#` itself. */
function behindComments(records: readonly TextRecord<Fields>[], from: number, width: number): number | undefined {
  let index = from
  while (index < MOST && isComment(records[index]) && (isComment(records[index + 1]) || isHeaderAt(records, index + 1, width, "certain"))) index++
  return index > from && isHeaderAt(records, index, width, "likely") ? index : undefined
}

/** Notes that a spreadsheet has padded with delimiters: at most one of three or more fields is filled, above a certain header that fills all. */
function padded(records: readonly TextRecord<Fields>[], width: number): number {
  if (width < 3) return 0
  const first = records.slice(0, MOST + 1).findIndex((record) => filled(record) > 1)
  return first > 0 && filled(records[first] as TextRecord<Fields>) === width && isHeaderAt(records, first, width, "certain") ? first : 0
}

const filled = (record: TextRecord<Fields>): number => ("value" in record ? record.value.filter((field) => field !== null).length : 2)
