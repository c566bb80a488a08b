import assert from "node:assert/strict"
import type { ByteOffer, BytePiece, RejectedRecord, Stream } from "../../../src/core/streams.ts"
import type { Value } from "../../../src/core/values.ts"
import { column } from "../../fixtures/fixture.ts"
import { collect } from "../../support/batches.ts"
import { type Subject, withSession } from "../context.ts"
import { ID, inSession, made, rowsIn } from "./made.ts"

/** Bytes have the rows and the rejected records of a read; written to another stream, they are its rows. */
export async function bytesAreRows(subject: Subject): Promise<void> {
  const { pages } = subject.server
  assert.ok(pages, "the fixture has a stream to page through")
  for (const offer of await offersOf(subject, pages.stream)) await countsLikeRead(subject, pages.stream, offer)
  if (subject.connector.writeBytes === undefined) return
  const [from, to] = [await made(subject, COLUMNS), await made(subject, COLUMNS)]
  await inSession(subject, (session) => session.write(from, { columns: COLUMNS, rows: ROWS }, { mode: "append" }))
  const takes = await inSession(subject, (session) => session.takes(to))
  const agreed = (await offersOf(subject, from)).filter((offer) => takes.some(({ format, shape }) => format === offer.format && shape === offer.shape))
  assert.ok(agreed.length > 0, "two streams of the same columns agree on a format")
  for (const offer of agreed) await passes(subject, from, await made(subject, COLUMNS), offer)
}

const COLUMNS = [
  ID,
  { ...column("name", "string"), maxLength: 80 },
  { ...column("price", "decimal"), precision: 20, scale: 5 },
  column("day", "date"),
  { ...column("at", "timestamp"), zoned: true },
  column("yes", "boolean"),
]

const ROWS: readonly (readonly Value[])[] = [
  [1, `a "b", 'c'\\\n\\.;`, "12345.67890", "2024-02-29", "2024-03-31T01:30:00Z", true],
  [2, "", null, null, null, false],
  [3, null, "-0.00001", "1999-12-31", "1970-01-01T00:00:00Z", null],
  [4, "naïve 👩", "0.00000", "2024-01-01", "2024-01-01T00:00:00.5Z", true],
]

async function offersOf(subject: Subject, stream: Stream): Promise<readonly ByteOffer[]> {
  const offers = await inSession(subject, (session) => session.offers(stream))
  assert.ok(offers.length > 0, "the type offers a format")
  return offers
}

interface Counted {
  readonly rows: number
  readonly rejected: readonly RejectedRecord[]
}

async function countsLikeRead(subject: Subject, stream: Stream, offer: ByteOffer): Promise<void> {
  const read = await inSession(subject, (session) => collect(session.read(stream)))
  const rejected = read.flatMap((batch) => batch.rejected ?? [])
  const { pieces, ...bytes } = await withSession(subject, subject.server.config, async (session) => {
    const seen: BytePiece[] = []
    for await (const piece of session.readBytes(stream, offer)) {
      await collect(piece.bytes)
      seen.push(piece)
    }
    return { ...counted(seen), pieces: seen }
  })
  const expected: Counted = { rows: read.reduce((sum, { rows }) => sum + rows.length, 0), rejected }
  assert.deepEqual(bytes, expected, `${offer.format} has the rows and the rejected records of a read`)
  const after = pieces.at(-1)?.cursor?.()
  if (after === undefined) return
  const left = await inSession(subject, (session) => collect(session.read(stream, { after })))
  assert.equal(left.flatMap(({ rows }) => rows).length, 0, "a read behind the last piece has no rows")
}

const counted = (pieces: readonly BytePiece[]): Counted => ({
  rows: pieces.reduce((sum, piece) => sum + piece.rows(), 0),
  rejected: pieces.flatMap((piece) => piece.rejected?.() ?? []),
})

async function passes(subject: Subject, from: Stream, to: Stream, offer: ByteOffer): Promise<void> {
  await inSession(subject, (source) =>
    inSession(subject, async (target) => {
      for await (const piece of source.readBytes(from, offer)) {
        const report = await target.writeBytes(to, piece, offer, { mode: "append" })
        assert.equal(report.written, piece.rows(), `both sides count the same rows of ${offer.format}`)
      }
    }),
  )
  assert.deepEqual(await rowsIn(subject, to), await rowsIn(subject, from), `rows that passed as ${offer.format} are the same rows`)
}
