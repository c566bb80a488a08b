import { createHash } from "node:crypto"

/** The first line of every hashed text; a change of the serialisation needs a new number. */
const FORMAT = "jackfield audit 1"

/**
 * One entry of the chain: `seq` counts from 1, `at` is an ISO 8601 time in UTC with milliseconds, both hashes are in
 * hex, and `body` is canonical JSON.
 */
export interface Link {
  readonly seq: number
  readonly at: string
  readonly previous: string
  readonly hash: string
  readonly body: string
}

/**
 * JSON without white space, with the keys of every object sorted by UTF-16 code units, so that equal values give
 * equal texts.
 */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((each) => canonical(each ?? null)).join(",")}]`
  if (value === null || typeof value !== "object") return JSON.stringify(value) ?? "null"
  if (value instanceof Date) return JSON.stringify(value)
  const fields = Object.entries(value).filter(([, each]) => each !== undefined)
  fields.sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${fields.map(([name, each]) => `${JSON.stringify(name)}:${canonical(each)}`).join(",")}}`
}

const sha256 = (text: string): string => createHash("sha256").update(text, "utf8").digest("hex")

/**
 * The hash that the first entry of a workspace follows. It differs for each workspace, so that one chain cannot pass
 * for another.
 */
export const genesisOf = (workspaceId: string): string => sha256(`${FORMAT}\n${workspaceId}`)

/** SHA-256, in hex, over the format, number, time, previous hash and body of the entry, one per line. */
export const hashOf = ({ seq, at, previous, body }: Omit<Link, "hash">): string => sha256([FORMAT, String(seq), at, previous, body].join("\n"))

/** Verifies a chain entry by entry. */
export class Follower {
  #seq: number
  #hash: string

  /** Starts before the first entry: `seq` is its number minus one, `hash` the previous hash that it must name. */
  constructor(seq: number, hash: string) {
    this.#seq = seq
    this.#hash = hash
  }

  get seq(): number {
    return this.#seq
  }

  get hash(): string {
    return this.#hash
  }

  /**
   * Checks the next entry. Returns the problem in words, or undefined if the entry fits; it then becomes the last
   * one.
   */
  follow(link: Link): string | undefined {
    const due = this.#seq + 1
    if (link.seq > due) return `entry ${due} is missing; the next one is ${link.seq}`
    if (link.seq < due) return `entry ${link.seq} is repeated or out of order`
    if (link.previous !== this.#hash) return `entry ${link.seq} does not name the hash of the entry before it`
    if (hashOf(link) !== link.hash) return `entry ${link.seq} was changed: its content does not match its hash`
    this.#seq = link.seq
    this.#hash = link.hash
    return undefined
  }
}
