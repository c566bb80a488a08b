import { describe, expect, test } from "vitest"
import { PlatformError } from "../../../../core/errors.ts"
import { outerType, sparkTypes, spelledType } from "./types.ts"

const { typed, valuesOf } = sparkTypes("Databricks")
const value = (native: string, text: string | null) => valuesOf([[text]], [{ name: "c", type: outerType(native), spelled: spelledType(native) }])[0]?.[0]

describe("values", () => {
  test.each([
    ["BIGINT", "9223372036854775807", "9223372036854775807"],
    ["INT", "-7", -7],
    ["TINYINT", "127", 127],
    ["DECIMAL(38,10)", "1234567890123456789012345678.0123456789", "1234567890123456789012345678.0123456789"],
    ["DOUBLE", "1.7976931348623157E308", 1.7976931348623157e308],
    ["DOUBLE", "NaN", "NaN"],
    ["DOUBLE", "Infinity", "Infinity"],
    ["FLOAT", "-Infinity", "-Infinity"],
    ["BOOLEAN", "true", true],
    ["STRING", "", ""],
    ["STRING COLLATE UNICODE_CI", "x", "x"],
    ["DATE", "1582-10-04", "1582-10-04"],
    ["DATE", "0001-01-01", "0001-01-01"],
    ["TIMESTAMP", "2024-03-31T01:30:00.000Z", "2024-03-31T01:30:00Z"],
    ["TIMESTAMP", "1899-12-31T23:59:59.123456Z", "1899-12-31T23:59:59.123456Z"],
    ["TIMESTAMP", "2024-03-31T01:30:00.500+00:00", "2024-03-31T01:30:00.5Z"],
    ["TIMESTAMP", "2024-03-31T03:30:00+02:00", "2024-03-31T03:30:00+02:00"],
    ["TIMESTAMP_NTZ", "2024-03-31T01:30:00.000", "2024-03-31T01:30:00"],
    ["TIMESTAMP_NTZ", "2024-03-31 01:30:00.120", "2024-03-31T01:30:00.12"],
    ["BINARY", "AP/+gAo=", "AP/+gAo="],
    ["BINARY", "", ""],
    ["ARRAY<STRUCT<a: INT, b: STRING>>", '[{"a":1,"b":"x"},null]', [{ a: 1, b: "x" }, null]],
    ["MAP<STRING, BIGINT>", '{"k":9007199254740993}', { k: "9007199254740993" }],
    ["STRUCT<a: INT>", '{"a":"1"}', { a: "1" }],
    ["VARIANT", "null", null],
    ["INTERVAL DAY TO SECOND", "1 02:03:04.000000000", "1 02:03:04.000000000"],
    ["VOID", null, null],
  ] as const)("%s %s", (native, text, expected) => expect(value(native, text)).toEqual(expected))

  test.each([
    ["TIMESTAMP", "2024-03-31 01:30:00"],
    ["TIMESTAMP_NTZ", "2024-03-31T01:30:00Z"],
    ["DATE", "31.03.2024"],
    ["BINARY", "[00 FF]"],
    ["BOOLEAN", "yes"],
  ])("%s %s is in no documented form, and is refused", (native, text) => {
    expect(() => value(native, text)).toThrow(PlatformError)
    expect(() => value(native, text)).toThrow(/^Databricks sends c in a form of its own; cast the column to STRING/)
  })
})

test.each([
  ["DECIMAL(38,10)", { type: "decimal", precision: 38, scale: 10 }],
  ["bigint", { type: "integer", precision: 64 }],
  ["float", { type: "float", precision: 32 }],
  ["VARCHAR(80)", { type: "string", maxLength: 80 }],
  ["string", { type: "string" }],
  ["timestamp", { type: "timestamp", zoned: true }],
  ["TIMESTAMP_NTZ", { type: "timestamp", zoned: false }],
  ["ARRAY<DECIMAL(10,2)>", { type: "array" }],
  ["map<string,array<int>>", { type: "json" }],
  ["INTERVAL YEAR TO MONTH", { type: "string" }],
  ["OBJECT", { type: "unknown" }],
])("%s", (native, expected) => {
  const { nativeType: _, ...own } = typed(native)
  expect(own).toEqual(expected)
})
