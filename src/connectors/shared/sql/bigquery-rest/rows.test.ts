import { describe, expect, test } from "vitest"
import { PlatformError } from "../../../../core/errors.ts"
import { columnsOf, type Field, nativeOf, rowReader } from "./rows.ts"

const value = (field: Omit<Field, "name">, v: unknown) => rowReader([{ name: "c", ...field }])({ f: [{ v }] })[0]
const struct: Field[] = [
  { name: "a", type: "INTEGER" },
  { name: "a", type: "STRING", mode: "REPEATED" },
]

// The texts of docs.cloud.google.com, BigQuery REST, and of answers that others have recorded.
describe("values", () => {
  test.each([
    ["INTEGER", "9007199254740993", "9007199254740993"],
    ["INT64", "-9223372036854775808", "-9223372036854775808"],
    ["FLOAT", "1.5", 1.5],
    ["FLOAT", "1.7976931348623157E308", 1.7976931348623157e308],
    ["FLOAT", "NaN", "NaN"],
    ["FLOAT64", "Infinity", "Infinity"],
    ["FLOAT64", "-Infinity", "-Infinity"],
    ["FLOAT64", "-inf", "-Infinity"],
    ["NUMERIC", "12345678901234567890123456789.123456789", "12345678901234567890123456789.123456789"],
    ["BIGNUMERIC", `${"9".repeat(38)}.${"1".repeat(38)}`, `${"9".repeat(38)}.${"1".repeat(38)}`],
    ["BOOLEAN", "true", true],
    ["BOOL", "false", false],
    ["STRING", "", ""],
    ["BYTES", "AP/+gAo=", "AP/+gAo="],
    ["DATE", "0001-01-01", "0001-01-01"],
    ["DATE", "1600-02-29", "1600-02-29"],
    ["TIME", "01:30:00.500000", "01:30:00.5"],
    ["TIME", "23:59:59", "23:59:59"],
    ["DATETIME", "2024-03-31T01:30:00.123456", "2024-03-31T01:30:00.123456"],
    ["DATETIME", "1066-10-14T09:00:00", "1066-10-14T09:00:00"],
    ["TIMESTAMP", "1711848600000000", "2024-03-31T01:30:00Z"],
    ["TIMESTAMP", "0", "1970-01-01T00:00:00Z"],
    ["TIMESTAMP", "1", "1970-01-01T00:00:00.000001Z"],
    ["TIMESTAMP", "-1500000", "1969-12-31T23:59:58.5Z"],
    ["TIMESTAMP", "-28502749799876543", "1066-10-14T01:30:00.123457Z"],
    ["TIMESTAMP", "-62135596800000000", "0001-01-01T00:00:00Z"],
    ["TIMESTAMP", "253402300799999999", "9999-12-31T23:59:59.999999Z"],
    ["GEOGRAPHY", "POINT(1 2)", "POINT(1 2)"],
    ["INTERVAL", "1-2 3 4:5:6.789", "1-2 3 4:5:6.789"],
    ["JSON", '{"a":[1,null],"big":9007199254740993}', { a: [1, null], big: "9007199254740993" }],
    ["JSON", "null", null],
  ] as const)("%s %s", (type, text, expected) => expect(value({ type }, text)).toEqual(expected))

  test.each([
    ["DATE", "[2020-01-01, 2020-12-31)", { start: "2020-01-01", end: "2020-12-31" }],
    ["DATE", "[2020-01-01, UNBOUNDED)", { start: "2020-01-01", end: null }],
    ["TIMESTAMP", "[UNBOUNDED, 1711848600000000)", { start: null, end: "2024-03-31T01:30:00Z" }],
    ["DATETIME", "[2020-01-01T00:00:00, UNBOUNDED)", { start: "2020-01-01T00:00:00", end: null }],
  ] as const)("a range of %s %s", (type, text, expected) => expect(value({ type: "RANGE", rangeElementType: { type } }, text)).toEqual(expected))

  test("lists and structures, also with names that come again and without a name", () => {
    expect(value({ type: "INTEGER", mode: "REPEATED" }, [{ v: "1" }, { v: null }])).toEqual(["1", null])
    expect(value({ type: "INTEGER", mode: "REPEATED" }, [])).toEqual([])
    expect(value({ type: "INTEGER", mode: "REPEATED" }, null)).toEqual([])
    expect(value({ type: "RECORD", fields: struct }, { f: [{ v: "1" }, { v: [{ v: "x" }] }] })).toEqual({ a: "1", a_2: ["x"] })
    expect(value({ type: "RECORD", mode: "REPEATED", fields: struct }, [{ v: { f: [{ v: null }, { v: [] }] } }])).toEqual([{ a: null, a_2: [] }])
    expect(value({ type: "RECORD", fields: struct }, null)).toBeNull()
  })

  test.each(["INTEGER", "FLOAT", "TIMESTAMP", "DATE", "JSON", "RECORD", "RANGE", "BOOL"])("NULL of %s is null", (type) =>
    expect(value({ type }, null)).toBeNull(),
  )

  test.each([
    [{ type: "TIMESTAMP" }, "1.7118486E9"],
    [{ type: "BOOL" }, "maybe"],
    [{ type: "INTEGER" }, 7],
    [{ type: "RANGE", rangeElementType: { type: "DATE" } }, "2020-01-01"],
    [{ type: "INTEGER", mode: "REPEATED" }, "1"],
    [{ type: "RECORD", fields: struct }, { f: [{ v: "1" }] }],
  ])("%j %j is in no documented form, and is refused", (field, text) => expect(() => value(field, text)).toThrow(PlatformError))

  test("a row without all of its values is refused", () =>
    expect(() => rowReader([{ name: "c", type: "STRING" }])({ f: [] })).toThrow(/a row without its 1 values/))
})

