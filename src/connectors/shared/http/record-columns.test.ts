import { expect, test } from "vitest"
import type { ColumnType, Value } from "../../../core/values.ts"
import { parseJson } from "../json.ts"
import { columnsOf } from "./record-columns.ts"

const known = (type: ColumnType) => ({ name: "v", type, nativeType: "", nullable: true })
const typeOf = async (values: readonly Value[], before: readonly ReturnType<typeof known>[] = []): Promise<ColumnType | undefined> =>
  (
    await columnsOf(
      before,
      values.map((v) => ({ v })),
    )
  )[0]?.type

test.each<[string, ColumnType]>([
  ["[1, 2]", "integer"],
  ["[1, 1.5]", "float"],
  ["[1, null]", "integer"],
  ["[null]", "unknown"],
  ['[1, "A-3"]', "json"],
  ['["a", "b"]', "string"],
  ["[1, true]", "json"],
  ["[9007199254740991, 9007199254740993]", "integer"],
  ["[9007199254740993, 1, null, 18446744073709551615]", "integer"],
  ["[9007199254740993]", "string"],
  ['["00000000000000000001", 1]', "json"],
  ['["9007199254740993", "x"]', "string"],
  ["[1.5, 9007199254740993]", "decimal"],
  ["[1, 0.12345678901234567891]", "decimal"],
  ["[0.12345678901234567891, 9007199254740993, 2]", "decimal"],
  ["[0.12345678901234567891]", "string"],
  ["[[1], {}]", "json"],
])("the values %s are of the type %s, in any order", async (text, type) => {
  const values = parseJson(text) as Value[]
  expect(await typeOf(values)).toBe(type)
  expect(await typeOf(values.toReversed())).toBe(type)
})

test.each<[ColumnType, string, ColumnType]>([
  ["integer", '["A-3"]', "json"],
  ["integer", "[1.5]", "float"],
  ["integer", "[9007199254740993]", "integer"],
  ["integer", "[null]", "integer"],
  ["boolean", "[0]", "json"],
  ["unknown", "[1]", "integer"],
  ["string", "[9007199254740993]", "string"],
  ["json", "[1]", "json"],
  ["timestamp", '["soon"]', "timestamp"],
])("a column that was %s is, with %s, %s", async (before, text, after) => expect(await typeOf(parseJson(text) as Value[], [known(before)])).toBe(after))
