/** Whose data key is wrapped; a provider binds it, so that a wrapped key moved to another row does not open. */
export interface KeyContext {
  readonly workspaceId: string
  readonly dataKeyId: string
}

/**
 * Where the master key lives: a file, the environment, later a key service. It wraps and unwraps data keys (32 bytes)
 * and never shows itself. `unwrap` throws PlatformError `secret_unreadable` when it does not have that key or the text was changed.
 */
export interface KeyProvider {
  /** Names the master key that `wrap` uses. */
  readonly keyId: string
  wrap(dataKey: Uint8Array, context: KeyContext): Promise<string>
  unwrap(keyId: string, wrapped: string, context: KeyContext): Promise<Uint8Array>
}
