import { gunzipSync, inflateRawSync, inflateSync } from "node:zlib"
import { ENCODINGS } from "./encodings.ts"
import type { Canary } from "./values.ts"

/** A canary that was found, with its encoding and its place. */
export interface Hit {
  readonly about: string
  readonly encoding: string
  readonly at: number
  /** The surrounding text. */
  readonly around: string
}

interface Pattern {
  readonly about: string
  readonly encoding: string
  readonly bytes: Buffer
}

/** The length of a piece. A leak may be truncated: any 48 consecutive characters of a long secret contain a whole piece. */
const PIECE = 16
const STEP = 32
/** A text with fewer bytes is too short to be a finding. */
const LEAST = 8
const DEEPEST = 3
const HASH_BITS = 18
const INFLATED_MAX = 64 * 1_048_576

/** Knuth's hash of three bytes. */
const hash = (bytes: number): number => Math.imul(bytes, 0x9e3779b1) >>> (32 - HASH_BITS)

/** The parts that identify a secret: the whole trimmed text, or for a long secret, pieces of each line. */
export function piecesOf(value: string): string[] {
  const long = (text: string): string[] => {
    const starts = Array.from({ length: Math.floor((text.length - PIECE) / STEP) + 1 }, (_, index) => index * STEP)
    return [...starts, text.length - PIECE].map((start) => text.slice(start, start + PIECE))
  }
  const lines = value.split(/[\r\n\u0085\u2028]+/).filter((line) => line.length >= LEAST && !line.startsWith("-----"))
  const texts = [...new Set([value.length > 3 * PIECE ? "" : value, value.trim().length > 3 * PIECE ? "" : value.trim(), ...lines])]
  return [...new Set(texts.flatMap((text) => (text.length < LEAST ? [] : text.length > 3 * PIECE ? long(text) : [text])))]
}

/** Searches bytes for all canaries in one pass, including inside compressed data. */
export class Search {
  /** Whether a pattern begins with three bytes of that hash. */
  readonly #starts = new Uint8Array(1 << HASH_BITS)
  readonly #patterns = new Map<number, Pattern[]>()
  readonly #known = new Set<string>()
  /** The number of bytes that were searched, including decompressed ones. */
  searched = 0

  constructor(canaries: readonly Canary[]) {
    this.add(canaries)
  }

  add(canaries: readonly Canary[]): void {
    for (const { about, value } of canaries)
      for (const piece of piecesOf(value))
        for (const [encoding, encode] of Object.entries(ENCODINGS))
          for (const written of encode(piece)) this.#watch({ about, encoding, bytes: Buffer.from(written as string) })
  }

  #watch(pattern: Pattern): void {
    const name = pattern.bytes.toString("latin1")
    if (pattern.bytes.length < LEAST || this.#known.has(name)) return
    this.#known.add(name)
    const start = pattern.bytes.readUIntBE(0, 3)
    this.#starts[hash(start)] = 1
    this.#patterns.set(start, [...(this.#patterns.get(start) ?? []), pattern])
  }

  /** All canaries in the bytes, once per spelling. */
  in(content: string | Buffer, depth = 0): Hit[] {
    const bytes = typeof content === "string" ? Buffer.from(content) : content
    this.searched += bytes.length
    const found = new Map<string, Hit>()
    let window = 0
    for (let index = 0; index < bytes.length; index++) {
      window = ((window << 8) | (bytes[index] as number)) & 0xffffff
      if (this.#starts[hash(window)] !== 1 || index < 2) continue
      for (const pattern of this.#patterns.get(window) ?? []) {
        const at = index - 2
        if (bytes.compare(pattern.bytes, 0, pattern.bytes.length, at, Math.min(bytes.length, at + pattern.bytes.length)) !== 0) continue
        const around = bytes.subarray(Math.max(0, at - 80), at + pattern.bytes.length + 40).toString("latin1")
        found.set(`${pattern.about} ${pattern.encoding}`, { about: pattern.about, encoding: pattern.encoding, at, around })
      }
    }
    const inner = depth < DEEPEST ? inflated(bytes).flatMap((each) => this.in(each, depth + 1)) : []
    return [...found.values(), ...inner.map((hit) => ({ ...hit, encoding: `${hit.encoding}, compressed` }))]
  }
}

/** The contents of gzip and zlib members in the bytes, even if their end is broken. */
function inflated(bytes: Buffer): Buffer[] {
  const out: Buffer[] = []
  const options = { finishFlush: 2, maxOutputLength: INFLATED_MAX }
  const attempt = (inflate: () => Buffer): void => {
    try {
      const inner = inflate()
      if (inner.length > LEAST) out.push(inner)
    } catch {
      // It only looked like the start of one.
    }
  }
  for (let at = bytes.indexOf("\x1f\x8b\x08", 0, "latin1"); at >= 0; at = bytes.indexOf("\x1f\x8b\x08", at + 1, "latin1")) {
    const member = bytes.subarray(at)
    attempt(() => gunzipSync(member, options))
  }
  for (const start of ["\x78\x01", "\x78\x5e", "\x78\x9c", "\x78\xda"])
    for (let at = bytes.indexOf(start, 0, "latin1"); at >= 0; at = bytes.indexOf(start, at + 1, "latin1")) {
      const member = bytes.subarray(at)
      attempt(() => inflateSync(member, options))
    }
  if (out.length === 0 && bytes.length < 65_536) attempt(() => inflateRawSync(bytes, options))
  return out
}
