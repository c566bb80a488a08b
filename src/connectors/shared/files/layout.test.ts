import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Column } from "../../../core/values.ts"
import { joinedColumns } from "./columns.ts"
import { globOf } from "./glob.ts"
import { columnOf } from "./kinds.ts"
import { Layout } from "./layout.ts"

describe("a glob", () => {
  it.each<[string, string[], string[]]>([
    ["*.csv", ["a.csv", ".csv"], ["a/b.csv", "a.csv.gz", "a_csv"]],
    ["**/*.csv", ["a.csv", "x/a.csv", "x/y/a.csv"], ["a.txt", "x/a.csv/b"]],
    [
      "data/**/part-?.ndjson",
      ["data/part-1.ndjson", "data/a/b/part-é.ndjson", "data/part-\u{1F600}.ndjson"],
      ["part-1.ndjson", "data/part-12.ndjson", "datapart-1.ndjson", "data/part-/.ndjson"],
    ],
    ["**", ["a", "a/b"], []],
    ["a**c", ["ac", "a/b/c", "abc"], ["ab"]],
    ["dt=*/[x].csv", ["dt=1/[x].csv"], ["dt=1/x.csv"]],
    ["", [""], ["a"]],
  ])("%j", (pattern, yes, no) => {
    const { matches } = globOf(pattern)
    expect([yes.filter(matches), no.filter(matches)]).toEqual([yes, []])
  })

  it("matches the same paths as an equivalent regular expression", () => {
    const piece = fc.constantFrom("a", "b", "/", "*", "?", "**", "**/")
    const path = fc.string({ unit: fc.constantFrom("a", "b", "/"), maxLength: 8 })
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 6 }).map((parts) => parts.join("")),
        path,
        (pattern, text) => {
          const source = pattern.replaceAll(
            /\*\*\/|\*\*|\*|\?/g,
            (token) => ({ "**/": "(?:(?:(?<=^|/)|.*/))", "**": ".*", "*": "[^/]*", "?": "[^/]" })[token] ?? "",
          )
          expect(globOf(pattern).matches(text)).toBe(new RegExp(`^${source}$`, "s").test(text))
        },
      ),
      { numRuns: 5_000 },
    )
  })

  it("takes time that does not grow with the number of ways to match", () => {
    expect(globOf("*a".repeat(500)).matches("a".repeat(5_000))).toBe(true)
    expect(globOf(`${"**/*a".repeat(100)}b`).matches("a/".repeat(1_000))).toBe(false)
  })

  it("lists only the files below its common beginning", () =>
    expect(["a/b*/c", "a/b", "*", "x?"].map((pattern) => globOf(pattern).prefix)).toEqual(["a/b", "a/b", "", "x"]))
})

describe("a layout", () => {
  const layout = new Layout({ per: "folder", glob: "data/**" })
  it.each([
    ["data/a/x.csv", "data/a/", []],
    ["data/x.csv", "data/", []],
    [
      "data/t/dt=2026-01-01/h=1/x.csv",
      "data/t/",
      [
        ["dt", "2026-01-01"],
        ["h", "1"],
      ],
    ],
    ["data/t/dt=1/sub/x.csv", "data/t/", [["dt", "1"]]],
    ["data/t/a%20b=x%2Fy/=no/x.csv", "data/t/", [["a b", "x/y"]]],
    ["dt=1/x.csv", "./", [["dt", "1"]]],
    ["x.csv", "./", []],
  ])("by folders puts %s into %s", (path, stream, partitions) => {
    expect([layout.streamOf(path), layout.partitionsOf(path).map(({ name, value }) => [name, value])]).toEqual([stream, partitions])
  })

  it("has only files that match, and no folders", () => {
    expect(["data/x", "data/a/b/x", "data/", "datax", "x"].filter((path) => layout.has(path))).toEqual(["data/x", "data/a/b/x"])
    expect([layout.prefix, layout.prefixOf("data/a/"), layout.prefixOf("./"), new Layout({ per: "folder", glob: "**" }).prefixOf("./")]).toEqual([
      "data/",
      "data/a/",
      "data/",
      "",
    ])
  })
})

describe("columns of several files", () => {
  const column = (kind: Parameters<typeof columnOf>[1], more: Partial<Column> = {}): Column => ({ ...columnOf("c", kind), nullable: false, ...more })
  it.each<[Column, Column, Partial<Column>]>([
    [column("integer"), column("decimal", { precision: 5, scale: 2 }), { type: "decimal", nativeType: "decimal" }],
    [column("decimal", { precision: 5, scale: 2 }), column("decimal", { precision: 6, scale: 1 }), { type: "decimal", precision: 7, scale: 2 }],
    [column("integer"), column("float"), { type: "float" }],
    [column("bigint"), column("float"), { type: "decimal" }],
    [column("date"), column("integer"), { type: "string" }],
    [column("json"), column("integer"), { type: "json" }],
    [column(undefined), column("date"), { type: "date" }],
    [column("timestamp", { zoned: true }), column("timestamp", { zoned: false }), { type: "timestamp", nativeType: "timestamp" }],
    [column("timestamp", { zoned: true }), column("timestamp", { zoned: true }), { zoned: true }],
    [column("date", { nativeType: "DATE32" }), column("date", { nativeType: "DATE" }), { type: "date", nativeType: "date" }],
    [column("text", { maxLength: 5 }), column("text", { maxLength: 9 }), { type: "string", maxLength: 9 }],
    [column("text", { maxLength: 5 }), column("text"), { type: "string" }],
  ])("%#", (one, other, wanted) => {
    for (const joined of [joinedColumns([one], [other]), joinedColumns([other], [one])]) {
      expect(joined).toMatchObject([{ name: "c", nullable: one.nullable || other.nullable, ...wanted }])
      for (const fact of ["precision", "scale", "zoned", "maxLength"] as const)
        if (!(fact in wanted) && wanted.type !== "float") expect(joined[0]?.[fact], fact).toBeUndefined()
    }
  })

  it("are nullable if a file lacks them", () => {
    const [a, b] = [
      { ...column("text"), name: "a" },
      { ...column("text"), name: "b" },
    ]
    expect(joinedColumns([a], [a, b]).map(({ name, nullable }) => [name, nullable])).toEqual([
      ["a", false],
      ["b", true],
    ])
    expect(joinedColumns([a, b], [b])[0]?.nullable).toBe(true)
  })
})
