import type { Session } from "../../src/core/session.ts"
import type { ByteOffer, BytePiece, Stream } from "../../src/core/streams.ts"

/** A piece of those bytes, and what it says of its rows. */
export const pieceOf = (chunks: string | readonly (string | Buffer)[], rows: number): BytePiece => ({
  bytes: (async function* () {
    for (const chunk of typeof chunks === "string" ? [chunks] : chunks) yield typeof chunk === "string" ? Buffer.from(chunk) : chunk
  })(),
  rows: () => rows,
})

/** The first form that a stream takes. */
export async function plain(session: Session, to: Stream): Promise<ByteOffer> {
  const [first] = await session.takes(to)
  if (first === undefined) throw new Error(`${to.path.join(".")} takes no bytes`)
  return first
}
