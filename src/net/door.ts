import type { Duplex } from "node:stream"
import type { TLSSocket } from "node:tls"
import type { PlatformError } from "../core/errors.ts"
import type { Lease, TlsSpec } from "../core/lease.ts"
import type { Trace } from "../core/trace.ts"
import { DirectRoute, type DoorParts, type Route } from "./dial.ts"
import { LeaseCore, type LeaseTerms, type SocketRecord } from "./lease-core.ts"
import { LeaseFace } from "./lease-face.ts"
import { Policy } from "./policy.ts"
import { Resolver } from "./resolver.ts"
import { assertStandIns, StandInRoute, type StandIns, standsIn } from "./stand-ins.ts"

export interface DoorOptions {
  readonly policy?: Policy
  readonly resolver?: Resolver
  /** For tests and the playground only: targets that are replaced by an address on loopback. */
  readonly standIns?: StandIns
  /**
   * For tests and the playground only: the PEM of the authority that signs the stand-ins' certificates, trusted for
   * nothing else.
   */
  readonly extraCa?: string
}

/**
 * `deadlineMs` and `signal` apply to the whole lease; a lease that is lent from call to call sets them for each call
 * with `terms`.
 */
export interface LeaseOptions extends LeaseTerms {
  /** Whether the caller may see why an address was denied. */
  readonly operator: boolean
  /** The time limit, in milliseconds, for connecting to one address; 10,000 by default. */
  readonly connectTimeoutMs?: number
  /** The maximum number of open sockets; 32 by default. */
  readonly maxSockets?: number
}

/** A lease as its owner sees it. */
export interface OpenLease extends Lease, AsyncDisposable {
  readonly trace: Trace
  /** The cause of the last failed dial, which is hidden from users who are not operators; for operators only. */
  readonly concealed: PlatformError | undefined
  /** Every socket so far: target, address, bytes. */
  readonly sockets: readonly SocketRecord[]
  /** Adds the deadline and the signal of one call to the lease; the returned function removes them. */
  terms(terms: LeaseTerms): () => void
  /** Sockets that are open now. */
  readonly connected: number
  /** Judges every open connection by the rules of now, and ends the lease when one is denied; false when the lease has ended. */
  rejudge(): Promise<boolean>
  /**
   * Ends the lease for a reason: running calls fail with it, drivers may cancel on the server, then every socket is
   * destroyed.
   */
  abort(reason: PlatformError): void
  /**
   * Ends the lease; resolves when all of its sockets, servers and timers are gone, after at most 2 s. Idempotent,
   * never throws.
   */
  close(): Promise<void>
}

/** The only door to the network. It gives one lease per test, query or job; leases share nothing. */
export class Door {
  readonly #policy: Policy
  readonly #resolver: Resolver
  readonly #local: Local

  constructor(options: DoorOptions = {}) {
    this.#policy = options.policy ?? new Policy()
    this.#resolver = options.resolver ?? new Resolver()
    this.#local = { standIns: options.standIns ?? new Map(), ca: options.extraCa }
    assertStandIns(this.#local.standIns)
  }

  lease(options: LeaseOptions): OpenLease {
    const core = new LeaseCore({
      deadlineMs: options.deadlineMs,
      operator: options.operator,
      maxSockets: options.maxSockets ?? 32,
      signal: options.signal,
    })
    const parts = { policy: this.#policy, resolver: this.#resolver, connectTimeoutMs: options.connectTimeoutMs ?? 10_000 }
    return new RootLease(core, parts, this.#local)
  }
}

/** The stand-ins of a door; empty except in tests and in the playground. */
interface Local {
  readonly standIns: StandIns
  readonly ca: string | undefined
}

/** A lease that knows the stand-ins, over whichever route. */
class LocalLease extends LeaseFace {
  readonly #core: LeaseCore
  readonly #parts: DoorParts
  readonly #local: Local

  constructor(core: LeaseCore, parts: DoorParts, route: Route, local: Local) {
    super(core, parts, route)
    this.#core = core
    this.#parts = parts
    this.#local = local
  }

  /** Verifies a stand-in under the name of the system that it replaces, against the authority of the stand-ins. */
  override async secure(over: Duplex, host: string, tls: TlsSpec): Promise<TLSSocket> {
    const { standIns, ca } = this.#local
    return await super.secure(over, host, tls.ca === undefined && ca !== undefined && standsIn(standIns, host) ? { ...tls, ca } : tls)
  }

  protected override over(route: Route): LeaseFace {
    return new LocalLease(this.#core, this.#parts, route, this.#local)
  }
}

class RootLease extends LocalLease implements OpenLease {
  readonly #core: LeaseCore

  constructor(core: LeaseCore, parts: DoorParts, local: Local) {
    const direct = new DirectRoute(core, parts)
    super(core, parts, local.standIns.size === 0 ? direct : new StandInRoute(direct, local.standIns), local)
    this.#core = core
  }

  get trace(): Trace {
    return this.#core.trace
  }

  get concealed(): PlatformError | undefined {
    return this.#core.concealed
  }

  get sockets(): readonly SocketRecord[] {
    return this.#core.sockets
  }

  terms(terms: LeaseTerms): () => void {
    return this.#core.terms(terms)
  }

  get connected(): number {
    return this.#core.connected
  }

  async rejudge(): Promise<boolean> {
    return await this.#core.rejudge()
  }

  abort(reason: PlatformError): void {
    this.#core.abort(reason)
  }

  async close(): Promise<void> {
    await this.#core.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
