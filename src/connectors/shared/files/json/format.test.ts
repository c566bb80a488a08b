import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { bytesIn, sourceOf } from "../../../../../test/support/byte-sources.ts"
import type { RejectedRecord } from "../../../../core/streams.ts"
import type { Column, Value } from "../../../../core/values.ts"
import type { Format, OpenTable, Position } from "../format.ts"
import { ndjsonFormat } from "../ndjson/format.ts"
import { peek } from "../source.ts"
import { jsonFormat } from "./format.ts"

const open = async (format: Format, text: string | Buffer, size = 65_536): Promise<OpenTable> =>
  format.open(await peek(sourceOf(Buffer.from(text as string), { size })))

interface Found {
  readonly rows: Value[][]
  readonly rejected: RejectedRecord[]
  readonly positions: Position[]
}

async function all(table: OpenTable, more: { columns?: readonly Column[]; after?: Position; batchRows?: number; guessed?: boolean } = {}): Promise<Found> {
  const { columns = table.columns, batchRows = 1, ...rest } = more
  const found: Found = { rows: [], rejected: [], positions: [] }
  for await (const chunk of table.rows({ columns, batchRows, maxRows: Number.POSITIVE_INFINITY, ...rest })) {
    found.rows.push(...chunk.rows)
    found.rejected.push(...chunk.rejected)
    found.positions.push(chunk.position)
  }
  return found
}

async function surveyed(table: OpenTable) {
  const rejected: RejectedRecord[] = []
  const survey = table.survey()
  let next = await survey.next()
  for (; next.done !== true; next = await survey.next()) rejected.push(...next.value)
  return { ...next.value, rejected }
}

const FORMATS = [
  ["ndjson", ndjsonFormat()],
  ["json", jsonFormat()],
] as const

