import { PlatformError } from "../core/errors.ts"
import type { KeyContext, KeyProvider, WrappedKey } from "./key-provider.ts"

/**
 * Several providers as one: the first one wraps, and each unwraps its own keys, so that a hub can move from one to
 * another.
 */
export class KeyRing implements KeyProvider {
  readonly #current: KeyProvider
  readonly #all: readonly KeyProvider[]

  constructor(current: KeyProvider, others: readonly KeyProvider[]) {
    this.#current = current
    this.#all = [current, ...others]
  }

  currentKeyId(): Promise<string> {
    return this.#current.currentKeyId()
  }

  knows(keyId: string): boolean {
    return this.#all.some((provider) => provider.knows(keyId))
  }

  wrap(dataKey: Uint8Array, context: KeyContext): Promise<WrappedKey> {
    return this.#current.wrap(dataKey, context)
  }

  async unwrap(keyId: string, wrapped: string, context: KeyContext): Promise<Uint8Array> {
    const owner = this.#all.find((provider) => provider.knows(keyId))
    if (owner) return await owner.unwrap(keyId, wrapped, context)
    const message = `The master key ${keyId} is not among this hub's; set it in JACKFIELD_MASTER_KEY or JACKFIELD_MASTER_KEY_PREVIOUS, or configure the key service that has it.`
    throw new PlatformError("secret_unreadable", message)
  }

  async rewrap(keyId: string, wrapped: string, context: KeyContext): Promise<WrappedKey> {
    if (this.#current.knows(keyId) && this.#current.rewrap !== undefined) return await this.#current.rewrap(keyId, wrapped, context)
    return await this.wrap(await this.unwrap(keyId, wrapped, context), context)
  }
}
