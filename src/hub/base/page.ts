import { PlatformError } from "../../core/errors.ts"

/** A page of a list; `total` counts the matches on all pages. */
export interface Page<T> {
  readonly data: T[]
  readonly nextCursor: string | null
  readonly total: number
}

export interface PageQuery {
  readonly limit: number
  readonly cursor?: string
}

/** Cuts off the extra row, which only tells whether there is a next page. */
export function pageOf<T>(rows: readonly T[], limit: number, total: number, position: (row: T) => number): Page<T> {
  const data = rows.slice(0, limit)
  const last = data.at(-1)
  return { data, nextCursor: rows.length > limit && last !== undefined ? encodeCursor(position(last)) : null, total }
}

/** A page of a list that is whole in memory. */
export function slice<T>(all: readonly T[], query: PageQuery): Page<T> {
  const after = decodeCursor(query.cursor)
  return pageOf(all.slice(after, after + query.limit + 1), query.limit, all.length, () => after + query.limit)
}

const encodeCursor = (position: number): string => Buffer.from(`v1:${position}`).toString("base64url")

/** Positions are integers of the store. */
const POSITION_MAX = 2_147_483_647

/** The position after which a page starts; an unknown cursor is a fault, never a silent first page. */
export function decodeCursor(cursor: string | undefined): number {
  if (cursor === undefined) return 0
  const match = /^v1:(\d{1,10})$/.exec(Buffer.from(cursor, "base64url").toString("utf8"))
  if (match?.[1] === undefined || Number(match[1]) > POSITION_MAX) {
    const message = "is not a cursor of this list; take `nextCursor` of the page before."
    throw new PlatformError("request_invalid", `The cursor ${message}`, { faults: [{ pointer: "/querystring/cursor", message }] })
  }
  return Number(match[1])
}
