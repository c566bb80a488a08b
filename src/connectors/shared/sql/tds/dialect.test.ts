import { describe, expect, test } from "vitest"
import type { Column, Value } from "../../../../core/values.ts"
import { writeFault } from "../reading.ts"
import { encode, fromText, tdsDialect } from "./dialect.ts"
import { rightIn } from "./grants.ts"
import { spelledType, typed } from "./types.ts"

const column = (nativeType: string): Column => ({ name: "c", ...typed(nativeType), nullable: true })

describe("names", () => {
  test.each([
    ["a", "[a]"],
    ["a]b", "[a]]b]"],
    ["[x]", "[[x]]]"],
    ["a'b\"c", "[a'b\"c]"],
  ])("%s is %s", (name, quoted) => expect(tdsDialect.ident(name)).toBe(quoted))
})

describe("types", () => {
  test.each([
    ["nvarchar", -1, 0, 0, "nvarchar(max)", { type: "string" }],
    ["nvarchar", 40, 0, 0, "nvarchar(20)", { type: "string", maxLength: 20 }],
    ["varchar", 40, 0, 0, "varchar(40)", { type: "string", maxLength: 40 }],
    ["varbinary", -1, 0, 0, "varbinary(max)", { type: "bytes" }],
    ["decimal", 17, 38, 10, "decimal(38,10)", { type: "decimal", precision: 38, scale: 10 }],
    ["datetimeoffset", 10, 34, 7, "datetimeoffset(7)", { type: "timestamp", zoned: true, precision: 7 }],
    ["datetime", 8, 23, 3, "datetime", { type: "timestamp", zoned: false, precision: 3 }],
    ["money", 8, 19, 4, "money", { type: "decimal", precision: 19, scale: 4 }],
    ["timestamp", 8, 0, 0, "rowversion", { type: "bytes", maxLength: 8 }],
    ["tinyint", 1, 3, 0, "tinyint", { type: "integer", precision: 16 }],
    ["hierarchyid", 892, 0, 0, "hierarchyid", { type: "unknown" }],
    ["json", -1, 0, 0, "json", { type: "json" }],
  ] as const)("%s of %i bytes is %s", (name, bytes, precision, scale, spelled, expected) => {
    expect(spelledType(name, bytes, precision, scale)).toBe(spelled)
    expect(typed(spelled)).toMatchObject(expected)
  })
})

describe("a value in its column", () => {
  test.each([
    [12.0, "int", "12"],
    ["12.000", "bigint", "12"],
    ["1e3", "int", "1000"],
    ["1e-3", "decimal(10,5)", "0.001"],
    [true, "bit", "1"],
    ["FALSE", "bit", "0"],
    ["AP+A", "varbinary(max)", "00ff80"],
    ["2024-03-31T01:30:00Z", "datetimeoffset(7)", "2024-03-31T01:30:00+00:00"],
    ["2024-03-31T01:30:00.123456789-05:30", "datetimeoffset(7)", "2024-03-31T01:30:00.1234567-05:30"],
    ["2024-03-31", "datetimeoffset(7)", "2024-03-31T00:00:00+00:00"],
    ["2024-03-31T01:30:00+02:00", "datetime2(7)", "2024-03-30T23:30:00"],
    ["2024-03-31 01:30:00.5", "datetime2(7)", "2024-03-31T01:30:00.5"],
    ["23:59:59.123456789", "time(7)", "23:59:59.1234567"],
    [{ a: 1 }, "json", '{"a":1}'],
    [7, "nvarchar(5)", "7"],
    ["{A972C577-DFB0-064E-1189-0154C99310DA}", "uniqueidentifier", "A972C577-DFB0-064E-1189-0154C99310DA"],
    ["2024-03-31T01:30:00Z", "date", "2024-03-31"],
    ["-.5", "decimal(5,2)", "-.5"],
    ["1e-300", "float", "1e-300"],
    [null, "int", null],
  ] as readonly (readonly [Value, string, string | null])[])("%j for %s is %s", (value, native, text) => expect(encode(value, column(native))).toBe(text))

  test.each([
    [1.5, "int"],
    ["x", "bigint"],
    ["NaN", "float"],
    ["Infinity", "real"],
    ["", "float"],
    ["maybe", "bit"],
    ["A972C577-DFB0-064E-1189-0154C99310DA and more", "uniqueidentifier"],
    ["x".repeat(4_001), "sql_variant"],
    ["not base64", "varbinary(max)"],
    ["yesterday", "datetime2(7)"],
    ["", "date"],
    ["", "time(7)"],
    ["", "money"],
    ["", "int"],
    ["1,5", "decimal(5,2)"],
    ["\ud800", "nvarchar(10)"],
  ] as const)("%j is refused for %s", (value, native) => expect(() => encode(value, column(native))).toThrow())
})

