import { settlesWithin } from "../core/abort.ts"
import { PlatformError } from "../core/errors.ts"
import type { Door } from "../net/door.ts"
import { readHostKey } from "../net/host-key.ts"
import type { Principal } from "./base/principal.ts"
import type { Catalogs } from "./catalogs/catalogs.ts"
import type { CompatOptions, ConnectorInput } from "./connectors/connector-input.ts"
import type { ConnectorView } from "./connectors/connector-view.ts"
import type { Connectors } from "./connectors/connectors.ts"
import { TEST_DEADLINE_MS } from "./probes/probe.ts"

/** A new connector, and whether its schema was read already or is still being read in the background. */
export type Onboarded = { readonly connector: ConnectorView; readonly discovered: boolean }

const FORGOTTEN_MS = 60_000

export interface OnboardingOptions extends CompatOptions {
  readonly waitMs: number
  readonly trustHostKey?: boolean
}

/** Makes a connector in one step: it is tested, stored and discovered, and removed again when the discovery fails. */
export class Onboarding {
  readonly #door: Door
  readonly #connectors: Connectors
  readonly #catalogs: Catalogs
  /** The schemas that this node is reading, and the reason why the last reading failed, by connector. */
  readonly #reading = new Map<string, { done: boolean; failure: string }>()

  constructor(door: Door, connectors: Connectors, catalogs: Catalogs) {
    this.#door = door
    this.#connectors = connectors
    this.#catalogs = catalogs
  }

  /**
   * Throws `verification_failed` when the test fails and `discovery_failed` when the schema cannot be read; nothing is stored
   * then. A discovery that takes longer than `waitMs` continues in the background. A type without `discover` has no schema to
   * read. With `trustHostKey`, an SSH tunnel without a host key is pinned to the key that its bastion shows now.
   */
  async create(by: Principal, input: ConnectorInput, options: OnboardingOptions): Promise<Onboarded> {
    const pinned = options.trustHostKey === true ? await this.#pinned(by, input) : input
    const connector = await this.#connectors.create(by, { ...pinned, verify: true }, options)
    const discovery = this.#read(by, connector.id).then(
      () => true,
      async (cause: unknown) => {
        await this.#connectors.remove(by, connector.id, connector.version).catch(unlessTaken)
        const why = cause instanceof PlatformError ? cause.message : "the log has the cause."
        throw new PlatformError("discovery_failed", `The schema of ${connector.name} could not be read, so it was not stored: ${why}`, { cause })
      },
    )
    return { connector, discovered: (await settlesWithin(options.waitMs, discovery)) && (await discovery) }
  }

  /**
   * Begins to read the schema of a connector that has none, because a hub was killed over it, unless this node is reading it
   * already. Returns the reason why the last try failed, or "".
   */
  resume(by: Principal, connectorId: string): string {
    const last = this.#reading.get(connectorId)
    if (last === undefined || last.done) this.#read(by, connectorId).catch(() => undefined)
    return last?.failure ?? ""
  }

  async #read(by: Principal, connectorId: string): Promise<void> {
    const state = { done: false, failure: "" }
    this.#reading.set(connectorId, state)
    try {
      await this.#catalogs.discover(by, connectorId, {})
      this.#reading.delete(connectorId)
    } catch (error) {
      if (error instanceof PlatformError && error.code === "unsupported") {
        this.#reading.delete(connectorId)
        return
      }
      state.done = true
      state.failure = error instanceof PlatformError ? error.message : "The log has the cause."
      // A failure that no caller asks about is forgotten.
      setTimeout(() => this.#reading.get(connectorId) === state && this.#reading.delete(connectorId), FORGOTTEN_MS).unref()
      throw error
    }
  }

  async #pinned(by: Principal, input: ConnectorInput): Promise<ConnectorInput> {
    const { tunnel } = input.config
    if (!isTunnel(tunnel) || tunnel.hostKey !== undefined) return input
    const { host, port } = tunnel
    // A request that is refused anyway, for a taken name or a faulty config, must not make the hub dial.
    await this.#connectors.assertCreatable(by, { ...input, config: { ...input.config, tunnel: { ...tunnel, hostKey: "SHA256:" } } })
    const lease = this.#door.lease({ deadlineMs: TEST_DEADLINE_MS, operator: by.operator })
    try {
      const hostKey = await readHostKey(lease, { host, port })
      return { ...input, config: { ...input.config, tunnel: { ...tunnel, hostKey } } }
    } catch (cause) {
      if (!(cause instanceof PlatformError)) throw cause
      throw new PlatformError("verification_failed", `The test failed and nothing was stored: ${cause.message}`, { cause })
    } finally {
      await lease.close()
    }
  }
}

/** Ignores a connector that was removed meanwhile, as was wanted, or changed by another caller, who then keeps it. */
const unlessTaken = (error: unknown): void => {
  if (!(error instanceof PlatformError) || (error.code !== "not_found" && error.code !== "version_stale")) throw error
}

/** Whether a value is the `tunnel` of connectors/shared/ssh.ts, as clients send it. */
const isTunnel = (value: unknown): value is { readonly host: string; readonly port: number; readonly hostKey?: unknown } =>
  value !== null && typeof value === "object" && "kind" in value && value.kind === "ssh"
