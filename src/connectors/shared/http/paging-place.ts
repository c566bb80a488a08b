import { createHash } from "node:crypto"
import type { PagingFacts } from "../../../core/answer-plan.ts"
import { PlatformError } from "../../../core/errors.ts"
import type { HttpAnswer } from "../../../core/http/request.ts"
import type { Row } from "../../../core/values.ts"

/** Where a page is: its number or offset, the cursor that leads to it, or its address. The first page has none. */
export interface Place {
  readonly at?: number
  /** Records of the pages before, where the position is a number. */
  readonly read?: number
  /** The print of the last record before it, where this page may begin with records that were given already. */
  readonly last?: string
  readonly cursor?: string
  readonly url?: string
}

/** What an answer says about the page after it; `PagingFacts` are found together with the records. */
export interface Answered extends PagingFacts {
  readonly answer: Pick<HttpAnswer, "headers" | "url">
  /** The number of its records that are new. */
  readonly given: number
}

/** Where the page after a page is; no place at the end. */
export interface PlacedPage {
  readonly next?: Place
  /** The answer counts as many records as were read so far. */
  readonly whole?: boolean
}

/** A short hash by which a record is recognised. */
export const printOf = (row: Row): string => createHash("sha256").update(JSON.stringify(row)).digest("base64url").slice(0, 22)

/** The error of an answer by which paging cannot go on. */
export const pagingFault = ({ url }: Pick<HttpAnswer, "url">, what: string): PlatformError => new PlatformError("response_invalid", `${url.origin} ${what}.`)
