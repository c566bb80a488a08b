import { breathe } from "../../../core/breathe.ts"
import type { EncodedRecords } from "../../../core/encoded-records.ts"
import { PlatformError } from "../../../core/errors.ts"
import type { Row, Value } from "../../../core/values.ts"

/** Bytes that are parsed in a row before others are served. */
const PART = 65_536
/** Bytes of one record at most: it is parsed, and encoded again, in one go. */
const RECORD_MAX = 1_048_576
const NEWLINE = 10

/** Parses records of the form `ordered`, part by part. A record of more than 1 MiB is `response_too_large`. */
export async function decoded({ bytes }: EncodedRecords): Promise<{ readonly rows: readonly Row[]; readonly orders: readonly Value[] }> {
  const rows: Row[] = []
  const orders: Value[] = []
  let since = 0
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(NEWLINE, at)
    if (end - at > RECORD_MAX)
      throw new PlatformError("response_too_large", "A record of the answer is larger than 1 MiB; find smaller ones by Records, or call the connector instead.")
    const [order, row] = JSON.parse(bytes.toString("utf8", at, end)) as [Value, Row]
    orders.push(order)
    rows.push(row)
    since += end - at
    at = end + 1
    if (since < PART) continue
    since = 0
    await breathe()
  }
  return { rows, orders }
}
