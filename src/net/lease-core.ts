import type { Socket } from "node:net"
import type { Duplex } from "node:stream"
import { settlesWithin, untilAborted } from "../core/abort.ts"
import { PlatformError } from "../core/errors.ts"
import type { Address } from "../core/lease.ts"
import { type StageName, Trace } from "../core/trace.ts"
import { formatTarget } from "./host.ts"

/** One socket that a lease opened, for the audit; `bytesIn` and `bytesOut` count the bytes so far. */
export interface SocketRecord {
  /** The requested target: `db.example.com:5432`. */
  readonly target: string
  /** The address of the connection. */
  readonly ip: string
  readonly bytesIn: number
  readonly bytesOut: number
}

type Dial = (to: Address) => Promise<Duplex>

/** When a lease or one of its calls must end. */
export interface LeaseTerms {
  /** Milliseconds from now; undefined means no deadline. */
  readonly deadlineMs?: number | undefined
  /**
   * The caller's signal: when it fires, the lease ends as `cancelled`, or with the signal's reason if that is a
   * PlatformError.
   */
  readonly signal?: AbortSignal | undefined
}

/** The denial as callers read it who may not see the rules. */
const NOT_ANY_MORE = new PlatformError("egress_denied", "The connection was closed, because its destination is not allowed any more; ask an operator.")

interface Term {
  readonly endsAt: number
  lift(): void
}

/** The time, in milliseconds, that client libraries get if there is no deadline. */
const LONGEST_MS = 86_400_000
/**
 * The time, in milliseconds, that drivers have to cancel on the server after a cut-off, and that sockets then have to
 * close.
 */
const GRACE_MS = 1_000
const MOST_RECORDS = 1_000

/**
 * The state of one lease, shared by its faces: deadline, stages, sockets and cleanup. After `abort` or `close` no
 * socket, timer or listener of it remains.
 */
export class LeaseCore {
  readonly trace = new Trace()
  readonly operator: boolean
  /** The last error that was hidden because the lease does not belong to an operator. */
  concealed: PlatformError | undefined
  readonly #controller = new AbortController()
  readonly #maxSockets: number
  readonly #terms = new Set<Term>()
  readonly #live = new Map<Socket, { target: string; ip: string }>()
  readonly #past: SocketRecord[] = []
  readonly #others = new Set<Duplex>()
  readonly #judgements = new Map<Duplex, () => Promise<void>>()
  readonly #closers: (() => void | Promise<void>)[] = []
  readonly #running: { name: StageName; stop: (reason: PlatformError) => void }[] = []
  readonly #cancels = new Set<{ cancel: (dial: Dial) => Promise<void>; dial: Dial }>()
  #pendingDials = 0
  #lastTarget: string | undefined
  #ended: Promise<void> | undefined
  #over = false

  constructor(options: { operator: boolean; maxSockets: number } & LeaseTerms) {
    this.operator = options.operator
    this.#maxSockets = options.maxSockets
    this.terms(options)
  }

