import type { FoundApiKey } from "../../store/lookups.ts"

/** How long a key that was looked up is believed, so that another node's revocation holds within a second. */
const FRESH_MS = 1_000
const MOST = 1_000

/** API keys that were looked up in the last second, by their hash: a look-up costs as much as what most requests are for. */
export class KnownKeys {
  readonly #known = new Map<string, { readonly key: FoundApiKey; readonly until: number }>()
  #revocations = 0

  /** The key of that hash, at most a second old. Unknown ones are looked up each time: a flood of guesses takes no room. */
  async find(hash: Buffer, lookUp: () => Promise<FoundApiKey | undefined>): Promise<FoundApiKey | undefined> {
    const name = hash.toString("base64")
    const known = this.#known.get(name)
    if (known !== undefined && known.until > performance.now()) return known.key
    const revocations = this.#revocations
    const key = await lookUp()
    // What was read before a revocation that came meanwhile must not outlive it.
    if (key === undefined || revocations !== this.#revocations) return key
    if (this.#known.size >= MOST) this.#known.clear()
    this.#known.set(name, { key, until: performance.now() + FRESH_MS })
    return key
  }

  /** To be called when a key was revoked here: it is refused from then on. */
  forget(): void {
    this.#revocations++
    this.#known.clear()
  }
}
