import { randomUUID } from "node:crypto"
import { networkInterfaces } from "node:os"
import { sql } from "kysely"
import type { OwnPort } from "../../net/policy.ts"
import type { Store } from "../../store/store.ts"

/** For so long after its last announcement a node counts as listening. */
const BELIEVED_MS = 120_000
const ANNOUNCE_MS = 30_000
/** The greatest age of the list of the other nodes. */
const FRESH_MS = 5_000

interface Announced {
  readonly addresses: readonly string[]
  readonly port: number
  /** Milliseconds since 1970, by the clock of the node that announced. */
  readonly at: number
}

/** The listeners of all nodes of this hub, kept in the settings. No connector may dial any of them, from any node. */
export class Nodes {
  readonly #store: Store
  readonly #key = `node/${randomUUID()}`
  readonly #own: OwnPort[] = []
  #timer: NodeJS.Timeout | undefined
  #cached: { readonly ports: readonly OwnPort[]; readonly until: number } | undefined

  constructor(store: Store) {
    this.#store = store
  }

  /** Announces where this node listens, now and every half minute. The node's own door knows at once. */
  async announce(address: string, port: number): Promise<void> {
    this.#own.push({ address, port })
    await this.#say(address, port)
    // When the database is away, the next announcement makes up for it.
    this.#timer = setInterval(() => void this.#say(address, port).catch(() => undefined), ANNOUNCE_MS)
    this.#timer.unref()
  }

  /** The listeners of this node and of the others; those of the others are at most five seconds old. */
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

/** The addresses of a listener. A listener on all addresses is reached by each address of its machine. */
function addressesOf(address: string): string[] {
  if (address !== "0.0.0.0" && address !== "::") return [address]
  return Object.values(networkInterfaces()).flatMap((each) => (each ?? []).map((one) => one.address))
}
