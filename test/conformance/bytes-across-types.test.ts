import assert from "node:assert/strict"
import { afterAll, beforeAll, expect, test } from "vitest"
import { connectors } from "../../src/connectors/index.ts"
import type { ByteOffer, BytePiece, Stream } from "../../src/core/streams.ts"
import type { Column, Value } from "../../src/core/values.ts"
import { besideServers, column, projectsOf } from "../fixtures/fixture.ts"
import { fixtures } from "../fixtures/index.ts"
import { collect } from "../support/batches.ts"
import { ID, inSession, made, rowsIn } from "./claims/made.ts"
import type { Subject } from "./context.ts"

// Bytes that pass from one type to another are the rows that a sync would read and write. The pairs are those of the registry.

const here = besideServers() ? "servers" : "node"
const ofBytes = connectors.filter(({ type, readBytes, writeBytes }) => {
  const fixture = fixtures.find((each) => each.type === type)
  return (readBytes ?? writeBytes) !== undefined && fixture !== undefined && projectsOf(fixture).includes(here)
})
const sources = ofBytes.filter(({ readBytes }) => readBytes !== undefined)
const sinks = ofBytes.filter(({ writeBytes }) => writeBytes !== undefined)

const subjects = new Map<string, Subject>()
const subjectOf = (type: string): Subject => {
  const found = subjects.get(type)
  if (found === undefined) throw new Error(`${type} has not started`)
  return found
}
beforeAll(async () => {
  for (const connector of ofBytes) {
    const server = await fixtures.find(({ type }) => type === connector.type)?.start()
    if (server !== undefined) subjects.set(connector.type, { connector, server })
  }
})
afterAll(async () => {
  for (const { server } of subjects.values()) await server[Symbol.asyncDispose]()
})

const COLUMNS: readonly Column[] = [
  ID,
  { ...column("name", "string"), maxLength: 200 },
  { ...column("exact", "decimal"), precision: 38, scale: 10 },
  { ...column("big", "integer"), precision: 64 },
  column("day", "date"),
  { ...column("wall", "timestamp"), zoned: false },
  { ...column("at", "timestamp"), zoned: true },
  column("yes", "boolean"),
]
const RAW = column("raw", "bytes")

/** Quotes, line ends, empty texts and nulls, words that some formats take for null, 38 digits, 64 bits, and days long ago. */
const ROWS: readonly (readonly Value[])[] = [
  [
    1,
    `a "b", 'c'\\\n;|\t""`,
    "1234567890123456789012345678.0123456789",
    "9223372036854775807",
    "1899-12-31",
    "1899-12-31T23:59:59.5",
    "2024-03-31T01:30:00Z",
    true,
  ],
  [2, "", null, null, null, null, null, null],
  [3, null, "-0.0000000001", "-9223372036854775808", "1001-01-01", "1001-01-01T00:00:00", "1970-01-02T00:00:00.123456Z", false],
  [4, "NULL", "0.5000000000", "9007199254740993", "9999-12-31", "9999-12-31T23:59:59", "2037-12-31T23:59:59Z", true],
  [5, "\\N", "1.0000000000", "0", "2024-02-29", "2024-02-29T12:00:00.000001", "2024-02-29T12:00:00Z", false],
  [6, "naïve 👩‍👩‍👧 日本", "-1.0000000000", "1", "2000-01-01", "2000-01-01T00:00:00", "2000-01-01T00:00:00Z", null],
  [7, "  blanks \n", "2.0000000000", "2", "2000-01-02", "2000-01-02T00:00:00", "2000-01-02T00:00:00Z", true],
]
const BYTES: readonly Value[] = ["AP/+gAo=", "", null, "Ig==", "TlVMTA==", "XE4=", "LA0K"]

