import { describe, expect, test } from "vitest"
import { evaluate, expressionFault, isTruthy } from "./expression.ts"

describe("an expression", () => {
  test.each([
    ["data.items", { data: { items: [1] } }, [1]],
    ["data.items[*].{id: id, name: names[0]}", { data: { items: [{ id: 1, names: ["a"] }] } }, [{ id: 1, name: "a" }]],
    ["items[?n > `1`].n", { items: [{ n: 1 }, { n: 2 }] }, [2]],
    ["items || `[]`", {}, []],
    ["nothing.here", { a: 1 }, null],
    ["map(&join('-', @), rows)", { rows: [["a", "b"]] }, ["a-b"]],
  ])("%s", (text, value, expected) => {
    expect(expressionFault(text)).toBeUndefined()
    expect(evaluate(text, value)).toEqual(expected)
  })

  test.each([
    ["a.b[", /column 5/],
    ["a..b", /column 3/],
    ["a b", /column 3/],
    ["items[?n > ]", /column 12/],
    ["a.'", /column 3|column 4/],
    ["__proto__", /must not use the name/],
    ["a.constructor", /must not use the name/],
    ['{"__proto__": a}', /must not use the name/],
    ["foo(a)", /function foo/],
    ["pad_left(a, `1000000000`)", /function pad_left/],
    ["replace(a, '', 'xxxxxxxxxxxx')", /function replace/],
    ["items[?contains($.ids, id)]", /must not use \$/],
    ["let $x = a in $x[0]", /must not use let/],
    ["join(glue, list)", /separator/],
    [`@${"|[@,@]".repeat(7)}`, /too many times/],
    [`${"to_string([".repeat(8)}@${"])".repeat(8)}`, /too many times/],
    [`${"[@,@][] | ".repeat(20)}@`, /too many times/],
    [`${"map(&[@,@,@,@,@], ".repeat(4)}@${")".repeat(4)}`, /too many times/],
    ["a.".repeat(400).slice(0, -1), /more than 300 parts/],
    ["a".repeat(2_001), /2000 characters/],
  ])("%s is rejected", (text, says) => expect(expressionFault(text)).toMatch(says))

  test("may cost as much as the size of the response allows", () => {
    const mapping = `items[*].{${Array.from({ length: 12 }, (_, index) => `f${index}: f${index}.value`).join(", ")}}`
    expect(expressionFault(mapping)).toBeUndefined()
    expect(evaluate(mapping, { items: [] }, 10 * 1_048_576)).toEqual([])
    const copies = "items[*].[@,@,@,@,@,@,@,@,@] | [*].[@,@,@,@,@,@,@,@,@,@]"
    expect(evaluate(copies, { items: [1] }, 10_000)).toHaveLength(1)
    expect(() => evaluate(copies, {}, 1_048_576)).toThrow(/too large for the expression/)
  })

  test("a literal costs its size, because each element may be compared with it", () => {
    const many = `[?contains(\`[${Array.from({ length: 900 }, () => "1").join(",")}]\`, @)]`
    expect(evaluate(many, [1, 2], 100_000)).toEqual([1])
    for (const text of [many, `[?contains('${"a".repeat(1_900)}', @)]`, `map(&to_string(\`[${"1,".repeat(900)}1]\`), @)`])
      expect(() => evaluate(text, [1], 1_048_576), text.slice(0, 20)).toThrow(/too large for the expression/)
    expect(evaluate("[?contains(['paid', 'sent'], @)]", ["sent", "new"], 10 * 1_048_576)).toEqual(["sent"])
  })

  test.each([
    ["trim(@)", " \u0085\n a b\t ", "a b"],
    ["trim_left(@)", "  a ", "a "],
    ["trim_right(@)", " a  ", " a"],
    ["trim(@, 'xy')", "xyaxbyx", "axb"],
    ["trim(@, ']-^')", "-]^a]^-", "a"],
    ["trim(@, '😀')", "😀😁😀", "😁"],
    ["trim_right(@, '😀')", "😀", ""],
    ["trim(@, '')", " a ", "a"],
    ["trim(@)", "   ", ""],
    ["trim(@)", "", ""],
  ])("%s of %j", (text, value, expected) => expect(evaluate(text, value)).toBe(expected))

  test("trims a text of only blanks in less than quadratic time", () => {
    const blanks = " ".repeat(2_000_000)
    for (const name of ["trim", "trim_left", "trim_right"]) expect(evaluate(`length(${name}(@))`, `${blanks}a${blanks}b`, 4_000_000)).toBeGreaterThan(2_000_000)
    expect(evaluate("trim(@, 'ab')", "ab".repeat(1_000_000), 2_000_000)).toBe("")
  })

  test("fails with a clear message if the response does not fit", () => {
    expect(() => evaluate("length(a)", { a: 1 })).toThrow(/does not fit the response/)
  })

  test("is true except for null, false and empty values", () => {
    expect([null, false, "", [], {}].map(isTruthy)).toEqual([false, false, false, false, false])
    expect([true, 0, "x", [0], { a: null }].map(isTruthy)).toEqual([true, true, true, true, true])
  })
})
