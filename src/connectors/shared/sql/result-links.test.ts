import { describe, expect, test } from "vitest"
import { collect } from "../../../../test/support/batches.ts"
import { failure } from "../../../../test/support/failure.ts"
import { rowTexts } from "./result-links.ts"

const errors = { product: "The warehouse" }

async function* cut(text: string, size: number): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
const rowsOf = async (text: string, size: number) => (await collect(rowTexts(cut(text, size), errors))).flat()

describe("rows of a JSON array", () => {
  const rows = [["1", null, 'a "b" \\ [c], ]['], ["naïve 👩‍👩‍👧", "", "\n"], []]
  for (const size of [1, 2, 3, 7, 64, 10_000])
    test(`arrive whole, in pieces of ${size} bytes`, async () => {
      for (const text of [JSON.stringify(rows), JSON.stringify(rows, null, 2)]) expect(await rowsOf(text, size)).toEqual(rows)
      for (const text of ["[]", " [] \n"]) expect(await rowsOf(text, size)).toEqual([])
    })

  test.each(["", "[", '[["1"]', '[["1"],', '[["1"', '[["1"]]]', '[["1"]] more', "{}", '["1"]', "null"])("%j is cut off", async (text) => {
    expect(await failure(rowsOf(text, 4))).toMatchObject({ code: "response_invalid" })
  })

  test.each(['[["1"] ["2"]]', "[[1]]", '[["1",{}]]', '[[["1"]]]', '[["1"],,["2"]]', '[["1"],"2"]'])("%j is in a form of its own", async (text) => {
    expect(await failure(rowsOf(text, 100))).toMatchObject({ code: "response_invalid" })
  })
})