describe("types", () => {
  test.each([
    [{ type: "INTEGER" }, "INT64"],
    [{ type: "NUMERIC", precision: "10", scale: "2" }, "NUMERIC(10, 2)"],
    [{ type: "BIGNUMERIC", precision: "50" }, "BIGNUMERIC(50)"],
    [{ type: "STRING", maxLength: "16" }, "STRING(16)"],
    [{ type: "RECORD", mode: "REPEATED", fields: struct }, "ARRAY<STRUCT<a INT64, a ARRAY<STRING>>>"],
    [{ type: "RANGE", rangeElementType: { type: "DATE" } }, "RANGE<DATE>"],
  ] as const)("%j is %s", (field, native) => expect(nativeOf({ name: "c", ...field })).toBe(native))

  test("tell another system how wide a column must be", () => {
    const [integer, decimal, numeric, text, list, at, day] = columnsOf([
      { name: "a", type: "INTEGER", mode: "REQUIRED" },
      { name: "b", type: "NUMERIC", precision: "10", scale: "2" },
      { name: "c", type: "NUMERIC" },
      { name: "c", type: "STRING", maxLength: "16" },
      { name: "d", type: "FLOAT", mode: "REPEATED" },
      { name: "e", type: "TIMESTAMP" },
      { name: "f", type: "DATETIME" },
    ])
    expect(integer).toEqual({ name: "a", type: "integer", nativeType: "INT64", nullable: false, precision: 64 })
    expect(decimal).toMatchObject({ type: "decimal", precision: 10, scale: 2 })
    expect(numeric).toMatchObject({ name: "c", precision: 38, scale: 9 })
    expect(text).toMatchObject({ name: "c_2", type: "string", maxLength: 16 })
    expect(list).toMatchObject({ type: "array", elements: "float", nativeType: "ARRAY<FLOAT64>" })
    expect([at?.zoned, day?.zoned, at?.precision]).toEqual([true, false, 6])
  })
})
