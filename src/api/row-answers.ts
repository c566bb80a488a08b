import type { FastifyReply, FastifyRequest } from "fastify"
import type { Row } from "../core/values.ts"
import type { RowsAnswer, RowsPage } from "../hub/queries/row-answers.ts"
import { type Sent, sendBytes, sendTexts } from "./sending.ts"

/** The answer as its schema describes it: the rows are objects. */
type Described<Answer extends RowsAnswer> = Omit<Answer, "rows"> & { readonly rows: readonly Row[] }

/** Characters of rows that are sent at a time. A shorter answer is sent as a whole, so that an Idempotency-Key may keep it. */
const PIECE = 1_048_576
const EMPTY = '"rows":[]'
const JSON_TYPE = "application/json; charset=utf-8"

/** Sends rows that are encoded already inside their answer. Everything but the rows is encoded by the route's schema. */
export async function sendRowsAnswer<Answer extends RowsAnswer | RowsPage>(
  request: FastifyRequest,
  reply: FastifyReply,
  { rows, ...facts }: Answer,
): Promise<Sent | Described<Answer>> {
  const answer = String(reply.code(200).serializeInput({ ...facts, rows: [] }, "200"))
  // Quotation marks inside of texts are escaped, so that this is the member itself.
  const at = answer.indexOf(EMPTY) + EMPTY.length - 1
  const [before, after] = [answer.slice(0, at), answer.slice(at)]
  const length = rows.reduce((sum, row) => sum + row.length + 1, 0)
  if (length < PIECE) return sendBytes(reply, JSON_TYPE, Buffer.from(before + rows.join() + after))
  return sendTexts(
    request,
    reply,
    JSON_TYPE,
    pieces(before, rows, after, () => request.unread?.(length)),
  )
}

/** A long answer in pieces. It counts as unread until its last piece is taken. */
async function* pieces(before: string, rows: readonly string[], after: string, count: () => Disposable | undefined): AsyncGenerator<string> {
  using _unread = count()
  let piece = before
  for (const [index, row] of rows.entries()) {
    piece += index === 0 ? row : `,${row}`
    if (piece.length < PIECE) continue
    yield piece
    piece = ""
  }
  yield piece + after
}
