import { parse } from "csv-parse/sync"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { RECORD_MAX_BYTES, type TextRecord, WINDOW_BYTES } from "../text/records.ts"
import { csvRecords } from "./records.ts"
import type { Fields, Shape } from "./shape.ts"

type FileRecord = TextRecord<Fields>

const shape = (more: Partial<Shape> = {}): Shape => ({ delimiter: ",", quote: '"', newline: "\n", exact: true, encoding: "utf-8", comment: "", ...more })

/** Reads a text in pieces of `size` bytes. */
async function cut(text: string | Buffer, how: Shape = shape(), size = 65_536): Promise<FileRecord[]> {
  const bytes = Buffer.from(text as string)
  async function* pieces(): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
  }
  const out: FileRecord[] = []
  for await (const some of csvRecords(how).read(pieces())) for (const record of some) out.push(record)
  return out
}
const fields = (records: FileRecord[]) => records.map((each) => ("value" in each ? each.value : `${each.line}-${each.lastLine} ${each.reason}`))

const cell = fc
  .oneof(fc.string(), fc.string({ unit: "binary" }), fc.constantFrom("", '"', "'", "\r\n", "\n", "\r", ",", ";", "\t", "|", '""', ' "a" ', "\uFEFF"))
  .map((text) => text.replaceAll("\u0000", "").toWellFormed())
const table = fc.integer({ min: 1, max: 5 }).chain((width) => fc.array(fc.array(cell, { minLength: width, maxLength: width }), { maxLength: 12 }))
const quoted = (text: string, quote: string): string => quote + text.replaceAll(quote, quote + quote) + quote

