import type { TextRecord } from "../../text/records.ts"
import { csvRecords } from "../records.ts"
import { type Fields, isBlank, type Shape } from "../shape.ts"

/** The maximum number of records that are examined. */
const LOOKED_AT = 1_000

/** The first records of a text, cut by one delimiter. Blank lines and comments are left out. */
export interface Table {
  readonly shape: Shape
  readonly records: readonly TextRecord<Fields>[]
  /** The number of fields that most records have. */
  readonly width: number
  /** The share of records that have it. */
  readonly share: number
  /** The number of fields of the first record. */
  readonly firstWidth: number
}

/** `whole`: nothing follows the text. Undefined if not even the first record ends within the text. */
export async function tableOf(text: Buffer, whole: boolean, shape: Shape): Promise<Table | undefined> {
  const records: TextRecord<Fields>[] = []
  // The last record may be cut off by the end of the text, so a record counts only once the next one has begun.
  let held: TextRecord<Fields> | undefined
  for await (const some of csvRecords(shape).read(once(text))) {
    for (const record of some) {
      if (held !== undefined && records.length < LOOKED_AT && !isNothing(held)) records.push(held)
      held = record
    }
    if (records.length >= LOOKED_AT) break
  }
  if (held !== undefined && records.length < LOOKED_AT && (whole || held.end < text.length) && !isNothing(held)) records.push(held)
  if (records.length === 0 && !whole) return undefined
  const widths = new Map<number, number>()
  for (const record of records) widths.set(widthOf(record), (widths.get(widthOf(record)) ?? 0) + 1)
  const [width, many] = [...widths].filter(([each]) => each > 0).sort(([, one], [, other]) => other - one)[0] ?? [1, 0]
  const share = records.length === 0 ? 0 : many / records.length
  return { shape, records, width, share, firstWidth: records[0] === undefined ? 0 : widthOf(records[0]) }
}

async function* once(part: Buffer): AsyncGenerator<Buffer> {
  yield part
}

const isNothing = (record: TextRecord<Fields>): boolean => "value" in record && isBlank(record.value)

/** The number of fields of a record; -1 for one that is malformed. */
export const widthOf = (record: TextRecord<Fields>): number => ("value" in record ? record.value.length : -1)

const COMMA_OUTSIDE_NUMBERS = /(?:^|[^\d]),|,(?:[^\d]|$)/m
const LOOKED_AT_CHARACTERS = 65_536
/** Delimiters whose shares differ by no more than this fit nearly equally well. */
const NEARLY = 0.02

/** The table whose delimiter fits best, and the next one that fits nearly as well. */
export function bestOf(tables: readonly Table[], text: string): { readonly best: Table; readonly other?: Table } {
  // Commas that occur only between digits are decimal commas if another delimiter fits as well, or if the first line has none.
  const decimal = !COMMA_OUTSIDE_NUMBERS.test(text.slice(0, LOOKED_AT_CHARACTERS))
  const better = (one: Table, other: Table): boolean => {
    if (one.width < 2 || other.width < 2) return one.width > other.width && one.share >= 0.5 && !(decimal && isComma(one) && one.firstWidth < one.width)
    if (Math.abs(one.share - other.share) > NEARLY) return one.share > other.share
    if (decimal && isComma(one) !== isComma(other)) return isComma(other)
    return one.width > other.width
  }
  const best = tables.reduce((one, other) => (better(other, one) ? other : one))
  const other = tables.find((each) => each !== best && each.width > 1 && each.share >= (best.width > 1 ? best.share - NEARLY : 0.5))
  return other === undefined ? { best } : { best, other }
}

const isComma = ({ shape }: Table): boolean => shape.delimiter === ","
