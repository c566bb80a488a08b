import { describe, expect, test } from "vitest"
import { collect } from "../../../../../test/support/batches.ts"
import { withNulls } from "./csv-nulls.ts"

async function pass(text: string, size: number, shape: Partial<Parameters<typeof withNulls>[1]> = {}): Promise<string> {
  const given = Buffer.from(text)
  const chunks = async function* (): AsyncGenerator<Buffer> {
    for (let at = 0; at < given.length; at += size) yield given.subarray(at, at + size)
  }
  return Buffer.concat(await collect(withNulls(chunks(), { delimiter: ",", quote: '"', lineEnd: "\n", ...shape }))).toString()
}

describe("CSV for LOAD DATA", () => {
  test.each([
    ["a,b\n", "a,b\n"],
    [",\n", "NULL,NULL\n"],
    ["1,,3\n", "1,NULL,3\n"],
    ['"",""\n', '"",""\n'],
    ['"a"",,b",\n', '"a"",,b",NULL\n'],
    ['"a\n\n,","x"""\n,y\n', '"a\n\n,","x"""\nNULL,y\n'],
    ["NULL,NULLS\nNUL,NULL\n", '"NULL",NULLS\nNUL,"NULL"\n'],
    ['"NULL",null\n', '"NULL",null\n'],
    ["NNULL,N,\n", "NNULL,N,NULL\n"],
    ["é,👩\n,NULL\n", 'é,👩\nNULL,"NULL"\n'],
    ["1,", "1,NULL"],
    ["1,NULL", '1,"NULL"'],
    ["1,NUL", "1,NUL"],
    ["", ""],
    ['a"b,\n', 'a"b,NULL\n'],
  ])("%j is %j, however it is cut", async (text, expected) => {
    for (let size = 1; size <= 16; size++) expect(await pass(text, size), `in chunks of ${size}`).toBe(expected)
  })

  test("goes by the offered spelling", async () => {
    for (let size = 1; size <= 16; size++) {
      expect(await pass("a;;'x;'';'\r\n;NULL;\r\n", size, { delimiter: ";", quote: "'", lineEnd: "\r\n" })).toBe("a;NULL;'x;'';'\r\nNULL;'NULL';NULL\r\n")
      expect(await pass("a\t\r\t\r", size, { delimiter: "\t", lineEnd: "\r" })).toBe("a\tNULL\rNULL\tNULL\r")
    }
  })
})
