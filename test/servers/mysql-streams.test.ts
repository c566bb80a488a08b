import { describe, expect, test } from "vitest"
import type { Column, Value } from "../../src/core/values.ts"
import { column } from "../fixtures/fixture.ts"
import { collect, valuesOf } from "../support/batches.ts"
import { failure } from "../support/failure.ts"
import { LOW, stream, useShop } from "./shop.ts"

const shop = useShop()

describe("values", () => {
  const TYPES: readonly [string, string, Value, Column["type"]][] = [
    ["tinyint", "-5", -5, "integer"],
    ["tinyint(1)", "1", 1, "integer"],
    ["int unsigned", "4294967295", 4294967295, "integer"],
    ["mediumint", "-8388608", -8388608, "integer"],
    ["bigint", "-9223372036854775808", "-9223372036854775808", "integer"],
    ["bigint unsigned", "18446744073709551615", "18446744073709551615", "integer"],
    ["year", "2024", 2024, "integer"],
    ["decimal(65,30)", "12345678901234567890.123456789012345678901234567890", "12345678901234567890.123456789012345678901234567890", "decimal"],
    ["float", "1/3", 0.33333334, "float"],
    ["double", "0.1", 0.1, "float"],
    ["bit(1)", "b'1'", "1", "string"],
    ["bit(10)", "b'101'", "0000000101", "string"],
    ["char(3)", "'abc'", "abc", "string"],
    ["varchar(10)", "'naïve👩'", "naïve👩", "string"],
    ["varchar(10) CHARACTER SET latin1", "'naïve'", "naïve", "string"],
    ["text", "''", "", "string"],
    ["enum('a','b')", "'b'", "b", "string"],
    ["set('a','b')", "'a,b'", "a,b", "string"],
    ["uuid", "'123e4567-e89b-12d3-a456-426655440000'", "123e4567-e89b-12d3-a456-426655440000", "string"],
    ["inet6", "'::1'", "::1", "string"],
    ["binary(3)", "X'00ff01'", "AP8B", "bytes"],
    ["varbinary(9)", "X''", "", "bytes"],
    ["blob", "X'fffe'", "//4=", "bytes"],
    ["point", "ST_GeomFromText('POINT(1 2)')", "AAAAAAEBAAAAAAAAAAAA8D8AAAAAAAAAQA==", "bytes"],
    ["date", "'2024-02-29'", "2024-02-29", "date"],
    ["date", "'0000-00-00'", "0000-00-00", "date"],
    ["time", "'-838:59:59'", "-838:59:59", "time"],
    ["time(6)", "'01:02:03.5'", "01:02:03.5", "time"],
    ["datetime", "'2024-03-31 02:30:00'", "2024-03-31T02:30:00", "timestamp"],
    ["datetime(6)", "'2024-03-31 02:30:00.123400'", "2024-03-31T02:30:00.1234", "timestamp"],
    ["datetime", "'0000-00-00 00:00:00'", "0000-00-00 00:00:00", "timestamp"],
    ["timestamp NULL", "FROM_UNIXTIME(1711848600)", "2024-03-31T01:30:00Z", "timestamp"],
    ["json", `'{"a": [1, 9007199254740993]}'`, { a: [1, "9007199254740993"] }, "json"],
  ]
  test("each type comes out the same by a stream, by a query, by a prepared one, and goes in again", async () => {
    const names = TYPES.map((_, index) => `c${index}`)
    const sources = TYPES.map(([, source]) => source).join(", ")
    await shop.query(`SET sql_mode = ''; SET time_zone = '+05:00';
      CREATE TABLE shop.types (id int PRIMARY KEY, ${TYPES.map(([type], index) => `c${index} ${type}`).join(", ")});
      INSERT INTO shop.types VALUES (1, ${sources}); CREATE TABLE shop.copy LIKE shop.types;
      GRANT ALL ON shop.types TO ${LOW}; GRANT ALL ON shop.copy TO ${LOW}`)
    const wanted = [1, ...TYPES.map(([, , value]) => value)]
    await shop.run(async (session) => {
      const [read] = await collect(session.read(stream("shop", "types")))
      expect(read?.rows[0]).toEqual(wanted)
      expect(read?.columns.slice(1).map(({ type }) => type)).toEqual(TYPES.map(([, , , type]) => type))
      const [queried] = await collect(session.query("SELECT * FROM shop.types"))
      expect(queried?.rows[0]).toEqual(wanted)
      expect(queried?.columns.slice(1).map(({ type }) => type)).toEqual(TYPES.map(([, , , type]) => type))
      expect(await valuesOf(session.query("SELECT * FROM shop.types WHERE id = ?", [1]))).toEqual([wanted])
      const report = await session.write(stream("shop", "copy"), { columns: read?.columns ?? [], rows: [wanted] }, { mode: "append" })
      expect(report).toEqual({ written: 1, rejected: [], skipped: 0 })
      expect(await valuesOf(session.read(stream("shop", "copy")))).toEqual([wanted])
      const none = [2, ...names.map(() => null)]
      await session.write(stream("shop", "copy"), { columns: read?.columns ?? [], rows: [none] }, { mode: "upsert" })
      expect((await valuesOf(session.read(stream("shop", "copy"))))[1]).toEqual(none)
    })
  })
})

