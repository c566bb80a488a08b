import type { Range } from "./needles.ts"

/** A text that was derived from another one, and where each of its characters comes from. */
export interface Derived {
  readonly text: string
  readonly starts: Uint32Array
  /** Behind the last character that it comes from. */
  readonly ends: Uint32Array
}

/** The text itself, as the beginning of a derivation. */
export function itself(text: string): Derived {
  const starts = Uint32Array.from({ length: text.length }, (_, at) => at)
  return { text, starts, ends: starts.map((at) => at + 1) }
}

/** Characters that stand for themselves in another spelling: escapes of JSON, JavaScript, C, SQL, URLs, HTML and quoted-printable. */
const ESCAPE =
  /\\x([0-9a-f]{2})|\\u\{([0-9a-f]{1,6})\}|\\u([0-9a-f]{4})|\\U([0-9a-f]{8})|\\([0-3][0-7]{2})|\\([\s\S])|&#(\d{1,7});?|&#x([0-9a-f]{1,6});?|%u([0-9a-f]{4})|%([0-9a-f]{2})|=([0-9a-f]{2})|=\r?\n/gi

const RADIX = [16, 16, 16, 16, 8, 0, 10, 16, 16, 16, 16]
/** After a backslash, these stand for white space and control characters. */
const CONTROLS = "nrtbfv0"

/** The text with its escapes decoded once; undefined when it has none. An ambiguous spelling (`=20`) is taken for an escape. */
export function decoded({ text, starts, ends }: Derived): Derived | undefined {
  ESCAPE.lastIndex = 0
  if (!ESCAPE.test(text)) return undefined
  ESCAPE.lastIndex = 0
  const out = { text: [] as string[], starts: new Uint32Array(text.length), ends: new Uint32Array(text.length) }
  let length = 0
  const put = (char: string, from: number, to: number): void => {
    out.text.push(char)
    out.starts[length] = starts[from] ?? 0
    out.ends[length++] = ends[to] ?? 0
  }
  let done = 0
  for (const match of text.matchAll(ESCAPE)) {
    for (; done < match.index; done++) put(text.charAt(done), done, done)
    const char = standsFor(match)
    done = match.index + match[0].length
    if (char !== "") put(char, match.index, done - 1)
  }
  for (; done < text.length; done++) put(text.charAt(done), done, done)
  return { text: out.text.join(""), starts: out.starts, ends: out.ends }
}

/** The one character that an escape stands for; empty for a line break and for what is no character. */
function standsFor([, ...groups]: RegExpMatchArray): string {
  const which = groups.findIndex((group) => group !== undefined)
  const found = groups[which] ?? ""
  if (which === 5) return CONTROLS.includes(found) ? "" : found
  const code = Number.parseInt(found, RADIX[which])
  return code <= 0xffff ? String.fromCharCode(code) : ""
}

/** The letters and digits of ASCII alone, in lower case: how the text reads however it is spaced, broken, punctuated and capitalised. */
export function skeleton({ text, starts, ends }: Derived): Derived {
  const out = { bytes: Buffer.alloc(text.length), starts: new Uint32Array(text.length), ends: new Uint32Array(text.length) }
  let length = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    const isUpper = code >= 65 && code <= 90
    if (!isUpper && !(code >= 97 && code <= 122) && !(code >= 48 && code <= 57)) continue
    out.bytes[length] = isUpper ? code + 32 : code
    out.starts[length] = starts[at] ?? 0
    out.ends[length++] = ends[at] ?? 0
  }
  return { text: out.bytes.toString("latin1", 0, length), starts: out.starts, ends: out.ends }
}

/**
 * A range of a derived text as a range of the one that it comes from, without one or two characters at its ends that stand
 * apart from the rest: they may be of the words around it.
 */
export function rangeIn(source: string, { starts, ends }: Derived, { start, end }: Range): Range {
  const apart = (at: number): boolean => /\s/.test(source.slice(ends[at - 1], starts[at]))
  const run = (from: number, to: number): boolean =>
    from > start && to <= end && !Array.from({ length: to - from - 1 }, (_, index) => apart(from + index + 1)).includes(true)
  let [first, last] = [start, end]
  for (const strays of [1, 2]) {
    if (apart(start + strays) && run(start + strays, start + strays + 4)) first = start + strays
    if (apart(end - strays) && run(end - strays - 4, end - strays)) last = end - strays
  }
  return { start: starts[first] ?? 0, end: ends[last - 1] ?? 0 }
}
