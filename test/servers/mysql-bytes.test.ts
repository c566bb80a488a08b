import { beforeEach, describe, expect, test } from "vitest"
import { mysql } from "../../src/connectors/mysql.ts"
import { PlatformError } from "../../src/core/errors.ts"
import type { ByteOffer, BytePiece, ReadOptions, Stream } from "../../src/core/streams.ts"
import { withSession } from "../conformance/context.ts"
import { column } from "../fixtures/fixture.ts"
import { collect, valuesOf } from "../support/batches.ts"
import { pieceOf, plain } from "../support/byte-pieces.ts"
import { failure } from "../support/failure.ts"
import { heldBytes } from "../support/held-bytes.ts"
import { within } from "../support/waiting.ts"
import { LOW, useShop } from "./shop.ts"

// Bytes of a MariaDB: CSV that the server makes by an expression, and reads by LOAD DATA LOCAL.

const shop = useShop()
const stream = (name: string, more: Partial<Stream> = {}): Stream => ({ path: ["passed", name], kind: "table", columns: [], key: [], ...more })
const write = { mode: "append" } as const
const RUNNING = "SELECT ID FROM information_schema.PROCESSLIST WHERE INFO LIKE 'LOAD DATA%'"
const source = (bytes: () => AsyncGenerator<Buffer>): BytePiece => ({ bytes: bytes(), rows: () => 1 })
const count = async (name: string): Promise<number> => Number((await shop.query(`SELECT COUNT(*) AS n FROM passed.${name}`))[0]?.["n"])

const load = (name: string, text: string | readonly Buffer[], rows: number, more: object = {}) =>
  shop.run(async (session) => await session.writeBytes(stream(name), pieceOf(text, rows), await plain(session, stream(name)), { ...write, ...more }))

interface Total {
  readonly rows: number
  readonly bytes: number
  readonly pieces: number
}

/** Passes the bytes of one table to another, as a sync does. */
async function pass(from: string, to: string, onBytes: (passed: number) => void = () => undefined): Promise<Total> {
  return await shop.run((source) =>
    shop.run(async (target) => {
      const [offer] = await source.offers(stream(from))
      if (offer === undefined) throw new Error(`${from} offers no bytes`)
      expect(await target.takes(stream(to))).toContainEqual(offer)
      const total = { rows: 0, bytes: 0, pieces: 0 }
      for await (const piece of source.readBytes(stream(from), offer)) {
        const watched = async function* (): AsyncGenerator<Buffer> {
          let passed = total.bytes
          for await (const chunk of piece.bytes) {
            yield chunk
            passed += chunk.length
            onBytes(passed)
          }
        }
        const report = await target.writeBytes(stream(to), { ...piece, bytes: watched() }, offer, write)
        expect(report.written).toBe(piece.rows())
        total.rows += report.written
        total.bytes += report.bytes
        total.pieces++
      }
      return total
    }),
  )
}

beforeEach(async () => {
  await shop.query(`SET GLOBAL local_infile = 1; DROP DATABASE IF EXISTS passed; CREATE DATABASE passed CHARACTER SET utf8mb4; GRANT ALL ON passed.* TO ${LOW}; USE passed;
    SET time_zone = '+00:00', sql_mode = '';
    CREATE TABLE many (id int PRIMARY KEY, code varchar(40) NOT NULL, payload text);
   
    CREATE TABLE pair (id int PRIMARY KEY, name varchar(10));
    CREATE TABLE every (id bigint unsigned PRIMARY KEY, small tinyint, yes boolean, num decimal(38,10), real8 double, name varchar(60), old text CHARACTER SET latin1,
      day date, wall datetime(6), at timestamp(3) NULL, clock time(2), kind enum('a','b,"c"'), nested json, y year);
    INSERT INTO every VALUES (18446744073709551615, -128, 1, 1234567890123456789012345678.0123456789, 1e300, 'a "b",\\n''c''\\\\', 'naïve', '1001-01-01', '1899-12-31 23:59:59.000001',
      '2024-03-31 01:30:00.123', '-26:00:00.5', 'b,"c"', '{"a": [1, null, "\\\\"x\\\\""]}', 2024),
      (2, NULL, 0, -0.0000000001, 0.1, '', '', '2024-02-29', '0000-00-00 00:00:00', '1970-01-01 00:00:01', '23:59:59', 'a', 'null', 1999),
      (3, NULL, NULL, NULL, -1/3, 'NULL', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL), (4, 1, 1, 0, 2, '👩‍👩‍👧 \\t\\r\\n\\\\N', '\\\\N', '9999-12-31', NULL, NULL, NULL, NULL, '"é"', NULL);
    CREATE TABLE copied LIKE every`)
})

