import { PlatformError } from "../../core/errors.ts"
import { asUtf8, type Encoding, encodingOf } from "./encoding.ts"
import type { CsvConfig } from "./fields.ts"
import { joined, type Kind } from "./kinds.ts"
import { RecordReader, type Shape } from "./records.ts"

/** How a file is to be read, by its first part and by what the config fixes. */
export interface Format {
  readonly encoding: Encoding
  readonly shape: Shape
  readonly header: boolean
  /** The columns' names: unique, none empty. */
  readonly names: readonly string[]
  /** By the first part alone; undefined where it has no value. */
  readonly kinds: readonly (Kind | undefined)[]
  /** What was made of the names, for people. */
  readonly warnings: readonly string[]
}

type Fixed = Pick<CsvConfig, "delimiter" | "quote" | "encoding" | "header" | "types" | "columns">
type Fields = readonly (string | null)[]

const DELIMITERS = { comma: ",", semicolon: ";", tab: "\t", pipe: "|" } as const
/** Records that decide. */
const LOOKED_AT = 1_000
const MOST_COLUMNS = 10_000

/** Sniffs a format. `sample` is the file's beginning, decompressed; `whole` that it is all of it. */
export async function formatOf(sample: Buffer, whole: boolean, config: Fixed): Promise<Format> {
  const encoding = await encodingOf(sample, config.encoding)
  const parts: Buffer[] = []
  for await (const part of asUtf8(once(sample), encoding)) parts.push(part)
  const text = Buffer.concat(parts)
  const newline = text.includes(10) || !text.includes(13) ? "\n" : "\r"
  const common = { newline, exact: encoding.name === "utf-8", encoding: encoding.name } as const
  const quote = config.quote === "auto" ? quoteOf(text.toString("utf8")) : config.quote === "double" ? '"' : config.quote === "single" ? "'" : ""
  const candidates = config.delimiter === "auto" ? Object.values(DELIMITERS) : [DELIMITERS[config.delimiter]]
  const tables = await Promise.all(candidates.map(async (delimiter) => tableOf(text, whole, { ...common, delimiter, quote })))
  const best = tables.reduce((one, other) => (better(other, one, text) ? other : one))
  const header = config.header === "auto" ? hasHeader(best.records) : config.header === "yes"
  const width = (header ? best.records[0]?.length : best.width) ?? 0
  if (width > MOST_COLUMNS)
    throw new PlatformError("response_invalid", `The file has ${width} columns, and at most ${MOST_COLUMNS} are read; check the delimiter.`)
  const { names, warnings } = namesOf(header ? (best.records[0] ?? []) : [], width)
  return { encoding, shape: best.shape, header, names, kinds: kindsOf(best.records.slice(header ? 1 : 0), width), warnings }
}

async function* once(part: Buffer): AsyncGenerator<Buffer> {
  yield part
}

interface Table {
  readonly shape: Shape
  readonly records: readonly Fields[]
  /** The width that most records have, and which share of all that is. */
  readonly width: number
  readonly share: number
}

async function tableOf(text: Buffer, whole: boolean, shape: Shape): Promise<Table> {
  const records: Fields[] = []
  const widths = new Map<number, number>()
  let [count, held] = [0, undefined as (() => void) | undefined]
  for await (const some of new RecordReader(shape).read(once(text)))
    for (const record of some) {
      // The last one may be cut off, so each counts when the next is there.
      held?.()
      held = () => {
        const width = "fields" in record && !isBlank(record.fields) ? record.fields.length : -1
        if ("fields" in record && isBlank(record.fields)) return
        count++
        widths.set(width, (widths.get(width) ?? 0) + 1)
        if ("fields" in record) records.push(record.fields)
      }
      if (count >= LOOKED_AT) break
    }
  if (whole || count === 0) held?.()
  const [width, many] = [...widths].filter(([each]) => each > 0).sort(([, one], [, other]) => other - one)[0] ?? [1, 0]
  return { shape, records, width, share: count === 0 ? 0 : many / count }
}

const isBlank = (fields: Fields): boolean => fields.length === 1 && fields[0] === null

/** More columns in more of the records. A comma that stands between digits alone is a decimal one wherever something else divides too. */
function better(one: Table, other: Table, text: Buffer): boolean {
  if (one.width < 2 || other.width < 2) return one.width > other.width && one.share >= 0.5
  if (Math.abs(one.share - other.share) > 0.02) return one.share > other.share
  if (other.shape.delimiter === "," && !/(^|[^\d]),|,([^\d]|$)/m.test(text.toString("utf8").slice(0, 65_536))) return true
  return one.width > other.width
}

/** The quote that opens and closes fields; the double one when nothing does. */
function quoteOf(text: string): string {
  if (/(?:^|[,;\t|])"/m.test(text)) return '"'
  const opening = text.match(/(?:^|[,;\t|])'/gm)?.length ?? 0
  const closing = text.match(/'(?=[,;\t|\r]|$)/gm)?.length ?? 0
  return opening > 1 && opening === closing ? "'" : '"'
}

/** Names have no numbers and times among them, are all there, and differ. */
function hasHeader(records: readonly Fields[]): boolean {
  const [first] = records
  if (first === undefined) return false
  const given = first.filter((name) => name !== null && name !== "")
  if (given.length === 0 || given.some((name) => joined(undefined, name) !== "text" || (name?.length ?? 0) > 256)) return false
  // All text, too: then names that repeat or are missing are more likely values.
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

/** Unique names: an empty one becomes `column_3`, one that comes again `name_2`. */
export function namesOf(header: Fields, width: number): { names: string[]; warnings: string[] } {
  const taken = new Set(header.map((name) => name?.trim() ?? ""))
  const used = new Set<string>()
  // Where the search for a free number goes on: a name that comes ten thousand times is not looked for from 2 on each time.
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
