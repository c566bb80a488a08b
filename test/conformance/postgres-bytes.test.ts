import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { postgres } from "../../src/connectors/postgres.ts"
import { csvWriter } from "../../src/connectors/shared/files/csv/write.ts"
import { PlatformError } from "../../src/core/errors.ts"
import type { Session } from "../../src/core/session.ts"
import type { ByteOffer, BytePiece, ByteReport, ReadOptions, Stream } from "../../src/core/streams.ts"
import { column } from "../fixtures/fixture.ts"
import { collect, valuesOf } from "../support/batches.ts"
import { pieceOf } from "../support/byte-pieces.ts"
import { startTestDatabase, type TestDatabase } from "../support/embedded.ts"
import { failure } from "../support/failure.ts"
import { heldBytes } from "../support/held-bytes.ts"
import { within } from "../support/waiting.ts"
import { withSession } from "./context.ts"

const MANY = 200_000
let server: TestDatabase
const run = <T>(work: (session: Session) => Promise<T>): Promise<T> => withSession({ connector: postgres }, server.config, work)
const stream = (name: string, more: Partial<Stream> = {}): Stream => ({ path: ["shop", name], kind: "table", columns: [], key: [], ...more })
const binary = async (session: Session, from: Stream): Promise<ByteOffer> => offered(await session.offers(from), "copy-binary")
const offered = (offers: readonly ByteOffer[], format: string): ByteOffer => {
  const found = offers.find((each) => each.format === format)
  if (found === undefined) throw new Error(`no ${format} among ${JSON.stringify(offers)}`)
  return found
}
const write = { mode: "append" } as const
const count = async (table: string): Promise<number> => Number((await server.query(`SELECT count(*)::int AS n FROM shop.${table}`))[0]?.n)

beforeAll(async () => {
  server = await startTestDatabase()
  await server.query(`CREATE SCHEMA shop; CREATE TABLE shop.many (id int PRIMARY KEY, code text NOT NULL, payload text);
    INSERT INTO shop.many SELECT i, md5(i::text), repeat(md5(i::text), 12) FROM generate_series(1, ${MANY}) i; ANALYZE shop.many;
    CREATE TYPE shop.mood AS ENUM ('good', 'bad');
    CREATE TABLE shop.own (id int PRIMARY KEY, mood shop.mood); INSERT INTO shop.own VALUES (1, 'good');
    CREATE VIEW shop.seen AS SELECT id, code FROM shop.many;
    CREATE TABLE shop."odd ""name\\" ("a ""key" text, n int, "it's \\ so" text, PRIMARY KEY ("a ""key", n));
    INSERT INTO shop."odd ""name\\" VALUES ('a''b', 1, 'x'), ('a\\', 2, '\\.'), ('a"', 3, NULL), ('ö\n,', 4, ''), (E'\\n', 5, 'end');
    CREATE TABLE shop.every (id int PRIMARY KEY, flag boolean, big bigint, num numeric(20,5), real real, double double precision, text text, day date,
      wall timestamp, instant timestamptz, clock time, uuid uuid, json jsonb);
    CREATE TABLE shop.listed (id int PRIMARY KEY, list int[]); INSERT INTO shop.listed VALUES (1, '{1,NULL,3}'), (2, '[0:1]={1,2}'), (3, NULL);
    INSERT INTO shop.every VALUES (1, true, 9007199254740993, 12345.67890, 0.1, 1e300, E'a "b",\\n''c''\\\\', '2024-02-29', '2024-03-31 01:30:00.123456',
      '2024-03-31 01:30:00+02', '23:59:59', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{"a": [1, null]}'),
      (2, false, NULL, 'NaN', 'Infinity', '-Infinity', '', 'infinity', '-infinity', 'infinity', NULL, NULL, 'null');
    INSERT INTO shop.every (id) VALUES (3)`)
})
afterAll(() => server.stop())
beforeEach(() => server.query("DROP TABLE IF EXISTS shop.copied; CREATE TABLE shop.copied (LIKE shop.many INCLUDING ALL)"))

interface Total {
  readonly rows: number
  readonly bytes: number
  readonly pieces: number
}

