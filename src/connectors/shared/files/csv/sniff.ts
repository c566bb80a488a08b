import { PlatformError } from "../../../../core/errors.ts"
import { joined, type Kind } from "../kinds.ts"
import type { TextRecord } from "../text/records.ts"
import { asUtf8, type Encoding, encodingOf } from "./encoding.ts"
import type { CsvOptions } from "./options.ts"
import { csvRecords } from "./records.ts"
import type { Fields, Shape } from "./shape.ts"

/** How a file is to be read, by its first part and by the options that fix something. */
export interface Sniffed {
  readonly encoding: Encoding
  readonly shape: Shape
  /** How the first record ends; that of the others may differ in a CR. */
  readonly lineEnd: "\n" | "\r\n" | "\r"
  readonly header: boolean
  /** The offset behind the header; 0 without one. */
  readonly headerEnd: number
  /** The columns' names: unique, none empty. */
  readonly names: readonly string[]
  /** By the first part alone; undefined where it has no value. */
  readonly kinds: readonly (Kind | undefined)[]
  /** How the names differ from those in the file, for people. */
  readonly warnings: readonly string[]
}

const DELIMITERS = { comma: ",", semicolon: ";", tab: "\t", pipe: "|" } as const
const QUOTES = { double: '"', single: "'", none: "" } as const
/** Records that decide. */
const LOOKED_AT = 1_000
const MOST_COLUMNS = 10_000

/** Sniffs a format. `sample` is the file's beginning, decompressed; `whole` says that it is all of it. */
export async function sniff(sample: Buffer, whole: boolean, options: CsvOptions): Promise<Sniffed> {
  const encoding = await encodingOf(sample, options.encoding)
  const parts: Buffer[] = []
  for await (const part of asUtf8(once(sample), encoding)) parts.push(part)
  const text = Buffer.concat(parts)
  const newline = text.includes(10) || !text.includes(13) ? "\n" : "\r"
  const common = { newline, exact: encoding.name === "utf-8", encoding: encoding.name } as const
  const quote = options.quote === "auto" ? quoteOf(text.toString("utf8")) : QUOTES[options.quote]
  const candidates = options.delimiter === "auto" ? Object.values(DELIMITERS) : [DELIMITERS[options.delimiter]]
  const tables = await Promise.all(candidates.map(async (delimiter) => tableOf(text, whole, { ...common, delimiter, quote })))
  const best = tables.reduce((one, other) => (better(other, one, text) ? other : one))
  const [first] = best.records
  const header = options.header === "auto" ? hasHeader(best.records) : options.header === "yes"
  const width = (header ? first?.length : best.width) ?? 0
  if (width > MOST_COLUMNS)
    throw new PlatformError("response_invalid", `The file has ${width} columns, and at most ${MOST_COLUMNS} are read; check the delimiter.`)
  const { names, warnings } = namesOf(header ? (first ?? []) : [], width)
  const crLf = newline === "\n" && text[best.firstEnd - 1] === 10 && text[best.firstEnd - 2] === 13
  return {
    encoding,
    shape: best.shape,
    lineEnd: crLf ? "\r\n" : newline,
    header,
    headerEnd: header ? best.firstEnd : 0,
    names,
    kinds: kindsOf(best.records.slice(header ? 1 : 0), width),
    warnings,
  }
}

async function* once(part: Buffer): AsyncGenerator<Buffer> {
  yield part
}

interface Table {
  readonly shape: Shape
  readonly records: readonly Fields[]
  /** The offset behind the first of them. */
  readonly firstEnd: number
  /** The width that most records have, and which share of all that is. */
  readonly width: number
  readonly share: number
}