describe("read", () => {
  test.each([
    [["shop", "nowhere"], "stream_not_found"],
    [["item"], "stream_not_found"],
    [["shop", "item", "x"], "stream_not_found"],
    [["shop", "only_insert"], "permission_denied"],
    [["shop", "invisible"], "stream_not_found"],
  ])("%j is %s", async (path, code) => expect((await failure(shop.run((session) => collect(session.read(stream(...path)))))).code).toBe(code))

  test("names are quoted, and without a key there is no cursor", async () => {
    await shop.run(async (session) => {
      expect(await valuesOf(session.read(stream("shop", "we`ird.name")))).toEqual([[7]])
      const [batch] = await collect(session.read(stream("shop", "nokey")))
      expect([batch?.rows.length, batch?.cursor]).toEqual([2, undefined])
    })
  })

  test.each([
    ["bigint unsigned", ["9007199254740992", "9007199254740993", "9007199254740994", "18446744073709551615"]],
    ["decimal(30,10)", ["-1.5000000000", "12345678901234567890.0000000001", "12345678901234567890.0000000002"]],
    ["varchar(10)", ["A", "ä2", "b", "C"]],
    ["varbinary(10)", ["AA==", "AAE=", "/w=="]],
    ["datetime(6)", ["2024-01-01T00:00:00", "2024-01-01T00:00:00.000001", "2024-01-01T00:00:00.1"]],
    ["timestamp NULL", ["2024-03-31T01:30:00Z", "2024-03-31T01:30:01Z"]],
    ["date", ["1999-12-31", "2024-02-29"]],
    ["time", ["-10:00:00", "00:00:00", "100:00:00"]],
  ] as [string, string[]][])("a key of %s goes on where it stopped", async (type, values) => {
    await shop.query(
      `CREATE TABLE shop.keyed (k ${type.replace(" NULL", " NOT NULL DEFAULT CURRENT_TIMESTAMP")}, n int, PRIMARY KEY (k, n)); GRANT ALL ON shop.keyed TO ${LOW}`,
    )
    const given = values.flatMap((value) => [
      [value, 1],
      [value, 2],
    ])
    const target = { columns: [column("k", "unknown"), column("n", "integer")], rows: given }
    expect((await shop.run((session) => session.write(stream("shop", "keyed"), target, { mode: "append" }))).written).toBe(given.length)
    const paged: Value[][] = []
    let cursor: string | undefined
    for (let pages = 0; pages <= given.length; pages++) {
      let went = false
      await shop.run(
        async (session) => {
          for await (const batch of session.read(stream("shop", "keyed"), { after: cursor })) {
            if (batch.rows.length === 0) break
            paged.push(...batch.rows.map((row) => [...row]))
            cursor = batch.cursor
            went = true
            break
          }
        },
        {},
        { batchRows: 1 },
      )
      if (!went) break
    }
    expect(paged).toEqual(given)
  })

  const cursorOf = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url")
  test.each([
    "",
    "!",
    cursorOf(1),
    cursorOf([["id"], []]),
    cursorOf([["name"], ["x"]]),
    cursorOf([["id"], [null]]),
    cursorOf([["id"], ["not a number"]]),
    cursorOf([["id"], [{ a: 1 }]]),
  ])("%j is no cursor", async (cursor) =>
    expect((await failure(shop.run((session) => collect(session.read(stream("shop", "item"), { after: cursor }))))).code).toBe("request_invalid"),
  )
})
