import { beforeEach, describe, expect, test } from "vitest"
import type { Value } from "../../src/core/values.ts"
import { ExactNumber } from "../../src/core/values.ts"
import { query, startShop } from "../fixtures/mssql/shop.ts"
import { drain } from "../fixtures/tables.ts"
import { rowsOf } from "../support/batches.ts"
import { failure } from "../support/failure.ts"
import { use } from "../support/use.ts"

const server = use(() => startShop())
const run: typeof server.run = (...given) => server.run(...given)
const item = () => server.item()
beforeEach(() => server.restock())

describe("a query", () => {
  test.each([
    "DELETE FROM shop.item",
    "SELECT 1 DELETE FROM shop.item",
    "SELECT * INTO shop.copy FROM shop.item",
    "WITH c AS (SELECT 1 AS a) UPDATE shop.item SET name = 'x'",
    "SELECT 1; SELECT 2",
    "SELECT 1 EXEC xp_cmdshell 'dir'",
    "SELECT 1 COMMIT",
    "SELECT * FROM OPENROWSET('SQLNCLI', 'Server=other', 'SELECT 1')",
    "SELECT * FROM OPENQUERY(other, 'DELETE FROM t')",
    "SELECT NEXT VALUE FOR shop.numbers",
    "SELECT 1 WAITFOR DELAY '01:00'",
    "SELECT 1 -- x\n SHUTDOWN",
    "SELECT 1 /* a /* nested */ */ DROP TABLE shop.item",
    "SELECT 1 AS a DISABLE /* all */ TRIGGER ALL ON shop.item",
    "SELECT 1 ADD SIGNATURE TO p BY CERTIFICATE c",
    "SELECT 1 AS a SEND ON CONVERSATION '00000000-0000-0000-0000-000000000000'",
    "SELECT 1 END CONVERSATION '00000000-0000-0000-0000-000000000000'",
    "sp_who",
    "",
  ])("is refused before it is sent: %s", async (statement) => {
    await run(async (session) => {
      const before = server.seen.length
      expect((await failure(drain(session, statement))).code).toBe("query_invalid")
      expect(server.seen.slice(before)).toEqual([])
    })
    expect(await item()).toHaveLength(2)
  })

  test.each([
    "SELECT 'update' AS [delete]",
    'SELECT 1 AS "drop" -- insert',
    "SELECT N'it''s; exec' AS a",
    "SELECT count(*) FROM shop.item WHERE name <> 'into'",
    "SELECT CASE WHEN 1 = 1 THEN 2 END AS send, 3 AS disable, 4 AS trigger_name",
  ])("is sent: %s", async (statement) => {
    expect(await run((session) => drain(session, statement))).toBe(1)
  })

  test("has two results: refused, and the session goes on", async () => {
    server.canned.set("SELECT 1 SELECT 2", { columns: [{ name: "a", type: "int" }], rows: [["1"]], results: 2 })
    await run(async (session) => {
      expect((await failure(drain(session, "SELECT 1 SELECT 2"))).message).toMatch(/two results/)
      expect(await query(session, "SELECT 1 AS a")).toEqual([[1]])
    })
  })

  test("binds parameters with their types", async () => {
    const values = ["naïve 👩‍👩‍👧", 7, 9_007_199_254_740_991, 0.1, true, new ExactNumber("9223372036854775807")]
    const [row] = await run((session) => query(session, "SELECT @p1 AS a, @p2 AS b, @p3 AS c, @p4 AS d, @p5 AS e, @p6 AS f", values))
    expect(row).toEqual(["naïve 👩‍👩‍👧", 7, "9007199254740991", 0.1, true, "9223372036854775807"])
  })

  test("binds long texts and nothing", async () => {
    const long = "x".repeat(10_000)
    expect(await run((session) => query(session, "SELECT @p1 AS a, @p2 AS b", [long, null]))).toEqual([[long, null]])
    expect((await failure(run((session) => query(session, "SELECT @p1 AS a", ["\ud800"])))).code).toBe("query_invalid")
  })

  test("stops at the rows that are wanted, by an ATTENTION, and the session goes on", async () => {
    await run(
      async (session) => {
        expect(await rowsOf(session.query("SELECT object_id FROM sys.all_objects"))).toHaveLength(3)
        expect(await query(session, "SELECT 1 AS a")).toEqual([[1]])
      },
      {},
      { maxRows: 3 },
    )
  })

  test("an error names the statement's fault, and the transaction is rolled back", async () => {
    await run(async (session) => {
      expect(await failure(drain(session, "SELECT nope FROM shop.item"))).toMatchObject({ code: "query_invalid", details: { number: 207, severity: 16 } })
      expect(await failure(drain(session, "SELECT CAST('x' AS int)"))).toMatchObject({ code: "query_invalid", details: { number: 245 } })
      expect(await query(session, "SELECT 1 AS a")).toEqual([[1]])
    })
  })
})

