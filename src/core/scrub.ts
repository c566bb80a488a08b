import { Secret } from "./fields.ts"

/** The shortest secret that is searched for; shorter ones would blank out ordinary text. */
const SHORTEST = 4

/**
 * The length of a part that identifies a longer form. Remote systems and the hub cut texts short, so a part must be
 * enough to find the rest.
 */
const PART = 32

/**
 * The forms in which a value appears in texts: raw, base64 (plain, URL-safe, at each byte offset), bytes as hex or
 * numbers, and escaped for URL, JSON, SQL or HTML.
 */
export function formsOf(value: string): string[] {
  if (value.length < SHORTEST) return []
  const bytes = Buffer.from(value, "utf8")
  const url = escapeUrl(value)
  const json = JSON.stringify(value).slice(1, -1)
  const hex = bytes.toString("hex")
  const wide = JSON.stringify([...value].join("\0")).slice(1, -1)
  const forms = new Set([
    value,
    value.normalize("NFC"),
    value.normalize("NFD"),
    // Bytes decoded with the wrong encoding.
    bytes.toString("latin1"),
    // Written as Latin-1, which keeps the low byte of every character, and read as Latin-1 or as UTF-8.
    Buffer.from(value, "latin1").toString("latin1"),
    Buffer.from(value, "latin1").toString("utf8"),
    value.replace(/[^\x20-\x7e]/g, "\ufffd"),
    url,
    url.replaceAll("%20", "+"),
    // As a form or a query parameter, which escapes more than encodeURIComponent.
    new URLSearchParams([["", value]]).toString().slice(1),
    url.replace(/%[0-9A-F]{2}/g, (sequence) => sequence.toLowerCase()),
    escapeUrl(url),
    encodeURI(value.toWellFormed()),
    encodeAll(bytes),
    encodeAll(bytes).toLowerCase(),
    json,
    JSON.stringify(json).slice(1, -1),
    json.replaceAll("/", "\\/"),
    escapeJson(json),
    JSON.stringify(escapeJson(json)).slice(1, -1),
    ...quoted(value),
    ...markup(value),
    ...numbers(bytes),
    // UTF-16 decoded as bytes and written as JSON.
    wide,
    JSON.stringify(wide).slice(1, -1),
    ...(value.length < 8 ? [] : [[...value].reverse().join("")]),
    hex,
    hex.toUpperCase(),
    ...base64Forms(bytes),
  ])
  // A multi-line secret (a PEM key) also leaks line by line.
  for (const line of value.split(/[\r\n\u0085\u2028\u2029]+/)) if (line.length >= 8 && !line.startsWith("-----")) forms.add(line)
  return [...forms].filter((form) => form.length >= SHORTEST).sort((a, b) => b.length - a.length)
}

