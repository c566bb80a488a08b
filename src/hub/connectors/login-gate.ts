import { settlesWithin } from "../../core/abort.ts"
import type { ErrorCode, PlatformError } from "../../core/errors.ts"
import type { Trace } from "../../core/trace.ts"

/** Errors by which a far side refuses credentials. */
const REFUSALS: readonly ErrorCode[] = ["auth_failed", "tunnel_auth_failed"]
/** For so long after a login that worked, uses of the same credentials run side by side. */
const PROVEN_MS = 60_000
/** The longest wait for another use's login. */
const WAIT_MS = 10_000
const GATES_SWEPT_AT = 1_000

/** The credentials of a connector in one version. */
export interface Credential {
  readonly id: string
  readonly version: number
  /** When they were read (`performance.now()`). */
  readonly readAt: number
  /** Whether there is a secret; without one no account can be locked. */
  readonly secret: boolean
}

/** The parts of an error that decide whether it is a refusal. */
export interface Refusal {
  readonly code: ErrorCode
  readonly details?: Readonly<Record<string, unknown>>
}

/** One use of a connector's credentials. */
export interface LoginUse {
  /** Notes the login as soon as a stage of the lease says that it worked. */
  watch(trace: Trace): void
  worked(): void
  /** Tells the waiting uses; true when the far side refused the credentials. */
  failed(error: Refusal | undefined): boolean
  /** Ends the use; idempotent. */
  done(): void
}

/**
 * Whether credentials were certainly refused. An HTTP 403 is no refusal: the caller was let in and may not see one thing
 * (RFC 9110, 15.5.4). An error with `certain: false` is none either: there were no credentials, or something else may be to blame.
 */
export const isRefusal = (error: Refusal | undefined): boolean =>
  error !== undefined && REFUSALS.includes(error.code) && error.details?.["status"] !== 403 && error.details?.["certain"] !== false

interface Gate {
  provenVersion: number
  provenUntil: number
  refusedAt: number
  holder: object | undefined
  change: PromiseWithResolvers<void>
}

/**
 * Keeps wrong credentials from being tried many times at once. Credentials that did not work at this process within the last minute
 * are used by one use first, while the others wait. When the far side refuses them, every use that read them before is refused.
 */
export class LoginGate {
  readonly #gates = new Map<string, Gate>()

  /** Waits until the credentials may be used. Rejects with the error of `refused` when they were refused since they were read. */
  async enter(credential: Credential, refused: () => PlatformError, signal?: AbortSignal): Promise<LoginUse> {
    const gate = this.#gate(credential.id)
    const self = {}
    const until = performance.now() + WAIT_MS
    while (true) {
      if (gate.refusedAt >= credential.readAt) throw refused()
      const now = performance.now()
      const proven = gate.provenVersion === credential.version && now < gate.provenUntil
      if (!credential.secret || proven || now >= until || signal?.aborted === true) break
      if (gate.holder === undefined) {
        gate.holder = self
        break
      }
      await settlesWithin(until - now, gate.change.promise, signal)
    }
    return this.#use(gate, credential, self)
  }

  /** Notes credentials that were refused outside of a use. */
  refuse(id: string): void {
    const gate = this.#gate(id)
    gate.refusedAt = performance.now()
    gate.provenUntil = 0
    wake(gate)
  }

  #use(gate: Gate, { id, version, secret }: Credential, self: object): LoginUse {
    const done = (): void => {
      if (gate.holder !== self) return
      gate.holder = undefined
      wake(gate)
    }
    const worked = (): void => {
      gate.provenVersion = version
      gate.provenUntil = performance.now() + PROVEN_MS
      if (gate.holder === self) gate.holder = undefined
      wake(gate)
    }
    return {
      watch: (trace) => trace.onStage(({ name, status }) => (name === "auth" && status === "passed" ? worked() : undefined)),
      worked,
      failed: (error) => {
        if (!secret || !isRefusal(error)) return false
        this.refuse(id)
        return true
      },
      done,
    }
  }

  #gate(id: string): Gate {
    if (this.#gates.size >= GATES_SWEPT_AT) this.#sweep()
    let gate = this.#gates.get(id)
    if (gate === undefined) {
      gate = { provenVersion: 0, provenUntil: 0, refusedAt: Number.NEGATIVE_INFINITY, holder: undefined, change: Promise.withResolvers() }
      this.#gates.set(id, gate)
    }
    return gate
  }

  /** Forgets the gates that say nothing any more. */
  #sweep(): void {
    const now = performance.now()
    for (const [id, { holder, provenUntil, refusedAt }] of this.#gates)
      if (holder === undefined && provenUntil < now && refusedAt < now - PROVEN_MS) this.#gates.delete(id)
  }
}

function wake(gate: Gate): void {
  const { resolve } = gate.change
  gate.change = Promise.withResolvers()
  resolve()
}
