import { type LineEnd, lineEnd, newlineOf, type TextPosition, WINDOW_BYTES } from "../text/records.ts"
import { quotedRecord } from "./quoted.ts"
import type { Shape } from "./shape.ts"
import { type CsvFile, textOf } from "./text.ts"

/** A part has at least this many bytes, because finding the cut between two parts can take a read of twice the window. */
export const PART_BYTES = 32 * 1_048_576
/** The maximum number of bytes that are read for one cut, and the number that are read first. */
const LOOKED_AT_BYTES = 2 * WINDOW_BYTES
const FIRST_LOOK_BYTES = 262_144

/** Positions that cut a file into at most `most` parts of about the same size, each at the beginning of a record. */
export async function cutsOf(file: CsvFile, most: number, partBytes = PART_BYTES): Promise<TextPosition[]> {
  const { source, sniffed } = file
  const length = (source.bytes ?? 0) - sniffed.encoding.bom
  const parts = Math.min(most, Math.floor(length / partBytes))
  const cuts: TextPosition[] = []
  for (let part = 1; part < parts; part++) {
    const wanted = Math.floor((length / parts) * part)
    if (wanted <= Math.max(cuts.at(-1)?.[0] ?? 0, sniffed.headerEnd)) continue
    const cut = await cutNear(file, wanted, length)
    if (cut !== undefined && cut < length) cuts.push([cut, 1])
  }
  return cuts
}

async function cutNear(file: CsvFile, wanted: number, length: number): Promise<number | undefined> {
  const parts: Buffer[] = []
  let [read, look] = [0, FIRST_LOOK_BYTES]
  for await (const part of textOf(file, wanted, Math.min(length, wanted + LOOKED_AT_BYTES))) {
    parts.push(part)
    read += part.length
    if (read < look) continue
    const found = recordStart(Buffer.concat(parts, read), file.sniffed.shape, false)
    if (found !== undefined) return wanted + found
    look *= 4
  }
  const found = recordStart(Buffer.concat(parts, read), file.sniffed.shape, wanted + read >= length)
  return found === undefined ? undefined : wanted + found
}

/**
 * The first line in a piece of a file where a record certainly begins, whatever precedes the piece; undefined if no line is
 * certain. `last`: nothing follows the piece.
 *
 * Every record begins at the start of a line, and the start of a line is inside a record only if that record's quotes span
 * it. Such a record would have to be well-formed from there on, read as if inside quotes, and to end within the window;
 * otherwise its reader rejects only its first line and begins again at each of the following lines. So if the text from a
 * line on, read as if inside quotes, is malformed, that line begins a record. If it is well-formed, nothing is known, and
 * the next line after its end is tried.
 */
export function recordStart(buffer: Buffer, shape: Shape, last: boolean): number | undefined {
  const newline = newlineOf(shape)
  const held = { buffer, last, base: 0, clean: true }
  const next = (at: number): LineEnd | undefined => {
    const end = lineEnd(held, at, newline)
    return end === undefined || end.next === end.text ? undefined : end
  }
  let line = next(0)?.next
  while (line !== undefined) {
    if (shape.quote === "") return line
    const first = lineEnd(held, line, newline)
    const found = first === undefined ? undefined : quotedRecord(shape, held, line, first, undefined, true)
    if (found === undefined) return undefined
    if ("malformed" in found) return line
    line = found.end.next === found.end.text ? undefined : found.end.next
  }
  return undefined
}