async function tableOf(text: Buffer, whole: boolean, shape: Shape): Promise<Table> {
  const records: Fields[] = []
  const widths = new Map<number, number>()
  let [count, firstEnd] = [0, 0]
  const take = (record: TextRecord<Fields>): void => {
    const fields = "value" in record ? record.value : undefined
    if (fields !== undefined && isBlank(fields)) return
    count++
    const width = fields?.length ?? -1
    widths.set(width, (widths.get(width) ?? 0) + 1)
    if (fields === undefined) return
    if (records.length === 0) firstEnd = record.end
    records.push(fields)
  }
  // The sample may cut off its last record, so each one counts when the next one is there.
  let held: TextRecord<Fields> | undefined
  for await (const some of csvRecords(shape).read(once(text)))
    for (const record of some) {
      if (held !== undefined) take(held)
      held = record
      if (count >= LOOKED_AT) break
    }
  if (held !== undefined && (whole || count === 0)) take(held)
  const [width, many] = [...widths].filter(([each]) => each > 0).sort(([, one], [, other]) => other - one)[0] ?? [1, 0]
  return { shape, records, firstEnd, width, share: count === 0 ? 0 : many / count }
}

/** A line without anything on it. */
export const isBlank = (fields: Fields): boolean => fields.length === 1 && fields[0] === null

/** More columns in more of the records. A comma that stands only between digits is a decimal comma if another delimiter fits as well. */
function better(one: Table, other: Table, text: Buffer): boolean {
  if (one.width < 2 || other.width < 2) return one.width > other.width && one.share >= 0.5
  if (Math.abs(one.share - other.share) > 0.02) return one.share > other.share
  if (other.shape.delimiter === "," && !/(^|[^\d]),|,([^\d]|$)/m.test(text.toString("utf8").slice(0, 65_536))) return true
  return one.width > other.width
}

/** The quote that opens and closes fields; the double one when none does. */
function quoteOf(text: string): string {
  if (/(?:^|[,;\t|])"/m.test(text)) return '"'
  const opening = text.match(/(?:^|[,;\t|])'/gm)?.length ?? 0
  const closing = text.match(/'(?=[,;\t|\r]|$)/gm)?.length ?? 0
  return opening > 1 && opening === closing ? "'" : '"'
}

/** A header has a name for every column, all of them different and none of them a number or a time. */
function hasHeader(records: readonly Fields[]): boolean {
  const [first] = records
  if (first === undefined) return false
  const given = first.filter((name) => name !== null && name !== "")
  if (given.length === 0 || given.some((name) => joined(undefined, name) !== "text" || (name?.length ?? 0) > 256)) return false
  // Where the columns below are all text as well, names that repeat or are missing are more likely values.
  const below = kindsOf(records.slice(1), first.length)
  if (below.some((kind) => kind !== undefined && kind !== "text")) return true
  return given.length === first.length && new Set(given).size === given.length
}

function kindsOf(records: readonly Fields[], width: number): (Kind | undefined)[] {
  const kinds: (Kind | undefined)[] = Array.from({ length: width }, () => undefined)
  for (const fields of records)
    if (fields.length === width) for (let index = 0; index < width; index++) kinds[index] = joined(kinds[index], fields[index] ?? null)
  return kinds
}

/** Unique names: an empty one becomes `column_3`, a second `name` becomes `name_2`. */
export function namesOf(header: Fields, width: number): { names: string[]; warnings: string[] } {
  const taken = new Set(header.map((name) => name?.trim() ?? ""))
  const used = new Set<string>()
  // The next number to try for each name, so that a name that comes ten thousand times is not tried from 2 on each time.
  const counts = new Map<string, number>()
  const warnings: string[] = []
  const names = Array.from({ length: width }, (_, index) => {
    const given = (header[index] ?? "").trim()
    const wanted = given === "" ? `column_${index + 1}` : given
    let name = wanted
    let count = counts.get(wanted) ?? 2
    while (used.has(name) || (name !== given && taken.has(name))) name = `${wanted}_${count++}`
    counts.set(wanted, count)
    used.add(name)
    if (header.length > 0 && name !== given)
      warnings.push(given === "" ? `Column ${index + 1} has no name; it is ${name} here.` : `The column ${given} comes again; it is ${name} here.`)
    return name
  })
  return { names, warnings }
}
