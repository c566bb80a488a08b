import type { ErrorCode, PlatformError } from "../../core/errors.ts"
import type { Trace } from "../../core/trace.ts"

/** What a far side answers to credentials that it does not take. */
const REFUSALS: readonly ErrorCode[] = ["auth_failed", "tunnel_auth_failed"]
/** For so long after a login that worked, uses of the same credentials go side by side. */
const PROVEN_MS = 60_000
/** Nobody waits longer for another's login. */
const WAIT_MS = 10_000
const GATES_SWEPT_AT = 1_000

/** Whose credentials, of which version, read when (`performance.now()`). */
export interface Credential {
  readonly id: string
  readonly version: number
  readonly readAt: number
  /** Without a secret there is nothing to lock. */
  readonly secret: boolean
}

/** What is looked at of an error. */
export interface Refusal {
  readonly code: ErrorCode
  readonly details?: Readonly<Record<string, unknown>>
}

/** One use of a connector's credentials. */
export interface LoginUse {
  /** Notes the login as soon as a stage of the lease says that it worked. */
  watch(trace: Trace): void
  worked(): void
  /** Tells whoever waits; true when the far side refused the credentials. */
  failed(error: Refusal | undefined): boolean
  /** Ends the use; idempotent. */
  done(): void
}

/** Whether credentials were refused. An HTTP 403 is none: whoever may not see one thing was let in (RFC 9110, 15.5.4). */
export const isRefusal = (error: Refusal | undefined): boolean => error !== undefined && REFUSALS.includes(error.code) && error.details?.["status"] !== 403

interface Gate {
  provenVersion: number
  provenUntil: number
  refusedAt: number
  holder: object | undefined
  change: PromiseWithResolvers<void>
}

/**
 * Keeps wrong credentials from being tried many times at once: credentials that this process has not seen work within a minute are used by
 * one alone first, while the others wait; when the far side refuses them, so does the hub, to all that read them before.
 */
export class Logins {
  readonly #gates = new Map<string, Gate>()

  /** Waits for its turn. Rejects with what `refused` makes when the credentials were refused since they were read. */
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
      await changed(gate, until - now, signal)
    }
    return this.#use(gate, credential, self)
  }

  /** To be called when credentials were refused outside of a use. */
  refuse(id: string): void {
    const gate = this.#gate(id)
    gate.refusedAt = performance.now()
    gate.provenUntil = 0
    wake(gate)
  }

  #use(gate: Gate, { id, version }: Credential, self: object): LoginUse {
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
        if (!isRefusal(error)) return false
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

  /** Forgets what says nothing any more. */
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

async function changed(gate: Gate, ms: number, signal: AbortSignal | undefined): Promise<void> {
  const ended = Promise.withResolvers<void>()
  const timer = setTimeout(ended.resolve, ms)
  const end = (): void => ended.resolve()
  signal?.addEventListener("abort", end, { once: true })
  await Promise.race([gate.change.promise, ended.promise])
  clearTimeout(timer)
  signal?.removeEventListener("abort", end)
}
