import { describe, expect, test } from "vitest"
import { type FileFault, parseSources } from "./documents.ts"

const read = (text: string) => parseSources([{ file: "a.yaml", text, folder: "." }])
const places = (faults: readonly FileFault[]) => faults.map(({ line, column, message }) => `${line}:${column} ${message}`)

/** A text that grows a thousandfold when every alias is expanded. */
const BOMB = `a: &a [x,x,x,x,x,x,x,x,x]\n${"bcdefghi"
  .split("")
  .map((name, index) => `${name}: &${name} [${Array(9).fill(`*${"abcdefgh"[index]}`).join(",")}]`)
  .join("\n")}\nconnectors: { z: { type: http, config: *i } }\n`

describe("connector files", () => {
  test("are YAML 1.2: `no` is a text and 0o14 a number, and JSON is YAML", () => {
    const { entries, faults } = read("owner: data\nconnectors:\n  a: { type: http, config: { x: no, y: 0o14, z: 1e3 } }\n")
    expect(faults).toEqual([])
    expect(entries[0]).toMatchObject({ name: "a", owner: "data", value: { config: { x: "no", y: 12, z: 1000 } } })
    expect(read('{"connectors":{"a":{"type":"http","config":{}}}}').entries).toHaveLength(1)
  })

  test("may use aliases", () => {
    const { entries, faults } = read("connectors:\n  a: { type: http, config: &c { url: u } }\n  b: { type: http, config: *c }\n")
    expect(faults).toEqual([])
    expect(entries.map(({ value }) => value["config"])).toEqual([{ url: "u" }, { url: "u" }])
  })

  test("may contain several documents, each with its owner", () => {
    const { entries, owners } = read("owner: one\nconnectors: { a: { type: http } }\n---\nowner: two\nconnectors: { b: { type: http } }\n")
    expect(entries.map(({ name, owner }) => [name, owner])).toEqual([
      ["a", "one"],
      ["b", "two"],
    ])
    expect(owners).toEqual(["one", "two"])
  })

  test.each([
    ["a bomb of aliases", BOMB, /more than 1000 uses of aliases/],
    ["a custom tag", "connectors:\n  a: !!js/function 'x'\n", /custom tags/],
    ["another tag", "connectors: !include other.yaml\n", /custom tags/],
    ["another YAML", "%YAML 1.1\n---\nconnectors: {}\n", /another version/],
    ["a repeated key", "connectors:\n  a: { type: http }\n  a: { type: http }\n", /3:3 occurs twice/],
    ["a tab", "connectors:\n\ta: {}\n", /tab/],
    ["an alias of a missing anchor", "connectors: *nothing\n", /anchor that does not exist/],
    ["an alias of itself", "connectors: &a { b: *a, c: *a }\n", /nested deeper/],
    ["a list", "- a\n", /must be a mapping/],
    ["a word", "hunter2\n", /must be a mapping/],
    ["another key", "connectors: {}\nconector: {}\n", /2:1 There is no "conector"/],
    ["a name that is a number", "connectors:\n  123: { type: http }\n", /2:3 .*quotes/],
    ["a bracket that is not closed", "connectors: { a: { type: http }\n", /./],
    ["depth", `connectors: ${"[".repeat(100_000)}`, /nested (too deep|deeper than)/],
    ["deep nesting with closed brackets", `connectors: ${"[".repeat(1_000)}${"]".repeat(1_000)}`, /nested (too deep|deeper than)/],
    ["an unquoted placeholder inside { }", `connectors: { a: { type: http, config: { url: \${env:X} } } }\n`, /^1:47 is a placeholder/],
    ["a word where a connector belongs", "connectors:\n  a: hunter2\n", /2:3 must be a mapping/],
  ])("reject %s without quoting it", (_, text, expected) => {
    const { faults } = read(text)
    expect(places(faults).join("\n")).toMatch(expected)
    expect(JSON.stringify(faults)).not.toContain("hunter2")
  })

  test("report every fault of every file, with its place", () => {
    const { faults } = parseSources([
      { file: "a.yaml", text: "connectors:\n  a: { type: http }\n  c: 1\n", folder: "." },
      { file: "b.yaml", text: "what: 1\nconnectors:\n  a: { type: http }\n", folder: "." },
    ])
    expect(faults.map(({ file, line }) => `${file}:${line}`)).toEqual(["a.yaml:3", "b.yaml:1", "b.yaml:3"])
    expect(faults[2]?.message).toBe('"a" occurs twice; the first is in a.yaml, line 2.')
  })

  test("a fault's place is that of the value or its nearest existing ancestor, and for an alias that of the anchor", () => {
    const { entries } = read(
      "connectors:\n  a:\n    type: http\n    config:\n      rows:\n        - { name: x }\n        - name: y\n          value: &v { deep: 1 }\n  b: { config: *v }\n",
    )
    const at = (entry: number, pointer: string) => {
      const { line, column } = entries[entry]?.at(pointer, "") ?? {}
      return `${line}:${column}`
    }
    expect(at(0, "/config/rows/1/value")).toBe("8:11")
    expect(at(0, "/config/rows/0")).toBe("6:11")
    expect(at(0, "/config/missing")).toBe("4:5")
    expect(at(0, "/config/rows/7/name")).toBe("5:7")
    expect(at(1, "/config/deep")).toBe("8:23")
  })
})