/** Passes the bytes of one stream to another, as a sync does. */
async function pass(from: Stream, to: Stream, format: string, options: Partial<ReadOptions> = {}, onBytes?: (passed: number) => void): Promise<Total> {
  return await run((source) =>
    run(async (target) => {
      const offer = offered(await source.offers(from), format)
      expect(await target.takes(to)).toContainEqual(offer)
      const total = { rows: 0, bytes: 0, pieces: 0 }
      for await (const piece of source.readBytes(from, offer, options)) {
        const watched = async function* (): AsyncGenerator<Buffer> {
          let passed = total.bytes
          for await (const chunk of piece.bytes) {
            yield chunk
            passed += chunk.length
            onBytes?.(passed)
          }
        }
        const report = await target.writeBytes(to, { ...piece, bytes: watched() }, offer, write)
        expect(report.written).toBe(piece.rows())
        total.rows += report.written
        total.bytes += report.bytes
        total.pieces++
      }
      return total
    }),
  )
}

async function countBytes(session: Session, offer: ByteOffer, options: Partial<ReadOptions>): Promise<number> {
  let rows = 0
  for await (const piece of session.readBytes(stream("many"), offer, options)) {
    await collect(piece.bytes)
    rows += piece.rows()
  }
  return rows
}

const everything = async (name: string): Promise<unknown> => await run((session) => valuesOf(session.read(stream(name))))

