import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { columnsFor, encodeRows, halve, keyFor, type Line, lastOfEachKey, pieces, type Rejected } from "./put.ts"
import { asText, bytesOf, Unfit } from "./unfit.ts"

const column = (name: string, type = "string" as const) => ({ name, type, nativeType: "", nullable: true })
const line = (index: number, ...values: string[]): Line<string> => ({ index, values, remove: false })

describe("rows", () => {
  test("are encoded one by one, and one that does not fit names its column", () => {
    const batch = {
      columns: [column("a"), column("b")],
      rows: [["x", "AP8="], ["y", "?"], ["z"], ["\ud800", "AA=="]],
      ops: ["upsert", "upsert", "upsert", "delete"] as const,
    }
    const { lines, rejected } = encodeRows(batch, batch.columns, (value, { name }) => (name === "b" ? bytesOf(value).toString("hex") : asText(value)))
    expect(lines).toEqual([{ index: 0, values: ["x", "00ff"], remove: false }])
    expect(rejected).toEqual([
      { index: 1, reason: "column b: bytes must be base64 text with padding." },
      { index: 2, reason: "The row has 1 values for 2 columns." },
      { index: 3, reason: "column a: text that is not valid Unicode." },
    ])
    expect(() => encodeRows(batch, batch.columns, () => expect.unreachable())).toThrow()
    expect(encodeRows({ ...batch, rows: [["x", "y"]], ops: ["delete"] }, batch.columns, asText).lines[0]?.remove).toBe(true)
  })

  test("are halved until each bad one is found, whichever they are", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { maxLength: 40 }), async (bad) => {
        const arrived: number[] = []
        const rejected: Rejected[] = []
        const put = async (lines: readonly { index: number }[]): Promise<number> => {
          if (lines.some(({ index }) => bad[index])) throw new Error("bad")
          arrived.push(...lines.map(({ index }) => index))
          return lines.length
        }
        const lines = bad.map((_, index) => ({ index }))
        const count = await halve({ put, fault: () => "row" as const, reason: () => "bad." }, lines, rejected)
        expect(arrived).toEqual(lines.map(({ index }) => index).filter((index) => !bad[index]))
        expect(count).toBe(arrived.length)
        expect(rejected.map(({ index }) => index)).toEqual(lines.map(({ index }) => index).filter((index) => bad[index]))
      }),
    )
  })

  test("an error that is not the rows' fault ends it at once", async () => {
    let tries = 0
    const put = async (): Promise<number> => {
      tries++
      throw new Error("gone")
    }
    await expect(halve({ put, fault: () => "batch" as const, reason: () => "" }, [{ index: 0 }, { index: 1 }], [])).rejects.toThrow("gone")
    expect(tries).toBe(1)
  })

  test.each([
    ["row", "passes", "rejects its row"],
    ["unclear", "passes", "rejects its row"],
    ["row", "fails", "ends it"],
    ["unclear", "fails", "ends it"],
    ["row", "cannot be tried", "rejects its row"],
    ["unclear", "cannot be tried", "ends it"],
  ] as const)("of a fault that is %s, where the statement without rows %s, halving %s", async (fault, empty, result) => {
    let tried = 0
    const put = async (lines: readonly { index: number }[]): Promise<number> => {
      if (lines.some(({ index }) => index === 2)) throw new Error("bad")
      return lines.length
    }
    const tries = async (): Promise<void> => {
      tried++
      if (empty === "fails") throw new Error("bad without rows too")
    }
    const how = { put, fault: () => fault, reason: () => "bad.", ...(empty === "cannot be tried" ? {} : { empty: tries }) }
    const rejected: Rejected[] = []
    const lines = [0, 1, 2, 3].map((index) => ({ index }))
    if (result === "ends it") await expect(halve(how, lines, rejected)).rejects.toThrow(/^bad$/)
    else expect([await halve(how, lines, rejected), rejected]).toEqual([3, [{ index: 2, reason: "bad." }]])
    expect(tried).toBe(empty === "cannot be tried" ? 0 : 1)
  })

  test("go in pieces by rows and bytes; a line larger than a piece goes alone", () => {
    const cut = (limits: object) => [...pieces([3, 9, 1, 1, 1], limits, (n) => n)]
    expect(cut({})).toEqual([[3, 9, 1, 1, 1]])
    expect(cut({ rows: 2 })).toEqual([[3, 9], [1, 1], [1]])
    expect(cut({ bytes: 4 })).toEqual([[3], [9], [1, 1, 1]])
  })

  test("the last one of each key is left, in order; numbers are one however they are written", () => {
    const lines = [line(0, "1", "a"), line(1, "2", "b"), line(2, "01.0", "c")]
    const columns = [
      { name: "id", type: "decimal" as const },
      { name: "v", type: "string" as const },
    ]
    expect(lastOfEachKey(lines, columns, ["id"]).map(({ index }) => index)).toEqual([1, 2])
    expect(lastOfEachKey(lines, columns, ["id", "v"]).map(({ index }) => index)).toEqual([0, 1, 2])
  })
})

test("values of a generated column are refused before anything is sent", () => {
  const known = [column("a"), { ...column("b"), generated: "computed" as const }, { ...column("c"), generated: "identity" as const }]
  expect(() => columnsFor("s.t", { columns: known }, known)).toThrow(
    "s.t: b is a generated column, whose values the system computes; leave it out of the rows.",
  )
  expect(columnsFor("s.t", { columns: [column("c")] }, known)).toEqual([known[2]])
})

test("columns and keys are found by name, and what is missing is named", () => {
  const batch = { columns: [column("b"), column("a")] }
  expect(columnsFor("t", batch, [column("a"), column("b"), column("c")]).map(({ name }) => name)).toEqual(["b", "a"])
  expect(() => columnsFor("s.t", batch, [column("a")])).toThrow("s.t has no column b; its columns are a.")
  expect(keyFor("t", { key: [] }, ["a"], batch.columns)).toEqual(["a"])
  expect(keyFor("t", { key: ["b"] }, ["a"], batch.columns)).toEqual(["b"])
  expect(() => keyFor("t", { key: [] }, [], batch.columns)).toThrow(/no primary key/)
  expect(() => keyFor("t", { key: ["x", "a"] }, [], batch.columns)).toThrow(/lack x\./)
  expect(new Unfit("x").name).toBe("Unfit")
})