describe.each(FORMATS)("%s", (name, format) => {
  const scalar = fc.oneof(
    fc.string(),
    fc.string({ unit: "binary" }),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
  )
  const record = fc.dictionary(
    fc.constantFrom("a", "b c", "__proto__", "constructor", 'q"'),
    fc.oneof(scalar, fc.array(scalar, { maxLength: 3 }), fc.dictionary(fc.string(), scalar, { maxKeys: 3 })),
    {
      minKeys: 1,
    },
  )
  /** Writes the records in that format, with any white space that the format allows. */
  const written = (records: readonly object[], spaces: number): string => {
    if (name === "ndjson")
      return records.map((each) => `${" ".repeat(spaces)}${JSON.stringify(each)}${spaces === 1 ? "\r" : ""}\n`).join(spaces === 2 ? "\n" : "")
    const texts = records.map((each) => JSON.stringify(each, null, spaces))
    return spaces === 3 ? texts.join(" ") : `\uFEFF [${texts.join(spaces === 0 ? "," : "\n,\n")}\n]\n`
  }

  it("reads any records, cut anywhere, and resumes after any of them", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(record, { minLength: 1, maxLength: 8 }),
        fc.nat(3),
        fc.integer({ min: 1, max: 40 }),
        fc.nat(),
        async (records, spaces, size, stop) => {
          const plain = JSON.parse(JSON.stringify(records)) as Record<string, Value>[]
          const table = await open(format, written(records, spaces), size)
          const columns = table.columns.map((column): Column => ({ ...column, type: "json", nativeType: "json" }))
          expect(columns.map((column) => column.name)).toEqual([...new Set(plain.flatMap((each) => Object.keys(each)))])
          const { rows, rejected, positions } = await all(table, { columns })
          expect(rejected).toEqual([])
          expect(rows).toEqual(plain.map((each) => columns.map((column) => (Object.hasOwn(each, column.name) ? (each[column.name] ?? null) : null))))
          for (const position of positions) expect(table.isPosition(position)).toBe(true)
          const at = stop % positions.length
          expect((await all(table, { columns, after: positions[at] })).rows).toEqual(rows.slice(at + 1))
        },
      ),
      { numRuns: 300 },
    )
  })

  it("keeps every digit, and distinguishes a number from a text of digits", async () => {
    const text = written([{ n: 1, big: "B", exact: "E", text: "12345678901234567890", nested: { big: "B" } }], 0)
      .replaceAll('"B"', "9007199254740993")
      .replace('"E"', "0.10000000000000000000001")
    const table = await open(format, text)
    expect(table.columns.map(({ name: each, type }) => [each, type])).toEqual([
      ["n", "integer"],
      ["big", "integer"],
      ["exact", "decimal"],
      ["text", "string"],
      ["nested", "json"],
    ])
    expect((await all(table)).rows).toEqual([[1, "9007199254740993", "0.10000000000000000000001", "12345678901234567890", { big: "9007199254740993" }]])
  })

  it("has the columns that all values of all records need", async () => {
    const records = [
      { a: 1, b: 1, c: 1, d: null, e: true },
      { a: 1.5, b: "B", c: 1, f: [1] },
      { a: 2, b: 3, c: "x", e: false },
    ]
    const { columns, rows, rejected } = await surveyed(await open(format, written(records, 0).replace('"B"', "12345678901234567890")))
    expect(columns.map(({ name: each, nativeType }) => [each, nativeType])).toEqual([
      ["a", "float"],
      ["b", "bigint"],
      ["c", "json"],
      ["d", ""],
      ["e", "boolean"],
      ["f", "json"],
    ])
    expect([rows, rejected]).toEqual([3, []])
  })

  it("rejects a record whose value does not fit its column, and one with a field that the first part of the file lacks", async () => {
    const filler = Array.from({ length: 20_000 }, (_, index) => ({ id: index, name: "some name or other" }))
    const table = await open(format, written([...filler, { id: "x", name: "y" }, { id: 1, more: 2 }], 0))
    const { rows, rejected } = await all(table, { batchRows: 1_000, guessed: true })
    expect([rows.length, rejected.map(({ reason }) => reason)]).toEqual([
      20_000,
      ["has no integer in the field id; discover again.", "has the field more, which no record in the first part of the file has; discover first."],
    ])
    const asked = await all(table, { batchRows: 1_000, columns: table.columns.slice(0, 1) })
    expect([asked.rows.length, asked.rows.at(-1), asked.rejected.length]).toEqual([20_001, [1], 1])
  })

  it("writes what it reads", async () => {
    const columns = ["a", "b"].map((each): Column => ({ name: each, type: "json", nativeType: "json", nullable: true }))
    const rows: Value[][] = [
      [1, "x\ny"],
      [null, { deep: [true] }],
      ["", "\u0000"],
    ]
    const writer = format.writer?.(columns)
    const parts = [writer?.begin(), writer?.rows(rows.slice(0, 2)).bytes, writer?.rows(rows.slice(2)).bytes, writer?.rows([]).bytes, writer?.end()]
    const bytes = Buffer.concat(parts.map((each) => each ?? Buffer.alloc(0)))
    expect((await all(await open(format, bytes), { columns })).rows).toEqual(rows)
    expect(format.looksLike(bytes, "x")).toBeGreaterThan(0.5)
  })

  it.each<[string, unknown]>([
    ["a text", "x"],
    ["an offset below 0", [-1, 1, 0]],
    ["half a line", [1, 0.5, 0]],
    ["too many numbers", [1, 1, 1, 1]],
    ["no number", [1]],
  ])("has no position that is %s", async (_, position) => expect((await open(format, '{"a":1}\n')).isPosition(position)).toBe(false))
})