describe("bytes", () => {
  test.each(["copy-binary", "csv"])("of a table with every type are its rows in another one (%s)", async (format) => {
    await server.query("DROP TABLE IF EXISTS shop.every_copied; CREATE TABLE shop.every_copied (LIKE shop.every INCLUDING ALL)")
    expect(await pass(stream("every"), stream("every_copied"), format)).toMatchObject({ rows: 3, pieces: 1 })
    expect(await everything("every_copied")).toEqual(await everything("every"))
  })

  test("of arrays pass as COPY's own bytes alone, because no other system spells them so", async () => {
    await server.query("DROP TABLE IF EXISTS shop.listed_copied; CREATE TABLE shop.listed_copied (LIKE shop.listed)")
    expect((await run((session) => session.offers(stream("listed")))).map(({ format }) => format)).toEqual(["copy-binary"])
    expect((await pass(stream("listed"), stream("listed_copied"), "copy-binary")).rows).toBe(3)
    expect(await everything("listed_copied")).toEqual(await everything("listed"))
  })

  test.each(["copy-binary", "csv"])("of 200,000 rows come in pieces, in flat memory (%s)", async (format) => {
    const before = heldBytes()
    let [most, next] = [0, 0]
    const total = await pass(stream("many"), stream("copied"), format, {}, (passed) => {
      if (passed < next) return
      most = Math.max(most, heldBytes() - before)
      next = passed + 4_000_000
    })
    expect(total.rows).toBe(MANY)
    expect(total.pieces).toBeGreaterThan(2)
    expect(total.bytes).toBeGreaterThan(80_000_000)
    expect(most).toBeLessThan(32_000_000)
    expect(await server.query("SELECT count(*)::int AS n FROM shop.many a JOIN shop.copied b ON (a.*) = (b.*)")).toEqual([{ n: MANY }])
  })

  test("go on behind any piece, also by a cursor of rows", async () => {
    await run(async (session) => {
      const offer = await binary(session, stream("many"))
      let [rows, after] = [0, undefined as string | undefined]
      for (let part = 0; part < 2; part++) {
        for await (const piece of session.readBytes(stream("many"), offer, { after })) {
          await collect(piece.bytes)
          rows += piece.rows()
          after = piece.cursor?.()
          if (part === 0) break
        }
      }
      expect(rows).toBe(MANY)
      expect(await valuesOf(session.read(stream("many"), { after }))).toEqual([])
      const [batch] = await withSession({ connector: postgres }, server.config, (other) => collect(other.read(stream("many"))), { maxRows: 1_000 })
      const left = await countBytes(session, offer, { after: batch?.cursor })
      expect(left).toBe(MANY - (batch?.rows.length ?? 0))
    })
  })

  test("keep to plan and slice, and refuse cursors and slices of other streams", async () => {
    await run(async (session) => {
      const offer = await binary(session, stream("many"))
      const read = (options: Partial<ReadOptions>): Promise<number> => countBytes(session, offer, options)
      const slicing = await session.slices(stream("many"), { kind: "all" }, 3)
      const parts = await Promise.all(slicing.slices.map((slice) => run((other) => countBytes(other, offer, { slice }))))
      expect([parts.length, parts.reduce((sum, rows) => sum + rows)]).toEqual([3, MANY])
      await slicing[Symbol.asyncDispose]()
      expect(await read({ plan: { kind: "since", column: "id", from: 11, until: 31 } })).toBe(20)
      expect(await read({ plan: { kind: "since", column: "code", from: "g" } })).toBe(0)
      for (const after of [
        "!",
        "WzFd",
        Buffer.from('[["id"],["x"]]').toString("base64url"),
        Buffer.from('[["id"],["1; DROP TABLE shop.many"]]').toString("base64url"),
      ])
        expect((await failure(read({ after }))).code).toBe("request_invalid")
      expect((await failure(read({ slice: { id: "pages:1-2; x", of: "" } }))).code).toBe("request_invalid")
    })
  })

  test("of names and keys with quotes and backslashes are quoted", async () => {
    const odd = stream('odd "name\\')
    const rows = await everything('odd "name\\')
    const [batch] = await withSession({ connector: postgres }, server.config, (session) => collect(session.read(odd)), { maxRows: 2, batchRows: 2 })
    await server.query(`DROP TABLE IF EXISTS shop.odder; CREATE TABLE shop.odder (LIKE shop."odd ""name\\" INCLUDING ALL)`)
    for (const format of ["copy-binary", "csv"]) {
      await server.query("TRUNCATE shop.odder")
      expect((await pass(odd, stream("odder"), format)).rows).toBe(5)
      expect(await everything("odder")).toEqual(rows)
    }
    await server.query("TRUNCATE shop.odder")
    expect((await pass(odd, stream("odder"), "csv", { after: batch?.cursor })).rows).toBe(3)
  })

  test("as CSV are the text of the rows", async () => {
    const from = stream("every", { columns: ["id", "flag", "big", "num", "text", "day", "uuid"].map((name) => column(name, "string")) })
    await run(async (session) => {
      const offer = offered(await session.offers(from), "csv")
      const [piece] = [await session.readBytes(from, offer)[Symbol.asyncIterator]().next()].map(({ value }) => value as BytePiece)
      const text = Buffer.concat(await collect((piece as BytePiece).bytes)).toString()
      const [batch] = await run((other) => collect(other.read(from)))
      expect(text).toBe(
        csvWriter(batch?.columns ?? [])
          .rows(batch?.rows ?? [])
          .bytes.toString(),
      )
    })
  })

  test("in another dialect of CSV are taken", async () => {
    await server.query("DROP TABLE IF EXISTS shop.pair; CREATE TABLE shop.pair (a int, b text)")
    await run(async (session) => {
      const takes = await session.takes(stream("pair"))
      const shape = JSON.stringify({ columns: ["a", "b"], delimiter: ";", encoding: "utf-8", header: false, lineEnd: "\r\n", null: "", quote: "'" })
      const offer = takes.find((each) => each.shape === shape) as ByteOffer
      const piece = pieceOf(["1;'it''s; ", "\"so\"'\r\n2;\r\n3;''\r\n"], 3)
      expect(await session.writeBytes(stream("pair"), piece, offer, write)).toEqual({ written: 3, bytes: 27 })
    })
    expect(await server.query("SELECT * FROM shop.pair ORDER BY a")).toEqual([
      { a: 1, b: `it's; "so"` },
      { a: 2, b: null },
      { a: 3, b: "" },
    ])
  })

  test("are offered only where they mean the same", async () => {
    await run(async (session) => {
      expect((await session.offers(stream("own"))).map(({ format }) => format)).toEqual(["csv"])
      expect((await session.offers(stream("many", { columns: [column("id", "integer")] }))).map(({ format }) => format)).toEqual(["copy-binary"])
      expect((await session.offers(stream("seen"))).map(({ format }) => format)).toEqual(["copy-binary", "csv"])
      expect(await session.takes(stream("seen"))).toEqual([])
      const offer = await binary(session, stream("many"))
      expect(await session.takes(stream("every"))).not.toContainEqual(offer)
      expect((await failure(session.writeBytes(stream("every"), pieceOf([], 0), offer, write))).code).toBe("query_invalid")
      expect((await failure(collect(session.readBytes(stream("every"), offer)))).code).toBe("query_invalid")
      expect((await failure(session.writeBytes(stream("copied"), pieceOf([], 0), offer, { mode: "upsert" }))).code).toBe("unsupported")
    })
  })
})