describe("bytes", () => {
  const read = (name: string) => shop.run((session) => valuesOf(session.read(stream(name))))

  test("of a table with every type are its rows in another one", async () => {
    expect(await pass("every", "copied")).toMatchObject({ rows: 4, pieces: 1 })
    expect(await read("copied")).toEqual(await read("every"))
  })

  test("of 60,000 rows come in pieces, in flat memory", async () => {
    await shop.query("INSERT INTO passed.many SELECT seq, MD5(seq), REPEAT(MD5(seq), 12) FROM passed.seq_1_to_60000; CREATE TABLE passed.more LIKE passed.many")
    const before = heldBytes()
    let [most, next] = [0, 0]
    const total = await pass("many", "more", (passed) => {
      if (passed < next) return
      most = Math.max(most, heldBytes() - before)
      next = passed + 2_000_000
    })
    expect([total.rows, total.pieces > 1, total.bytes > 20_000_000]).toEqual([60_000, true, true])
    expect(most).toBeLessThan(32_000_000)
    expect(await shop.query("SELECT COUNT(*) AS n FROM passed.many a JOIN passed.more b ON a.id = b.id AND a.code = b.code AND a.payload = b.payload")).toEqual(
      [{ n: 60_000 }],
    )
  })

  test("go on behind any piece and by a cursor of rows, and keep to plan and slice", async () => {
    await shop.query("INSERT INTO passed.many SELECT seq, MD5(seq), NULL FROM passed.seq_1_to_25000")
    await shop.run(async (session) => {
      const [offer] = await session.offers(stream("many"))
      const read = async (options: Partial<ReadOptions>, from = session): Promise<number> => {
        let rows = 0
        for await (const piece of from.readBytes(stream("many"), offer as ByteOffer, options)) {
          await collect(piece.bytes)
          rows += piece.rows()
        }
        return rows
      }
      let after: string | undefined
      for await (const piece of session.readBytes(stream("many"), offer as ByteOffer)) {
        await collect(piece.bytes)
        after = piece.cursor?.()
        expect(piece.rows()).toBe(10_000)
        break
      }
      expect(await read({ after })).toBe(15_000)
      const [batch] = await shop.run((other) => collect(other.read(stream("many"))), {}, { maxRows: 1_000 })
      expect(await read({ after: batch?.cursor })).toBe(25_000 - (batch?.rows.length ?? 0))
      expect(await read({ plan: { kind: "since", column: "id", from: 11, until: 31 } })).toBe(20)
      await using slicing = await session.slices(stream("many"), { kind: "all" }, 3)
      const parts = await Promise.all(slicing.slices.map((slice) => shop.run((other) => read({ slice }, other))))
      expect(parts.reduce((sum, rows) => sum + rows)).toBe(25_000)
      for (const cursor of ["!", Buffer.from('[["id"],["x"]]').toString("base64url"), Buffer.from('[["id"],["1) OR 1 --"]]').toString("base64url")])
        expect((await failure(read({ after: cursor }))).code).toBe("request_invalid")
    })
  })

  test("of names and keys with quotes and backslashes are quoted, whatever the server's sql_mode", async () => {
    await shop.query(`CREATE TABLE passed.\`o"d\`\`d\\\\\` (\`k\`\`e'y\` varchar(20) COLLATE utf8mb4_bin, n int, \`it's \\\\ so\` text, PRIMARY KEY (\`k\`\`e'y\`, n));
      CREATE TABLE passed.odder LIKE passed.\`o"d\`\`d\\\\\`;
      INSERT INTO passed.\`o"d\`\`d\\\\\` VALUES ('a''b', 1, 'x'), ('a\\\\', 2, '\\\\.'), ('a"', 3, NULL), ('ö\\n,', 4, ''), ('\\\\n', 5, 'end')`)
    const rows = await read('o"d`d\\\\')
    expect(rows).toHaveLength(5)
    for (const mode of ["", "NO_BACKSLASH_ESCAPES,ANSI_QUOTES"]) {
      await shop.query(`SET GLOBAL sql_mode = '${mode}'; DELETE FROM passed.odder`)
      expect((await pass('o"d`d\\\\', "odder")).rows).toBe(5)
      expect(await read("odder")).toEqual(rows)
    }
    await shop.query("SET GLOBAL sql_mode = DEFAULT")
  })

  test("in another dialect of CSV are taken, with times of any zone", async () => {
    await shop.query("CREATE TABLE passed.timed (id int, yes boolean, at datetime(3), note text)")
    await shop.run(async (session) => {
      const shape = JSON.stringify({
        columns: ["id", "yes", "at", "note"],
        delimiter: ";",
        encoding: "utf-8",
        header: false,
        lineEnd: "\r\n",
        null: "",
        quote: "'",
      })
      const offer = (await session.takes(stream("timed"))).find((each) => each.shape === shape) as ByteOffer
      const text =
        "1;true;2024-03-31T01:30:00.5Z;'it''s; \"so\"'\r\n2;false;2024-03-31T01:30:00.500000+02:00;NULL\r\n3;;2024-03-31 01:30:00-05:30;''\r\n4;1;1899-01-01T00:00:00+00:00;\r\n"
      expect(await session.writeBytes(stream("timed"), pieceOf(text, 4), offer, write)).toEqual({ written: 4, bytes: Buffer.byteLength(text) })
    })
    expect(await read("timed")).toEqual([
      [1, 1, "2024-03-31T01:30:00.5", `it's; "so"`],
      [2, 0, "2024-03-30T23:30:00.5", "NULL"],
      [3, null, "2024-03-31T07:00:00", ""],
      [4, 1, "1899-01-01T00:00:00", null],
    ])
  })

  test("are offered and taken only where they mean the same", async () => {
    await shop.query(`CREATE TABLE passed.f (a int, b float); CREATE TABLE passed.b (a int, b blob); CREATE TABLE passed.n (a int, b bit(3));
      CREATE VIEW passed.seen AS SELECT * FROM passed.pair; CREATE TABLE passed.loose (a int, b int) ENGINE = MyISAM`)
    const [offers, takes] = await shop.run(async (session) => {
      const of = async (ask: (to: Stream) => Promise<readonly ByteOffer[]>): Promise<boolean[]> => {
        const found: boolean[] = []
        for (const name of ["pair", "f", "b", "n", "seen", "loose"]) found.push((await ask(stream(name))).length > 0)
        return found
      }
      expect(await session.offers(stream("pair", { columns: [column("id", "integer")] }))).toEqual([])
      const offer = await plain(session, stream("pair"))
      expect((await failure(collect(session.readBytes(stream("every"), offer)))).code).toBe("query_invalid")
      expect((await failure(session.writeBytes(stream("every"), pieceOf("", 0), offer, write))).code).toBe("query_invalid")
      expect((await failure(session.writeBytes(stream("pair"), pieceOf("", 0), offer, { mode: "upsert" }))).code).toBe("unsupported")
      return [await of((each) => session.offers(each)), await of((each) => session.takes(each))]
    })
    expect(offers).toEqual([true, false, false, false, true, true])
    expect(takes).toEqual([true, true, false, false, false, false])
  })

  test("are not taken where the server lets no client send data", async () => {
    await shop.run(async (session) => {
      const offer = await plain(session, stream("pair"))
      await shop.query("SET GLOBAL local_infile = 0")
      expect(await session.takes(stream("pair"))).toEqual([])
      expect((await failure(session.writeBytes(stream("pair"), pieceOf("1,a\n", 1), offer, write))).code).toBe("query_invalid")
      expect(await session.offers(stream("pair"))).toHaveLength(1)
    })
    expect(await count("pair")).toBe(0)
  })

  test("of a row that is longer than the server can make it fail, and never lose a value", async () => {
    await shop.query(`CREATE TABLE passed.wide (id int PRIMARY KEY, a longtext, b longtext); CREATE TABLE passed.wider LIKE passed.wide;
      INSERT INTO passed.wide VALUES (1, 'short', 'x'), (2, REPEAT('a', 9000000), REPEAT('b', 9000000))`)
    const { code, message } = await failure(pass("wide", "wider"))
    expect([code, message]).toEqual(["response_too_large", expect.stringContaining("max_allowed_packet")])
  })

  test("whose reader leaves in the middle end at the server, and the session goes on", async () => {
    await shop.query("INSERT INTO passed.many SELECT seq, MD5(seq), REPEAT('x', 2000) FROM passed.seq_1_to_20000")
    await shop.run(async (session) => {
      const [offer] = await session.offers(stream("many"))
      for await (const piece of session.readBytes(stream("many"), offer as ByteOffer)) {
        for await (const _ of piece.bytes) break
        break
      }
      expect(await valuesOf(session.query("SELECT 1"))).toEqual([[1]])
      const pieces = session.readBytes(stream("many"), offer as ByteOffer)[Symbol.asyncIterator]()
      await ((await pieces.next()).value as BytePiece).bytes[Symbol.asyncIterator]().next()
      expect((await failure(pieces.next() as Promise<unknown>)).code).toBe("internal")
      expect((await failure(session.reset())).code).toBe("connection_lost")
    })
  })
})