test.each([
  ["int", "CONVERT(int, @p1)"],
  ["nvarchar(20)", "@p1"],
  ["varbinary(4)", "CONVERT(varbinary(max), @p1, 2)"],
  ["datetime", "CONVERT(datetime, CONVERT(datetime2(7), @p1))"],
  ["uniqueidentifier", "CONVERT(uniqueidentifier, @p1)"],
  ["sql_variant", "CONVERT(sql_variant, CONVERT(nvarchar(4000), @p1))"],
])("a text for %s is %s", (native, sql) => expect(fromText(column(native), "@p1")).toBe(sql))

test.each([
  ["varchar(20)", "CONVERT(varchar(8000), @p1)"],
  ["char(5)", "CONVERT(varchar(8000), @p1)"],
  ["varchar(max)", "CONVERT(varchar(max), @p1)"],
  ["nvarchar(20)", "@p1"],
  ["int", "CONVERT(int, @p1)"],
])("a key of %s is compared as %s", (native, sql) => expect(tdsDialect.compared?.(1, column(native))).toBe(sql))

describe("reading statements", () => {
  test.each([
    "SELECT 1",
    "  -- a\n /* b /* c */ */ WITH a AS (SELECT 1 AS x) SELECT * FROM a OPTION (MERGE JOIN, USE HINT ('FORCE_LEGACY_CARDINALITY_ESTIMATION'))",
    "SELECT [update], 'delete', \"drop\" FROM t;",
    "SELECT updated, created_at, deleted, setting FROM t WHERE a = 'INTO'",
    "SELECT * FROM a INNER MERGE JOIN b ON a.x = b.x",
  ])("%s", (statement) => expect(writeFault(statement, tdsDialect.reading)).toBeUndefined())

  test.each([
    "SELECT 1 UPDATE t SET a = 1",
    "SELECT a INTO b FROM c",
    "WITH a AS (SELECT 1 AS x) DELETE FROM a",
    "SELECT 1 MERGE t USING s ON 1 = 1 WHEN MATCHED THEN DELETE;",
    "SELECT 1 SET IDENTITY_INSERT t ON",
    "SELECT 1\tUSE master",
    "SELECT 1/**/EXEC('x')",
    "SELECT * FROM openrowset(bulk 'c:\\x', single_clob) a",
    "DECLARE @a int SELECT @a",
    "EXEC sp_who",
    "[sp_who]",
    "SELECT 1;;SELECT 2",
    ";",
  ])("refused: %s", (statement) => expect(writeFault(statement, tdsDialect.reading)).toBeDefined())
})

test("the right that a refusal names", () => {
  const text = "The UPDATE permission was denied on the object 'it''s', database 'd', schema 's'."
  expect(rightIn(text, ["s", "it''s"], ["INSERT", "UPDATE"])).toEqual({ privileges: ["INSERT", "UPDATE"], path: ["s", "it''s"] })
  expect(rightIn(text, ["s", "other"], ["INSERT", "UPDATE"])).toEqual({ privileges: ["UPDATE"], path: ["s", "it''s"] })
  expect(rightIn("Somebody may not.", undefined, [])).toBeUndefined()
})
