import { PlatformError } from "../core/errors.ts"
import type { Catalogs } from "./catalogs.ts"
import type { ConnectorInput, ConnectorView, DialectOptions } from "./connector-view.ts"
import type { Connectors } from "./connectors.ts"
import type { Principal } from "./identity.ts"

/** How far the schema of a new connector came: read, or still being read in the background. */
export type Onboarded = { readonly connector: ConnectorView; readonly discovered: boolean }

/** Makes connectors ready for use in one step: tested, stored, discovered, and gone again when discovery fails. */
export class Onboarding {
  readonly #connectors: Connectors
  readonly #catalogs: Catalogs

  constructor(connectors: Connectors, catalogs: Catalogs) {
    this.#connectors = connectors
    this.#catalogs = catalogs
  }

  /**
   * `verification_failed` when the test fails, `discovery_failed` when the schema cannot be read: nothing is stored then. A discovery
   * longer than `waitMs` goes on by itself. A type without `discover` has no schema to read.
   */
  async create(by: Principal, input: ConnectorInput, options: DialectOptions & { readonly waitMs: number }): Promise<Onboarded> {
    const connector = await this.#connectors.create(by, { ...input, verify: true }, options)
    const discovery = this.#catalogs.discover(by, connector.id, {}).then(
      () => true,
      async (cause: unknown) => {
        if (cause instanceof PlatformError && cause.code === "unsupported") return true
        await this.#connectors.remove(by, connector.id)
        const why = cause instanceof PlatformError ? cause.message : "the log has the cause."
        throw new PlatformError("discovery_failed", `The schema of ${connector.name} could not be read, so it was not stored: ${why}`, { cause })
      },
    )
    // Whoever waits no longer must not make its failure an unhandled one.
    discovery.catch(() => undefined)
    let timer: NodeJS.Timeout | undefined
    const waited = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), options.waitMs)
    })
    try {
      return { connector, discovered: await Promise.race([discovery, waited]) }
    } finally {
      clearTimeout(timer)
    }
  }
}
