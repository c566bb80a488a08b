import { createHash } from "node:crypto"
import type { Row, Value } from "../../../core/values.ts"

/** A value that records are ordered by. */
export type Mark = string | number

/** How far a read by a column has come, as a cursor keeps it. */
export interface WatermarkState {
  /** The value that this walk asks from; absent: from the beginning. */
  readonly from?: Mark
  /** Records with exactly that value that an earlier walk gave. */
  readonly given: readonly string[]
  /** The highest value of this walk so far, and the records that have it; absent: none beyond `from`. */
  readonly high?: Mark
  readonly atHigh?: readonly string[]
}

/** Records with one value that are remembered at most; with more of them, some come again. */
const MOST_GIVEN = 500

/**
 * Keeps the highest value of a column that a walk over an API's pages has met, whatever order they come in. An API that is
 * asked for records from a value on gives those with exactly that value again; they are recognised by their content.
 */
export class Watermark {
  readonly from: Mark | undefined
  readonly #given: ReadonlySet<string>
  readonly #until: Mark | undefined
  #high: Mark | undefined
  #atHigh: string[]

  constructor({ from, given, high = from, atHigh = given }: WatermarkState, until: Mark | undefined) {
    this.from = from
    this.#given = new Set(given)
    this.#until = until
    this.#high = high
    this.#atHigh = [...atHigh]
  }

  /** Whether a record is new and in the range; one that is counts from now on. */
  takes(row: Row, value: Value): boolean {
    if (!isMark(value)) return false
    if (this.from !== undefined && compare(value, this.from) < 0) return false
    if (this.#until !== undefined && compare(value, this.#until) >= 0) return false
    const print = printOf(row)
    if (this.from !== undefined && compare(value, this.from) === 0 && this.#given.has(print)) return false
    const step = this.#high === undefined ? 1 : compare(value, this.#high)
    if (step > 0) {
      this.#high = value
      this.#atHigh = []
    }
    if (step >= 0 && this.#atHigh.length < MOST_GIVEN) this.#atHigh.push(print)
    return true
  }

  /** To go on with the same walk. */
  get state(): WatermarkState {
    const { from } = this
    return { ...(from === undefined ? {} : { from }), given: [...this.#given], ...(this.#high === undefined ? {} : { high: this.#high, atHigh: this.#atHigh }) }
  }

  /** To begin the next walk, when this one has ended. */
  get next(): WatermarkState {
    return { ...(this.#high === undefined ? {} : { from: this.#high }), given: this.#atHigh }
  }
}

export const isMark = (value: unknown): value is Mark => (typeof value === "string" && value !== "") || (typeof value === "number" && Number.isFinite(value))

/** Whether a value from outside is a state. */
export function isWatermark(value: unknown): value is WatermarkState {
  if (typeof value !== "object" || value === null) return false
  const { from, given, high, atHigh = [] } = value as Readonly<Record<string, unknown>>
  return [from, high].every((each) => each === undefined || isMark(each)) && [given, atHigh].every(isTexts)
}

const isTexts = (value: unknown): boolean => Array.isArray(value) && value.length <= MOST_GIVEN && value.every((each) => typeof each === "string")

const printOf = (row: Row): string => createHash("sha256").update(JSON.stringify(row)).digest("base64url").slice(0, 22)

/** Numbers, also as text, by their size; times in ISO 8601 by their instant; other texts by their characters. */
export function compare(a: Mark, b: Mark): number {
  const [x, y] = [String(a), String(b)]
  if (WHOLE.test(x) && WHOLE.test(y)) return sign(BigInt(x), BigInt(y))
  if (NUMBER.test(x) && NUMBER.test(y)) return sign(Number(x), Number(y))
  if (TIME.test(x) && TIME.test(y)) return sign(Date.parse(x), Date.parse(y)) || sign(fractionOf(x), fractionOf(y))
  return sign(x, y)
}

const WHOLE = /^-?\d+$/
const NUMBER = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/
const TIME = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?$/

/** The digits of a time's seconds behind the milliseconds, which a Date does not keep. */
const fractionOf = (time: string): string => (/\.\d{3}(\d+)/.exec(time)?.[1] ?? "").padEnd(9, "0")

const sign = <T>(a: T, b: T): number => (a < b ? -1 : a > b ? 1 : 0)
