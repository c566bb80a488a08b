import { isUtf8 } from "node:buffer"
import { PlatformError } from "../../../../core/errors.ts"

/** How a file's bytes are text. `bom` is the length of its byte order mark; `guessed` says that only statistics speak for it. */
export interface Encoding {
  readonly name: string
  readonly bom: number
  readonly guessed: boolean
}

const BOMS: readonly (readonly [name: string, mark: readonly number[]])[] = [
  ["utf-8", [0xef, 0xbb, 0xbf]],
  ["utf-16le", [0xff, 0xfe]],
  ["utf-16be", [0xfe, 0xff]],
]

/** First bytes of files that are taken for text by mistake, and what they are. */
const OTHERS: readonly (readonly [magic: string, what: string])[] = [
  ["504b0304", "a ZIP archive or an Excel workbook; save the sheet as CSV"],
  ["d0cf11e0a1b11ae1", "an old Excel or Word file; save the sheet as CSV"],
  ["25504446", "a PDF"],
  ["50415231", "a Parquet file"],
  ["89504e47", "a PNG image"],
  ["ffd8ff", "a JPEG image"],
  ["47494638", "a GIF image"],
  ["7f454c46", "a program"],
  ["53514c69746520", "an SQLite database"],
  ["4f626a01", "an Avro file"],
  ["4f5243", "an ORC file"],
  ["425a68", "compressed with bzip2; compress it with gzip or zstd"],
  ["fd377a585a00", "compressed with xz; compress it with gzip or zstd"],
]

/** The binary format of a file by its first bytes; undefined for text. */
export function binaryFormatOf(head: Buffer): string | undefined {
  const hex = head.subarray(0, 8).toString("hex")
  return OTHERS.find(([magic]) => hex.startsWith(magic))?.[1]
}

/** The encoding of a file by its first bytes, or as it is fixed. `response_invalid` for a file that is not text. */
export async function encodingOf(sample: Buffer, fixed: string): Promise<Encoding> {
  const marked = BOMS.find(([, mark]) => mark.every((byte, index) => sample[index] === byte))
  if (fixed !== "auto") {
    const { encoding: name } = new TextDecoder(fixed)
    return { name, bom: marked?.[0] === name ? marked[1].length : 0, guessed: false }
  }
  if (marked !== undefined) return { name: marked[0], bom: marked[1].length, guessed: false }
  const other = binaryFormatOf(sample)
  if (other !== undefined) throw noText(other)
  const wide = utf16(sample)
  if (wide !== undefined) return { name: wide, bom: 0, guessed: true }
  if (control(sample) > sample.length / 50) throw noText("a binary file")
  if (isUtf8(wholeCharacters(sample))) return { name: "utf-8", bom: 0, guessed: false }
  return { name: await likeliest(sample), bom: 0, guessed: true }
}

const noText = (what: string): PlatformError => new PlatformError("response_invalid", `The file is not CSV: it is ${what}.`)

/** Latin text in UTF-16 has a zero in every other byte; their places tell the byte order. */
function utf16(sample: Buffer): "utf-16le" | "utf-16be" | undefined {
  const zeros = [0, 0]
  for (let index = 0; index < sample.length; index++) if (sample[index] === 0) zeros[index & 1] = (zeros[index & 1] ?? 0) + 1
  const [even = 0, odd = 0] = zeros
  const most = sample.length / 2
  if (odd > most / 3 && even < most / 20) return "utf-16le"
  return even > most / 3 && odd < most / 20 ? "utf-16be" : undefined
}

/** Control characters that no text has. */
function control(sample: Buffer): number {
  let count = 0
  for (const byte of sample) if (byte < 9 || (byte > 13 && byte < 32 && byte !== 27)) count++
  return count
}

/** The sample without the character that its end cuts in two. */
function wholeCharacters(sample: Buffer): Buffer {
  let end = sample.length
  while (end > 0 && sample.length - end < 3 && ((sample[end - 1] ?? 0) & 0xc0) === 0x80) end--
  return end > 0 && (sample[end - 1] ?? 0) >= 0xc0 ? sample.subarray(0, end - 1) : sample
}

/** By chardet's statistics, the first one that can be decoded. ISO-8859-1 means windows-1252 (WHATWG, Encoding, 4.2). */
async function likeliest(sample: Buffer): Promise<string> {
  const { analyse } = await import("chardet")
  for (const { name } of analyse(sample)) {
    const label = name === "ISO-8859-1" || name === "ASCII" || name.startsWith("UTF-") ? "windows-1252" : name
    if (decodes(label)) return new TextDecoder(label).encoding
  }
  return "windows-1252"
}

const decodes = (label: string): boolean => {
  try {
    return new TextDecoder(label).encoding !== ""
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}

/** A file's bytes as UTF-8, without the byte order mark. Bytes that are not of the encoding become U+FFFD, which records are searched for. */
export async function* asUtf8(bytes: AsyncIterable<Buffer>, { name, bom }: Encoding): AsyncGenerator<Buffer> {
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
