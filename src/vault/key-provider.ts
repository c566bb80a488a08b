/** Whose data key is wrapped; a provider binds it, so that a wrapped key moved to another row does not open. */
export interface KeyContext {
  readonly workspaceId: string
  readonly dataKeyId: string
}

/** A data key as it is stored, and the master key that it is under. */
export interface WrappedKey {
  readonly keyId: string
  readonly wrapped: string
}

/**
 * Where the master key lives: a file, the environment, a key service. It wraps and unwraps data keys (32 bytes) and
 * never shows itself. A service that does not answer or refuses the hub is a PlatformError `keys_unavailable`.
 */
export interface KeyProvider {
  /** Names the master key that `wrap` uses now. */
  currentKeyId(): Promise<string>
  wrap(dataKey: Uint8Array, context: KeyContext): Promise<WrappedKey>
  /** PlatformError `secret_unreadable` when it does not have that key or the text was changed. */
  unwrap(keyId: string, wrapped: string, context: KeyContext): Promise<Uint8Array>
  /** Whether that id is one of this provider's master keys. */
  knows(keyId: string): boolean
  /** The same data key under the current master key without showing it to the hub; absent where only unwrap and wrap can do that. */
  rewrap?(keyId: string, wrapped: string, context: KeyContext): Promise<WrappedKey>
}