const escapeJson = (json: string): string => json.replace(/[^\x20-\x7e]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`)

/** Doubled quotes and backslashes, as in SQL and CSV. */
const quoted = (value: string): string[] => {
  const doubled = value.replaceAll('"', '""')
  return [value.replaceAll("'", "''"), doubled, value.replaceAll("\\", "\\\\"), doubled.replaceAll("\\", "\\\\")]
}

const markup = (value: string): string[] => {
  const escaped = value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
  const double = escaped.replaceAll('"', "&quot;")
  return [escaped, double, double.replaceAll("'", "&#39;"), double.replaceAll("'", "&#x27;")]
}

/** Bytes in the notation of a Node Buffer, of OpenSSL, and of JSON. */
const numbers = (bytes: Buffer): string[] => {
  const pairs = [...bytes].map((byte) => byte.toString(16).padStart(2, "0"))
  return [pairs.join(" "), pairs.join(":"), pairs.join(" ").toUpperCase(), pairs.join(":").toUpperCase(), bytes.join(","), bytes.join(", ")]
}

/** Percent-encoding. Unlike `encodeURIComponent`, it does not throw on a lone surrogate. */
const escapeUrl = (value: string): string => encodeURIComponent(value.toWellFormed())

const encodeAll = (bytes: Buffer): string => [...bytes].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join("")

/**
 * The base64 of the value after 0, 1 or 2 other bytes (`user:password`): only the part that depends on the value
 * alone.
 */
function base64Forms(bytes: Buffer): string[] {
  const forms: string[] = []
  for (const shift of [0, 1, 2]) {
    const encoded = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString("base64")
      .replace(/=+$/, "")
    const start = shift === 0 ? 0 : shift + 1
    const whole = Math.floor(((shift + bytes.length) * 8) / 6)
    const stable = encoded.slice(start, whole)
    if (stable.length >= 6) forms.push(stable, stable.replaceAll("+", "-").replaceAll("/", "_"))
  }
  return forms
}

/** Replaces every form of the given values with `[secret]`. */
export class Scrubber {
  #forms: readonly string[] = []
  /** Forms long enough to be found by one of their parts. */
  #long: readonly string[] = []

  constructor(values: Iterable<string>) {
    this.add(values)
  }

  /** Adds values to scrub. */
  add(values: Iterable<string>): void {
    const given = [...values]
    this.#forms = [...new Set([...this.#forms, ...given.flatMap(formsOf)])].sort((a, b) => b.length - a.length)
    this.#long = this.#forms.filter((form) => form.length > 2 * PART)
  }

  /**
   * Returns the text without the values. Also removes null characters: they separate the characters of UTF-16 text,
   * and no database stores them.
   */
  text(input: string): string {
    const text = input.includes("\0") ? input.replaceAll("\0", "") : input
    // Whole runs first: a single line removed from a run would make the lines around it unrecognisable.
    let out = withoutRuns(text, this.#long)
    for (const form of this.#forms) if (out.includes(form)) out = out.replaceAll(form, "[secret]")
    return out
  }

  /** A copy of JSON-like data with every string, keys included, scrubbed; at most 32 levels deep. */
  data<T>(input: T, depth = 0): T {
    if (this.#forms.length === 0 || depth > 32) return input
    if (typeof input === "string") return this.text(input) as T
    if (Array.isArray(input)) return input.map((item) => this.data(item, depth + 1)) as T
    if (input !== null && typeof input === "object" && Object.getPrototypeOf(input) === Object.prototype)
      return Object.fromEntries(Object.entries(input).map(([key, value]) => [this.text(key), this.data(value, depth + 1)])) as T
    return input
  }

  /**
   * An error for the log: name, code, message and stack, scrubbed, with at most five causes; nothing else of the
   * original is kept.
   */
  error(input: unknown, depth = 0): Error | undefined {
    if (input === undefined || input === null || depth > 5) return undefined
    if (!(input instanceof Error)) return new Error(this.text(typeof input === "string" ? input : Object.prototype.toString.call(input)))
    const cause = this.error(input.cause, depth + 1)
    const copy = new Error(this.text(input.message), cause === undefined ? undefined : { cause })
    copy.name = input.name
    copy.stack = this.text(input.stack ?? "")
    const code: unknown = Reflect.get(input, "code")
    if (typeof code === "string") Object.assign(copy, { code: this.text(code) })
    return copy
  }
}

/** Replaces every run of a long form that contains at least one whole part of it; overlapping runs become one. */
function withoutRuns(text: string, forms: readonly string[]): string {
  const runs = forms.flatMap((form) => runsOf(text, form)).sort(([a], [b]) => a - b)
  let out = ""
  let done = 0
  for (const [start, end] of runs) {
    if (start >= done) out += `${text.slice(done, start)}[secret]`
    done = Math.max(done, end)
  }
  return out + text.slice(done)
}

function runsOf(text: string, form: string): [start: number, end: number][] {
  const runs: [number, number][] = []
  for (let from = 0; from + PART <= form.length; from += PART) {
    const part = form.slice(from, from + PART)
    for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + 1)) {
      let before = 0
      while (before < from && at > before && text[at - before - 1] === form[from - before - 1]) before++
      let after = PART
      while (from + after < form.length && text[at + after] === form[from + after]) after++
      runs.push([at - before, at + after])
    }
  }
  return runs
}

/** Every secret in a parsed config, at any depth. */
export function secretsIn(config: unknown): string[] {
  if (config instanceof Secret) return config.plain ? [] : [config.reveal()]
  if (Array.isArray(config)) return config.flatMap(secretsIn)
  if (config !== null && typeof config === "object") return Object.values(config).flatMap(secretsIn)
  return []
}

const held = new Map<string, number>()
let live: Scrubber | undefined

/**
 * Makes the logger scrub these values until the returned function is called. Values are counted, so that one holder
 * does not release the values of another.
 */
export function holdSecrets(values: readonly string[]): () => void {
  for (const value of values) held.set(value, (held.get(value) ?? 0) + 1)
  live = undefined
  let released = false
  return () => {
    if (released) return
    released = true
    for (const value of values) {
      const count = (held.get(value) ?? 1) - 1
      if (count > 0) held.set(value, count)
      else held.delete(value)
    }
    live = undefined
  }
}

/** Removes every secret that this process currently uses from a text. */
export function scrubLive(input: string): string {
  live ??= new Scrubber(held.keys())
  return live.text(input)
}
