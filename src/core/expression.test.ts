import { describe, expect, test } from "vitest"
import { evaluate, expressionFault, isQuick, isTruthy } from "./expression.ts"

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

  test.each([
    ["data.items", 16_384, true],
    ["items[?state == 'new' && n > `1`].{id: id, tag: tags[0], all: length(tags)}", 16_384, true],
    ["data.items", 1_048_576, false],
    ["sort_by(@, &to_string(@))", 16, false],
    ["sort(@)", 16, false],
    ["group_by(@, &id)", 16, false],
    ["max_by(@, &to_number(to_string(@)))", 16, false],
    ["map(&join(',', @), @)", 16, false],
    ["zip(@, @)", 16, false],
    ["contains(@, 'a')", 16, false],
    ["items[*].[to_string(@)][]", 16, false],
  ])("%s on %i bytes is quick: %s", (text, bytes, quick) => {
    expect(expressionFault(text)).toBeUndefined()
    expect(isQuick(text, bytes)).toBe(quick)
  })

  test("an expression that copies much, or compares with a long literal, is not quick", () => {
    expect(isQuick(`items[*].{${Array.from({ length: 60 }, (_, index) => `f${index}: @`).join(", ")}}`, 16_384)).toBe(false)
    expect(isQuick(`[?@ == \`[${"1,".repeat(900)}1]\`]`, 16_384)).toBe(false)
  })

  test.each([
    ["a||", 660, ")", 1_981],
    ["!", 1_990, ")", 1_991],
    ["a||", 600, "`{`", 1_803],
    ["b.", 900, ".c", 1_801],
  ])("the fault behind %j × %i is found in its place", (part, times, end, column) =>
    expect(expressionFault(part.repeat(times) + end)).toContain(`(column ${column})`),
  )

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
    for (const name of ["trim", "trim_left", "trim_right"]) expect(evaluate(`length(${name}(@))`, `${blanks}a${blanks}b`)).toBeGreaterThan(2_000_000)
    expect(evaluate("trim(@, 'ab')", "ab".repeat(1_000_000))).toBe("")
  })

  test("fails with a clear message if the response does not fit", () => {
    expect(() => evaluate("length(a)", { a: 1 })).toThrow(/does not fit the response/)
  })

  test("is true except for null, false and empty values", () => {
    expect([null, false, "", [], {}].map(isTruthy)).toEqual([false, false, false, false, false])
    expect([true, 0, "x", [0], { a: null }].map(isTruthy)).toEqual([true, true, true, true, true])
  })
})

describe("a name that needs quotes", () => {
  test.each([
    ["meta.next-cursor", 'write "next-cursor" in double quotes'],
    ["_links.next-page.href", 'write "next-page" in double quotes'],
    ["x-y-z", 'write "x-y-z" in double quotes'],
    ["links/next", 'write "links/next" in double quotes'],
    ["a+b", 'write "a+b" in double quotes'],
    ["items[?x-y > `1`]", 'write "x-y" in double quotes'],
    ["line-1", "need double quotes"],
    ["@odata.nextLink", "need double quotes"],
    ["dc:title", "need double quotes"],
    ["next page", "need double quotes"],
    ["{next-cursor: a}", "need double quotes"],
  ])("%s is refused when it is saved", (text, says) => expect(expressionFault(text)).toContain(says))

  test.each(['meta."next-cursor"', "a - b", "a -b", "a- b", "a-sum(b)", "sum(a)-sum(b)", "a[-1]", "items[0]-b", "`1`-a", "'a-b'", "a.*", "a × b"])(
    "%s is not",
    (text) => expect(expressionFault(text)).toBeUndefined(),
  )

  test("and is named where it was saved before", () => {
    expect(() => evaluate("meta.next-cursor", { meta: {} })).toThrow(/write "next-cursor" in double quotes/)
    expect(evaluate("a-b", { a: 3, b: 1 })).toBe(2)
  })
})
