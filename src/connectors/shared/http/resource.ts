import type { Call } from "../../../core/call.ts"
import type { Commit, StreamKind } from "../../../core/streams.ts"
import type { Column, Row } from "../../../core/values.ts"
import type { Page } from "./walk.ts"
import type { Mark } from "./watermark.ts"

/** Which page of a resource is wanted. */
export interface PageAsk {
  /** Where it is: undefined for the first, else the `next` of the page before. */
  readonly position: unknown
  /** Records from this value of `orderedBy` on, that value included; undefined: all. */
  readonly since: Mark | undefined
  /** The read is incremental, so the page has `orders` for records without a member `orderedBy`. */
  readonly ordered: boolean
  readonly columns: readonly Column[]
}

/** Where the records of a request come from. */
export interface Origin {
  readonly commit: Commit | undefined
  /** The index of each record in its batch. */
  readonly indexes: readonly number[]
}

/** Puts records somewhere by one request each for `most` of them. */
export interface Put<C> {
  readonly most: number
  /** For each record why the system refused it, or undefined when it took it. Throws only when no record was taken. */
  rows(client: C, rows: readonly Row[], call: Call, origin: Origin): Promise<readonly (string | undefined)[]>
}

/** One list of an API or one index of a search engine: where it is, how its pages follow one another, and its key and order. */
export interface Resource<C> {
  readonly path: readonly string[]
  readonly kind?: StreamKind
  readonly key: readonly string[]
  readonly comment?: string
  /** Begins the sentences of errors: `https://api.example.com`. */
  readonly origin: string
  /** Present: the resource can be read from a value of that column on. */
  readonly orderedBy?: string
  /** True where the next position is one that we count ourselves, such as a page number. */
  readonly counted?: boolean
  /** Absent: the columns are those of the records as they come, in the catalog those of the first page. */
  columns?(client: C, call: Call): Promise<readonly Column[]>
  /** Whether a position from a cursor is one that a page could have given. Cursors come from outside, so a position may not lead elsewhere. */
  holds(position: unknown): boolean
  page(client: C, ask: PageAsk, call: Call): Promise<Page>
  /** Present: records can be added. */
  readonly append?: Put<C>
  /** Present: records can be put in the place of those with the same key. */
  readonly upsert?: Put<C>
}

/** A resource that exists but cannot be read, and why. */
export interface Unreadable {
  readonly path: readonly string[]
  readonly reason: string
}
