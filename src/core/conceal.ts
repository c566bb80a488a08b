import { hiddenInRecords } from "./conceal-encoded.ts"
import type { EncodedRecords } from "./encoded-records.ts"

/** What stands in the place of a secret in an answer. */
const MASK = "[secret]"
/** Shorter values may be ordinary words of ordinary rows. */
const SHORTEST = 16
/** Bits of entropy per character, by how often each character occurs in the value: hexadecimal digits have 3 to 4, letters and digits 4 to 6. */
const ENTROPY = 3
const ENTROPY_OF_LETTERS = 4
/** How often small letters, capitals and digits take turns; in words, they hardly do. */
const TURNS = 0.2

/** Whether a value looks like it was made at random: whoever reads it in an answer reads a secret, not a word. */
export function isRandom(value: string): boolean {
  if (value.length < SHORTEST) return false
  const entropy = entropyOf(value)
  return entropy >= ENTROPY && (entropy >= ENTROPY_OF_LETTERS || turnsOf(value) >= TURNS)
}

/** Shannon entropy of the value's characters, in bits per character. */
function entropyOf(value: string): number {
  const counts = new Map<string, number>()
  for (const char of value) counts.set(char, (counts.get(char) ?? 0) + 1)
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0)
  return [...counts.values()].reduce((sum, count) => sum - (count / total) * Math.log2(count / total), 0)
}

function turnsOf(value: string): number {
  const kinds = [...value].flatMap((char) => (/[a-z]/.test(char) ? 1 : /[A-Z]/.test(char) ? 2 : /\d/.test(char) ? 3 : []))
  return kinds.filter((kind, index) => index > 0 && kind !== kinds[index - 1]).length / value.length
}

/**
 * Hides the secrets of a connector in what its system answers: those that are random, where they are repeated letter for
 * letter, also within a longer text and in the names of fields.
 */
export class Concealer {
  readonly #secrets = new Set<string>()

  constructor(secrets: readonly string[]) {
    this.add(secrets)
  }

  add(secrets: readonly string[]): void {
    for (const secret of secrets) if (isRandom(secret)) this.#secrets.add(secret)
  }

  /** The value without them (the same one if it has none), and in how many places they were hidden. */
  hide<T>(value: T): { readonly value: T; readonly hidden: number } {
    if (this.#secrets.size === 0) return { value, hidden: 0 }
    const hiding = new Hiding(this.#secrets)
    return { value: hiding.in(value) as T, hidden: hiding.count }
  }

  /** The same for records that are encoded. */
  async hideEncoded(records: EncodedRecords): Promise<{ readonly value: EncodedRecords; readonly hidden: number }> {
    return hiddenInRecords(records, this.#secrets, MASK)
  }
}

class Hiding {
  readonly #secrets: ReadonlySet<string>
  count = 0

  constructor(secrets: ReadonlySet<string>) {
    this.#secrets = secrets
  }

  in(value: unknown): unknown {
    if (typeof value === "string") return value.length < SHORTEST ? value : this.#inText(value)
    if (Array.isArray(value)) return this.#inList(value)
    return value !== null && typeof value === "object" && isPlain(value) ? this.#inRecord(value) : value
  }

  #inText(text: string): string {
    let out = text
    for (const secret of this.#secrets) {
      if (!out.includes(secret)) continue
      const parts = out.split(secret)
      this.count += parts.length - 1
      out = parts.join(MASK)
    }
    return out
  }

  #inList(list: readonly unknown[]): readonly unknown[] {
    let out: unknown[] | undefined
    for (const [index, each] of list.entries()) {
      const now = this.in(each)
      if (now === each) continue
      out ??= [...list]
      out[index] = now
    }
    return out ?? list
  }

  #inRecord(record: object): object {
    const before = Object.entries(record)
    const after = before.map(([name, value]): [string, unknown] => [this.in(name) as string, this.in(value)])
    return after.every(([name, value], index) => name === before[index]?.[0] && value === before[index]?.[1]) ? record : Object.fromEntries(after)
  }
}

const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