describe("a piece", () => {
  const commit = { run: "r", part: "p", sequence: 0 }

  test("that comes twice is written once", async () => {
    const once = await run(async (session) => {
      const offer = await binary(session, stream("seen"))
      await server.query("DROP TABLE IF EXISTS shop.few; CREATE TABLE shop.few (id int, code text)")
      const reports: ByteReport[] = []
      for (let time = 0; time < 2; time++)
        await run(async (source) => {
          const from = stream("seen")
          for await (const piece of source.readBytes(from, offer)) reports.push(await session.writeBytes(stream("few"), piece, offer, { ...write, commit }))
        })
      expect(await session.committed(stream("few"), commit)).toBe(0)
      return reports
    })
    expect(once).toMatchObject([{ written: MANY }, { written: MANY, already: true }])
    expect(once[0]?.already).toBeUndefined()
    expect(await count("few")).toBe(MANY)
  })

  test("whose source fails, or counts other rows, or has a row that is refused, leaves nothing behind", async () => {
    await run(async (session) => {
      const offer = offered(await session.takes(stream("copied")), "csv")
      const broken: BytePiece = {
        bytes: (async function* () {
          yield Buffer.from("1,a,b\n")
          throw new PlatformError("connection_lost", "The source is gone.")
        })(),
        rows: () => 1,
      }
      expect((await failure(session.writeBytes(stream("copied"), broken, offer, write))).message).toBe("The source is gone.")
      expect((await failure(session.writeBytes(stream("copied"), pieceOf(["1,a,b\n"], 2), offer, write))).code).toBe("response_invalid")
      expect((await failure(session.writeBytes(stream("copied"), pieceOf(["1,a,b\n", "x,a,b\n"], 2), offer, { ...write, commit }))).code).toBe("query_invalid")
      const huge = pieceOf(
        Array.from({ length: 400 }, (_, index) => `${index === 3 ? "x" : index},a,${"b".repeat(100_000)}\n`),
        400,
      )
      expect((await failure(session.writeBytes(stream("copied"), huge, offer, write))).code).toBe("query_invalid")
      expect(await count("copied")).toBe(0)
      expect(await session.committed(stream("copied"), commit)).toBeUndefined()
      // The connection is as good as before.
      expect(await session.writeBytes(stream("copied"), pieceOf(["1,a,b\n"], 1), offer, write)).toEqual({ written: 1, bytes: 6 })
    })
  })

  test("that nobody takes makes the server wait", async () => {
    await run(async (session) => {
      const offer = await binary(session, stream("many"))
      for await (const piece of session.readBytes(stream("many"), offer, { plan: { kind: "since", column: "id" } })) {
        let [bytes, largest] = [0, 0]
        for await (const chunk of piece.bytes) {
          bytes += chunk.length
          largest = Math.max(largest, chunk.length)
          if (bytes !== chunk.length) continue
          const waits = "SELECT count(*)::int AS n FROM pg_stat_activity WHERE query LIKE 'COPY%' AND wait_event = 'ClientWrite'"
          for (let time = 0; time < 20; time++) await within(10_000, async () => (await server.query(waits))[0]?.n === 1, "the server waits for its reader")
        }
        expect(largest).toBeLessThan(4_000_000)
        expect([piece.rows(), bytes > 80_000_000]).toEqual([MANY, true])
      }
    })
  })

  test("that is left before its end closes its connection", async () => {
    await run(async (session) => {
      const offer = await binary(session, stream("many"))
      for await (const piece of session.readBytes(stream("many"), offer)) {
        for await (const _ of piece.bytes) break
        break
      }
      expect((await failure(session.reset())).code).toBe("connection_lost")
      expect((await failure(collect(session.query("SELECT 1")))).code).toBe("connection_lost")
    })
    await run(async (session) => {
      const pieces = session.readBytes(stream("many"), await binary(session, stream("many")))[Symbol.asyncIterator]()
      const { value } = await pieces.next()
      await (value as BytePiece).bytes[Symbol.asyncIterator]().next()
      expect((await failure(pieces.next() as Promise<unknown>)).code).toBe("internal")
      expect((await failure(session.reset())).code).toBe("connection_lost")
    })
    expect(await server.query("SELECT count(*)::int AS n FROM pg_stat_activity WHERE query LIKE 'COPY%' AND state = 'active'")).toEqual([{ n: 0 }])
  })

  test("whose rows fail on the server fails with the server's words", async () => {
    await server.query("CREATE OR REPLACE VIEW shop.failing AS SELECT id, 1 / (id - 5000) AS x FROM shop.many")
    await run(async (session) => {
      const offer = await binary(session, stream("failing"))
      const work = async (): Promise<void> => {
        for await (const piece of session.readBytes(stream("failing"), offer)) await collect(piece.bytes)
      }
      expect(await failure(work())).toMatchObject({ code: "query_invalid", message: expect.stringContaining("division by zero") })
      expect(await collect(session.query("SELECT 1"))).toHaveLength(1)
    })
  })
})