describe("values", () => {
  const one = async (type: object, value: string | Buffer): Promise<Value | undefined> => {
    server.canned.set("SELECT one", { columns: [{ name: "a", ...type } as never], rows: [[value], [null]] })
    const [row, none] = await run((session) => query(session, "SELECT one"))
    expect(none).toEqual([null])
    return row?.[0]
  }
  test.each([
    [{ type: "decimal", precision: 38, scale: 10 }, "-1234567890123456789012345678.0123456789", "-1234567890123456789012345678.0123456789"],
    [{ type: "decimal", precision: 38, scale: 0 }, "99999999999999999999999999999999999999", "99999999999999999999999999999999999999"],
    [{ type: "decimal", precision: 5, scale: 5 }, "-0.00001", "-0.00001"],
    [{ type: "int", length: 8 }, "-9223372036854775808", "-9223372036854775808"],
    [{ type: "int", length: 4 }, "-2147483648", -2_147_483_648],
    [{ type: "int", length: 1 }, "255", 255],
    [{ type: "bit" }, "1", true],
    [{ type: "float", length: 8 }, "0.1", 0.1],
    [{ type: "float", length: 4 }, "0.1", 0.1],
    [{ type: "float", length: 8 }, "1.7976931348623157e308", 1.797_693_134_862_315_7e308],
    [{ type: "date" }, "0001-01-01", "0001-01-01"],
    [{ type: "date" }, "9999-12-31", "9999-12-31"],
    [{ type: "time", scale: 7 }, "23:59:59.9999999", "23:59:59.9999999"],
    [{ type: "time", scale: 0 }, "01:02:03", "01:02:03"],
    [{ type: "datetime2", scale: 7 }, "1753-01-01 00:00:00.0000001", "1753-01-01T00:00:00.0000001"],
    [{ type: "datetime2", scale: 3 }, "1899-12-31 23:59:59.120", "1899-12-31T23:59:59.12"],
    [{ type: "datetimeoffset", scale: 7 }, "2024-03-31 01:30:00.1234567+02:00", "2024-03-31T01:30:00.1234567+02:00"],
    [{ type: "datetimeoffset", scale: 7 }, "2024-01-01 00:30:00-05:30", "2024-01-01T00:30:00-05:30"],
    [{ type: "datetimeoffset", scale: 0 }, "2024-01-01 00:00:00+00", "2024-01-01T00:00:00Z"],
    [{ type: "uniqueidentifier" }, "00112233-4455-6677-8899-aabbccddeeff", "00112233-4455-6677-8899-AABBCCDDEEFF"],
    [{ type: "varbinary", length: 65_535 }, "\\x00ff80", "AP+A"],
    [{ type: "nvarchar", length: 65_535 }, "naïve 👩‍👩‍👧", "naïve 👩‍👩‍👧"],
    [{ type: "nvarchar", length: 65_535 }, "", ""],
  ] as const)("%j of %s", async (type, given, expected) => expect(await one(type, given)).toEqual(expected))

  test.each([
    ["money", { type: "money", length: 8 }, Buffer.from("ffff3fff" + "ffffffff", "hex"), /^-?\d+\.\d{4}$/],
    ["the largest money", { type: "money", length: 8 }, Buffer.from([0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff]), "922337203685477.5807"],
    ["the smallest money", { type: "money", length: 8 }, Buffer.from([0, 0, 0, 0x80, 0, 0, 0, 0]), "-922337203685477.5808"],
    ["smallmoney", { type: "money", length: 4 }, Buffer.from([0xff, 0xff, 0xff, 0xff]), "-0.0001"],
    ["datetime", { type: "datetime", length: 8 }, Buffer.from([0, 0, 0, 0, 0x01, 0, 0, 0]), "1900-01-01T00:00:00.003"],
    ["datetime before 1900", { type: "datetime", length: 8 }, Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0x81, 0x8b, 0x01]), "1899-12-31T23:59:59.997"],
    ["smalldatetime", { type: "datetime", length: 4 }, Buffer.from([1, 0, 61, 0]), "1900-01-02T01:01:00"],
    ["a variant of decimal", { type: "variant" }, Buffer.from([0x6c, 2, 38, 2, 0, 0x39, 0x30, 0, 0]), "-123.45"],
    ["a variant of nvarchar", { type: "variant" }, Buffer.concat([Buffer.from([0xe7, 7, 9, 4, 0xd0, 0, 0x34, 0, 1]), Buffer.from("né", "utf16le")]), "né"],
    ["a variant of date", { type: "variant" }, Buffer.from([0x28, 0, 0, 0, 0]), "0001-01-01"],
    ["a variant of time", { type: "variant" }, Buffer.from([0x29, 1, 0, 0x3d, 0x0e, 0]), "01:00:45"],
  ] as const)("%s", async (_, type, bytes, expected) => {
    const value = await one(type, bytes)
    if (expected instanceof RegExp) expect(value).toMatch(expected)
    else expect(value).toBe(expected)
  })
})
