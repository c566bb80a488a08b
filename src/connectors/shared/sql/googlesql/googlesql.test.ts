import { describe, expect, test } from "vitest"
import { ExactNumber, type Value } from "../../../../core/values.ts"
import { Unfit } from "../../unfit.ts"
import { writeFault } from "../reading.ts"
import { spell } from "../types.ts"
import { googleDdl, googleDialect, googleReading } from "./dialect.ts"
import { encode, parameter } from "./encode.ts"
import { columnOf } from "./types.ts"

describe("by its text a statement only reads:", () => {
  test.each([
    "SELECT 1",
    "# why\nWITH a AS (SELECT 1) SELECT * FROM a -- and how",
    "FROM t |> WHERE x = 1",
    "SELECT '''it's; DROP TABLE t''', \"\"\"a\"b;\"\"\", r'\\';', `a;\\`b`",
    "SELECT ''';''';",
    "((SELECT 1))",
  ])("%s", (statement) => expect(writeFault(statement, googleReading)).toBeUndefined())

  test.each([
    ["INSERT INTO t SELECT 1", /begins with INSERT/],
    ["EXPORT DATA OPTIONS(uri='gs://b/*') AS SELECT 1", /begins with EXPORT/],
    ["CALL p()", /begins with CALL/],
    ["EXECUTE IMMEDIATE 'DROP TABLE t'", /begins with EXECUTE/],
    ["BEGIN SELECT 1; END", /one statement|begins with BEGIN/],
    ["SELECT '''it's'''; DROP TABLE t -- '''", /one statement/],
    ["SELECT r'''\\'''; DROP TABLE t --'''", undefined],
    ["SELECT ''; DROP TABLE t", /one statement/],
    ['SELECT """a"""; DROP TABLE t', /one statement/],
    ["/* SELECT */ DROP TABLE t", /begins with DROP/],
    ["", /empty/],
  ])("not %s", (statement, fault) => {
    if (fault === undefined) expect(writeFault(statement, googleReading)).toBeUndefined()
    else expect(writeFault(statement, googleReading)).toMatch(fault)
  })
})

test("names are quoted with backticks, and what ends them is escaped", () => {
  const { ident } = googleDialect("BigQuery", "account", {} as never)
  expect([ident("a b"), ident("a`b"), ident("a\\")]).toEqual(["`a b`", "`a\\`b`", "`a\\\\`"])
})

describe("a value for its column", () => {
  const put = (native: string, value: Value) => encode(value, columnOf("c", native, true)).value
  test.each([
    ["INT64", 7, "7"],
    ["INT64", "-9223372036854775808", "-9223372036854775808"],
    ["INT64", new ExactNumber("9007199254740993"), "9007199254740993"],
    ["FLOAT64", "NaN", "NaN"],
    ["FLOAT64", "-Infinity", "-Infinity"],
    ["NUMERIC", "-0.5", "-0.5"],
    ["NUMERIC", "1.500000000000", "1.5"],
    ["NUMERIC(38, 9)", "12345678901234567890123456789.123456789", "12345678901234567890123456789.123456789"],
    ["BIGNUMERIC", `${"9".repeat(38)}.${"1".repeat(38)}`, `${"9".repeat(38)}.${"1".repeat(38)}`],
    ["NUMERIC", "-0.0", "0"],
    ["NUMERIC", 1e-7, "0.0000001"],
    ["BOOL", true, "true"],
    ["STRING(3)", "ä👩b", "ä👩b"],
    ["BYTES(2)", "AP8=", "AP8="],
    ["DATE", "0001-01-01", "0001-01-01"],
    ["TIME", "01:30:00.500", "01:30:00.5"],
    ["DATETIME", "2024-03-31 01:30:00.1234560", "2024-03-31T01:30:00.123456"],
    ["TIMESTAMP", "2024-03-31T03:30:00+02:00", "2024-03-31T01:30:00Z"],
    ["JSON", { a: [1, "x"] }, { a: [1, "x"] }],
    ["JSON", "x", "x"],
    ["ARRAY<INT64>", [1, 2], [1, 2]],
    ["RANGE<DATE>", { start: null, end: "2020-01-01" }, { start: null, end: "2020-01-01" }],
    ["INT64", null, null],
  ] as const)("%s %j", (native, value, expected) => expect(put(native, value as Value)).toEqual(expected))

  test.each([
    ["INT64", "9223372036854775808"],
    ["INT64", "1.5"],
    ["INT64", ""],
    ["FLOAT64", ""],
    ["FLOAT64", "x"],
    ["NUMERIC", "."],
    ["NUMERIC", ""],
    ["NUMERIC", "1.0000000001"],
    ["NUMERIC(5, 2)", "1234"],
    ["BOOL", "yes"],
    ["STRING(3)", "abcd"],
    ["STRING", "\ud800"],
    ["BYTES", "not base64"],
    ["BYTES(1)", "AP8="],
    ["DATE", "2023-02-29"],
    ["DATE", "0000-01-01"],
    ["TIME", "25:00:00"],
    ["DATETIME", "2024-03-31T01:30:00Z"],
    ["TIMESTAMP", "2024-03-31T01:30:00"],
    ["TIMESTAMP", "2024-03-31T01:30:00.1234567Z"],
    ["ARRAY<INT64>", "1"],
    ["STRUCT<a INT64>", "1"],
  ] as const)("%s does not take %j", (native, value) => expect(() => put(native, value)).toThrow(Unfit))
})

