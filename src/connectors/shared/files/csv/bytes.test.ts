import { parse } from "csv-parse/sync"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { bytesIn, sourceOf } from "../../../../../test/support/byte-sources.ts"
import type { CsvShape } from "../../csv-shape.ts"
import type { Span } from "../format.ts"
import { peek } from "../source.ts"
import { AUTO, type CsvOptions } from "./options.ts"
import { openCsv } from "./table.ts"

const open = async (text: string | Buffer, more: Partial<CsvOptions> = {}) => {
  const source = await peek(sourceOf(Buffer.from(text as string)))
  return openCsv(source, { ...AUTO, types: "text", ...more })
}

/** The rows of a file, read from its bytes and from its records. */
async function both(text: string | Buffer, more: Partial<CsvOptions> = {}, part: Span = {}) {
  const table = await open(text, more)
  const shape = JSON.parse(table.offer?.shape ?? "{}") as CsvShape
  const pieces: Buffer[] = []
  let [counted, position] = [0, undefined as unknown]
  const left: unknown[] = []
  for await (const piece of table.pieces?.(part) ?? []) {
    pieces.push(await bytesIn(piece.bytes))
    counted += piece.rows()
    left.push(...piece.rejected())
    position = piece.position()
  }
  const rows: unknown[][] = []
  const rejected: unknown[] = []
  for await (const chunk of table.rows({ ...part, columns: table.columns, batchRows: 7, maxRows: Number.POSITIVE_INFINITY })) {
    rows.push(...chunk.rows)
    rejected.push(...chunk.rejected)
  }
  return { shape, bytes: Buffer.concat(pieces), counted, left, rows, rejected, position }
}

/** The rows as a strict reader reads them, which knows only the shape. */
const strictly = (bytes: Buffer, { delimiter, quote, lineEnd, columns }: CsvShape): (string | null)[][] =>
  (parse(bytes, { delimiter, quote, record_delimiter: lineEnd, columns: false, relax_column_count: false, skip_empty_lines: false }) as string[][]).map(
    (row) => {
      expect(row).toHaveLength(columns.length)
      return row.map((text) => text || null)
    },
  )

const cell = fc.oneof(
  fc.constantFrom("", '""', '"a""b"', "a b", 'x"y', '"1\n2"', '"1\r\n2"', "a\rb", '","', "é"),
  fc.string({ unit: fc.constantFrom("a", "b", "1"), minLength: 1, maxLength: 3 }),
)
const record = fc.array(cell, { minLength: 1, maxLength: 3 }).map((cells) => cells.join(","))
const text = fc
  .array(fc.tuple(record, fc.constantFrom("\n", "\r\n")), { maxLength: 20 })
  .map((lines) => `id,name\n${lines.map(([line, end]) => line + end).join("")}`)

