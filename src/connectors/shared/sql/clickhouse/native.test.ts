import { describe, expect, test } from "vitest"
import type { Value } from "../../../../core/values.ts"
import { encodeCell } from "./encode.ts"
import { escaped, nativeOf, splitArguments, unescaped } from "./native.ts"
import { sortingKey } from "./sorting.ts"
import { columnOf } from "./types.ts"
import { cellReader } from "./values.ts"

describe("types", () => {
  test.each([
    ["Nullable(Decimal(38, 10))", { type: "decimal", precision: 38, scale: 10, nullable: true }],
    ["LowCardinality(Nullable(FixedString(3)))", { type: "bytes", maxLength: 3, nullable: true }],
    ["SimpleAggregateFunction(anyLast, Nullable(UInt16))", { type: "integer", precision: 17, nullable: true }],
    ["DateTime64(6, 'Europe/Berlin')", { type: "timestamp", precision: 6, zoned: true, nullable: false }],
    ["DateTime", { type: "timestamp", precision: 0, zoned: true, nullable: false }],
    ["Array(Array(Nullable(Date32)))", { type: "array", elements: "date" }],
    ["Enum8('a)' = 1, '`(' = 2)", { type: "string" }],
    ["AggregateFunction(uniq, String)", { type: "unknown" }],
    ["Nullable(Nothing)", { type: "unknown", nullable: true }],
    ["JSON(max_dynamic_paths=3, `a.b` Int8, SKIP x)", { type: "json" }],
    ["Nested(a Int8, b String)", { type: "json" }],
    ["IntervalDay", { type: "integer", precision: 64 }],
    ["", { type: "unknown" }],
    ["Array(", { type: "unknown" }],
    ["()", { type: "unknown" }],
  ])("%s", (native, wanted) => {
    expect(columnOf("c", native)).toMatchObject({ name: "c", nativeType: native, ...wanted })
  })

  test("of any depth end", () => {
    const deep = `${"Array(".repeat(100_000)}Int8${")".repeat(100_000)}`
    expect(columnOf("c", deep).type).toBe("array")
  })

  test("names of a tuple may be anything", () => {
    expect(nativeOf("Tuple(`a, (b` Int8, c_1 Map(String, Tuple(x Int8)))").names).toEqual(["a, (b", "c_1"])
    expect(nativeOf("Tuple(Int8, String)").names).toEqual([])
  })

  test("lists are split outside of quotes and parentheses", () => {
    expect(splitArguments("a, f(b, c), 'd, \\', (', `e,`")).toEqual(["a", "f(b, c)", "'d, \\', ('", "`e,`"])
    expect(splitArguments(" ")).toEqual([])
  })
})

test("backslashes come and go", () => {
  const text = "\b\f\n\r\t\0\\'x\"`"
  expect(unescaped(escaped(text))).toBe(text)
  expect(unescaped("\\a\\v\\q")).toBe("\x07\vq")
})

describe("cells", () => {
  test.each<[string, string, Value]>([
    ["Array(String)", "['a\\'b','\\\\',']']", ["a'b", "\\", "]"]],
    ["Array(Nullable(Int64))", "[NULL,1]", [null, "1"]],
    [
      "Array(Tuple(a Int8, b Array(Bool)))",
      "[(1,[true]),(2,[])]",
      [
        { a: 1, b: [true] },
        { a: 2, b: [] },
      ],
    ],
    ["Map(String, String)", "{'__proto__':'x',':':','}", JSON.parse('{"__proto__": "x", ":": ","}') as Value],
    ["Tuple(Int8)", "(1,)", [1]],
    ["Array(Dynamic)", "[1,'x',[2],(3,{'a':4}),NULL]", ["1", "x", ["2"], ["3", { a: "4" }], null]],
    ["Point", "(1.5,2)", ["1.5", "2"]],
    ["Array(Float32)", "[-inf,nan,1e+30]", ["-Infinity", "NaN", 1e30]],
    ["Nullable(String)", "\\N", null],
    ["String", "\\\\N", "\\N"],
  ])("%s: %s", (native, cell, value) => {
    expect(cellReader("c", native)(cell)).toEqual(value)
  })

  test.each([
    ["Array(Int8)", "[1"],
    ["Array(Int8)", "[1]]"],
    ["Array(Int8)", "[,]"],
    ["Array(Int8)", ""],
    ["Array(String)", "['a"],
    ["Map(String, Int8)", "{'a'}"],
    ["Array(Dynamic)", `${"[".repeat(100_000)}${"]".repeat(100_000)}`],
  ])("%s: %s is an error that says so", (native, cell) => {
    expect(() => cellReader("c", native)(cell)).toThrow(expect.objectContaining({ code: "response_invalid" }))
  })

  test.each<[string, Value, string]>([
    ["Decimal(38, 10)", "-000.50", "-0.5"],
    ["Decimal(38, 10)", "1e3", "1000"],
    ["Decimal(38, 10)", 0, "0"],
    ["Decimal(3, 3)", ".125", "0.125"],
    ["Int8", "-0", "0"],
    ["UInt8", true, "1"],
    ["Float64", "1e308", "1e308"],
    ["DateTime", "2024-03-31 03:30:00+02:00", "2024-03-31T01:30:00Z"],
    ["DateTime64(3)", "2024-03-31T01:30:00.120000", "2024-03-31T01:30:00.12Z"],
    ["Date", "2024-02-29T00:00:00", "2024-02-29"],
    ["FixedString(2)", "AP8=", "\\x00\\xff"],
    ["Array(FixedString(2))", ["AP8="], "['\\x00\\xff']"],
    ["Map(String, Array(Nullable(String)))", { "a'b": [null, "\t"] }, "{'a\\'b':[NULL,'\\t']}"],
    ["Tuple(a Int8, b Nullable(String))", { b: "x", a: 1 }, "(1,'x')"],
    ["Nested(a Int8)", [{ a: 1 }], "[(1)]"],
    ["String", "ä\n", "\xc3\xa4\\n"],
    ["String", { a: 1 }, '{"a":1}'],
  ])("%s takes %j as %s", (native, value, cell) => {
    expect(encodeCell(value, native)).toBe(cell)
  })

  test.each<[string, Value]>([
    ["String", "\ud800"],
    ["Decimal(38, 10)", "-"],
    ["Decimal(38, 10)", true],
    ["Int64", "9".repeat(100)],
    ["Float64", ""],
    ["Float64", "1,5"],
    ["Float64", "1e400"],
    ["BFloat16", 1e39],
    ["DateTime", "2024-13-01T00:00:00Z"],
    ["DateTime", "2024-01-01T25:00:00Z"],
    ["Map(String, Int8)", [["a", 1]]],
  ])("%s does not take %j", (native, value) => {
    expect(() => encodeCell(value, native)).toThrow(expect.objectContaining({ name: "Unfit" }))
  })
})

describe("sorting keys", () => {
  const columns = ["a", "b", "na`me, (x)"].map((name) => columnOf(name, name === "b" ? "Nullable(Int8)" : "Int8"))
  test.each([
    ["a", ["a"], true],
    ["(a)", ["a"], true],
    ["a, `na\\`me, (x)`", ["a", "na`me, (x)"], true],
    ["a, toDate(a)", ["a"], false],
    ["a, b", ["a"], false],
    ["a DESC", [], false],
    ["(a), (a)", [], false],
    ["", [], true],
  ])("%s", (sorting, key, whole) => {
    expect(sortingKey(sorting, columns)).toEqual({ key, whole })
  })
})
