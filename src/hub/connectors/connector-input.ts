import type { PlatformError } from "../../core/errors.ts"
import type { ConnectorLimits, ConnectorPurpose } from "../../store/database.ts"
import type { ConnectorView } from "./connector-view.ts"

/** A new connector. `name` is its handle; without one it is made from the title, with a number when it is taken. */
export interface ConnectorInput {
  readonly name?: string
  readonly title?: string
  readonly type: string
  readonly description?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly purpose?: ConnectorPurpose | null
  readonly limits?: ConnectorLimits | null
  readonly config: Readonly<Record<string, unknown>>
  readonly verify?: boolean
  readonly draft?: boolean
  /** `false` stores it switched off. */
  readonly enabled?: boolean
}

/** The additions of a compatible API to a creation or change. */
export interface CompatOptions {
  /** The compatible API's name: `kaireon`. */
  readonly compat?: string
  /** The document that the client sent, without its secrets, so that it can be shown verbatim. */
  readonly document?: Readonly<Record<string, unknown>>
  /** Judges a title by the connectors that have it already. It is called inside the transaction, one at a time in a workspace. */
  readonly refuse?: (sameTitle: readonly ConnectorView[]) => PlatformError | undefined
}

/**
 * A change of a connector. `enabled: false` switches it off; `true` brings it back as untested. Another `type` begins with an
 * empty config.
 */
export type ConnectorPatch = Partial<ConnectorInput>
