import { isUtf8 } from "node:buffer"
import { PlatformError } from "../../../../../core/errors.ts"
import type { Guess } from "../../../../../core/streams.ts"
import { binaryFormatOf } from "../../known-formats.ts"
import { isMostlyUtf8, type Utf8Share, utf8ShareOf } from "./utf8-share.ts"

/** The encoding of a file's text. `bom` is the length of its byte order mark. */
export interface Encoding {
  readonly name: string
  readonly bom: number
  /** Present if neither a byte order mark nor the bytes themselves prove the encoding. */
  readonly guess?: Guess
  /** A message for people if the fixed encoding differs from the file's byte order mark. */
  readonly warning?: string
}

const BOMS: readonly (readonly [name: string, mark: readonly number[]])[] = [
  ["utf-8", [0xef, 0xbb, 0xbf]],
  ["utf-16le", [0xff, 0xfe]],
  ["utf-16be", [0xfe, 0xff]],
]

/** The fixed encoding, or the one that the first bytes suggest. `response_invalid` if the file is not text. `whole`: the sample is the whole file. */
export async function encodingOf(sample: Buffer, fixed: string, whole = true): Promise<Encoding> {
  const marked = BOMS.find(([, mark]) => startsAt(sample, 0, mark))
  const other = binaryFormatOf(sample)
  if (other !== undefined) throw noText(other)
  if (fixed !== "auto") {
    const { encoding: name } = new TextDecoder(fixed)
    if (marked === undefined) return { name, bom: 0 }
    if (marked[0] === name) return { name, bom: lengthOfMarks(sample, marked[1]) }
    return { name, bom: 0, warning: `The file begins with the byte order mark of ${marked[0]}, but its encoding is fixed as ${name}.` }
  }
  if (marked !== undefined) return { name: marked[0], bom: lengthOfMarks(sample, marked[1]) }
  const wide = utf16(sample)
  if (wide !== undefined) return { name: wide, bom: 0, guess: guessed(wide, wide === "utf-16le" ? "utf-16be" : "utf-16le") }
  if (isBinary(sample)) throw noText("a binary file")
  const share = utf8ShareOf(sample)
  if (share.invalid === 0) return { name: "utf-8", bom: 0, ...(share.valid > 0 || whole ? {} : { guess: guessed("utf-8", "windows-1252", "is ASCII") }) }
  const [likeliest = "windows-1252", next = "utf-8"] = await likely(sample)
  if (isMostlyUtf8(share)) return { name: "utf-8", bom: 0, guess: guessed("utf-8", likeliest, mostly(share)) }
  return { name: likeliest, bom: 0, guess: guessed(likeliest, next) }
}

const startsAt = (sample: Buffer, at: number, mark: readonly number[]): boolean => mark.every((byte, index) => sample[at + index] === byte)

/** The length of the byte order marks; some programs write the mark twice. */
function lengthOfMarks(sample: Buffer, mark: readonly number[]): number {
  let length = mark.length
  while (startsAt(sample, length, mark)) length += mark.length
  return length
}

const noText = (what: string): PlatformError => new PlatformError("response_invalid", `The file is not CSV: it is ${what}.`)

const mostly = ({ valid, invalid }: Utf8Share): string =>
  `has ${valid} character${valid === 1 ? "" : "s"} in UTF-8 beyond ASCII and ${invalid} byte${invalid === 1 ? "" : "s"} that ${invalid === 1 ? "is" : "are"} not UTF-8`

const guessed = (taken: string, alternative: string, why?: string): Guess => ({
  setting: "encoding",
  taken,
  alternative,
  message: `The encoding ${taken} is the most likely one, but a guess${why === undefined ? "" : `: the first part of the file ${why}`}; if texts look wrong or lines are rejected, set the encoding, for example to ${alternative}.`,
})

/**
 * Recognizes UTF-16 without a byte order mark. In Latin text every other byte is zero, and the position of the zeros shows
 * the byte order. Text in other scripts has zeros only in its delimiters and line ends.
 */
function utf16(sample: Buffer): "utf-16le" | "utf-16be" | undefined {
  const zeros = [0, 0]
  for (let index = 0; index < sample.length; index++) if (sample[index] === 0) zeros[index & 1] = (zeros[index & 1] ?? 0) + 1
  const [even = 0, odd = 0] = zeros
  const most = sample.length / 2
  if (odd > most / 3 && even < most / 20) return "utf-16le"
  if (even > most / 3 && odd < most / 20) return "utf-16be"
  if (Math.max(even, odd) < Math.max(2, sample.length / 100) || isUtf8(sample)) return undefined
  if (even === 0) return isTable("utf-16le", sample) ? "utf-16le" : undefined
  return odd === 0 && isTable("utf-16be", sample) ? "utf-16be" : undefined
}

/** Whether the bytes are text in a two-byte encoding, with line ends and without control characters. */
function isTable(name: string, sample: Buffer): boolean {
  try {
    const text = new TextDecoder(name, { fatal: true }).decode(sample.subarray(0, sample.length & ~1), { stream: true })
    // biome-ignore lint/suspicious/noControlCharactersInRegex: text has none of these characters.
    return /[\r\n]/.test(text) && !/[\u0000-\u0008\u000e-\u001f\ufffe\uffff]/.test(text)
  } catch (error) {
    if (error instanceof TypeError) return false
    throw error
  }
}

/** Whether there are more control characters than the few that a text may contain by accident. */
function isBinary(sample: Buffer): boolean {
  let count = 0
  for (const byte of sample) if (byte < 9 || (byte > 13 && byte < 32 && byte !== 27)) count++
  return count > sample.length / 50 && (count > 4 || count > sample.length / 4)
}

/** The encodings that chardet suggests and the decoder supports, the most likely first. ISO-8859-1 means windows-1252 (WHATWG, Encoding, 4.2). */
async function likely(sample: Buffer): Promise<string[]> {
  const { analyse } = await import("chardet")
  const names = analyse(sample).flatMap(({ name }) => {
    const label = name === "ISO-8859-1" || name === "ASCII" || name.startsWith("UTF-") ? "windows-1252" : name
    return decodes(label) ? [new TextDecoder(label).encoding] : []
  })
  return [...new Set([...names, "windows-1252"])]
}

const decodes = (label: string): boolean => {
  try {
    return new TextDecoder(label).encoding !== ""
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}

/** Converts a file's bytes to UTF-8 without the byte order mark. Bytes that are invalid in the encoding become U+FFFD, for which records are checked. */
export async function* asUtf8(bytes: AsyncIterable<Buffer>, { name, bom }: Pick<Encoding, "name" | "bom">): AsyncGenerator<Buffer> {
  const decoder = name === "utf-8" ? undefined : new TextDecoder(name, { ignoreBOM: true })
  let left = bom
  for await (const part of bytes) {
    const rest = part.subarray(left)
    left = Math.max(0, left - part.length)
    if (rest.length > 0) yield decoder === undefined ? rest : Buffer.from(decoder.decode(rest, { stream: true }))
  }
  const end = decoder?.decode() ?? ""
  if (end !== "") yield Buffer.from(end)
}
