import { PlatformError } from "../../../../../core/errors.ts"
import type { Shape } from "../shape.ts"
import { sepLineOf } from "./sep-line.ts"

const CR = 13
const LF = 10

/** The character that ends most lines of a text; `mixed` if some lines end in another way. */
export function newlineIn(text: Buffer): { readonly newline: Shape["newline"]; readonly mixed: boolean } {
  let [alone, feeds] = [0, 0]
  for (let at = 0; at < text.length; at++) {
    if (text[at] === LF) feeds++
    else if (text[at] === CR && at + 1 < text.length && text[at + 1] !== LF) alone++
  }
  if (feeds === 0) return { newline: text.includes(CR) ? "\r" : "\n", mixed: false }
  return { newline: alone > feeds ? "\r" : "\n", mixed: alone > 0 && (alone > feeds || !isQuotable(text)) }
}

/** Whether the text has quotes, inside which a line break is part of a value. */
const isQuotable = (text: Buffer): boolean => text.includes('"') || text.includes("'")

/** The position after the lines that are certainly skipped, and the delimiter if one of them names it. */
export interface SkippedHead {
  readonly offset: number
  /** The number of the line at the offset, from 1. */
  readonly line: number
  readonly delimiter?: string
}

/** `wanted`: the number of lines to skip; undefined: skips only a line for Excel that names the delimiter. */
export function skippedHead(text: Buffer, newline: Shape["newline"], wanted: number | undefined): SkippedHead {
  const sep = wanted === 0 ? undefined : sepLineOf(text.toString("utf8", 0, 64))
  if (wanted === undefined) return sep === undefined ? { offset: 0, line: 1 } : { offset: sep.end, line: 2, delimiter: sep.delimiter }
  let offset = 0
  for (let line = 0; line < wanted; line++) {
    const next = text.indexOf(newline, offset)
    if (next < 0) throw new PlatformError("response_invalid", `The first 256 KiB of the file have no line after the ${wanted} skipped lines; skip fewer lines.`)
    offset = next + 1
  }
  return { offset, line: wanted + 1, ...(sep === undefined ? {} : { delimiter: sep.delimiter }) }
}
