import { describe, expect, it } from "vitest"
import { ColumnFacts, converted, joined, type Kind } from "./kinds.ts"

describe("values", () => {
  const kind = (...values: (string | null)[]): Kind | undefined => values.reduce<Kind | undefined>((so, value) => joined(so, value), undefined)
  it.each<[(string | null)[], Kind | undefined]>([
    [["1", "-20", "0"], "integer"],
    [["1", "123456789012345678"], "bigint"],
    [["1", "1.50"], "decimal"],
    [["123456789012345678", "0.1"], "decimal"],
    [["007"], "text"],
    [["1", "007"], "text"],
    [["+1"], "text"],
    [["-0"], "text"],
    [["1e5"], "text"],
    [["true", "FALSE"], "boolean"],
    [["true", "1"], "text"],
    [["2026-02-28"], "date"],
    [["2026-02-29"], "text"],
    [["2024-02-29"], "date"],
    [["2026-13-01"], "text"],
    [["2026-01-01T10:00:00Z", "2026-01-01 10:00"], "timestamp"],
    [["2026-01-01", "2026-01-01T10:00:00Z"], "text"],
    [["2026-01-01T24:00:00Z"], "text"],
    [[null, ""], undefined],
    [[null, "1", ""], "integer"],
  ])("%j are %s", (values, wanted) => expect(kind(...values)).toBe(wanted))

  it.each<[Kind, string | null, unknown]>([
    ["integer", "42", 42],
    ["integer", "1234567890123456", undefined],
    ["bigint", "9007199254740993", "9007199254740993"],
    ["decimal", "0.10", "0.10"],
    ["boolean", "True", true],
    ["timestamp", "2026-01-01 10:00", "2026-01-01T10:00:00"],
    ["timestamp", "2026-01-01 10:00:01.5+0130", "2026-01-01T10:00:01.5+01:30"],
    ["text", "", ""],
    ["integer", "", null],
    ["text", null, null],
    ["date", "x", undefined],
  ])("%s %j is %j", (as, text, wanted) => expect(converted(as, text)).toEqual(wanted))
})

describe("a column described by all of its values", () => {
  it.each<[(string | null)[], object]>([
    [["1", "2"], { type: "integer", nativeType: "integer", precision: 64 }],
    [["1", "1234567890123456"], { type: "integer", nativeType: "bigint", precision: 64 }],
    [["-1234567890123456789"], { type: "decimal", nativeType: "bigint", precision: 19, scale: 0 }],
    [["1.5", "-120.25", "7"], { type: "decimal", nativeType: "decimal", precision: 5, scale: 2 }],
    [["2026-01-01T10:00:00Z", "2026-01-01 10:00+01:00"], { type: "timestamp", nativeType: "timestamp", zoned: true }],
    [["2026-01-01T10:00", null], { type: "timestamp", nativeType: "timestamp", zoned: false }],
    [["2026-01-01T10:00", "2026-01-01T10:00Z"], { type: "timestamp", nativeType: "timestamp" }],
    [[null, ""], { type: "unknown", nativeType: "" }],
  ])("%j", (texts, wanted) => {
    const facts = new ColumnFacts()
    for (const text of texts) facts.join(text)
    expect(facts.column("c")).toEqual({ name: "c", nullable: true, ...wanted })
  })
})
