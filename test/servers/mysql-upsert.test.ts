import { describe, expect, test } from "vitest"
import type { Op, WriteMode } from "../../src/core/streams.ts"
import { ExactNumber, type Value } from "../../src/core/values.ts"
import { column } from "../fixtures/fixture.ts"
import { collect, valuesOf } from "../support/batches.ts"
import { failure } from "../support/failure.ts"
import { LOW, stream, useShop } from "./shop.ts"

const shop = useShop()
const write = (names: readonly string[], rows: readonly (readonly Value[])[], op?: Op, mode: WriteMode = "upsert", table = "keyed") =>
  shop.run((session) => {
    const columns = names.map((name) => column(name, "unknown", ""))
    return session.write(stream("shop", table), { columns, rows, ...(op === undefined ? {} : { ops: rows.map(() => op) }) }, { mode })
  })
const make = (definition: string, table = "keyed") => shop.query(`CREATE TABLE shop.${table} (${definition}); GRANT ALL ON shop.${table} TO ${LOW}`)
const left = async () => Number((await shop.query("SELECT COUNT(*) AS many FROM shop.keyed"))[0]?.["many"])

describe("an upsert counts the rows that it wrote, and a delete finds them", () => {
  test.each<[string, readonly Value[], number]>([
    ["float", [0.1, 0.25, "0.3", 16777217], 4],
    ["float", [0.1, 0.1, "0.10"], 1],
    ["float(7,2)", [0.125, 1.1], 2],
    ["double", [0.1, 1e300], 2],
    ["double(10,2)", [0.125, 0.375, 0.5], 3],
    ["decimal(9,2)", ["1.005", "2"], 2],
    ["binary(4)", ["AQ==", "AQI="], 2],
    ["varbinary(4)", ["AQ==", "AQA="], 2],
    ["bit(4)", ["1", "0101"], 2],
    ["enum('a','B')", ["a", "b"], 2],
    ["set('x','y','z')", ["y,x", "z"], 2],
    ["year", [24, "1999"], 2],
    ["time", ["10:00:00.6", "838:59:59"], 2],
    ["datetime", ["2024-01-01T00:00:00.6", "0000-00-00"], 2],
    ["timestamp", ["2024-01-01T00:00:00Z", "2024-01-01T02:00:00+02:00"], 1],
    ["date", ["2024-01-01T10:00:00", "2024-00-00"], 2],
    ["char(4)", ["a ", "A", "b"], 2],
    ["varchar(4)", ["a", "a ", "Á"], 1],
    ["int", ["2", "3.0", "003"], 2],
    ["int zerofill", ["007", 7, 8], 2],
    ["bigint unsigned", ["18446744073709551615", "9007199254740993", "9007199254740992"], 3],
    ["uuid", ["00000000-0000-0000-0000-00000000000A", "00000000-0000-0000-0000-00000000000a"], 1],
    ["inet6", ["::1", "0:0:0:0:0:0:0:1"], 1],
  ])("%s %j", async (type, keys, written) => {
    await make(`k ${type} PRIMARY KEY, v int`)
    for (const _ of ["first", "again"]) {
      const report = await write(
        ["k", "v"],
        keys.map((key, index) => [key, index]),
      )
      expect([report, await left()]).toEqual([{ written, rejected: [], skipped: keys.length - written }, written])
    }
    const gone = await write(
      ["k"],
      keys.map((key) => [key]),
      "delete",
    )
    expect([gone.rejected, gone.written + gone.skipped, await left()]).toEqual([[], keys.length, 0])
  })

  test("rows whose keys the server counts, or a trigger changes, are counted", async () => {
    await make("k int AUTO_INCREMENT PRIMARY KEY, v int")
    expect(
      await write(
        ["k", "v"],
        [
          [null, 1],
          [null, 2],
          [9, 3],
        ],
      ),
    ).toEqual({ written: 3, rejected: [], skipped: 0 })
    await make("k varchar(9) PRIMARY KEY, v int", "changed")
    await shop.query("CREATE TRIGGER shop.changing BEFORE INSERT ON shop.changed FOR EACH ROW SET NEW.k = CONCAT('x', NEW.k)")
    expect(
      await write(
        ["k", "v"],
        [
          ["a", 1],
          ["b", 2],
          ["a", 3],
        ],
        undefined,
        "upsert",
        "changed",
      ),
    ).toEqual({ written: 2, rejected: [], skipped: 1 })
  })

  test.each([
    ["int", "1.5"],
    ["int", "abc"],
    ["bigint unsigned", "-1"],
    ["bigint unsigned", "18446744073709551616"],
    ["double", "abc"],
    ["float", ""],
    ["decimal(9,2)", "x"],
    ["time", "x"],
    ["date", "2024-13-45"],
    ["datetime", "never"],
  ])("a delete by a key of %s that is %j deletes nothing, and is rejected", async (type, key) => {
    await make(`k ${type} PRIMARY KEY, v int`)
    await shop.query(`SET sql_mode = ''; INSERT IGNORE INTO shop.keyed VALUES (0, 0), (1, 1), ('18446744073709551615', 2)`)
    const before = await left()
    expect([await write(["k"], [[key]], "delete"), await left()]).toMatchObject([
      { written: 0, rejected: [{ index: 0, reason: expect.stringMatching(/^column k: /) }] },
      before,
    ])
  })

  test.each([["1.5"], [0.5], ["-1e-3"]])("%j is not rounded into a column of whole numbers", async (value) => {
    await make("k int PRIMARY KEY, v int")
    expect(
      await write(
        ["k", "v"],
        [
          [1, value],
          [2, "1.0"],
        ],
        undefined,
        "append",
      ),
    ).toMatchObject({ written: 1, rejected: [{ reason: `column v: ${value} is not a whole number.` }] })
  })
})

