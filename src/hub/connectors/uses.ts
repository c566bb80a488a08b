import type { Render, Room, Turn } from "../../core/call.ts"
import { PlatformError } from "../../core/errors.ts"
import { callHub } from "../../core/remedies.ts"
import { type OpenOptions, open, type Session } from "../../core/session.ts"
import { ConnectorLimits, type Grant } from "../../limits/connector-limits.ts"
import { effectiveLimits, type Limits } from "../../limits/limits.ts"
import type { NodeWork } from "../../limits/node-limits.ts"
import type { OpenLease } from "../../net/door.ts"
import type { UseMeter } from "../base/counters.ts"
import { UNREAD_ANSWER_BYTES } from "../base/plans.ts"
import { type Principal, subjectOf } from "../base/principal.ts"
import type { ConnectorParts } from "./connector-parts.ts"
import type { Ref } from "./connector-row.ts"
import type { LoginUse } from "./login-gate.ts"
import { type Opened, type OpenedForUse, openConnector } from "./opened.ts"
import { credentialsRefused, stopUses } from "./refusals.ts"
import type { Connection } from "./warm-sessions.ts"

/** How a connector is used: by a query, a discovery, a call, or later by a batch of a run. */
export interface UseOptions<P = undefined> {
  readonly kind: NodeWork
  /** Milliseconds for the use itself. The wait for the connector's limits comes before it, and is at most as long. */
  readonly deadlineMs: number
  /** The deadline begins anew with each result, and rests while the consumer holds one: the use lives as long as it moves. */
  readonly perResult?: boolean
  /** Aborts when the caller goes away. */
  readonly signal?: AbortSignal | undefined
  readonly maxRows?: number | undefined
  /** Rows per batch; 1,000 by default. */
  readonly batchRows?: number
  readonly render?: Render
  /** The use only reads, so that it may begin again on another connection. */
  readonly repeatable?: boolean
  /** Runs before a start is spent and anything is dialled: for refusals, look-ups and notes. Its result is part of the use. */
  prepare?(opened: Opened): Promise<P>
  /** Runs after one more start within the use was granted: for a page, or for a retry, which says why. */
  again?(retryOf: string | undefined): void
  /** Runs when secrets of the connector were hidden in an answer to a request, with the number of places. */
  hid?(count: number): void
}

/** A connector in use. */
export interface Use<P = undefined> {
  readonly session: Session
  readonly opened: Opened
  readonly prepared: P
  /** When the use began, after all waiting (`performance.now()`). */
  readonly begunAt: number
}

/** What a use has at hand once it may begin. */
interface Admitted<P> extends UseOptions<P> {
  readonly by: Principal
  readonly opened: OpenedForUse
  readonly prepared: P
  readonly login: LoginUse
  readonly meter: UseMeter
  readonly signal: AbortSignal
}

/** The rows of a batch; other results have none. */
const rowsIn = (result: unknown): number => {
  const rows: unknown = result !== null && typeof result === "object" ? Reflect.get(result, "rows") : undefined
  return Array.isArray(rows) ? rows.length : 0
}

/** A stream that is not there may be found again under its new path. */
function discoverable(error: PlatformError, { name, connector }: Opened): PlatformError {
  const { code, message, cause, details, faults } = error
  if (code !== "stream_not_found" || connector.discover === undefined) return error
  const discover = callHub(
    "Discover it again, and take a path of the catalog",
    "POST",
    `/v1/connectors/${name}/discover`,
    `jackfield connectors catalog ${name} --refresh`,
  )
  return new PlatformError(code, message, { cause, details, faults, remedies: [discover, ...error.remedies] })
}

/** The longest wait for the limits of a connector. */
const LIMIT_WAIT_MS = 30_000
const BATCH_ROWS = 1_000

/**
 * The one way to use a connector; only tests have another. A use takes, in this order, a slot at this node, the connector's row and
 * secrets, its login gate, a grant of its limits, a lease of the door and a session, and lets go of them in the other order.
 */
