import { describe, expect, test } from "vitest"
import type { Column, ColumnType, Value } from "../../../core/values.ts"
import { Advance } from "./advance.ts"

const column = (type: ColumnType): Column => ({ name: type, type, nativeType: type, nullable: false })
const walk = (columns: readonly Column[], after: readonly Value[] | undefined, rows: readonly (readonly Value[])[], unique = true) => {
  const advance = new Advance({ path: ["s", "t"] }, columns, unique, after)
  for (const row of rows) advance.to(row)
}

describe("a resumed read fails when its first row is before the cursor, and goes on when it is behind:", () => {
  test.each<[ColumnType, Value, Value]>([
    ["integer", "9007199254740993", "9007199254740992"],
    ["integer", -1, -2],
    ["decimal", "-1", "-1.25"],
    ["bytes", "/w==", "QQ=="],
    ["date", "2024-01-02", "0000-00-00"],
    ["timestamp", "2024-01-01T00:00:00.5Z", "2024-01-01T00:00:00Z"],
    ["boolean", true, false],
  ])("%s: %j and %j", (type, high, low) => {
    expect(() => walk([column(type)], [high], [[low]])).toThrow(expect.objectContaining({ code: "response_invalid" }))
    expect(() => walk([column(type)], [low], [[high]])).not.toThrow()
  })
})

test.each<[ColumnType, Value, Value]>([
  ["string", "b", "b"],
  ["integer", 7, 7],
  ["decimal", "10.50", "10.5"],
])("a resumed read fails when it returns the cursor's own row again: %s %j, %j", (type, after, next) => {
  expect(() => walk([column(type)], [after], [[next]])).toThrow("does not advance")
})

test("a read that comes to its own cursor's row later fails too", () => {
  expect(() => walk([column("string")], ["b"], [["a"], ["b"]])).toThrow("Reading s.t by string does not advance")
})

test("the server's order of texts is its own", () => {
  expect(() => walk([column("string")], ["b"], [["B"], ["a"]])).not.toThrow()
})

test("infinite and ancient times, and numbers that are none, are the server's to compare", () => {
  for (const [type, after, next] of [
    ["timestamp", "0044-03-15 12:00:00 BC", "2024-01-01T00:00:00"],
    ["date", "2024-01-01", "infinity"],
    ["decimal", "5", "NaN"],
    ["timestamp", "9999-12-31T00:00:00", "12345-01-01T00:00:00"],
  ] as const)
    expect(() => walk([column(type)], [after], [[next]])).not.toThrow()
})

test("of several columns the first that differs decides", () => {
  const key = [column("integer"), column("integer")]
  expect(() => walk(key, [1, 5], [[2, 1]])).not.toThrow()
  expect(() => walk(key, [1, 5], [[1, 5]])).toThrow("does not advance")
  expect(() => walk(key, [1, 5], [[1, 4]])).toThrow("does not advance")
})

test("two rows with one key would be cut apart", () => {
  expect(() => walk([column("integer")], undefined, [[1], [2], [2]])).toThrow("several rows have the same key")
  expect(() => walk([column("integer")], undefined, [[1], [2], [2]], false)).not.toThrow()
})
