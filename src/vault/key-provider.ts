/**
 * The owner of a data key. A provider binds the wrapped key to it, so that a wrapped key moved to another row cannot
 * be opened.
 */
export interface KeyContext {
  readonly workspaceId: string
  readonly dataKeyId: string
}

/** A data key as stored, and the id of the master key that wraps it. */
export interface WrappedKey {
  readonly keyId: string
  readonly wrapped: string
}

/**
 * The source of the master key: a file, the environment, a key service. It wraps and unwraps data keys (32 bytes) and
 * never reveals the master key. If a service does not answer or denies the hub, calls fail with PlatformError
 * `keys_unavailable`.
 */
export interface KeyProvider {
  /** The id of the master key that `wrap` currently uses. */
  currentKeyId(): Promise<string>
  wrap(dataKey: Uint8Array, context: KeyContext): Promise<WrappedKey>
  /** Fails with PlatformError `secret_unreadable` if the provider does not have that key or the text was changed. */
  unwrap(keyId: string, wrapped: string, context: KeyContext): Promise<Uint8Array>
  /** Whether that id belongs to one of this provider's master keys. */
  knows(keyId: string): boolean
  /**
   * Wraps the same data key under the current master key without revealing it to the hub; absent if that takes an
   * unwrap and a wrap.
   */
  rewrap?(keyId: string, wrapped: string, context: KeyContext): Promise<WrappedKey>
}
