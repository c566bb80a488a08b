import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { sourceOf } from "../../../../../test/support/byte-sources.ts"
import { peek } from "../source.ts"
import { WINDOW_BYTES } from "../text/records.ts"
import { cutsOf, recordStart } from "./cuts.ts"
import { AUTO } from "./options.ts"
import { csvRecords } from "./records.ts"
import type { Shape } from "./shape.ts"
import { sniff } from "./sniff/sniff.ts"
import { rowsOf } from "./text.ts"

const shape = (more: Partial<Shape> = {}): Shape => ({ delimiter: ",", quote: '"', newline: "\n", exact: true, encoding: "utf-8", comment: "", ...more })

/** The offsets at which the reader of the whole text begins a record. */
async function starts(text: Buffer, how = shape()): Promise<Set<number>> {
  async function* all(): AsyncGenerator<Buffer> {
    yield text
  }
  const found = new Set([0])
  for await (const some of csvRecords(how).read(all())) for (const record of some) found.add(record.end)
  return found
}

const hostile = fc.string({ unit: fc.constantFrom("a", ",", '"', "\n", '"\n', '\n"', '","', '""', "\r\n", "x,y\n"), maxLength: 40 })

describe("a cut", () => {
  it("is always where a reader of the whole file begins a record, in any text, from any offset", async () => {
    let cuts = 0
    await fc.assert(
      fc.asyncProperty(hostile, fc.nat(), fc.constantFrom<"\n" | "\r">("\n", "\r"), async (content, at, newline) => {
        const how = shape({ newline })
        const text = Buffer.from(newline === "\n" ? content : content.replaceAll("\n", "\r"))
        const from = at % (text.length + 1)
        const found = recordStart(text.subarray(from), how, true)
        if (found === undefined) return
        cuts++
        expect(await starts(text, how)).toContain(from + found)
      }),
      { numRuns: 5_000 },
    )
    expect(cuts).toBeGreaterThan(1_000)
  })

  it("is correct however much of the text is given", async () => {
    await fc.assert(
      fc.asyncProperty(hostile, fc.nat(), fc.nat(), async (content, at, length) => {
        const text = Buffer.from(content)
        const from = at % (text.length + 1)
        const to = from + (length % (text.length - from + 1))
        const found = recordStart(text.subarray(from, to), shape(), to === text.length)
        if (found !== undefined) expect(await starts(text)).toContain(from + found)
      }),
      { numRuns: 5_000 },
    )
  })

  it.each<[string, string, number | undefined]>([
    ["after a line break outside quotes", '1,"a b"\n2,"c d"\n3,"e f"\n', 8],
    ["not at a line break inside quotes", 'x\n2\n3",4\n5,"six"\n', 9],
    ["nowhere if every line could be inside quotes", ',","\n,","\n,","\n', undefined],
    ["nowhere in one line", "1,2", undefined],
  ])("is %s", (_, text, wanted) => expect(recordStart(Buffer.from(text), shape(), false)).toBe(wanted))

  it("in a text without quotes is certain if no quote closes within the window", () => {
    const lines = Buffer.from("12,34\n".repeat(WINDOW_BYTES / 6 + 10))
    expect(recordStart(lines, shape(), false)).toBe(6)
    expect(recordStart(lines.subarray(0, WINDOW_BYTES - 10), shape(), false)).toBeUndefined()
    expect(recordStart(lines.subarray(0, 100), shape({ quote: "" }), false)).toBe(6)
  })
})

describe("the parts between cuts", () => {
  const file = async (text: string | Buffer) => {
    const source = await peek(sourceOf(Buffer.from(text as string)))
    return { source, sniffed: await sniff(source.head, source.whole, AUTO) }
  }
  const fields = async (text: string | Buffer, part: object) => {
    const out: unknown[] = []
    for await (const some of rowsOf(await file(text), part)) for (const record of some) out.push("value" in record ? record.value : "rejected")
    return out
  }

  it("have all records of the file, each once and in order", async () => {
    let many = 0
    const line = fc.oneof(
      fc.constant('1,"a\nb",2\n'),
      fc.constant("3,c,4\n"),
      fc.constant('"5","d""e","6"\r\n'),
      fc.constant("7,8\n"),
      fc.constant('9,"\n"",\n",0\n'),
      hostile,
    )
    await fc.assert(
      fc.asyncProperty(fc.array(line, { minLength: 5, maxLength: 60 }), fc.integer({ min: 2, max: 8 }), async (lines, most) => {
        const text = `\uFEFFid,name,n\n${lines.join("")}`
        const cuts = await cutsOf(await file(text), most, 10)
        many += cuts.length
        const parts: unknown[] = []
        for (const [index, start] of [undefined, ...cuts].entries()) parts.push(...(await fields(text, { start, end: cuts[index] })))
        expect(parts).toEqual(await fields(text, {}))
      }),
      { numRuns: 300 },
    )
    expect(many).toBeGreaterThan(300)
  })

  it("are of about the same size, and none is smaller than requested", async () => {
    const text = `id,name\n${Array.from({ length: 40_000 }, (_, index) => `${index},"name, ${index}"\n`).join("")}`
    const cuts = await cutsOf(await file(text), 8, 100_000)
    const ends = [...cuts.map(([offset]) => offset), text.length]
    expect(ends).toHaveLength(Math.min(8, Math.floor(text.length / 100_000)))
    for (const [index, end] of ends.entries()) expect(Math.abs(end - (ends[index - 1] ?? 0) - text.length / ends.length)).toBeLessThan(100)
    expect(await cutsOf(await file(text), 8, text.length)).toEqual([])
    expect(await cutsOf(await file(text), 1, 10)).toEqual([])
  })
})
