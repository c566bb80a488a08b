import fc from "fast-check"
import { afterAll, describe, expect, test } from "vitest"
import { ExactNumber, type Row } from "../core/values.ts"
import { Evaluator } from "./evaluator.ts"
import { RENDER_MS } from "./messages.ts"

const pool = new Evaluator()
const { render } = pool.for({ workspaceId: "one" })
afterAll(() => pool.close())

const json = async (template: string, values: Row = {}): Promise<unknown> => JSON.parse(await render(template, values))

describe("a value replaces its expression", () => {
  test.each<[string, Row, unknown]>([
    ['{"a": "{{ s }}", "b": {{ s }}, "{{ s }}": 1}', { s: 'x", "evil": "1' }, { a: 'x", "evil": "1', b: 'x", "evil": "1', 'x", "evil": "1': 1 }],
    [
      '{"n": {{ n }}, "t": "{{ n }} %", "f": {{ f }}, "z": {{ z }}, "u": {{ missing }}, "s": "{{ missing }}"}',
      { n: 3, f: true, z: null },
      { n: 3, t: "3 %", f: true, z: null, u: null, s: "" },
    ],
    ['{"l": {{ l }}, "in": "{{ l }}"}', { l: [1, { a: '"' }] }, { l: [1, { a: '"' }], in: '[1,{"a":"\\""}]' }],
    ['{"l": {{ l | tojson }}, "in": "{{ l | tojson }}"}', { l: ["é"] }, { l: ["é"], in: '["é"]' }],
    ['[{% for i in l %}{"v": {{ i.v | upper }}}{{ "," if not loop.last }}{% endfor %}]', { l: [{ v: "a" }, { v: '"' }] }, [{ v: "A" }, { v: '"' }]],
    ['{% set y = s ~ "!" %}{"a": {{ y }}{% if not s %}, "b": 1{% endif %}}', { s: "a" }, { a: "a!" }],
    ['{% macro m(x) %}<{{ x }}>{% endmacro %}{"a": "{{ m(s) }}", "b": {{ m(s) }}}', { s: '"' }, { a: '<">', b: '<">' }],
    ['{"a": {{ "x" if s else n }}}', { n: '"' }, { a: '"' }],
    ['{"a": "{{ s | default("none") }}", "b": {{ "\\x00" }}}', {}, { a: "none", b: "\u0000" }],
    ["{{ o }}", { o: { __proto__x: 1, constructor: "c" } }, { __proto__x: 1, constructor: "c" }],
  ])("%s", async (template, values, expected) => expect(await json(template, values)).toEqual(expected))

  test.each<[string, Row, unknown]>([
    ["{{ []|first }}", {}, null],
    ["{{ list|last }}", { list: [] }, null],
    ["{{ list|first }}", { list: [new ExactNumber("12345678901234567890")].slice(1) }, null],
    ["{{ list|last }}", { list: [], n: new ExactNumber("12345678901234567890") }, null],
    ['{{ list|first|default("none") }}', { list: [] }, "none"],
    ['"{% if list|first is defined %}some{% else %}none{% endif %}"', { list: [] }, "none"],
    ["{{ list|first }}", { list: [1] }, 1],
  ])("%s with %j: an empty list has no first and no last element", async (template, values, expected) => expect(await json(template, values)).toEqual(expected))

  test("and cannot change the template's structure", async () => {
    const template = '{"in": "<{{ v }}>", "out": {{ v }}, "list": [{% for i in l %}"{{ i }}"{{ "," if not loop.last }}{% endfor %}], "last": 1}'
    const text = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom('"', "\\", "}", "{", ",", "]", "\u0000", "0", "{{ v }}", "{%", "\n", "u") }))
    await fc.assert(
      fc.asyncProperty(text, fc.array(text), async (v, l) => {
        expect(await json(template, { v, l })).toEqual({ in: `<${v}>`, out: v, list: l, last: 1 })
      }),
      { numRuns: 200 },
    )
  })

  test.each([
    ['{"a": "\\{{ s }}"}', "a backslash right before"],
    ['{"a": {{ s }}', "valid JSON"],
    ['{"a": 1{{ s }}}', "valid JSON"],
    ["{{ s.upper.lower() }}", "fails"],
  ])("%s is rejected", (template, reason) => expect(render(template, { s: '"' })).rejects.toThrow(reason))
})

