import { describe, expect, it } from "vitest"
import { parseJson, parseJsonCell } from "./json.ts"

const nested = (levels: number, inner: string) => "[".repeat(levels) + inner + "]".repeat(levels)

describe("JSON of a far side", () => {
  it("that is deeper than 500 levels is refused in words, before anything recursive has it", () => {
    for (const inner of ["", "1e5", "12345678901234567890", '"x"'])
      for (const levels of [501, 5_000, 2_000_000])
        expect(() => parseJson(nested(levels, inner))).toThrow(expect.objectContaining({ code: "response_invalid" }))
    expect(() => parseJson('{"a":'.repeat(501))).toThrow(expect.objectContaining({ code: "response_invalid" }))
    expect(JSON.stringify(parseJson(nested(500, "1e5")))).toBe(nested(500, "100000"))
  })

  it("is as deep as its brackets outside of strings say", () => {
    for (const value of [
      "[".repeat(2_000),
      '"'.repeat(600) + "[".repeat(2_000),
      `${"\\".repeat(601)}"${"{".repeat(2_000)}`,
      Array.from({ length: 2_000 }, () => [{}]),
    ])
      expect(parseJson(JSON.stringify({ value }))).toEqual({ value })
    expect(() => parseJson(`{"a":"\\"","b":${nested(600, "")}}`)).toThrow(expect.objectContaining({ code: "response_invalid" }))
  })

  it("has numbers of a million digits without going through them by the square", () => {
    const zeros = "0".repeat(1_000_000)
    for (const number of [`1${zeros}1`, `0.1${zeros}1`, `1${zeros}.1${zeros}1`, `-1${zeros}1e5`]) expect(parseJson(`[${number}]`)).toEqual([number])
    expect(parseJson(`[1.5${zeros}, 1e5, 100000000000000000000]`)).toEqual([1.5, 100_000, 1e20])
  })

  it("that is broken is the parser's to refuse", () => {
    for (const text of ["]".repeat(2_000), `"${"[".repeat(2_000)}`, `${"[1,".repeat(400)}${" ".repeat(2_000)}`])
      expect(() => parseJson(text)).toThrow(SyntaxError)
  })

  it("in a column is refused before it is parsed when it holds very many values", () => {
    const list = (values: number) => `[${"1,".repeat(values - 1)}1]`
    expect(parseJsonCell(list(200_000))).toHaveLength(200_000)
    expect(() => parseJsonCell(list(200_001))).toThrow(expect.objectContaining({ code: "response_too_large" }))
    expect(() => parseJsonCell(`[${"[],".repeat(3_000_000)}1]`)).toThrow(/more than 200,000 values/)
    expect(parseJsonCell(JSON.stringify("1,".repeat(1_000_000)))).toHaveLength(2_000_000)
  })
})