describe("rows as bytes", () => {
  it("are the same rows to a strict reader that knows only the shape, whatever the file contains", async () => {
    await fc.assert(
      fc.asyncProperty(text, fc.boolean(), async (content, cut) => {
        const { bytes, shape, rows, counted, left, rejected } = await both(cut ? content.slice(0, -1) : content, {
          header: "yes",
          delimiter: "comma",
          quote: "double",
        })
        expect(strictly(bytes, shape)).toEqual(rows.map((row) => row.map((value) => value || null)))
        expect([counted, left]).toEqual([rows.length, rejected])
      }),
      { numRuns: 1_000 },
    )
  })

  it("pass unchanged if nothing in them can be misread, and state how null and an empty text are written", async () => {
    const content = 'id,name\r\n1,"Zoë, Ltd"\r\n2,\r\n3,""\r\n'
    const { bytes, shape, counted } = await both(`\uFEFF${content}`)
    expect(bytes.toString()).toBe(content.slice("id,name\r\n".length))
    expect([counted, shape]).toEqual([3, { columns: ["id", "name"], delimiter: ",", encoding: "utf-8", header: false, lineEnd: "\r\n", null: "", quote: '"' }])
  })

  it("leave out records that are not rows, and report them", async () => {
    const { bytes, left, counted } = await both('a;b\n1;2\n3\n\n4;"5" x\n6;"7;""8"""\n9;x"y\n10;11\r12')
    expect(bytes.toString()).toBe('1;2\n6;"7;""8"""\n9;"x""y"\n10;"11\r12"\n')
    expect([counted, left]).toEqual([
      4,
      [
        { line: 3, lastLine: 3, reason: "has 1 field, and the file has 2 columns." },
        { line: 5, lastLine: 5, reason: "has text after a closing quote, or a quote that is not closed where it should be." },
      ],
    ])
  })

  it("are UTF-8 whatever the file's encoding", async () => {
    const { bytes, shape } = await both(Buffer.from("\uFEFFa,b\n1,Zoë\n", "utf16le"))
    expect([bytes.toString(), shape.encoding]).toEqual(["1,Zoë\n", "utf-8"])
  })

  it("resume after any piece, and come in pieces that a destination can hold", async () => {
    const content = `id,name\n${Array.from({ length: 400_000 }, (_, index) => `${index},"name of number ${index} and more"\n${index % 100_000 === 7 ? "x\n" : ""}`).join("")}`
    const table = await open(content)
    const sizes: number[] = []
    let [all, after] = [Buffer.alloc(0), undefined as unknown]
    for (;;) {
      let last: unknown
      for await (const piece of table.pieces?.(after === undefined ? {} : { after }) ?? []) {
        const bytes = await bytesIn(piece.bytes)
        sizes.push(bytes.length)
        all = Buffer.concat([all, bytes])
        last = piece.position()
        break
      }
      if (last === undefined) break
      after = last
    }
    expect(all.equals(Buffer.from(content.replaceAll("x\n", "").replace("id,name\n", "")))).toBe(true)
    expect(sizes.length).toBeGreaterThan(1)
    expect(Math.max(...sizes)).toBeLessThan(9 * 1_048_576)
  })

  it("must be read before the next piece is requested", async () => {
    const table = await open(`a,b\n${"1,2\n".repeat(3_000_000)}`)
    const pieces = table.pieces?.({})[Symbol.asyncIterator]()
    await pieces?.next()
    await expect(pieces?.next()).rejects.toMatchObject({ code: "internal" })
  })
})

describe("lines that are not rows", () => {
  it.each<[string, string | Buffer, Partial<CsvOptions>, string]>([
    ["a line for Excel", "sep=;\nid;name\n1;x\n2;y\n", {}, "1;x\n2;y\n"],
    ["notes", "Report\n\nid,name\n1,x\n2,y\n", { types: "auto" }, "1,x\n2,y\n"],
    ["lines that are skipped by number", 'a "quote\nid,name\n1,x\n', { skipLines: 1 }, "1,x\n"],
    ["a skipped line with an open quote", '"Sales\nid,name\n1,x\n', { skipLines: 1 }, "1,x\n"],
    ["comments", "# a\nid,name\n1,x\n# it's, \"b\n2,y\n", { commentPrefix: "#" }, "1,x\n2,y\n"],
    ["a Ctrl-Z", "id,name\n1,x\n\u001a", { header: "yes" }, "1,x\n"],
    ["notes in windows-1252", Buffer.from("Köln\nid,größe\n1,é\n", "latin1"), { types: "auto" }, "1,é\n"],
  ])("are not among the bytes: %s", async (_, content, more, wanted) => {
    const { bytes, rows, rejected, left } = await both(content, { types: "text", ...more })
    expect(bytes.toString()).toBe(wanted)
    expect([rejected, left]).toEqual([[], []])
    expect(rows).toHaveLength(wanted.split("\n").length - 1)
  })

  it("a dropped trailing delimiter is not among the bytes either, and a row with a value after it is rejected", async () => {
    const { bytes, rows, rejected, left, shape } = await both("a,b\n1,2,\n3,4\n5,6,7\n", { trailingDelimiter: "drop" })
    expect([bytes.toString(), rows, shape.columns]).toEqual([
      "1,2\n3,4\n",
      [
        ["1", "2"],
        ["3", "4"],
      ],
      ["a", "b"],
    ])
    expect(rejected).toEqual([{ line: 4, lastLine: 4, reason: "has 3 fields, and the file has 2 columns." }])
    expect(left).toEqual(rejected)
  })

  it("lines are counted from the beginning of the file, even if some are skipped", async () => {
    const { rejected } = await both("Report\n\nid,name\n1,x\n2\n", { header: "yes", types: "auto", skipLines: 2 })
    expect(rejected).toMatchObject([{ line: 5 }])
    expect((await both("sep=;\nid;name\n1;x\n2\n")).rejected).toMatchObject([{ line: 4 }])
    expect((await both("Report\n\nid,name\n1,x\n2,y\n3\n", { types: "auto" })).rejected).toMatchObject([{ line: 6 }])
  })
})
