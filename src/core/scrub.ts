import { Secret } from "./fields.ts"
import { decoded, itself, rangeIn, skeleton } from "./folded.ts"
import { merged, Needles, type Range } from "./needles.ts"
import { spellingsOf } from "./secret-forms.ts"

/** As much of a text is searched beyond the place where it is cut, so that a secret at the cut is found whole. */
const MARGIN = 1_024
/** The most characters of an error's message and of its stack. */
const ERROR_MAX = 16_384
/** The most characters of a string in data. */
const DATA_MAX = 8_192

/** The secrets that are searched for, in every spelling. */
class Sought {
  readonly #exact = new Needles()
  readonly #folded = new Needles()
  readonly #values = new Map<string, number>()

  get size(): number {
    return this.#values.size
  }

  add(value: string): void {
    const count = this.#values.get(value) ?? 0
    this.#values.set(value, count + 1)
    if (count > 0) return
    const { exact, folded } = spellingsOf(value)
    for (const needle of exact) this.#exact.add(needle)
    for (const needle of folded) this.#folded.add(needle)
  }

  remove(value: string): void {
    const count = this.#values.get(value) ?? 0
    if (count > 1) this.#values.set(value, count - 1)
    if (count !== 1) return
    this.#values.delete(value)
    const { exact, folded } = spellingsOf(value)
    for (const needle of exact) this.#exact.remove(needle)
    for (const needle of folded) this.#folded.remove(needle)
  }

  /** Where they are in a text: as it stands, and by its letters and digits, also after its escapes were decoded once and twice. */
  in(text: string): Range[] {
    const found = this.#exact.find(text)
    if (this.#folded.size === 0) return found
    let derived: ReturnType<typeof decoded> = itself(text)
    for (let times = 0; times <= 2 && derived !== undefined; times++) {
      const letters = skeleton(derived)
      for (const range of this.#folded.find(letters.text)) found.push(rangeIn(text, letters, range))
      derived = decoded(derived)
    }
    return merged(found)
  }
}

/** Replaces every form of the given values with `[secret]`. */
export class Scrubber {
  readonly #sought = new Sought()
  /** Values that no text was searched for yet. Most scrubbers see no text. */
  #added: string[]

  constructor(values: Iterable<string>) {
    this.#added = [...values]
  }

  /** Adds values to scrub. */
  add(values: Iterable<string>): void {
    this.#added.push(...values)
  }

  /**
   * Returns the text without the values, at most `most` characters of it. Also removes null characters: they separate
   * the characters of UTF-16 text, and no database stores them. The time is linear in the text, and what is cut off is not
   * searched.
   */
  text(input: string, most = Number.POSITIVE_INFINITY): string {
    for (const value of this.#added.splice(0)) this.#sought.add(value)
    return scrubbed(input, most, this.#sought)
  }

  /** A copy of JSON-like data with every string, keys included, scrubbed and at most 8,192 characters long; what is deeper than 32 levels is left out. */
  data<T>(input: T, depth = 0): T {
    if (this.#sought.size === 0 && this.#added.length === 0) return input
    if (depth > 32) return "…" as T
    if (typeof input === "string") return this.text(input, DATA_MAX) as T
    if (Array.isArray(input)) return input.map((item) => this.data(item, depth + 1)) as T
    if (input !== null && typeof input === "object" && Object.getPrototypeOf(input) === Object.prototype)
      return Object.fromEntries(Object.entries(input).map(([key, value]) => [this.text(key, DATA_MAX), this.data(value, depth + 1)])) as T
    return input
  }

  /**
   * An error for the log: name, code, message and stack, scrubbed, with at most five causes; nothing else of the
   * original is kept.
   */
  error(input: unknown, depth = 0): Error | undefined {
    if (input === undefined || input === null || depth > 5) return undefined
    if (!(input instanceof Error)) return new Error(this.text(typeof input === "string" ? input : Object.prototype.toString.call(input), ERROR_MAX))
    const cause = this.error(input.cause, depth + 1)
    const copy = new Error(this.text(input.message, ERROR_MAX), cause === undefined ? undefined : { cause })
    copy.name = input.name
    copy.stack = this.text(input.stack ?? "", ERROR_MAX)
    const code: unknown = Reflect.get(input, "code")
    if (typeof code === "string") Object.assign(copy, { code: this.text(code) })
    return copy
  }
}

function scrubbed(input: string, most: number, sought: Sought): string {
  const whole = input.length > most + MARGIN ? input.slice(0, most + MARGIN) : input
  const text = whole.includes("\0") ? whole.replaceAll("\0", "") : whole
  let out = ""
  let done = 0
  for (const { start, end } of sought.in(text)) {
    if (start >= most) break
    out += `${text.slice(done, start)}[secret]`
    done = end
  }
  return done >= most ? out : out + text.slice(done, most)
}

/** Every secret in a parsed config, at any depth. */
export function secretsIn(config: unknown): string[] {
  if (config instanceof Secret) return config.plain ? [] : [config.reveal()]
  if (Array.isArray(config)) return config.flatMap(secretsIn)
  if (config !== null && typeof config === "object") return Object.values(config).flatMap(secretsIn)
  return []
}

const live = new Sought()
/** What has been held and released since a text was last searched: most secrets are, before there is one. */
let changes = new Map<string, number>()

/**
 * Makes the logger scrub these values until the returned function is called. Values are counted, so that one holder
 * does not release the values of another.
 */
export function holdSecrets(values: readonly string[]): () => void {
  const change = (by: 1 | -1): void => {
    for (const value of values) changes.set(value, (changes.get(value) ?? 0) + by)
  }
  change(1)
  let released = false
  return () => {
    if (!released) change(-1)
    released = true
  }
}

/** Removes every secret that this process currently uses from a text. */
export function scrubLive(input: string): string {
  const since = changes
  changes = new Map()
  for (const [value, by] of since) for (let left = Math.abs(by); left > 0; left--) by > 0 ? live.add(value) : live.remove(value)
  return scrubbed(input, Number.POSITIVE_INFINITY, live)
}
