import type { EncodedRecords } from "./encoded-records.ts"
import type { Value } from "./values.ts"

/** What leads from an answer to the page after it. The expressions are JMESPath over its JSON. */
export interface PagingPlan {
  /** Finds what leads to the next page. */
  readonly next?: string
  /** Finds the number of records of all pages. */
  readonly total?: string
  /** The position of the next page is counted by us, so that counts and prints are wanted. */
  readonly counted?: true
  /** The print of a record; those up to it are left out. */
  readonly after?: string
}

/** What was found about paging; null and empty where nothing was wanted. */
export interface PagingFacts {
  /** A number or text; true stands for a value that no page can be asked for with. */
  readonly next: Value
  readonly total: Value
  /** Numbers in the answer that may count its records. */
  readonly counts: readonly number[]
  /** The number of records, those that were left out included. */
  readonly count: number
  /** The print of the last record. */
  readonly last?: string
}

/** What is wanted of an answer of a remote system. */
export interface AnswerPlan extends PagingPlan {
  /** The connector's own charset, and whether HTML is wanted as text. */
  readonly charset?: string
  readonly html: boolean
  /** Must be true of the answer. */
  readonly success?: string
  /** Finds the records; without it the whole answer is the record, or their list. */
  readonly records?: string
  /** Without `records`, the answer must be a list. */
  readonly list: boolean
  /** The answer is a page after the first, which may lack its list. */
  readonly later: boolean
  /** Evaluated on each record: the value that the records are ordered by. */
  readonly order?: string
}

/** A whole answer as it arrived, decompressed; `url` is the address that gave it. */
export interface AnswerParts {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly url: string
  readonly body: Uint8Array
}

/** What was found in an answer. `print` is a hash of the records' JSON, base64. */
export interface EncodedAnswer extends PagingFacts {
  readonly rows: EncodedRecords
  readonly print: string
}

/**
 * Finds the records of an answer in a process that can be ended; undefined if the answer is not a success. Fails with
 * `response_invalid`, with `response_too_large` for more values, memory or time than an answer may take, and with
 * `timed_out` at the deadline of the call.
 */
export type Evaluate = (answer: AnswerParts, plan: AnswerPlan, form: EncodedRecords["form"]) => Promise<EncodedAnswer | undefined>
