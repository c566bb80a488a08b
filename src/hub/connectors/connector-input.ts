import type { PlatformError } from "../../core/errors.ts"
import type { ConnectorView } from "./connector-view.ts"

/** `name` is the handle; without one it is made from the title, with a number when it is taken. */
export interface ConnectorInput {
  readonly name?: string
  readonly title?: string
  readonly type: string
  readonly description?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly purpose?: string | null
  readonly limits?: Readonly<Record<string, unknown>> | null
  readonly config: Readonly<Record<string, unknown>>
  readonly verify?: boolean
  readonly draft?: boolean
  /** `false` stores it switched off. */
  readonly enabled?: boolean
}

/** What a dialect adds to a creation or change. */
export interface CompatOptions {
  readonly dialect?: string
  /** What the client sent, secrets cut out, to be shown back verbatim. */
  readonly document?: Readonly<Record<string, unknown>>
  /** Refuses the title for the connectors that have it already; asked inside the transaction, one at a time in a workspace. */
  readonly refuse?: (sameTitle: readonly ConnectorView[]) => PlatformError | undefined
}

/** `enabled: false` switches a connector off; `true` brings it back as untested. Another `type` begins with an empty config. */
export type ConnectorPatch = Partial<ConnectorInput>