  /**
   * Ends the lease at that deadline or when that signal fires, whichever comes first; the returned function removes
   * the terms. A lease that outlives its calls has terms for each of them.
   */
  terms({ deadlineMs, signal }: LeaseTerms): () => void {
    const endsAt = deadlineMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + deadlineMs
    const timer = deadlineMs === undefined ? undefined : setTimeout(() => this.abort(this.#late(deadlineMs)), deadlineMs)
    const gone = (): void => this.abort(goneBecause(signal?.reason))
    const lift = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener("abort", gone)
      this.#terms.delete(term)
    }
    const term: Term = { endsAt, lift }
    if (this.#ended) return lift
    this.#terms.add(term)
    if (signal?.aborted) gone()
    else signal?.addEventListener("abort", gone, { once: true })
    return lift
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** The sockets that the lease opened: the last thousand closed ones, oldest first, then the open ones. */
  get sockets(): readonly SocketRecord[] {
    return [...this.#past, ...[...this.#live].map(([socket, at]) => ({ ...at, bytesIn: socket.bytesRead, bytesOut: socket.bytesWritten }))]
  }

  remainingMs(): number {
    const endsAt = Math.min(...[...this.#terms].map((term) => term.endsAt))
    return Math.min(LONGEST_MS, Math.max(0, endsAt - performance.now()))
  }

  /** Remembers the target, for the message of a deadline. */
  aims(to: Address): void {
    this.#lastTarget = formatTarget(to.host, to.port)
  }

  assertOpen(): void {
    if (this.signal.aborted) throw this.signal.reason
  }

  /** Like `assertOpen`, but allows the grace dial. */
  assertGrace(): void {
    if (this.#over) throw this.signal.reason
  }

  /** Reserves one of the lease's sockets; the returned function releases it if the dial fails. */
  reserve(): () => void {
    if (this.#live.size + this.#pendingDials >= this.#maxSockets)
      throw new PlatformError("too_many_connections", `One call may hold ${this.#maxSockets} connections at a time; close some before opening more.`)
    this.#pendingDials++
    let given = false
    return () => {
      if (!given) this.#pendingDials--
      given = true
    }
  }

  /** Tracks a socket from before it connects until it closes. */
  adopt(socket: Socket, target: string, ip: string): void {
    this.#live.set(socket, { target, ip })
    // An error without a listener would end the process; the user of the socket has its own listener.
    socket.on("error", () => undefined)
    socket.once("close", () => {
      this.#live.delete(socket)
      this.#past.push({ target, ip, bytesIn: socket.bytesRead, bytesOut: socket.bytesWritten })
      if (this.#past.length > MOST_RECORDS) this.#past.shift()
    })
  }

  /**
   * Tracks a stream that runs over another one (TLS, a tunnel's channel), so that an abort reaches its reader with
   * the reason.
   */
  hold<D extends Duplex>(stream: D): D {
    this.#others.add(stream)
    stream.on("error", () => undefined)
    stream.once("close", () => this.#others.delete(stream))
    return stream
  }

  /** Sockets that are open now. */
  get connected(): number {
    return this.#live.size
  }

  /** Remembers how an open connection was judged, for as long as it is open. `judge` throws when it is denied. */
  judged(stream: Duplex, judge: () => Promise<void>): void {
    this.#judgements.set(stream, judge)
    stream.once("close", () => this.#judgements.delete(stream))
  }

  /** Judges every open connection by the rules of now; the lease ends when one is denied. False when it has ended. */
  async rejudge(): Promise<boolean> {
    try {
      for (const judge of this.#judgements.values()) await judge()
    } catch (error) {
      if (!(error instanceof PlatformError) || error.code !== "egress_denied") throw error
      this.abort(this.operator ? error : NOT_ANY_MORE)
    }
    return !this.signal.aborted
  }

  /** Runs `closer` at the end, after the sockets are destroyed; the last one registered runs first. */
  onEnd(closer: () => void | Promise<void>): void {
    this.#closers.push(closer)
  }

  beforeCutOff(cancel: (dial: Dial) => Promise<void>, dial: Dial): () => void {
    const entry = { cancel, dial }
    this.#cancels.add(entry)
    return () => this.#cancels.delete(entry)
  }

  /** Runs work as a stage; an abort fails the innermost running stage even if the work hangs. */
  async stage<T>(name: StageName, work: () => Promise<T>, detail?: (result: T) => string | undefined): Promise<T> {
    this.assertOpen()
    let stop: (reason: PlatformError) => void = () => undefined
    const stopped = new Promise<never>((_, reject) => {
      stop = reject
    })
    const entry = { name, stop }
    this.#running.push(entry)
    try {
      return await this.trace.stage(name, () => Promise.race([work(), stopped]), detail)
    } finally {
      this.#running.splice(this.#running.indexOf(entry), 1)
    }
  }

  /** Settles with the work, or with the abort if that comes first. */
  async untilAborted<T>(work: Promise<T>): Promise<T> {
    return await untilAborted(this.signal, work)
  }

  /**
   * Ends the lease for a reason: stages fail, the signal fires, drivers get their grace period, then every socket is
   * destroyed.
   */
  abort(reason: PlatformError): void {
    void this.#end(reason)
  }

  /** Ends the lease; resolves when nothing of it remains. Idempotent, never throws. */
  async close(): Promise<void> {
    await this.#end(new PlatformError("cancelled", "The call is over; its connections are closed."))
  }

  #end(reason: PlatformError): Promise<void> {
    if (this.#ended) return this.#ended
    for (const term of this.#terms) term.lift()
    // Innermost first, and before the signal, so that the trace names the stage that hung before anybody reads it.
    for (const { stop } of [...this.#running].reverse()) stop(reason)
    const cancels = [...this.#cancels]
    this.#cancels.clear()
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#ended = promise
    this.#controller.abort(reason)
    void this.#wind(reason, cancels).then(resolve, resolve)
    return promise
  }

  async #wind(reason: PlatformError, cancels: readonly { cancel: (dial: Dial) => Promise<void>; dial: Dial }[]): Promise<void> {
    if (cancels.length > 0) await settlesWithin(GRACE_MS, Promise.allSettled(cancels.map(async ({ cancel, dial }) => await cancel(dial))))
    this.#over = true
    const gone = [...this.#live.keys()].map((socket) => new Promise((resolve) => socket.once("close", resolve)))
    for (const stream of this.#others) stream.destroy(reason)
    for (const socket of this.#live.keys()) socket.destroy(reason)
    const closers = this.#closers.splice(0).reverse()
    await settlesWithin(GRACE_MS, Promise.allSettled([...gone, ...closers.map(async (closer) => await closer())]))
  }

  #late(deadlineMs: number): PlatformError {
    const running = this.#running.at(-1)?.name
    // For users who are not operators, the first three stages are one.
    const stage = !this.operator && (running === "resolve" || running === "policy") ? "connect" : running
    const within = `${this.#lastTarget ?? "The system"} did not answer within ${Math.round(deadlineMs / 100) / 10} s`
    if (stage === undefined) return new PlatformError("timed_out", `${within} for the work itself; ask it for less, or allow it more time with timeoutMs.`)
    const message = `${within} (it hung in the ${stage} stage); check that the right service listens there.`
    return new PlatformError("timed_out", message, { details: { stage } })
  }
}

const goneBecause = (reason: unknown): PlatformError =>
  reason instanceof PlatformError ? reason : new PlatformError("cancelled", "The caller disconnected before the call ended; call again.", { cause: reason })
