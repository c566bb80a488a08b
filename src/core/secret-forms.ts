import { LONGEST, type Needle, SHORTEST } from "./needles.ts"

/** The length of a part that identifies a longer form. Remote systems and the hub cut texts short, so a part must be enough to find the rest. */
const PART = 32
/** As many characters of the beginning or the end of a random secret identify it. */
const EDGE = 8

/** What is searched for to find one value. */
export interface Spellings {
  /** In a text as it stands. */
  readonly exact: readonly Needle[]
  /** In the skeleton of a text. */
  readonly folded: readonly Needle[]
}

/** The most characters of the values whose spellings are kept. */
const KEPT_CHARACTERS = 32_768
const kept = new Map<string, Spellings>()
let keptCharacters = 0

/** The spellings of a value. Those of the values that were asked for last are kept: a long value has thousands. */
export function spellingsOf(value: string): Spellings {
  const known = kept.get(value)
  const spellings = known ?? { exact: formsOf(value).flatMap(partsOf), folded: foldedNeedlesOf(value) }
  // At the end of the map, so that the first of it is what was not asked for longest.
  if (kept.delete(value)) keptCharacters -= value.length
  kept.set(value, spellings)
  keptCharacters += value.length
  for (const oldest of kept.keys()) {
    if (keptCharacters <= KEPT_CHARACTERS) break
    kept.delete(oldest)
    keptCharacters -= oldest.length
  }
  return spellings
}

/** A short form as a whole; a long one by its parts, wherever it was cut. */
function partsOf(form: string): Needle[] {
  if (form.length <= LONGEST) return [{ part: form, form, from: 0 }]
  return Array.from({ length: Math.floor(form.length / PART) }, (_, index) => ({
    part: form.slice(index * PART, (index + 1) * PART),
    form,
    from: index * PART,
  }))
}

/**
 * What is searched for in the skeleton of a text: the value whatever its case, spacing and punctuation; its ends; its
 * encodings, also one within another. Values that may be ordinary words have none: they would blank out ordinary text.
 */
function foldedNeedlesOf(value: string): Needle[] {
  const plain = lettersOf(value)
  if (plain.length < 8 || !(plain.length >= 16 || isMixed(plain))) return []
  const bytes = Buffer.from(value, "utf8")
  const once = [bytes.toString("hex"), ...base64Forms(bytes)]
  const twice = [bytes.toString("base64"), bytes.toString("hex"), ...base64Forms(bytes)].flatMap((text) => {
    const inner = Buffer.from(text)
    return [inner.toString("hex"), ...base64Forms(inner)]
  })
  const forms = new Set([plain, [...plain].reverse().join(""), ...once.map(lettersOf), ...twice.map(lettersOf)].map((form) => form.toLowerCase()))
  return [...forms]
    .filter((form) => form.length >= EDGE)
    .flatMap(partsOf)
    .concat(edgesOf(value))
}

/** The first and the last characters of a value, where they can be told from ordinary words. */
function edgesOf(value: string): Needle[] {
  if (value.length < 2 * EDGE) return []
  const form = lettersOf(value)
  const [first, last] = [lettersOf(value.slice(0, EDGE)), lettersOf(value.slice(-EDGE))]
  return [
    { part: first, from: 0 },
    { part: last, from: form.length - last.length },
  ].flatMap(({ part, from }) => (part.length >= EDGE - 2 && isMixed(part) ? [{ part: part.toLowerCase(), form: form.toLowerCase(), from }] : []))
}

const lettersOf = (text: string): string => text.replace(/[^A-Za-z0-9]/g, "")

/** Letters and digits, or capitals within a word. */
const isMixed = (letters: string): boolean => (/[A-Za-z]/.test(letters) && /\d/.test(letters)) || /[a-z][A-Z]/.test(letters)

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
