import { PlatformError } from "../../../core/errors.ts"
import type { Stream } from "../../../core/streams.ts"
import type { Column, Value } from "../../../core/values.ts"

/** A position in an order: the values of its columns. */
type Position = readonly unknown[]

/**
 * Checks that a read advances: throws `response_invalid` for a row that is at or before the position of `after`, or that has the same
 * position as the row before it although the order is unique. Either means that the server compares the key with something else than
 * what the read returns, so that a resumed read would skip rows or never end. Texts are compared for equality only, because the server
 * sorts them by collations of its own.
 */
export class Advance {
  readonly #stream: Pick<Stream, "path">
  readonly #columns: readonly Column[]
  readonly #unique: boolean
  readonly #after: Position | undefined
  #before: Position | undefined

  constructor(stream: Pick<Stream, "path">, columns: readonly Column[], unique: boolean, after: Position | undefined) {
    this.#stream = stream
    this.#columns = columns
    this.#unique = unique && columns.length > 0
    this.#after = after
  }

  /** Takes the next row's position. */
  to(position: Position): void {
    // The server sorts: where its first row is behind the cursor, so are the others, unless one is the cursor's own.
    const behind = this.#after === undefined || (this.#before === undefined ? isBehind(position, this.#after, this.#columns) : !same(position, this.#after))
    if (!behind) throw stuck(this.#stream, this.#columns, "does not advance: the server returned a row that is not behind the cursor")
    if (this.#unique && this.#before !== undefined && same(position, this.#before))
      throw stuck(this.#stream, this.#columns, "would skip rows: several rows have the same key")
    this.#before = position
  }
}

const stuck = ({ path }: Pick<Stream, "path">, columns: readonly Column[], what: string): PlatformError =>
  new PlatformError(
    "response_invalid",
    `Reading ${path.join(".")} by ${columns.map(({ name }) => name).join(", ")} ${what}. Read it by a query instead, and report the types of its key.`,
  )

const same = (one: Position, other: Position): boolean => one.every((value, index) => value === other[index] && value !== null)

/** Whether a position is behind another, as far as that can be told without the server. */
function isBehind(position: Position, other: Position, columns: readonly Column[]): boolean {
  for (const [index, column] of columns.entries()) {
    const [left, right] = [position[index], other[index]]
    if (left === right && left !== null) continue
    const difference = compared(column, left as Value, right as Value)
    if (difference !== 0) return difference === undefined || difference > 0
  }
  return false
}

/** Below, at or above 0; undefined where only the server knows the order. */
function compared({ type }: Pick<Column, "type">, one: Value, other: Value): number | undefined {
  if (typeof one === "number" && typeof other === "number") return one - other
  switch (type) {
    case "integer":
    case "decimal":
      return comparedDigits(String(one), String(other))
    case "boolean":
      return typeof one === "boolean" && typeof other === "boolean" ? Number(one) - Number(other) : undefined
    case "bytes":
      return Buffer.compare(Buffer.from(String(one), "base64"), Buffer.from(String(other), "base64"))
    case "date":
    case "timestamp":
      return comparedTimes(String(one), String(other))
    default:
      return undefined
  }
}

const DIGITS = /^(-?)(\d+)(?:\.(\d+))?$/

function comparedDigits(one: string, other: string): number | undefined {
  const [left, right] = [DIGITS.exec(one), DIGITS.exec(other)]
  if (left === null || right === null) return undefined
  const decimals = Math.max(left[3]?.length ?? 0, right[3]?.length ?? 0)
  const whole = ([, sign = "", digits = "", fraction = ""]: RegExpExecArray): bigint => BigInt(`${sign}${digits}${fraction.padEnd(decimals, "0")}`)
  const difference = whole(left) - whole(right)
  return difference === 0n ? 0 : difference > 0n ? 1 : -1
}

/** Four digits of a year, and no zone but UTC: such times sort as texts. */
const TIME = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d+)?)?(Z?)$/

function comparedTimes(one: string, other: string): number | undefined {
  const [left, right] = [TIME.exec(one), TIME.exec(other)]
  if (left === null || right === null || left[1] !== right[1]) return undefined
  const [before, after] = [one.replace(/Z$/, ""), other.replace(/Z$/, "")]
  return before === after ? 0 : before > after ? 1 : -1
}
