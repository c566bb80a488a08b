/** A text to search for: a part of a longer form, which is looked for around each match, or the whole form. */
export interface Needle {
  readonly part: string
  readonly form: string
  /** Where the part begins in the form. */
  readonly from: number
}

/** A range of a text, in UTF-16 code units; `end` is behind its last one. */
export interface Range {
  readonly start: number
  readonly end: number
}

/** The shortest part that can be searched for. */
export const SHORTEST = 4
/** The longest whole form that is a needle of its own; of a longer one, its parts are. */
export const LONGEST = 64
/** Forms with the same part that are looked for around a match; only repetitive values have more. */
const FORMS_MAX = 8

/** The needles that share a part, by their forms and where the part begins in the form. A form may have thousands of parts, so it is never copied into a key. */
type Held = Map<string, Map<number, { readonly needle: Needle; count: number }>>

/** The lengths of the parts that begin with the same characters, the longest first, and how many parts have each. */
class Lengths {
  readonly #counts = new Map<number, number>()
  sorted: readonly number[] = []

  change(length: number, by: 1 | -1): void {
    const count = (this.#counts.get(length) ?? 0) + by
    if (count > 0) this.#counts.set(length, count)
    else this.#counts.delete(length)
    this.sorted = [...this.#counts.keys()].sort((one, other) => other - one)
  }
}

/**
 * Texts to search for, all in one pass: each position of the searched text is looked up by its next characters, so that
 * the time does not depend on the number of needles. Needles are counted: each is found until it was removed as often as
 * it was added.
 */
export class Needles {
  /** How many parts begin with characters of that hash. */
  readonly #filter = new Uint32Array(65_536)
  readonly #lengths = new Map<string, Lengths>()
  readonly #held = new Map<string, Held>()
  /** The lengths of parts that are not whole forms. */
  readonly #partial = new Set<number>()

  /** How many parts are searched for. */
  get size(): number {
    return this.#held.size
  }

  add(needle: Needle): void {
    const { part, form, from } = needle
    if (part.length < SHORTEST) return
    if (part.length < form.length) this.#partial.add(part.length)
    const held: Held = this.#held.get(part) ?? new Map()
    const places = held.get(form) ?? new Map()
    places.set(from, { needle, count: (places.get(from)?.count ?? 0) + 1 })
    held.set(form, places)
    if (this.#held.has(part)) return
    this.#held.set(part, held)
    this.#count(part, 1)
  }

  remove({ part, form, from }: Needle): void {
    const held = this.#held.get(part)
    const places = held?.get(form)
    const one = places?.get(from)
    if (held === undefined || places === undefined || one === undefined || --one.count > 0) return
    places.delete(from)
    if (places.size > 0) return
    held.delete(form)
    if (held.size > 0) return
    this.#held.delete(part)
    this.#count(part, -1)
  }

  #count(part: string, by: 1 | -1): void {
    const at = hashAt(part, 0)
    this.#filter[at] = (this.#filter[at] ?? 0) + by
    const start = part.slice(0, SHORTEST)
    const lengths = this.#lengths.get(start) ?? new Lengths()
    lengths.change(part.length, by)
    if (lengths.sorted.length > 0) this.#lengths.set(start, lengths)
    else this.#lengths.delete(start)
  }

  /** Where the needles are in the text, in order. What overlaps is one range. */
  find(text: string): Range[] {
    const found: Range[] = []
    if (this.#held.size === 0) return found
    for (let at = 0; at + SHORTEST <= text.length; at++) {
      if (this.#filter[hashAt(text, at)] === 0) continue
      const lengths = this.#lengths.get(text.slice(at, at + SHORTEST))
      if (lengths === undefined) continue
      for (const length of lengths.sorted) {
        // What a match can reach from here is found already.
        if (at + length + (this.#partial.has(length) ? LONGEST : 0) <= (found.at(-1)?.end ?? 0)) continue
        for (const range of this.#matches(text, at, length)) take(found, range)
      }
      // The longest needle, or the next part of a form, that reaches beyond the range begins later.
      at = Math.max(at, (found.at(-1)?.end ?? 0) - LONGEST)
    }
    return found
  }

  *#matches(text: string, at: number, length: number): Generator<Range> {
    let left = FORMS_MAX
    for (const places of this.#held.get(text.slice(at, at + length))?.values() ?? [])
      for (const { needle } of places.values()) {
        if (left-- === 0) return
        yield extended(text, at, needle)
      }
  }
}

/** Ranges in order of their starts, those that overlap as one. */
export function merged(ranges: readonly Range[]): Range[] {
  const out: Range[] = []
  for (const range of ranges.toSorted((a, b) => a.start - b.start)) take(out, range)
  return out
}

/** Adds a range to those before it. It may begin before them, but never ends before the last one begins. */
function take(ranges: Range[], { start, end }: Range): void {
  let [first, last] = [start, end]
  for (let before = ranges.at(-1); before !== undefined && before.end > first; before = ranges.at(-1)) {
    first = Math.min(first, before.start)
    last = Math.max(last, before.end)
    ranges.pop()
  }
  ranges.push({ start: first, end: last })
}

/** The match with those characters of the form that are around it in the text, too; half of a longest form on either side. */
function extended(text: string, at: number, { part, form, from }: Needle): Range {
  let before = 0
  while (before < LONGEST && before < from && at > before && text[at - before - 1] === form[from - before - 1]) before++
  let after = part.length
  while (after < part.length + LONGEST && from + after < form.length && text[at + after] === form[from + after]) after++
  return { start: at - before, end: at + after }
}

const hashAt = (text: string, at: number): number =>
  (text.charCodeAt(at) ^ (text.charCodeAt(at + 1) << 3) ^ (text.charCodeAt(at + 2) << 6) ^ (text.charCodeAt(at + 3) << 9)) & 0xffff
