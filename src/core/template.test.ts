import { describe, expect, test } from "vitest"
import { PlatformError } from "./errors.ts"
import { parseTemplate, templateFault } from "./template.ts"

describe("the inputs of a template", () => {
  test.each([
    ['{"b": {{ b }}, "a": "{{ a.deep.name }}", "again": {{ b }}}', ["b", "a"]],
    ["{{ x and not y or z is none }}", ["x", "y", "z"]],
    ["{% for i in items if i.ok and min %}{{ i.n }}{{ loop.index }}{{ sep }}{% else %}{{ nothing }}{% endfor %}", ["items", "min", "sep", "nothing"]],
    ["{% for k, v in pairs %}{{ k }}{{ v }}{% endfor %}{{ k }}", ["pairs", "k"]],
    ["{% set a = b %}{{ a }}{% set t %}{{ c }}{% endset %}{{ t }}", ["b", "c"]],
    ["{% macro m(x, y=w) %}{{ x }}{{ y }}{{ g }}{{ caller() }}{% endmacro %}{{ m(1) }}{% call m(2) %}{{ h }}{% endcall %}", ["w", "g", "h"]],
    ["{{ range(n) }}{{ true }}{{ None }}{{ namespace(a=q).a }}", ["n", "q"]],
    ['{{ {"k": v, "l": [{"m": u}]} | tojson }}{{ d[e] }}', ["v", "u", "d", "e"]],
    ['{{ "{{ quoted }}" }}{# {{ commented }} #}{{ "a" if cond else other }}', ["cond", "other"]],
    ["{{ x | replace(from, to) | join(by) }}", ["x", "from", "to", "by"]],
    ["plain text, and { braces }", []],
  ])("%s", (text, inputs) => expect(parseTemplate(text).inputs).toEqual(inputs))

  test("are optional if the template itself handles their absence", () => {
    const { inputs, optional } = parseTemplate('{{ a | default("x") }}{% if b is defined %}{{ b }}{% endif %}{% if c %}{{ c }}{% endif %}{{ "t" if d }}{{ e }}')
    expect(inputs).toEqual(["a", "b", "c", "d", "e"])
    expect(optional).toEqual(["a", "b", "c", "d"])
  })
})

describe("a fault names its line and column", () => {
  test.each([
    ['{"a":\n  {{ name }', 2, 3],
    ["x\n\n  {{ a b }}", 3, 3],
    ["{{ ok }}\n{{ a | nope }}", 2, 6],
    ["ok\n {% foo %}", 2, 2],
    ['{{ ok }} {{ "abc }}', 1, 10],
    ["{{ ok }}\n  {# never closed", 2, 3],
    ["{{ ok }}\n{{ ( 1 }}", 2, 1],
    ["{% for x y %}{% endfor %}", 1, 1],
    ["{% if a %}\n{{ b }}", 2, 1],
    ["a\n{% endif %}", 2, 1],
    ["a\n {{ $ }}", 2, 2],
    ['{{ "a\\q" }}', 1, 1],
  ])("%j", (text, line, column) => {
    expect(templateFault(text)).toContain(`(line ${line}, column ${column})`)
    expect(() => parseTemplate(text)).toThrow(PlatformError)
    try {
      parseTemplate(text)
    } catch (error) {
      expect((error as PlatformError).code).toBe("config_invalid")
      expect((error as PlatformError).details).toEqual({ line, column })
    }
  })
})

describe("a template that would take the parser too long", () => {
  const deep = `{{ ${"(".repeat(30_000)}1${")".repeat(30_000)} }}`
  test.each([
    ["nested too deeply", deep],
    ["nested too deeply", `{{ ${"a + ".repeat(16_000)}a }}`],
    ["nested too deeply", "{% if a %}".repeat(6_500)],
    ["500 blanks", " ".repeat(65_536)],
    ["at most 65536 characters", "x".repeat(65_537)],
  ])("is rejected: %s", (reason, text) => expect(templateFault(text)).toContain(reason))

  test("but a short one may have any blanks", () => {
    for (const blank of [" ", "\n", "\t"]) expect(parseTemplate(`{"a":${blank.repeat(2_035)}{{ b }}}`).inputs).toEqual(["b"])
    expect(templateFault(`{"a":${" ".repeat(2_036)}{{ b }}}`)).toContain("500 blanks")
  })

  test("is limited to the size that the caller sets", () => {
    expect(parseTemplate("x".repeat(2_048), 2_048).inputs).toEqual([])
    expect(() => parseTemplate("x".repeat(2_049), 2_048)).toThrow("at most 2048 characters; it has 2049")
    expect(parseTemplate("x".repeat(2_049)).inputs).toEqual([])
    expect(() => parseTemplate("x".repeat(2_049), 2_048)).toThrow()
  })
})
