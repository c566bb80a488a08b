import type { Fields } from "../shape.ts"
import { codeOf, commonLook, lookOf } from "./looks.ts"

/** Whether a table's first record names its columns, and whether the values below prove it. */
export interface HeaderGuess {
  readonly header: boolean
  readonly certain: boolean
}

/** The number of records that are compared with the first one. */
const COMPARED = 100
const MOST_CHARACTERS = 256

/** How the cells of the first record compare with the values below them, as numbers of columns. */
interface Votes {
  /** A name above values that are not names, such as numbers. */
  names: number
  /** A value above values of a different kind, such as a year above amounts. */
  others: number
  /** A value above values that look the same. */
  same: number
  /** A value above texts. */
  odd: number
  /** A text that occurs again in the values below. */
  repeats: number
}

/** Compares the first record with those below it. A delimiter at the end of either makes no difference. */
export function headerOf(records: readonly Fields[]): HeaderGuess {
  const [all, ...rest] = records.slice(0, COMPARED + 1)
  const first = all?.at(-1) === null ? all.slice(0, -1) : all
  const given = (first ?? []).flatMap((name) => (name === null || name.trim() === "" ? [] : [name.trim()]))
  if (first === undefined || given.length === 0 || given.some((name) => name.length > MOST_CHARACTERS)) return { header: false, certain: true }
  const below = rest.filter(({ length }) => Math.abs(length - first.length) <= 1)
  const { names, others, same, odd, repeats } = votesOf(first, below)
  if (names > 0 && same === 0) return { header: names >= odd, certain: odd === 0 }
  if (names > 0) return { header: names > same + odd, certain: false }
  if (same > 0) return { header: false, certain: others === 0 }
  if (others > 0) return { header: true, certain: false }
  // Everything is text: names that are missing or occur again are more likely to be values.
  return { header: odd === 0 && repeats === 0 && given.length === first.length && new Set(given).size === given.length, certain: false }
}

function votesOf(first: Fields, below: readonly Fields[]): Votes {
  const votes: Votes = { names: 0, others: 0, same: 0, odd: 0, repeats: 0 }
  const series = seriesOf(first)
  const isSeries = series.size > 0 && !below.slice(0, 20).some((fields) => seriesOf(fields).size >= series.size)
  for (const [index, cell] of first.entries()) {
    const look = lookOf(cell ?? "")
    if (cell === null || look === "nothing") continue
    const values = below.flatMap((fields) => fields[index] ?? [])
    const common = commonLook(values)
    if (look === "text") {
      if (common !== undefined && common !== "text") votes.names++
      else if (values.includes(cell) || isSameCode(cell, values)) votes.repeats++
    } else if (isSeries && series.has(index)) votes.others++
    else if (common === undefined || common === "text") votes.odd++
    else if (common !== look || (isYear(cell) && !values.every(isYear))) votes.others++
    else votes.same++
  }
  return votes
}

const isSameCode = (cell: string, values: readonly string[]): boolean => {
  const code = codeOf(cell)
  return code !== undefined && values.length > 0 && values.every((value) => codeOf(value) === code)
}

const YEAR = /^(?:19|20)\d\d$/
const isYear = (cell: string): boolean => YEAR.test(cell.trim())

/**
 * The columns whose cells count up by one, like years, days of a month or numbered columns: at least two years, or three
 * other whole numbers in a record that also has a text or an empty cell.
 */
function seriesOf(cells: Fields): ReadonlySet<number> {
  const named = cells.some((cell) => cell === null || lookOf(cell) === "text" || lookOf(cell) === "nothing")
  const numbers = cells.map((cell) => (cell !== null && /^\d{1,4}$/.test(cell.trim()) ? Number(cell) : Number.NaN))
  const found = new Set<number>()
  for (let begin = 0; begin < numbers.length; ) {
    let end = begin + 1
    while (end < numbers.length && numbers[end] === (numbers[end - 1] ?? 0) + 1) end++
    const least = isYear(cells[begin] ?? "") ? 2 : named ? 3 : Number.POSITIVE_INFINITY
    for (let index = begin; end - begin >= least && index < end; index++) found.add(index)
    begin = end
  }
  return found
}