describe("generated columns", () => {
  const SEED = "id int PRIMARY KEY, a int, v int AS (a + 1) VIRTUAL, s int AS (a + 2) STORED"
  test("are marked, left to the server, and refused before anything is sent", async () => {
    await make(SEED)
    const all = await shop.run((session) => collect(session.discover()))
    const found = all.flatMap((each) => ("stream" in each && each.stream.path[1] === "keyed" ? each.stream.columns : []))
    expect(found.map(({ name, generated }) => [name, generated])).toEqual([
      ["id", undefined],
      ["a", undefined],
      ["v", "computed"],
      ["s", "computed"],
    ])
    for (const [mode, name] of [
      ["append", "v"],
      ["upsert", "s"],
    ] as const) {
      const error = await failure(write(["id", "a", name], [[1, 2, 3]], undefined, mode))
      expect([error.code, error.message]).toEqual([
        "query_invalid",
        `shop.keyed: ${name} is a generated column, whose values the system computes; leave it out of the rows.`,
      ])
    }
    expect(await write(["id", "a"], [[1, 2]])).toMatchObject({ written: 1 })
    expect(await shop.run((session) => valuesOf(session.read(stream("shop", "keyed"))))).toEqual([[1, 2, 3, 4]])
  })

  test("take no bytes, since LOAD DATA would drop what they are given", async () => {
    await make(SEED)
    const columns = ["id", "a"].map((name) => column(name, "integer", "int(11)"))
    expect((await shop.run((session) => session.takes({ ...stream("shop", "keyed"), columns }))).length).toBeGreaterThan(0)
    expect(await shop.run((session) => session.takes(stream("shop", "keyed")))).toEqual([])
  })
})

describe("numbers", () => {
  test.each([
    ["9007199254740993", "9007199254740993"],
    ["18446744073709551615", "18446744073709551615"],
    ["-1.2345678901234567890e3", "-1234.567890123456789"],
    ["0.12345678901234567890123", "0.12345678901234567890123"],
  ])("among parameters keep their digits, in comparisons and calculations too: %s", async (digits, kept) => {
    const given = new ExactNumber(digits)
    const [row] = await shop.run((session) => valuesOf(session.query("SELECT ?, ? + 0, ? = CAST(? AS DECIMAL(65,30))", [given, given, given, kept])))
    expect(row).toEqual([kept, kept, 1])
    const inside = await shop.run((session) => valuesOf(session.query("SELECT JSON_EXTRACT(?, '$.n')", [{ n: given }])))
    expect(inside).toEqual([[digits]])
  })

  test("that are small are whole numbers to the server", async () => {
    await make("id bigint PRIMARY KEY")
    await shop.query("INSERT INTO shop.keyed VALUES (9007199254740992), (9007199254740993)")
    expect(await shop.run((session) => valuesOf(session.query("SELECT id + ? FROM shop.keyed ORDER BY id LIMIT ?", [1, 2])))).toEqual([
      ["9007199254740993"],
      ["9007199254740994"],
    ])
  })

  test("that ZEROFILL shows with zeros in front come without them, by rows, queries and bytes", async () => {
    await make("id int zerofill PRIMARY KEY, d decimal(10,2) zerofill, b bigint zerofill, f double zerofill")
    await shop.query("INSERT INTO shop.keyed VALUES (7, 1.5, 20, 0.25), (8, 0, 0, 0)")
    const rows = [
      [7, "1.50", "20", 0.25],
      [8, "0.00", "0", 0],
    ]
    await shop.run(async (session) => {
      const from = stream("shop", "keyed")
      expect(await valuesOf(session.read(from))).toEqual(rows)
      expect(await valuesOf(session.query("SELECT * FROM shop.keyed"))).toEqual(rows)
      const [offer] = await session.offers(from)
      let text = ""
      for await (const piece of session.readBytes(from, offer as never)) text += Buffer.concat(await collect(piece.bytes)).toString()
      expect(text).toBe("7,1.50,20,0.25\n8,0.00,0,0\n")
    })
  })
})
