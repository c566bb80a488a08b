/** How many of some bytes are UTF-8 beyond ASCII. */
export interface Utf8Share {
  /** Characters of two or more bytes. */
  readonly valid: number
  /** Bytes that belong to no character. */
  readonly invalid: number
  /** Lines with such characters and no such bytes. */
  readonly validLines: number
  /** Lines with such bytes. */
  readonly invalidLines: number
}

const CR = 13
const LF = 10

/** Counts in one pass. A character that is cut off by the end of the bytes is not counted. */
export function utf8ShareOf(bytes: Buffer): Utf8Share {
  let [valid, invalid, validLines, invalidLines] = [0, 0, 0, 0]
  let [validHere, invalidHere] = [0, 0]
  const endLine = (): void => {
    if (invalidHere > 0) invalidLines++
    else if (validHere > 0) validLines++
    valid += validHere
    invalid += invalidHere
    ;[validHere, invalidHere] = [0, 0]
  }
  for (let at = 0; at < bytes.length; ) {
    const byte = bytes[at] as number
    if (byte < 0x80) {
      if (byte === LF || byte === CR) endLine()
      at++
      continue
    }
    const length = lengthOf(byte)
    let end = at + 1
    while (end < at + length && end < bytes.length && continues(byte, bytes[end] as number, end - at)) end++
    if (end === at + length && length > 1) validHere++
    else if (end < bytes.length || length === 1) invalidHere++
    at = end
  }
  endLine()
  return { valid, invalid, validLines, invalidLines }
}

/** The number of bytes in the character that a byte begins; 1 for a byte that cannot begin one. */
const lengthOf = (byte: number): number => (byte >= 0xc2 && byte <= 0xdf ? 2 : (byte & 0xf0) === 0xe0 ? 3 : byte >= 0xf0 && byte <= 0xf4 ? 4 : 1)

/** Whether a byte may follow the first one (RFC 3629, 4): after four of the first bytes, the second byte has a narrower range. */
function continues(first: number, byte: number, index: number): boolean {
  if (index === 1) {
    if (first === 0xe0) return byte >= 0xa0 && byte <= 0xbf
    if (first === 0xed) return byte >= 0x80 && byte <= 0x9f
    if (first === 0xf0) return byte >= 0x90 && byte <= 0xbf
    if (first === 0xf4) return byte >= 0x80 && byte <= 0x8f
  }
  return byte >= 0x80 && byte <= 0xbf
}

/**
 * Whether text with some bytes that are not UTF-8 is UTF-8 nevertheless: at least half of the characters beyond ASCII are valid,
 * or a third of the lines that have such characters. Text in a Western or Cyrillic encoding has hardly any valid multi-byte
 * character. Text in GBK has some, but hardly a line with no others.
 */
export const isMostlyUtf8 = ({ valid, invalid, validLines, invalidLines }: Utf8Share): boolean =>
  valid > 0 && (valid >= invalid || validLines * 2 >= invalidLines)