export class Uses {
  readonly #parts: ConnectorParts
  readonly #limits: ConnectorLimits

  constructor(parts: ConnectorParts) {
    this.#parts = parts
    this.#limits = new ConnectorLimits(parts.store)
  }

  /** The results of a use, one by one. The use ends when the last one was taken, when the consumer stops, or when it fails. */
  async *stream<T, P = undefined>(by: Principal, ref: Ref, options: UseOptions<P>, start: (use: Use<P>) => AsyncIterable<T>): AsyncGenerator<T> {
    const { signal = new AbortController().signal } = options
    using _slot = this.#parts.nodeLimits.take(by.workspace.id, options.kind)
    const opened = await openConnector(this.#parts, by, ref)
    this.#parts.nodeLimits.requireReaders(by.workspace.id, options.kind, unreadBytesOf(opened))
    const prepared = (await options.prepare?.(opened)) as P
    const login = await this.#parts.logins.enter(opened, () => credentialsRefused(opened.name), signal)
    const meter = this.#parts.counters.useOf(options.kind, opened.connector.type)
    let outcome = "left"
    try {
      for await (const result of this.#granted({ ...options, by, opened, prepared, login, signal, meter }, start)) {
        meter.rows(rowsIn(result))
        yield result
      }
      outcome = "ok"
    } catch (error) {
      outcome = error instanceof PlatformError ? error.code : "internal"
      if (!(error instanceof PlatformError)) throw error
      if (login.failed(error)) await stopUses(this.#parts, by, opened, error.code)
      throw discoverable(error, opened)
    } finally {
      meter.ended(outcome)
      login.done()
    }
  }

  /** The result of a use that has one. */
  async once<T, P = undefined>(by: Principal, ref: Ref, options: UseOptions<P>, work: (use: Use<P>) => Promise<T>): Promise<T> {
    const results: T[] = []
    const one = async function* (use: Use<P>): AsyncGenerator<T> {
      yield await work(use)
    }
    for await (const result of this.stream(by, ref, options, one)) results.push(result)
    return results[0] as T
  }

  async *#granted<T, P>(admitted: Admitted<P>, start: (use: Use<P>) => AsyncIterable<T>): AsyncGenerator<T> {
    const { by, opened, signal, deadlineMs } = admitted
    const limits = limitsOf(opened)
    const asked = performance.now()
    const grant = await this.#limits.take(by.workspace.id, opened.id, limits, { signal, waitMs: Math.min(deadlineMs, LIMIT_WAIT_MS) })
    admitted.meter.waited(performance.now() - asked)
    try {
      yield* this.#connected(admitted, grant, start)
    } finally {
      grant.release()
    }
  }

  /** Works on a warm connection where there is one; a use that only reads goes on over a new one when the warm one turns out to be broken. */
  async *#connected<T, P>(admitted: Admitted<P>, grant: Grant, start: (use: Use<P>) => AsyncIterable<T>): AsyncGenerator<T> {
    const { by, opened, signal } = admitted
    const warm = await this.#parts.warm.take({ ...opened, operator: by.operator })
    if (warm === undefined) {
      yield* this.#leased(admitted, grant, undefined, start)
      return
    }
    let given = false
    try {
      for await (const result of this.#leased(admitted, grant, warm, start)) {
        given = true
        yield result
      }
    } catch (error) {
      const broken = error instanceof PlatformError && error.code === "connection_lost"
      if (!broken || given || admitted.repeatable !== true) throw error
      await grant.again({ signal, waitMs: admitted.deadlineMs })
      yield* this.#leased(admitted, grant, undefined, start)
    }
  }

