import { describe, expect, test } from "vitest"
import { PlatformError } from "../../core/errors.ts"
import type { ColumnParts } from "../shared/sql/text-types.ts"
import { types } from "./values.ts"

const { columnsOf, nativeType, typed, valuesOf } = types

const value = (type: string, text: string | null, more: Partial<ColumnParts> = {}) => valuesOf([[text]], [{ name: "C", type, ...more }])[0]?.[0]

// The texts of docs.snowflake.com, SQL API, Handling responses, and of answers that others have recorded.
describe("values", () => {
  test.each([
    ["fixed", "12345678.91", { precision: 38, scale: 2 }, "12345678.91"],
    ["fixed", "9007199254740993", { precision: 38, scale: 0 }, "9007199254740993"],
    ["fixed", "7", { precision: 38, scale: 0 }, "7"],
    ["fixed", "-7", { precision: 15, scale: 0 }, -7],
    ["real", "1.5", {}, 1.5],
    ["real", "1e-7", {}, 1e-7],
    ["real", "NaN", {}, "NaN"],
    ["real", "inf", {}, "Infinity"],
    ["real", "-inf", {}, "-Infinity"],
    ["text", "", {}, ""],
    ["text", "undefined", {}, "undefined"],
    ["boolean", "true", {}, true],
    ["boolean", "false", {}, false],
    ["binary", "DEADBEEF", {}, "3q2+7w=="],
    ["binary", "", {}, ""],
    ["date", "18262", {}, "2020-01-01"],
    ["date", "-25567", {}, "1900-01-01"],
    ["time", "45296.123456789", { scale: 9 }, "12:34:56.123456789"],
    ["time", "82919.000000000", {}, "23:01:59"],
    ["time", "0.5", {}, "00:00:00.5"],
    ["timestamp_ntz", "1791549296.123456789", {}, "2026-10-09T12:34:56.123456789"],
    ["timestamp_ltz", "1711848600.000000000", {}, "2024-03-31T01:30:00Z"],
    ["timestamp_ntz", "-1.250000000", {}, "1969-12-31T23:59:58.75"],
    ["timestamp_ntz", "-0.250000000", {}, "1969-12-31T23:59:59.75"],
    ["timestamp_tz", "1791524096.123456789 1860", {}, "2026-10-09T12:34:56.123456789+07:00"],
    ["timestamp_tz", "1616173619.000000000 960", {}, "2021-03-19T09:06:59-08:00"],
    ["timestamp_tz", "0.000000000 1440", {}, "1970-01-01T00:00:00Z"],
    ["timestamp_tz", "0.000000000 1770", {}, "1970-01-01T05:30:00+05:30"],
    ["variant", '{\n  "a": [1, undefined, "undefined \\" x"],\n  "b": 9007199254740993\n}', {}, { a: [1, null, 'undefined " x'], b: "9007199254740993" }],
    ["variant", "null", {}, null],
    ["array", "[\n  1,\n  undefined\n]", {}, [1, null]],
    ["object", '{"k":{}}', {}, { k: {} }],
    ["vector", "[1.000000,2.000000]", {}, [1, 2]],
    ["variant", "not json", {}, "not json"],
    ["interval_future", "x", {}, "x"],
  ] as const)("%s %s", (type, text, more, expected) => expect(value(type, text, more)).toEqual(expected))

  test.each(["fixed", "real", "text", "boolean", "binary", "date", "time", "timestamp_ntz", "timestamp_tz", "variant"])("NULL of %s is null", (type) =>
    expect(value(type, null)).toBeNull(),
  )

  test.each([
    ["date", "09/10/2026"],
    ["time", "12:00"],
    ["timestamp_ntz", "2026-10-09 12:34:56"],
    ["timestamp_tz", "1.0 +07:00"],
    ["binary", "3q2+7w=="],
    ["boolean", "maybe"],
  ])("%s %s is in no documented form, and is refused", (type, text) => {
    expect(() => value(type, text)).toThrow(PlatformError)
    expect(() => value(type, text)).toThrow(/^Snowflake sends C in a form of its own/)
  })
})

describe("types", () => {
  test.each([
    ["fixed", 38, 0, null, "NUMBER(38,0)", "integer"],
    ["NUMBER", 10, 2, null, "NUMBER(10,2)", "decimal"],
    ["real", null, null, null, "FLOAT", "float"],
    ["TEXT", null, null, 80, "VARCHAR(80)", "string"],
    ["binary", null, null, 8_388_608, "BINARY(8388608)", "bytes"],
    ["timestamp_ltz", 0, 9, null, "TIMESTAMP_LTZ(9)", "timestamp"],
    ["TIME", null, 3, null, "TIME(3)", "time"],
    ["date", null, null, null, "DATE", "date"],
    ["VARIANT", null, null, null, "VARIANT", "json"],
    ["array", null, null, null, "ARRAY", "array"],
    ["GEOGRAPHY", null, null, null, "GEOGRAPHY", "json"],
    ["file", null, null, null, "FILE", "unknown"],
  ] as const)("%s", (type, precision, scale, length, native, expected) => {
    expect(nativeType(type, precision, scale, length)).toBe(native)
    expect(typed(native).type).toBe(expected)
  })

  test("as DESCRIBE spells those with parts", () => {
    expect(
      ["VECTOR(FLOAT, 3)", "OBJECT(a NUMBER(38,0))", "ARRAY(NUMBER)", "MAP(VARCHAR, NUMBER)", "NUMBER(38, 4)"].map((native) => typed(native).type),
    ).toEqual(["array", "json", "array", "json", "decimal"])
  })

  test("tell another system how wide a column must be", () => {
    const { nativeType: _, ...decimal } = typed("NUMBER(10,2)")
    expect(decimal).toEqual({ type: "decimal", precision: 10, scale: 2 })
    expect(["NUMBER(19,0)", "NUMBER(38,0)", "FLOAT", "TIMESTAMP_LTZ(9)"].map((native) => typed(native).precision)).toEqual([65, 128, 64, 9])
    const sized = ["VARCHAR(80)", "VARCHAR(16777216)", "VARCHAR", "BINARY(8388608)", "BINARY(8)"]
    expect(sized.map((native) => typed(native).maxLength)).toEqual([80, undefined, undefined, undefined, 8])
    expect(["TIMESTAMP_NTZ(9)", "TIMESTAMP_TZ(9)", "TIME(9)"].map((native) => typed(native).zoned)).toEqual([false, true, false])
  })

  test("a name that comes again is told apart", () =>
    expect(columnsOf([1, 2, 3].map(() => ({ name: "A", type: "text" }))).map(({ name }) => name)).toEqual(["A", "A_2", "A_3"]))
})