describe("records", () => {
  it("any table of texts, with any delimiter, quote and line end, and cut anywhere, is read back unchanged, with line numbers", async () => {
    await fc.assert(
      fc.asyncProperty(
        table,
        fc.constantFrom(",", ";", "\t", "|"),
        fc.constantFrom('"', "'"),
        fc.constantFrom("\n", "\r\n", "\r"),
        fc.boolean(),
        fc.integer({ min: 1, max: 40 }),
        async (rows, delimiter, quote, end, last, size) => {
          // A byte order mark at the beginning of a line and a Ctrl-Z at the end of the file are not read as values.
          const plain = (text: string): boolean => text !== "" && text !== "\u001a" && !/["',;\t|\r\n]|^\uFEFF/.test(text)
          const lines = rows.map((row) => row.map((text) => (plain(text) ? text : quoted(text, quote))).join(delimiter))
          const text = lines.join(end) + (last && lines.length > 0 ? end : "")
          const newline = end === "\r" ? "\r" : "\n"
          const records = await cut(text, shape({ delimiter, quote, newline }), size)
          expect(fields(records)).toEqual(rows)
          const breaks = Buffer.from(text).filter((byte) => byte === newline.charCodeAt(0)).length + (text === "" || (last && lines.length > 0) ? 0 : 1)
          expect(records.at(-1)?.lastLine ?? 0).toBe(breaks)
          expect(records.at(-1)?.end ?? 0).toBe(Buffer.byteLength(text))
        },
      ),
      { numRuns: 500 },
    )
  })

  it("resumes from the end of any record as if it had never stopped", async () => {
    await fc.assert(
      fc.asyncProperty(table, fc.nat(), async (rows, at) => {
        const text = Buffer.from(rows.map((row) => row.map((each) => quoted(each, '"')).join(",")).join("\r\n"))
        const all = await cut(text)
        const stop = all[at % Math.max(1, all.length)]
        if (stop === undefined) return
        async function* rest(): AsyncGenerator<Buffer> {
          yield text.subarray(stop?.end ?? 0)
        }
        const later: FileRecord[] = []
        for await (const some of csvRecords(shape(), [stop.end, stop.lastLine + 1]).read(rest())) later.push(...some)
        expect(later).toEqual(all.slice(all.indexOf(stop) + 1))
      }),
      { numRuns: 200 },
    )
  })

  it("agrees with csv-parse on every text that csv-parse accepts", async () => {
    let taken = 0
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: fc.constantFrom("a", "b", ",", '"', "\n", " "), maxLength: 30 }), async (text) => {
        let theirs: string[][]
        try {
          theirs = parse(text, { relax_column_count: true, record_delimiter: "\n" })
        } catch {
          return
        }
        taken++
        const ours = fields(await cut(text)).map((row) => (typeof row === "string" ? row : row.map((each) => each ?? "")))
        expect(ours).toEqual(theirs)
      }),
      { numRuns: 2_000 },
    )
    expect(taken).toBeGreaterThan(200)
  })

  it.each([
    ['a,b\n1,"x\n2,y\n3,z\n', [["a", "b"], "2-2 opens a quote that is never closed.", ["2", "y"], ["3", "z"]]],
    ['1,"x" y,2\n3,4\n', ["1-1 has text after a closing quote, or a quote that is not closed where it should be.", ["3", "4"]]],
    ['1,"x\n2,"y"\n3,z\n', ["1-1 has text after a closing quote, or a quote that is not closed where it should be.", ["2", "y"], ["3", "z"]]],
    ["1,\u0000\n2,x\n", ["1-1 has a NUL character.", ["2", "x"]]],
    ['5" pipe,b\n', [['5" pipe', "b"]]],
    ['"",\n', [["", null]]],
    ["a\r\nb", [["a"], ["b"]]],
    ['"a\r\nb"\r\n', [["a\r\nb"]]],
    ["a,\uFFFD\n", [["a", "\uFFFD"]]],
  ])("%j", async (text, wanted) => {
    expect(fields(await cut(text))).toEqual(wanted)
    expect(fields(await cut(text, shape(), 1))).toEqual(wanted)
  })

  it("names a line whose bytes are not in the encoding, and one that a decoder could not read", async () => {
    expect(fields(await cut(Buffer.from([97, 10, 0xe9, 10, 98])))).toEqual([["a"], "2-2 has bytes that are not utf-8.", ["b"]])
    expect(fields(await cut("a\n\uFFFD\nb", shape({ exact: false, encoding: "utf-16le" })))).toEqual([["a"], "2-2 has bytes that are not utf-16le.", ["b"]])
  })

  it("rejects a record of more than 1 MiB up to its end, and only the first line of a quote that is not closed within the window", async () => {
    const long = "x".repeat(3 * RECORD_MAX_BYTES)
    const too = "is longer than 1 MiB."
    expect(fields(await cut(`1,2\n3,${long}\n5,6\n`))).toEqual([["1", "2"], `2-2 ${too}`, ["5", "6"]])
    expect(fields(await cut(`1,2\n3,"${long}"\n5,6\n`))).toEqual([["1", "2"], `2-2 ${too}`, ["5", "6"]])
    expect(fields(await cut(`1,2\n3,"${`${'x,""y'.repeat(10)}\n`.repeat(50_000)}",9\n5,6`))).toEqual([["1", "2"], `2-50002 ${too}`, ["5", "6"]])
    expect(fields(await cut(`1,2\n3,${long}`))).toEqual([["1", "2"], `2-2 ${too}`])
    expect(fields(await cut(`1,2\n3,"${long.repeat(5)}"\n5,6\n`))).toEqual([["1", "2"], `2-2 ${too}`, ["5", "6"]])
    const five = "5".repeat(60)
    const many = Math.ceil(WINDOW_BYTES / `${five},6\n`.length) + 10
    for (const end of ["", "\n"]) {
      const open = fields(await cut(`1,2\n3,"4\n${`${five},6\n`.repeat(many)}7,8${end}`))
      expect([open.length, open[0], open[1], open[2], open.at(-1)]).toEqual([
        many + 3,
        ["1", "2"],
        "2-2 opens a quote that is not closed within 8 MiB.",
        [five, "6"],
        ["7", "8"],
      ])
    }
    const just = "x".repeat(RECORD_MAX_BYTES - 2)
    expect(fields(await cut(`1,${just}\n`))).toEqual([["1", just]])
    expect(fields(await cut(`1,${just}x\n`))).toEqual([`1-1 ${too}`])
  })

  it.each([
    ["a quote opens at the end of every line and is never closed", `${"x".repeat(60)}","\n`],
    ["the same, with a malformed quote at the very end", `${"x".repeat(60)}","\n`, '"x"y\n'],
    ["a quote opens on every other line", `"${"x".repeat(60)}\n,"\n`],
  ])("reads each byte only a few times, wherever the quotes are: %s", async (_, line, end = "") => {
    const many = Math.ceil((1.5 * WINDOW_BYTES) / line.length)
    const text = Buffer.from(`a,b\n1,"2\n${line.repeat(many)}${end}`)
    // The reader decodes every byte in which it searches for a record.
    const own = Buffer.prototype.toString
    let decoded = 0
    Buffer.prototype.toString = function (this: Buffer, encoding?: BufferEncoding, from = 0, to = this.length): string {
      decoded += to - from
      if (decoded > 10 * text.length) throw new Error("the same bytes are read again and again")
      return own.call(this, encoding, from, to)
    }
    try {
      async function* pieces(): AsyncGenerator<Buffer> {
        for (let at = 0; at < text.length; at += 1_048_576) yield text.subarray(at, at + 1_048_576)
      }
      let records = 0
      for await (const some of csvRecords(shape()).read(pieces())) records += some.length
      expect(records).toBeGreaterThan(1)
    } finally {
      Buffer.prototype.toString = own
    }
    expect(decoded).toBeGreaterThan(text.length / 2)
  })

  it("buffers no more than its window of a record that never ends", async () => {
    const part = Buffer.alloc(1_048_576, "x")
    let most = 0
    async function* endless(): AsyncGenerator<Buffer> {
      for (let count = 0; count < 300; count++) {
        yield part
        most = Math.max(most, process.memoryUsage().arrayBuffers)
      }
    }
    const before = process.memoryUsage().arrayBuffers
    const records: FileRecord[] = []
    for await (const some of csvRecords(shape()).read(endless())) records.push(...some)
    expect(fields(records)).toEqual(["1-1 is longer than 1 MiB."])
    expect(most - before).toBeLessThan(200 * 1_048_576)
  })
})

describe("marks left by other programs", () => {
  it("a byte order mark at the beginning of a later line, as in joined files, rejects that line and names the mark", async () => {
    expect(fields(await cut("id,a\n1,x\n\uFEFFid,a\n2,\uFEFFy\n"))).toEqual([
      ["id", "a"],
      ["1", "x"],
      "3-3 begins with a byte order mark, as if two files had been joined; remove the mark.",
      ["2", "\uFEFFy"],
    ])
  })

  it("a Ctrl-Z alone at the end of a file is not a record", async () => {
    expect(fields(await cut("id,a\n1,x\n\u001a"))).toEqual([["id", "a"], ["1", "x"], []])
    expect(fields(await cut("a\n\u001a\nb"))).toEqual([["a"], ["\u001a"], ["b"]])
  })

  it("a comment is skipped with its quotes, and a comment prefix inside quotes is part of a value", async () => {
    expect(fields(await cut('# it\'s "a\n1,"x\n# y"\n#,\n', shape({ comment: "#" })))).toEqual([[], ["1", "x\n# y"], []])
  })
})
