import { createHash } from "node:crypto"
import type { EncodedAnswer } from "../../../core/answer-plan.ts"
import { EncodedRecords } from "../../../core/encoded-records.ts"
import { PlatformError } from "../../../core/errors.ts"
import { lineOf } from "../../../core/own-lines.ts"
import type { Row, Value } from "../../../core/values.ts"
import type { Found } from "./found.ts"

/** Bytes of encoded records at most. */
export const ENCODED_MAX = 32 * 1_048_576
const PIECE = 65_536

/** Encodes what was found; more than 32 MiB are `response_too_large`. */
export function encoded({ records, orders, ...facts }: Found, form: EncodedRecords["form"]): EncodedAnswer {
  const rows = Array.isArray(records) ? (records as readonly Row[]) : [records as Row]
  const print = createHash("sha256")
  const pieces: Buffer[] = []
  let [list, text, bytes] = ["[", "", 0]
  const flush = (): void => {
    print.update(list)
    // In the form of a list, the bracket at the beginning is left out.
    const piece = Buffer.from(form !== "list" ? text : pieces.length === 0 ? list.slice(1) : list)
    pieces.push(piece)
    bytes += piece.length
    list = ""
    text = ""
    if (bytes > ENCODED_MAX) throw new PlatformError("response_too_large", "The records of the answer are larger than 32 MiB as JSON; ask for less.")
  }
  for (let index = 0; index < rows.length; index++) {
    const row = rows[index] as Row
    const json = JSON.stringify(row)
    list += index === 0 ? json : `,${json}`
    if (form === "lines") text += `${lineOf(row, json)}\n`
    else if (form === "ordered") text += `${ordered(orders[index], json)}\n`
    if (list.length > PIECE) flush()
  }
  flush()
  const all = new EncodedRecords(form, Buffer.concat(pieces), rows.length, !Array.isArray(records))
  return { ...facts, rows: all, print: print.update("]").digest("base64") }
}

const ordered = (order: Value | undefined, json: string): string => `[${JSON.stringify(order ?? null)},${json}]`

/** The same hash of records that were not encoded. */
export const printOf = (rows: readonly Row[]): string => createHash("sha256").update(JSON.stringify(rows)).digest("base64")