describe("a parameter", () => {
  test.each([
    [7, undefined, "INT64", "7"],
    ["9007199254740993", undefined, "STRING", "9007199254740993"],
    ["9007199254740993", "INT64", "INT64", "9007199254740993"],
    ["abc", "INT64", "STRING", "abc"],
    ["2024-03-31", "DATE", "DATE", "2024-03-31"],
    [new ExactNumber("1234567890123456789012345678.0123456789"), undefined, "BIGNUMERIC", "1234567890123456789012345678.0123456789"],
    [new ExactNumber("1.25"), undefined, "NUMERIC", "1.25"],
    [1.5, undefined, "FLOAT64", "1.5"],
    [true, undefined, "BOOL", "true"],
    [null, "INT64", "INT64", null],
    [null, undefined, "STRING", null],
    [["a", null], undefined, "ARRAY<STRING>", ["a", null]],
    [{ a: 1 }, undefined, "JSON", { a: 1 }],
  ] as const)("%j for %s is a %s", (value, told, type, expected) => expect(parameter(value as Value, told)).toEqual({ type, value: expected }))
})

test.each([
  [{ type: "decimal", precision: 38, scale: 9 }, "NUMERIC"],
  [{ type: "decimal", precision: 10, scale: 2 }, "NUMERIC(10,2)"],
  [{ type: "decimal", precision: 38, scale: 10 }, "BIGNUMERIC(38,10)"],
  [{ type: "decimal", precision: 76, scale: 38 }, "BIGNUMERIC"],
  [{ type: "decimal", precision: 80, scale: 2 }, "STRING"],
  [{ type: "decimal" }, "BIGNUMERIC"],
  [{ type: "integer", precision: 16 }, "INT64"],
  [{ type: "integer", precision: 65 }, "NUMERIC(29,0)"],
  [{ type: "integer", precision: 128 }, "BIGNUMERIC(38,0)"],
  [{ type: "float", precision: 32 }, "FLOAT64"],
  [{ type: "string", maxLength: 80 }, "STRING(80)"],
  [{ type: "timestamp", zoned: false }, "DATETIME"],
  [{ type: "array", elements: "integer" }, "ARRAY<INT64>"],
  [{ type: "array", elements: "json" }, "JSON"],
] as const)("%j is made as %s", (column, spelled) => expect(spell(googleDdl.types, { name: "c", nativeType: "", nullable: true, ...column })).toBe(spelled))