describe("one object per line", () => {
  it.each([
    ["a broken line", '{"a":1}\n{"a":\n{"a":2}\n', [[1], [2]], [[2, "is not valid JSON."]]],
    ["a last line that is cut off", '{"a":1}\n{"a":2}\n{"a', [[1], [2]], [[3, "is not valid JSON."]]],
    ["a byte order mark before the first line and a later one", '\uFEFF{"a":1}\n\uFEFF{"a":2}\n', [[1], [2]], []],
    ["texts, numbers and null", '{"a":1}\n"x"\n5\nnull\n{"a":2}\n', [[1], [2]], [2, 3, 4].map((line) => [line, "is not a JSON object."])],
    ["two objects on a line", '{"a":1}\n{"a":3}{"a":4}\n{"a":2}\n', [[1], [2]], [[2, "is not valid JSON."]]],
    ["NaN", '{"a":1}\n{"a":NaN}\n{"a":2}\n', [[1], [2]], [[2, "is not valid JSON."]]],
    ["CR LF and blank lines", '{"a":1}\r\n\r\n  \n{"a":2}\r\n', [[1], [2]], []],
  ])("%s: every line is a row or is reported", async (_, text, wanted, reasons) => {
    const table = await open(ndjsonFormat(), text)
    const { rows, rejected } = await all(table)
    expect([rows, rejected.map(({ line, reason }) => [line, reason])]).toEqual([wanted, reasons])
    expect(table.first).toEqual({ rows: wanted.length, rejected })
  })

  it("in UTF-16 is rejected line by line", async () => {
    const table = await open(ndjsonFormat(), Buffer.from('{"a":1}\n{"a":2}\n', "utf16le"))
    expect(table.first).toMatchObject({ rows: 0, rejected: [{ line: 1, reason: "has a NUL character." }, {}, {}] })
  })
})

describe("only the line that is not a record is rejected", () => {
  it.each([
    ['{"a":1}\n[1]\n{"a":2}\n', [[2, "is not a JSON object."]]],
    ['{"a":1}\nnot json\n\n{"a":2}', [[2, "is not valid JSON."]]],
    [`{"a":1}\n{"a":${"[".repeat(2_000)}${"]".repeat(2_000)}}\n{"a":2}\n`, [[2, "is nested too deeply."]]],
    [`{"a":1}\n{"a":"${"x".repeat(1_100_000)}"}\n{"a":2}\n`, [[2, "is longer than 1 MiB."]]],
  ])("%#", async (text, wanted) => {
    const { rows, rejected } = await all(await open(ndjsonFormat(), text))
    expect([rows, rejected.map(({ line, reason }) => [line, reason])]).toEqual([[[1], [2]], wanted])
  })

  it("or the line that is not UTF-8", async () => {
    const text = Buffer.concat([Buffer.from('{"a":1}\n{"a":"'), Buffer.from([0xe9]), Buffer.from('"}\n{"a":2}\n')])
    expect((await all(await open(ndjsonFormat(), text))).rejected).toEqual([{ line: 2, lastLine: 2, reason: "has bytes that are not utf-8." }])
  })
})