describe("a number that a double does not hold", () => {
  const n = new ExactNumber("7615917337495251231")
  const d = new ExactNumber("0.12345678901234567890123")
  test.each<[string, Row, string]>([
    ['{"a": {{ n }}, "in": "{{ n }}"}', { n }, '{"a": 7615917337495251231, "in": "7615917337495251231"}'],
    [
      '{"a": {{ n | int }}, "b": {{ d | float }}, "c": {{ n | tojson }}}',
      { n, d },
      '{"a": 7615917337495251231, "b": 0.12345678901234567890123, "c": 7615917337495251231}',
    ],
    [
      '{"a": {{ o }}, "b": {{ o | tojson }}, "in": "{{ o }}"}',
      { o: { l: [n, 1] } },
      '{"a": {"l":[7615917337495251231,1]}, "b": {"l":[7615917337495251231,1]}, "in": "{\\"l\\":[7615917337495251231,1]}"}',
    ],
    ["[{% for i in o.l %}{{ i }}{{ ',' if not loop.last }}{% endfor %}]", { o: { l: [n, 2, n] } }, "[7615917337495251231,2,7615917337495251231]"],
    ["[{% for i in l %}{{ i + 1 if loop.last else i }}{{ ',' if not loop.last }}{% endfor %}]", { l: [n, 2] }, "[7615917337495251231,3]"],
    ['{"a": "{{ n | string ~ "x" }}", "b": {{ m | default(n) }}}', { n }, '{"a": "7615917337495251231x", "b": 7615917337495251231}'],
  ])("keeps its digits in %s", async (template, values, expected) => expect(await render(template, values)).toBe(expected))

  test.each(["{{ n + 1 }}", "{{ 1 - n }}", "{{ n // 10 }}", "{{ 1 if n > 5 else 0 }}"])("is not calculated with: %s", (template) =>
    expect(render(template, { n })).rejects.toThrow("more digits than can be calculated with"),
  )

  test("keeps its digits in a URL and a form", async () => {
    expect(await render("https://a.example/{{ n }}?d={{ d }}", { n, d }, "url")).toBe("https://a.example/7615917337495251231?d=0.12345678901234567890123")
    expect(await render("n={{ n }}", { n }, "form")).toBe("n=7615917337495251231")
  })
})

describe("a malicious template is stopped, and the next one is filled", () => {
  const loops = (body: string) => `${"{% for a in range(9999) %}".repeat(3)}${body}${"{% endfor %}".repeat(3)}1`
  test.each<[string, string]>([
    ["constructor", '{{ range.constructor("return process")() }}'],
    ["constructor of a value", '{{ s.constructor.constructor("return process")() }}'],
    ["constructor by subscript", '{{ s["constructor"]["constructor"]("return 1")() }}'],
    ["range(1e9)", "{{ range(1000000000) }}"],
    ["range of a fraction", "{{ range(0, 1, 0) }}"],
    ["nested loops", loops("")],
    ["nested loops that print", loops("{{ s }}")],
    ["string doubling", '{% set n = namespace(s="aaaaaaaa") %}{% for i in range(40) %}{% set n.s = n.s ~ n.s %}{% endfor %}"{{ n.s }}"'],
    ["list doubling", "{% set n = namespace(l=[1]) %}{% for i in range(90) %}{% set n.l = n.l + n.l %}{% endfor %}1"],
    ["a string times a number", '{{ "a" * 1000000000 }}'],
    ["deep nesting", `{{ ${"(".repeat(20_000)}1${")".repeat(20_000)} }}`],
    ["a macro that calls itself", "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"],
    ["indent by a million", "{{ s | indent(100000000, true) }}"],
    ["output over the cap", '[{% for i in range(2000) %}"{{ long }}",{% endfor %}1]'],
  ])("%s", async (_, template) => {
    const refused = await render(template, { s: "x", long: "y".repeat(1_000) }).catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: "query_invalid" })
    expect(await json("[{{ s }}]", { s: 1 })).toEqual([1])
  })

  test("reading a prototype gives nothing", async () => {
    expect(await json('[{{ s.__proto__ }}, {{ o.__proto__ }}, {{ o["constructor"] }}]', { s: "x", o: {} })).toEqual([null, null, null])
  })

  test("and the jobs that wait behind it keep their own time limit", async () => {
    const slow = Array.from({ length: 4 }, () => render(loops(""), {}).catch((error: Error) => error.message))
    const quick = Array.from({ length: 20 }, (_, index) => json("[{{ n }}]", { n: index }))
    expect(await Promise.all(quick)).toEqual(Array.from({ length: 20 }, (_, index) => [index]))
    // On a machine that gives a worker no processor time, only the pool's timer fires, not the worker's.
    for (const message of await Promise.all(slow)) expect(message).toMatch(new RegExp(`longer than ${RENDER_MS} ms|did not end and was stopped`))
  })
})
