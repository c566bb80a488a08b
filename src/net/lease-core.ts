import type { Socket } from "node:net"
import type { Duplex } from "node:stream"
import { settlesWithin, untilAborted } from "../core/abort.ts"
import { PlatformError } from "../core/errors.ts"
import type { Address } from "../core/lease.ts"
import { type StageName, Trace } from "../core/trace.ts"
import { formatTarget } from "./host.ts"

/** One socket that a lease opened, for the audit; `bytesIn` and `bytesOut` count what passed so far. */
export interface SocketRecord {
  /** What was asked for: `db.example.com:5432`. */
  readonly target: string
  /** Where it went. */
  readonly ip: string
  readonly bytesIn: number
  readonly bytesOut: number
}

type Dial = (to: Address) => Promise<Duplex>

/** When a lease or one of its calls must end. */
export interface LeaseTerms {
  /** Milliseconds from now; undefined: no deadline. */
  readonly deadlineMs?: number | undefined
  /** The caller: when it aborts, the lease ends as `cancelled`, or for the caller's own reason if that is one of ours. */
  readonly signal?: AbortSignal | undefined
}

interface Term {
  readonly endsAt: number
  lift(): void
}

/** Milliseconds that client libraries are told where there is no deadline. */
const LONGEST_MS = 86_400_000
/** Milliseconds that drivers have to cancel on the server, and then sockets to close, once a lease is cut off. */
const GRACE_MS = 1_000
const MOST_RECORDS = 1_000

/**
 * The life of one lease, shared by its faces: deadline, stages, sockets, and what to do at the end. After `abort` or
 * `close` nothing of it is left: no socket, no timer, no listener.
 */
export class LeaseCore {
  readonly trace = new Trace()
  readonly operator: boolean
  /** What was last hidden behind one error, since the lease is not an operator's. */
  concealed: PlatformError | undefined
  readonly #controller = new AbortController()
  readonly #maxSockets: number
  readonly #terms = new Set<Term>()
  readonly #live = new Map<Socket, { target: string; ip: string }>()
  readonly #past: SocketRecord[] = []
  readonly #others = new Set<Duplex>()
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
   * From now on the lease ends by that deadline, or when that caller goes, whichever comes first; the returned function
   * takes the terms back. A lease that outlives its calls has terms for each of them.
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

  /** The sockets that the lease opened: the last thousand that are gone, oldest first, then the live ones. */
  get sockets(): readonly SocketRecord[] {
    return [...this.#past, ...[...this.#live].map(([socket, at]) => ({ ...at, bytesIn: socket.bytesRead, bytesOut: socket.bytesWritten }))]
  }

  remainingMs(): number {
    const endsAt = Math.min(...[...this.#terms].map((term) => term.endsAt))
    return Math.min(LONGEST_MS, Math.max(0, endsAt - performance.now()))
  }

  /** Names what the lease is about, for the message of a deadline. */
  aims(to: Address): void {
    this.#lastTarget = formatTarget(to.host, to.port)
  }

  assertOpen(): void {
    if (this.signal.aborted) throw this.signal.reason
  }

  /** Like `assertOpen`, but lets the grace dial through. */
  assertGrace(): void {
    if (this.#over) throw this.signal.reason
  }

  /** Takes one of the lease's sockets; the returned function gives the place back when the dial fails. */
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

  /** Holds a socket from before it connects until it closes. */
  adopt(socket: Socket, target: string, ip: string): void {
    this.#live.set(socket, { target, ip })
    // An error without a listener would end the process; whoever uses the socket has a listener of its own.
    socket.on("error", () => undefined)
    socket.once("close", () => {
      this.#live.delete(socket)
      this.#past.push({ target, ip, bytesIn: socket.bytesRead, bytesOut: socket.bytesWritten })
      if (this.#past.length > MOST_RECORDS) this.#past.shift()
    })
  }

  /** Holds a stream that runs over another one (TLS, a tunnel's channel), so that an abort reaches its reader with the reason. */
  hold<D extends Duplex>(stream: D): D {
    this.#others.add(stream)
    stream.on("error", () => undefined)
    stream.once("close", () => this.#others.delete(stream))
    return stream
  }

  /** Runs at the end, after the sockets are destroyed; last registered first. */
  onEnd(closer: () => void | Promise<void>): void {
    this.#closers.push(closer)
  }

  beforeCutOff(cancel: (dial: Dial) => Promise<void>, dial: Dial): () => void {
    const entry = { cancel, dial }
    this.#cancels.add(entry)
    return () => this.#cancels.delete(entry)
  }

  /** Runs work as a stage; an abort fails the innermost running stage, even when the work hangs on. */
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

  /** Settles with the work, or with the abort when that comes first. */
  async untilAborted<T>(work: Promise<T>): Promise<T> {
    return await untilAborted(this.signal, work)
  }

  /** Ends the lease for a reason: stages fail, the signal fires, drivers get their grace, then every socket is destroyed. */
  abort(reason: PlatformError): void {
    void this.#end(reason)
  }

  /** Ends the lease; resolves when nothing of it is left. Idempotent, never throws. */
  async close(): Promise<void> {
    await this.#end(new PlatformError("cancelled", "The call is over; its connections are closed."))
  }

  #end(reason: PlatformError): Promise<void> {
    if (this.#ended) return this.#ended
    for (const term of this.#terms) term.lift()
    // Innermost first, and before the signal: the trace then names the stage that hung before anybody reads it.
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
    // To who is not an operator the first three are one.
    const stage = !this.operator && (running === "resolve" || running === "policy") ? "connect" : running
    const where = stage === undefined ? "" : ` (it hung in the ${stage} stage)`
    const details = stage === undefined ? {} : { stage }
    const within = `${Math.round(deadlineMs / 100) / 10} s`
    return new PlatformError(
      "timed_out",
      `${this.#lastTarget ?? "The system"} did not answer within ${within}${where}; check that the right service listens there.`,
      { details },
    )
  }
}

const goneBecause = (reason: unknown): PlatformError =>
  reason instanceof PlatformError ? reason : new PlatformError("cancelled", "The caller went away before the end; call again.", { cause: reason })
