import type { Duplex } from "node:stream"
import type { TLSSocket } from "node:tls"
import type { PlatformError } from "../core/errors.ts"
import type { Lease, TlsSpec } from "../core/lease.ts"
import type { Trace } from "../core/trace.ts"
import { DirectRoute, type DoorParts } from "./dial.ts"
import { LeaseCore, type LeaseTerms, type SocketRecord } from "./lease-core.ts"
import { LeaseFace } from "./lease-face.ts"
import { Policy } from "./policy.ts"
import { Resolver } from "./resolver.ts"
import { assertStandIns, StandInRoute, type StandIns, standsIn } from "./stand-ins.ts"

export interface DoorOptions {
  readonly policy?: Policy
  readonly resolver?: Resolver
  /** For tests and the playground alone: what is dialled on loopback instead. */
  readonly standIns?: StandIns
  /** For tests and the playground alone: PEM of the authority that vouches for the stand-ins, and for nothing else. */
  readonly extraCa?: string
}

/** `deadlineMs` and `signal` are those of the whole lease; a lease that is lent from call to call has them for each call by `terms`. */
export interface LeaseOptions extends LeaseTerms {
  /** Whether the caller may see why an address was denied. */
  readonly operator: boolean
  /** Milliseconds for one address to accept a connection; 10,000 unless given. */
  readonly connectTimeoutMs?: number
  /** Sockets at a time; 32 unless given. */
  readonly maxSockets?: number
}

/** A lease in the hands of whoever opened it. */
export interface OpenLease extends Lease, AsyncDisposable {
  readonly trace: Trace
  /** What the last failed dial was, where who is no operator is told only that it failed; for operators' eyes. */
  readonly concealed: PlatformError | undefined
  /** Every socket so far: target, address, bytes. */
  readonly sockets: readonly SocketRecord[]
  /** Adds a deadline and a caller to the lease, those of one call; the returned function takes them back. */
  terms(terms: LeaseTerms): () => void
  /** Sockets that are open now. */
  readonly connected: number
  /** Judges every open connection by the rules of now, and ends the lease when one is denied; false when the lease has ended. */
  rejudge(): Promise<boolean>
  /** Ends the lease for a reason: calls fail with it, drivers may cancel on the server, then every socket is destroyed. */
  abort(reason: PlatformError): void
  /** Ends the lease; resolves when no socket, server or timer of it is left, after 2 s at most. Idempotent, never throws. */
  close(): Promise<void>
}

/** The one door to the network. A lease per test, query or job; nothing is shared between two leases. */
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

/** The stand-ins of a door, none unless it is for tests or the playground. */
interface Local {
  readonly standIns: StandIns
  readonly ca: string | undefined
}

class RootLease extends LeaseFace implements OpenLease {
  readonly #core: LeaseCore
  readonly #local: Local

  constructor(core: LeaseCore, parts: DoorParts, local: Local) {
    const direct = new DirectRoute(core, parts)
    super(core, parts, local.standIns.size === 0 ? direct : new StandInRoute(direct, local.standIns))
    this.#core = core
    this.#local = local
  }

  /** A stand-in is verified as the system that it stands for, against its own authority. */
  override async secure(over: Duplex, host: string, tls: TlsSpec): Promise<TLSSocket> {
    const { standIns, ca } = this.#local
    return await super.secure(over, host, tls.ca === undefined && ca !== undefined && standsIn(standIns, host) ? { ...tls, ca } : tls)
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