describe("only the element that is not a record is rejected, and a broken array is reported with its line", () => {
  it.each<[string, number[], [number, number, string][]]>([
    [
      '[{"a":1}, 5, [2], "x,]", null ,\n{"a":2}]',
      [1, 2],
      [
        [1, 1, "is not a JSON object."],
        [1, 1, "is not a JSON object."],
        [1, 1, "is not a JSON object."],
        [1, 1, "is not a JSON object."],
      ],
    ],
    [
      '[{"a":1},\n{"a":[}]},\n{"a":2}]',
      [1],
      [
        [2, 2, "is not valid JSON."],
        [2, 3, "has no comma between two elements; nothing after it can be read."],
      ],
    ],
    [`[{"a":1},\n{"a":"${"x".repeat(1_100_000)}"},{"a":2}]`, [1, 2], [[2, 2, "is longer than 1 MiB."]]],
    ['[{"a":1},\n{"a":2}\n', [1, 2], [[3, 3, "is the last one, and the array is not closed: the file is cut off."]]],
    ['[{"a":1},\n{"a":"2}]\n', [1], [[2, 3, "is cut off: the file ends inside it."]]],
    ['[{"a":1} {"a":2}]', [1], [[1, 1, "has no comma between two elements; nothing after it can be read."]]],
    ['[{"a":1},,{"a":2}]', [1], [[1, 1, "has no element where one should be; nothing after it can be read."]]],
    ['[{"a":1}]\n{"a":2}', [1], [[2, 2, "has text after the end of the array, which cannot be read."]]],
    [
      '{"a":1}{"a":2}\n\n5 true',
      [1, 2],
      [
        [3, 3, "is not a JSON object."],
        [3, 3, "is not a JSON object."],
      ],
    ],
    ["[]", [], []],
  ])("%#", async (text, values, wanted) => {
    for (const size of [1, 7, 65_536]) {
      const { rows, rejected, positions } = await all(await open(jsonFormat(), text, text.length > 1_000 ? 65_536 : size))
      expect([rows.map(([a]) => a), rejected.map(({ line, lastLine, reason }) => [line, lastLine, reason])]).toEqual([values, wanted])
      const last = positions.at(-1)
      if (last !== undefined) expect(await all(await open(jsonFormat(), text), { after: last })).toEqual({ rows: [], rejected: [], positions: [] })
    }
  })

  it("takes flat memory, however long it is", async () => {
    const part = Buffer.alloc(1_048_576, '{"a":1},\n"text",[["x"]],')
    const source = sourceOf(Buffer.from("["))
    const before = process.memoryUsage().arrayBuffers
    let [most, many] = [0, 0]
    async function* endless(): AsyncGenerator<Buffer> {
      yield Buffer.from('[{"a":1},"')
      for (let count = 0; count < 300; count++) {
        yield part.subarray(0, part.lastIndexOf(0x22))
        most = Math.max(most, process.memoryUsage().arrayBuffers)
      }
      yield Buffer.from('",1]')
    }
    const table = await jsonFormat().open(await peek({ ...source, ranges: false, open: () => endless() }))
    for await (const chunk of table.rows({ columns: table.columns, batchRows: 1_000, maxRows: Number.POSITIVE_INFINITY }))
      many += chunk.rows.length + chunk.rejected.length
    expect(many).toBeGreaterThan(1)
    expect(most - before).toBeLessThan(200 * 1_048_576)
  })
})

it.each([
  ["one object per line", '{"a":1}\n{"a":2}\n', "ndjson"],
  ["one object per line, the last one cut off", '{"a":1}\n{"a":', "ndjson"],
  ["one object per line, the first one broken", '{"a":1\n{"a":2}\n{"a":3}\n', "ndjson"],
  ["one object per line, and one array", '[1]\n{"a":2}\n{"a":3}\n', "ndjson"],
  ["one object per line, after a byte order mark", '\uFEFF{"a":1}\n{"a":2}\n', "ndjson"],
  ["an array of one element per line", '[\n{"a":1}\n,\n{"a":2}\n]', "json"],
  ["an array", '[{"a":1},\n{"a":2}]', "json"],
  ["an object over lines", '{\n"a":1\n}\n', "json"],
  ["delimited text", "a,b\n1,2\n", "neither"],
  ["bytes", "\u0000\u0001", "neither"],
])("%s is recognized", (_, text, wanted) => {
  const [lines, document] = FORMATS.map(([, format]) => format.looksLike(Buffer.from(text), "x"))
  expect(
    wanted === "ndjson"
      ? (lines ?? 0) > (document ?? 0)
      : wanted === "json"
        ? (document ?? 0) >= 0.5 && (lines ?? 0) < (document ?? 0)
        : Math.max(lines ?? 0, document ?? 0) < 0.5,
  ).toBe(true)
})

it("a file is read only once, from where it is needed to its end", async () => {
  const opened: number[] = []
  const bytes = Buffer.from(`${'{"a":1}\n'.repeat(100_000)}`)
  const table = await ndjsonFormat().open(await peek(sourceOf(bytes, { opened })))
  expect(await bytesIn(sourceOf(bytes).open())).toEqual(bytes)
  expect((await all(table, { after: [bytes.length - 8, 100_000], batchRows: 1_000 })).rows).toEqual([[1]])
  expect(opened).toEqual([0, bytes.length - 8])
})
