import type { FoundApiKey } from "../../store/lookups.ts"

/** How long the result of a look-up is used, so that another node's revocation takes effect within a second. */
const FRESH_MS = 1_000
const MOST = 1_000

/** The API keys of the last second's look-ups, by their hash. A look-up costs as much as the work of most requests. */
export class KnownKeys {
  readonly #known = new Map<string, { readonly key: FoundApiKey; readonly until: number }>()
  #revocations = 0

  /** The key of that hash, at most a second old. Unknown keys are looked up each time, so that a flood of guesses takes no memory. */
  async find(hash: Buffer, lookUp: () => Promise<FoundApiKey | undefined>): Promise<FoundApiKey | undefined> {
    const name = hash.toString("base64")
    const known = this.#known.get(name)
    if (known !== undefined && known.until > performance.now()) return known.key
    const revocations = this.#revocations
    const key = await lookUp()
    // A revocation may have come during the look-up; its result is then not kept.
    if (key === undefined || revocations !== this.#revocations) return key
    if (this.#known.size >= MOST) this.#known.clear()
    this.#known.set(name, { key, until: performance.now() + FRESH_MS })
    return key
  }

  /** Forgets all keys. Call it when a key was revoked here, so that it is refused at once. */
  forget(): void {
    this.#revocations++
    this.#known.clear()
  }
}