describe("a piece", () => {
  const commit = { run: "r", part: "p", sequence: 0 }

  test("that comes twice is written once", async () => {
    const reports = [await load("pair", "1,a\n2,\n", 2, { commit }), await load("pair", "1,a\n2,\n", 2, { commit })]
    expect(reports).toEqual([
      { written: 2, bytes: 7 },
      { written: 2, bytes: 7, already: true },
    ])
    expect([await count("pair"), await shop.run((session) => session.committed(stream("pair"), commit))]).toEqual([2, 0])
  })

  const NAMED = "`passed`.`pair`"
  test.each([
    ["text for a number", "1,a\nx,b\n", 2, `Incorrect integer value: 'x (no whole number)' for column ${NAMED}.\`id\` at row 2`],
    ["a number that would be rounded", "1.5,a\n", 1, "no whole number|Data truncated for column 'id' at row 1"],
    ["a number that is too large", "1,a\n2,b\n99999999999,c\n", 3, "Out of range value for column 'id' at row 3"],
    ["a text that would be cut", "1,a\n2,twelve chars\n", 2, "Data too long for column 'name' at row 2|Data truncated for column 'name' at row 2"],
    ["a text of which blanks would be cut", `1,"a${" ".repeat(20)}"\n`, 1, "Data truncated for column 'name' at row 1"],
    ["a key that is there twice", "1,a\n1,b\n", 2, "Duplicate entry '1' for key 'PRIMARY'"],
    ["no value for a column that needs one", ",a\n", 1, "Column 'id' cannot be null|NULL supplied to NOT NULL column 'id'"],
    ["too few fields", "1,a\n2\n", 2, "Row 2 doesn't contain data for all columns"],
    ["too many fields", "1,a\n2,b,c\n", 2, "Row 2 was truncated"],
    ["a blank line", "1,a\n\n", 2, "Row 2 doesn't contain data for all columns|for column|NULL supplied"],
    ["a text that is not UTF-8", [Buffer.from([0x31, 0x2c, 0xff, 0xfe, 0x61, 0x0a])], 1, "Incorrect string value|Invalid utf8"],
    ["a count of its own", "1,a\n", 2, "took 1 rows of a piece of 2"],
    ["a quote that never ends", '1,a\n2,"b\n', 3, "took 2 rows of a piece of 3|Row 2"],
  ] as const)("with %s leaves nothing behind and says why", async (_, text, rows, said) => {
    await shop.run(async (session) => {
      const offer = await plain(session, stream("pair"))
      const error = await failure(session.writeBytes(stream("pair"), pieceOf(text, rows), offer, { ...write, commit }))
      expect(["query_invalid", "response_invalid"]).toContain(error.code)
      expect(
        said.split("|").some((each) => error.message.includes(each)),
        error.message,
      ).toBe(true)
      expect([await count("pair"), await session.committed(stream("pair"), commit)]).toEqual([0, undefined])
      expect(await session.writeBytes(stream("pair"), pieceOf("7,x\n", 1), offer, { ...write, commit })).toEqual({ written: 1, bytes: 4 })
    })
  })

  test("of many faults names the first ones and counts the others", async () => {
    const { message } = await failure(load("pair", "x,a\n".repeat(100), 100))
    expect(message).toContain("at row 2; Duplicate entry '0' for key 'PRIMARY', and 196 more)")
    expect(message).toContain("pass rows instead")
  })

  test("whose source fails, or hangs until the deadline, leaves nothing behind", async () => {
    const offer = await shop.run((session) => plain(session, stream("pair")))
    const first = Buffer.from("1,a\n")
    const broken = source(async function* () {
      yield first
      throw new PlatformError("connection_lost", "The source is gone.")
    })
    await shop.run(async (session) => {
      expect((await failure(session.writeBytes(stream("pair"), broken, offer, write))).message).toBe("The source is gone.")
      expect(await session.writeBytes(stream("pair"), pieceOf("7,x\n", 1), offer, write)).toMatchObject({ written: 1 })
    })
    const hanging = source(async function* () {
      yield first
      await new Promise(() => undefined)
    })
    expect((await failure(shop.run((session) => session.writeBytes(stream("pair"), hanging, offer, write), {}, { deadlineMs: 2_000 }))).code).toBe("timed_out")
    const left = withSession({ connector: mysql }, shop.config, async (session, lease) => {
      const writing = session.writeBytes(stream("pair"), hanging, offer, write)
      await within(5_000, async () => (await shop.query(RUNNING)).length === 1, "the load runs")
      lease.abort(new PlatformError("cancelled", "The caller left."))
      await writing
    })
    expect((await failure(left)).code).toBe("cancelled")
    await within(5_000, async () => (await shop.query(RUNNING)).length === 0, "no load is left")
    expect(await count("pair")).toBe(1)
  })

  test("that the server ends amid its data leaves nothing behind, and the next one is written", async () => {
    await shop.run(async (session) => {
      const offer = await plain(session, stream("pair"))
      const killed = source(async function* () {
        yield Buffer.from("1,a\n")
        await within(5_000, async () => (await shop.query(RUNNING)).length === 1, "the load runs")
        const [{ ID = 0 } = {}] = await shop.query(RUNNING)
        await shop.query(`KILL CONNECTION ${Number(ID)}`)
        for (let row = 2; row < 500_000; row++) yield Buffer.from(`${row},a\n`)
      })
      expect(["connection_lost", "timed_out", "server_unavailable"]).toContain((await failure(session.writeBytes(stream("pair"), killed, offer, write))).code)
      expect(await count("pair")).toBe(0)
      expect(await session.writeBytes(stream("pair"), pieceOf("7,x\n", 1), offer, write)).toMatchObject({ written: 1 })
    })
  })

  test("is written on a connection of its own, which ends with its session and with a reset", async () => {
    const connections = async (): Promise<number> => (await shop.query("SELECT 1 FROM information_schema.PROCESSLIST WHERE USER = 'low'")).length
    await shop.run(async (session) => {
      const offer = await plain(session, stream("pair"))
      expect(await connections()).toBe(1)
      await session.writeBytes(stream("pair"), pieceOf("1,a\n", 1), offer, write)
      await session.writeBytes(stream("pair"), pieceOf("2,a\n", 1), offer, write)
      expect(await connections()).toBe(2)
      await session.reset()
      await within(5_000, async () => (await connections()) === 1, "the second connection is gone")
      await session.writeBytes(stream("pair"), pieceOf("3,a\n", 1), offer, write)
    })
    await within(5_000, async () => (await connections()) === 0, "both connections are gone")
    expect(await count("pair")).toBe(3)
  })
})