  async *#leased<T, P>(admitted: Admitted<P>, grant: Grant, warm: Connection | undefined, start: (use: Use<P>) => AsyncIterable<T>): AsyncGenerator<T> {
    const { by, opened, prepared, login, perResult, deadlineMs } = admitted
    const pool = this.#parts.warm
    const begunAt = performance.now()
    const lease = warm?.lease ?? this.#parts.door.lease({ operator: by.operator })
    const signal = AbortSignal.any([admitted.signal, grant.signal])
    let lift = lease.terms({ deadlineMs, signal })
    const unwatch = pool.watch(lease)
    let session = warm?.session
    let failed = true
    try {
      if (session === undefined) {
        // The start counts from the moment at which the far side sees it: when the connection is there, when it is encrypted, and when it is used.
        lease.trace.onStage(({ name }) => (name === "connect" || name === "tls" ? grant.sent() : undefined))
        login.watch(lease.trace)
        session = await open(opened.connector, opened.config, lease, { log: this.#logOf(admitted) })
      }
      grant.sent()
      const used = session.with(this.#services(admitted, grant, lease))
      failed = false
      for await (const result of start({ session: used, opened, prepared, begunAt })) {
        // The far side answered, so the credentials work: other uses need not wait until a long stream has ended.
        login.worked()
        if (perResult === true) {
          lift()
          lift = lease.terms({ signal })
          yield result
          lift()
          lift = lease.terms({ deadlineMs, signal })
        } else yield result
      }
      login.worked()
    } catch (error) {
      failed = true
      throw error
    } finally {
      unwatch()
      if (session === undefined || failed) {
        await session?.close()
        await lease.close()
      }
      lift()
      if (session !== undefined && !failed) pool.give({ ...opened, operator: by.operator }, { lease, session })
    }
  }

  #services(
    { by, opened, maxRows, batchRows = BATCH_ROWS, perResult = false, render, again, hid }: Admitted<unknown>,
    grant: Grant,
    lease: OpenLease,
  ): OpenOptions {
    const { uploads, tokens, counters, evaluator, nodeLimits } = this.#parts
    const workspaceId = by.workspace.id
    const readers = () => nodeLimits.readers(workspaceId, unreadBytesOf(opened), lease.signal)
    const services = evaluator.for({ workspaceId, signal: lease.signal, remainingMs: () => lease.remainingMs() })
    const turn: Turn = async (retryOf) => {
      await grant.again({ signal: lease.signal, waitMs: lease.remainingMs() })
      again?.(retryOf)
    }
    return {
      log: this.#logOf({ by, opened }),
      batchRows: Math.min(batchRows, maxRows ?? batchRows),
      perResult,
      upload: uploads.opener(workspaceId),
      token: tokens.of({ workspaceId, connectorId: opened.id, operator: by.operator }),
      turn,
      measure: counters.measured(opened.connector.type),
      ...(maxRows === undefined ? {} : { maxRows }),
      ...services,
      room: () => afterReaders(services.room(), readers),
      ...(render === undefined ? {} : { render }),
      ...(hid === undefined ? {} : { hid }),
    }
  }

  #logOf({ by, opened }: Pick<Admitted<unknown>, "by" | "opened">): NonNullable<OpenOptions["log"]> {
    return (message, facts) => this.#parts.log.info({ ...facts, ...subjectOf(by, opened.id) }, message)
  }
}

/** The connector's own limits, and its workspace's plan over them when the type takes requests. */
const limitsOf = ({ limits, connector, plan }: OpenedForUse): Limits => effectiveLimits(limits, connector.request === undefined ? {} : { ...plan })

const unreadBytesOf = ({ plan }: OpenedForUse): number => plan.unreadAnswerBytes ?? UNREAD_ANSWER_BYTES

/** A room that is given once the answers before it are read, so that none are made faster than they are taken. */
const afterReaders = (room: Room, readers: () => Promise<void>): Room => ({
  need: async () => {
    await room.need()
    await readers()
  },
  [Symbol.dispose]: () => room[Symbol.dispose](),
})
