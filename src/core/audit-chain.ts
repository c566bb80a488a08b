import { createHash } from "node:crypto"

/** What every hash of a chain begins with; another serialisation would get another number. */
const FORMAT = "jackfield audit 1"

/** One link: its number from 1, ISO 8601 time in UTC with milliseconds, and both hashes in hex. `body` is canonical JSON. */
export interface Link {
  readonly seq: number
  readonly at: string
  readonly previous: string
  readonly hash: string
  readonly body: string
}

/** JSON with the keys of every object in the order of their UTF-16 units and no white space, so that equal values are equal texts. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((each) => canonical(each ?? null)).join(",")}]`
  if (value === null || typeof value !== "object") return JSON.stringify(value) ?? "null"
  if (value instanceof Date) return JSON.stringify(value)
  const fields = Object.entries(value).filter(([, each]) => each !== undefined)
  fields.sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${fields.map(([name, each]) => `${JSON.stringify(name)}:${canonical(each)}`).join(",")}}`
}

const sha256 = (text: string): string => createHash("sha256").update(text, "utf8").digest("hex")

/** The hash before the first entry of a workspace: no chain passes for another's. */
export const genesisOf = (workspaceId: string): string => sha256(`${FORMAT}\n${workspaceId}`)

/** SHA-256, in hex, over the link's number, time, previous hash and body, each on a line of its own. */
export const hashOf = ({ seq, at, previous, body }: Omit<Link, "hash">): string => sha256([FORMAT, String(seq), at, previous, body].join("\n"))

/** Follows a chain link by link. `wrong` is the first thing that does not fit, in words. */
export class Follower {
  #seq: number
  #hash: string

  /** Before the first link: its number minus one, and the hash that it must name. */
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

  /** What is wrong with the next link; undefined when it fits, and then it is the last one. */
  follow(link: Link): string | undefined {
    const due = this.#seq + 1
    if (link.seq > due) return `entry ${due} is missing; the next one is ${link.seq}`
    if (link.seq < due) return `entry ${link.seq} comes a second time, or out of order`
    if (link.previous !== this.#hash) return `entry ${link.seq} does not name the hash of the entry before it`
    if (hashOf(link) !== link.hash) return `entry ${link.seq} was changed: its content does not have the hash that it names`
    this.#seq = link.seq
    this.#hash = link.hash
    return undefined
  }
}
