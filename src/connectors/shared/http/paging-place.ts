import { createHash } from "node:crypto"
import type { PagingFacts } from "../../../core/answer-plan.ts"
import { PlatformError } from "../../../core/errors.ts"
import type { HttpAnswer } from "../../../core/http/request.ts"
import type { Row } from "../../../core/values.ts"

/** The position of a page: its number or offset, its cursor, or its address. The first page has none. */
export interface Place {
  readonly at?: number
  /** The number of records on the pages before, if the position is a number. */
  readonly read?: number
  /** The hash of the last record before this page, if the page may start with records that were already read. */
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
  /** The answer states exactly the number of records that were read so far. */
  readonly whole?: boolean
}

/** A short hash that identifies a record by its content. */
export const printOf = (row: Row): string => createHash("sha256").update(JSON.stringify(row)).digest("base64url").slice(0, 22)

/** The error for an answer after which paging cannot continue. */
export const pagingFault = ({ url }: Pick<HttpAnswer, "url">, what: string): PlatformError => new PlatformError("response_invalid", `${url.origin} ${what}.`)