/** A stream of the rows in the source, which is there while the work is done. */
async function showing<T>(source: Subject, columns: readonly Column[], rows: readonly (readonly Value[])[], work: (stream: Stream) => Promise<T>): Promise<T> {
  if (source.server.showing !== undefined) return await source.server.showing(columns, rows, work)
  const stream = await made(source, columns)
  const report = await inSession(source, (session) => session.write(stream, { columns, rows }, { mode: "append" }))
  assert.deepEqual([report.written, report.rejected], [rows.length, []], "the source takes the rows")
  return await work(stream)
}

/** Writes the rows into the sink in the ordinary way. */
async function byRows(source: Subject, sink: Subject, from: Stream, columns: readonly Column[]): Promise<Stream> {
  const to = await made(sink, columns)
  const batches = await inSession(source, (session) => collect(session.read(from)))
  for (const batch of batches) {
    const report = await inSession(sink, (session) => session.write(to, { columns: batch.columns, rows: batch.rows }, { mode: "append" }))
    assert.deepEqual(report.rejected, [], "the sink takes the rows")
  }
  return to
}

async function byBytes(source: Subject, sink: Subject, from: Stream, columns: readonly Column[], offer: ByteOffer): Promise<Stream> {
  const to = await made(sink, columns)
  await inSession(source, (reads) =>
    inSession(sink, async (writes) => {
      for await (const piece of reads.readBytes(from, offer)) {
        const { written } = await writes.writeBytes(to, piece, offer, { mode: "append" })
        assert.equal(written, piece.rows(), "both sides count the same rows")
      }
    }),
  )
  return to
}

/** Passes the rows in every form that both sides name, and compares them with the same rows by an ordinary write; the forms. */
async function passes(source: Subject, sink: Subject, columns: readonly Column[], rows: readonly (readonly Value[])[]): Promise<string[]> {
  return await showing(source, columns, rows, async (from) => {
    const to = await made(sink, columns)
    const offers = await inSession(source, (session) => session.offers(from))
    const takes = await inSession(sink, (session) => session.takes(to))
    const agreed = offers.filter(({ format, shape }) => takes.some((each) => each.format === format && each.shape === shape))
    if (agreed.length === 0) return []
    const expected = await rowsIn(sink, await byRows(source, sink, from, columns))
    assert.equal(expected.length, rows.length, "an ordinary write has all rows")
    for (const offer of agreed)
      assert.deepEqual(await rowsIn(sink, await byBytes(source, sink, from, columns, offer)), expected, `as ${offer.format} they are the same rows`)
    return agreed.map(({ format }) => format)
  })
}

for (const { type: from } of sources)
  for (const { type: to } of sinks)
    test(`${from} → ${to}: bytes are the rows`, async () => {
      expect((await passes(subjectOf(from), subjectOf(to), COLUMNS, ROWS)).length, "the two agree on a form").toBeGreaterThan(0)
      const withBytes = ROWS.map((row, index) => [...row, BYTES[index] ?? null])
      await passes(subjectOf(from), subjectOf(to), [...COLUMNS, RAW], withBytes)
    })

test("a sink that confuses an empty text with null is caught", async () => {
  const [source, sink] = [sources, sinks].map((some) => subjectOf(some[0]?.type ?? ""))
  assert.ok(source !== undefined && sink !== undefined)
  const { connector, server } = sink
  const confused = async function* (bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    yield Buffer.from(
      Buffer.concat(await collect(bytes))
        .toString()
        .replaceAll(',"",', ",,"),
    )
  }
  const broken = {
    ...connector,
    takes: async (client: never, to: Stream, call: never) => ((await connector.takes?.(client, to, call)) ?? []).filter(({ format }) => format === "csv"),
    writeBytes: (client: never, to: Stream, piece: BytePiece, offer: ByteOffer, how: never, call: never) =>
      connector.writeBytes?.(client, to, { ...piece, bytes: confused(piece.bytes) }, offer, how, call) as never,
  }
  await expect(passes(source, { connector: broken, server }, COLUMNS, ROWS)).rejects.toThrow(/as csv they are the same rows/)
})
