import { randomUUID } from "node:crypto"
import { networkInterfaces } from "node:os"
import { sql } from "kysely"
import type { OwnPort } from "../../net/policy.ts"
import type { Store } from "../../store/store.ts"

/** A node is believed to listen for so long after it last said so. */
const BELIEVED_MS = 120_000
const ANNOUNCE_MS = 30_000
/** How old the list of the others may be. */
const FRESH_MS = 5_000

interface Announced {
  readonly addresses: readonly string[]
  readonly port: number
  /** Milliseconds since 1970, by the announcing node's clock. */
  readonly at: number
}

/** Where every node of this hub listens, in the settings: none of them may ever be the target of a connector, whichever node dials. */
export class Nodes {
  readonly #store: Store
  readonly #key = `node/${randomUUID()}`
  readonly #own: OwnPort[] = []
  #timer: NodeJS.Timeout | undefined
  #cached: { readonly ports: readonly OwnPort[]; readonly until: number } | undefined

  constructor(store: Store) {
    this.#store = store
  }

  /** Says where this node listens, now and every half minute; its own door knows at once. */
  async announce(address: string, port: number): Promise<void> {
    this.#own.push({ address, port })
    await this.#say(address, port)
    // One that is missed while the database is away is made up for by the next.
    this.#timer = setInterval(() => void this.#say(address, port).catch(() => undefined), ANNOUNCE_MS)
    this.#timer.unref()
  }

  /** The listeners of this node and of the others, the latter at most five seconds old. */
  async ports(): Promise<readonly OwnPort[]> {
    return [...this.#own, ...(await this.#others())]
  }

  /** Takes this node's listener off the list. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    if (this.#own.length > 0) await this.#store.asHub((tx) => tx.deleteFrom("settings").where("key", "=", this.#key).execute()).catch(() => undefined)
  }

  async #say(address: string, port: number): Promise<void> {
    const announced: Announced = { addresses: addressesOf(address), port, at: Date.now() }
    const value = JSON.stringify(announced)
    await this.#store.asHub(async (tx) => {
      await tx
        .insertInto("settings")
        .values({ key: this.#key, value })
        .onConflict((conflict) => conflict.column("key").doUpdateSet({ value }))
        .execute()
      const forgotten = Date.now() - 10 * BELIEVED_MS
      await tx.deleteFrom("settings").where("key", "like", "node/%").where(sql<boolean>`(value->>'at')::float8 < ${forgotten}`).execute()
    })
  }

  async #others(): Promise<readonly OwnPort[]> {
    if (this.#cached !== undefined && this.#cached.until > performance.now()) return this.#cached.ports
    const rows = await this.#store.asHub((tx) => tx.selectFrom("settings").select("value").where("key", "like", "node/%").execute())
    const ports = rows
      .map((row) => row.value as unknown as Announced)
      .filter(({ at }) => at > Date.now() - BELIEVED_MS)
      .flatMap(({ addresses, port }) => addresses.map((address) => ({ address, port })))
    this.#cached = { ports, until: performance.now() + FRESH_MS }
    return ports
  }
}

/** A listener on all addresses is reached by each address of its machine. */
function addressesOf(address: string): string[] {
  if (address !== "0.0.0.0" && address !== "::") return [address]
  return Object.values(networkInterfaces()).flatMap((each) => (each ?? []).map((one) => one.address))
}
