import { untilAborted } from "./abort.ts"
import type { Evaluate } from "./answer-plan.ts"
import type { Call, OpenUpload, Render, RequestFacts, Room, TokenSource, Turn } from "./call.ts"
import { Concealer } from "./conceal.ts"
import { type AnyConnector, type DryRun, type ServerFacts, VERBS, type Verb } from "./connector.ts"
import { EncodedRecords } from "./encoded-records.ts"
import { PlatformError, platformErrorIn } from "./errors.ts"
import type { Lease } from "./lease.ts"
import { type Mended, remediesFor } from "./mending.ts"
import type { Remedy } from "./remedies.ts"
import { holdSecrets, Scrubber, secretsIn } from "./scrub.ts"
import {
  type Batch,
  type ByteOffer,
  type BytePiece,
  type ByteReport,
  type Commit,
  type Discovered,
  EVERYTHING,
  type ReadOptions,
  type ReadPlan,
  type SchemaStep,
  type Slicing,
  type Stream,
  type WantedStream,
  type WriteOptions,
  type WriteReport,
} from "./streams.ts"
import type { Row, Value } from "./values.ts"

/** The limits of a session's calls, and the hub's services for them. */
export interface OpenOptions {
  readonly log?: (message: string, facts?: Readonly<Record<string, unknown>>) => void
  readonly maxRows?: number
  /** The deadline applies to each result, not to the whole call. */
  readonly perResult?: boolean
  /** Rows per batch; 1,000 by default. */
  readonly batchRows?: number
  /** For types that build their requests from templates. */
  readonly render?: Render
  /** For types whose responses may be large. */
  readonly evaluate?: Evaluate
  /** For callers that limit how many large responses are in memory at once. */
  readonly room?: () => Room
  /** For types that read uploads. */
  readonly upload?: OpenUpload
  /** Stores access tokens; without it, tokens last only as long as the session. */
  readonly token?: TokenSource
  /** For callers that enforce limits. */
  readonly turn?: Turn
  /** For callers of requests: in how many places of an answer a secret of the connector was hidden. */
  readonly hid?: (count: number) => void
  /** For callers that count the requests of types that speak HTTP. */
  readonly measure?: (facts: RequestFacts) => void
}

/**
 * An open connector, as the rest of the hub uses it. Every error is a scrubbed PlatformError; every call ends with
 * its lease.
 */
export interface Session extends AsyncDisposable {
  /** Whether `reset` prepares the session for another use. */
  readonly resets: boolean
  test(): Promise<ServerFacts>
  discover(): AsyncIterable<Discovered>
  query(statement: string, params?: readonly Value[]): AsyncIterable<Batch>
  dryRun(statement: string, params?: readonly Value[]): Promise<DryRun>
  read(from: Stream, options?: Partial<ReadOptions>): AsyncIterable<Batch>
  slices(from: Stream, plan: ReadPlan, most: number): Promise<Slicing>
  offers(from: Stream): Promise<readonly ByteOffer[]>
  readBytes(from: Stream, offer: ByteOffer, options?: Partial<ReadOptions>): AsyncIterable<BytePiece>
  write(to: Stream, batch: Batch, options: WriteOptions): Promise<WriteReport>
  takes(to: Stream): Promise<readonly ByteOffer[]>
  writeBytes(to: Stream, piece: BytePiece, offer: ByteOffer, options: WriteOptions): Promise<ByteReport>
  shape(wanted: WantedStream, apply: boolean): Promise<readonly SchemaStep[]>
  committed(to: Stream, of: Omit<Commit, "sequence">): Promise<number | undefined>
  /** The record or records of the response; large responses encoded as a `list`. */
  request(input: Row): Promise<Row | readonly Row[] | EncodedRecords>
  /** The records of a request in the parts in which they arrive, large ones encoded as `lines`; one part if the type has no others. */
  records(input: Row): AsyncIterable<readonly Row[] | EncodedRecords>
  /** Returns the session to a clean state for its next use. */
  reset(): Promise<void>
  /** The same connection with other limits and services; closing either session closes both. */
  with(options: OpenOptions): Session
  /** Idempotent; never throws because of the remote system. */
  close(): Promise<void>
}

/**
 * Opens a connector over a lease. The guarantees for every driver are implemented here and nowhere else: the deadline
 * ends each call even if the client library hangs, errors become `PlatformError`s, and no secret of the config
 * appears in any text.
 */
export async function open(connector: AnyConnector, config: Readonly<Record<string, unknown>>, lease: Lease, options: OpenOptions = {}): Promise<Session> {
  const guard = new Guard(connector, config, lease)
  try {
    const client: unknown = await guard.promise(() => connector.connect(config, lease))
    const finish = (): Promise<void> =>
      untilAborted(
        lease.signal,
        Promise.resolve().then(() => connector.close(client)),
      )
        .catch((error: unknown) => callOf(guard, lease, options).log("closing the connector failed", { code: guard.explained(error).code }))
        .finally(() => guard.release())
    let closed: Promise<void> | undefined
    const close = (): Promise<void> => {
      closed ??= finish()
      return closed
    }
    const tokens = sessionTokens(lease)
    return sessionOver({ connector, client, lease, guard, close }, { token: tokens, ...options })
  } catch (error) {
    guard.release()
    throw error
  }
}

interface Open {
  readonly connector: AnyConnector
  readonly client: unknown
  readonly lease: Lease
  readonly guard: Guard
  close(): Promise<void>
}

function sessionOver(opened: Open, options: OpenOptions): Session {
  const { connector, client, lease, guard, close } = opened
  const call = callOf(guard, lease, options)
  const read = (given: Partial<ReadOptions> = {}): ReadOptions => {
    const wanted = { ...EVERYTHING, ...given }
    const plans = connector.plans ?? ["all"]
    if (!plans.includes(wanted.plan.kind)) throw new PlatformError("unsupported", `${connector.title} connectors cannot read by the plan ${wanted.plan.kind}.`)
    if (wanted.slice !== undefined) need(connector, "slices")
    return wanted
  }
  const batchFits = (batch: Batch, { mode }: WriteOptions): Batch => {
    if (connector.upserts !== true && mode === "upsert")
      throw new PlatformError("unsupported", `${connector.title} connectors cannot upsert rows; append them.`)
    if (connector.deletes !== true && batch.ops?.includes("delete")) throw new PlatformError("unsupported", `${connector.title} connectors cannot delete rows.`)
    return batch
  }
  return {
    resets: connector.reset !== undefined,
    test: () => guard.promise(() => connector.test(client, call)),
    discover: () => guard.shown(guard.each(() => need(connector, "discover")(client, call))),
    query: (statement, params = []) => guard.batches(guard.each(() => need(connector, "query")(client, statement, params, call))),
    dryRun: async (statement, params = []) => guard.show(await guard.promise(() => need(connector, "dryRun")(client, statement, params, call))),
    read: (from, how) => guard.batches(guard.each(() => need(connector, "read")(client, from, read(how), call))),
    slices: (from, plan, most) => guard.promise(() => need(connector, "slices")(client, from, plan, most, call)),
    offers: (from) => guard.promise(() => connector.offers?.(client, from, call) ?? []),
    readBytes: (from, offer, how) => guard.each(() => guard.pieces(need(connector, "readBytes")(client, from, offer, read(how), call))),
    write: (to, batch, how) => guard.promise(() => need(connector, "write")(client, to, batchFits(batch, how), how, call)),
    takes: (to) => guard.promise(() => connector.takes?.(client, to, call) ?? []),
    writeBytes: (to, piece, offer, how) => guard.promise(() => need(connector, "writeBytes")(client, to, piece, offer, how, call)),
    shape: (wanted, apply) => guard.promise(() => need(connector, "shape")(client, wanted, apply, call)),
    committed: (to, of) => guard.promise(() => connector.committed?.(client, to, of, call)),
    request: async (input) => guard.show(await guard.promise(() => need(connector, "request")(client, input, call)), options.hid),
    records: (input) =>
      guard.shown(
        guard.each(() => connector.records?.(client, input, call) ?? onePart(need(connector, "request")(client, input, call))),
        options.hid,
      ),
    reset: () => guard.promise(() => connector.reset?.(client, call)),
    with: (more) => sessionOver(opened, { ...options, ...more }),
    close,
    [Symbol.asyncDispose]: close,
  }
}

async function* onePart(answer: Promise<Row | readonly Row[] | EncodedRecords>): AsyncGenerator<readonly Row[]> {
  const records = await answer
  if (records instanceof EncodedRecords) throw new PlatformError("internal", "A type that encodes its records gave them as a list where lines were wanted.")
  yield [records].flat()
}

function need<V extends Verb>(connector: AnyConnector, verb: V): NonNullable<AnyConnector[V]> {
  const run = connector[verb]
  if (run !== undefined) return run
  const verbs = VERBS.filter((each) => connector[each] !== undefined)
  throw new PlatformError(
    "unsupported",
    `${connector.title} connectors cannot ${WORDS[verb]}; they can ${["test", ...verbs.map((each) => WORDS[each])].join(", ")}.`,
  )
}

const WORDS: Readonly<Record<Verb, string>> = {
  discover: "discover",
  query: "query",
  dryRun: "say what a statement would read",
  read: "read",
  slices: "read by slices",
  readBytes: "read bytes",
  write: "write",
  writeBytes: "write bytes",
  shape: "create or widen streams",
  request: "request",
}

const ONE_DAY_MS = 86_400_000
/** The most characters of a message. */
const MESSAGE_MAX = 8_192
const NO_UPLOADS: OpenUpload = () => Promise.reject(new PlatformError("internal", "An upload was requested in a place that has no access to uploads."))
const NO_TEMPLATES: Render = () => Promise.reject(new PlatformError("internal", "A template was used in a place that cannot render templates."))
const NO_ROOM: Room = { need: () => Promise.resolve(), [Symbol.dispose]: () => undefined }
const NO_EVALUATOR: Evaluate = () => Promise.reject(new PlatformError("internal", "A large response arrived in a place that cannot evaluate it."))

function callOf(guard: Guard, lease: Lease, options: OpenOptions): Call {
  return {
    signal: lease.signal,
    remainingMs: () => lease.remainingMs(),
    longestMs: () => (options.perResult === true ? ONE_DAY_MS : lease.remainingMs()),
    stage: (name, work) => lease.stage(name, work),
    log: (message, facts) => options.log?.(guard.scrub.text(message, MESSAGE_MAX), facts === undefined ? undefined : guard.scrub.data(facts)),
    scrub: (text, most) => guard.scrub.text(text, most),
    measure: options.measure ?? (() => undefined),
    batchRows: options.batchRows ?? 1_000,
    render: options.render ?? NO_TEMPLATES,
    evaluate: options.evaluate ?? NO_EVALUATOR,
    room: options.room ?? (() => NO_ROOM),
    upload: options.upload ?? NO_UPLOADS,
    token: guard.tokens(options.token ?? sessionTokens(lease)),
    turn: options.turn ?? (() => Promise.resolve()),
    ...(options.maxRows === undefined ? {} : { maxRows: options.maxRows }),
  }
}

/** The tokens of one session, requested over its own lease. */
function sessionTokens(lease: Lease): TokenSource {
  const known = new Map<string, { value: string; refreshToken: string | undefined }>()
  return async ({ identity, refused, grant }) => {
    // A session has one config, so the terms never change.
    const before = known.get(identity)
    if (before !== undefined && before.value !== refused) return { value: before.value, cached: true }
    const { accessToken: value, refreshToken = before?.refreshToken } = await grant(lease, before?.refreshToken)
    known.set(identity, { value, refreshToken })
    return { value, cached: false }
  }
}

/**
 * Runs a driver's work: the work ends with the lease, its errors become `PlatformError`s, and no secret of the config
 * appears in a text.
 */
class Guard {
  readonly scrub: Scrubber
  readonly #concealer: Concealer
  readonly #connector: AnyConnector
  readonly #config: Readonly<Record<string, unknown>>
  readonly #signal: AbortSignal
  readonly #held: (() => void)[]

  constructor(connector: AnyConnector, config: Readonly<Record<string, unknown>>, { signal }: Lease) {
    const secrets = secretsIn(config)
    this.scrub = new Scrubber(secrets)
    this.#concealer = new Concealer(secrets)
    this.#held = [holdSecrets(secrets)]
    this.#connector = connector
    this.#config = config
    this.#signal = signal
  }

  /** Releases the session's secrets. */
  release(): void {
    for (const each of this.#held.splice(0)) each()
  }

  /** The same source; its tokens become secrets of this session. */
  tokens(source: TokenSource): TokenSource {
    return async (ask) => {
      const found = await source(ask)
      this.scrub.add([found.value])
      this.#concealer.add([found.value])
      this.#held.push(holdSecrets([found.value]))
      return found
    }
  }

  async promise<T>(work: () => T | Promise<T>): Promise<T> {
    try {
      return await untilAborted(this.#signal, Promise.resolve().then(work))
    } catch (error) {
      throw this.explained(error)
    }
  }

  async *each<T>(start: () => AsyncIterable<T>): AsyncGenerator<T> {
    let iterator: AsyncIterator<T> | undefined
    let done = false
    try {
      iterator = start()[Symbol.asyncIterator]()
      while (true) {
        const next = await untilAborted(this.#signal, iterator.next())
        if (next.done === true) break
        yield next.value
      }
      done = true
    } catch (error) {
      done = true
      throw this.explained(error)
    } finally {
      // The consumer stopped early: the driver may close its cursor, but must not delay the caller.
      if (!done && iterator?.return !== undefined) await untilAborted(this.#signal, iterator.return()).catch(() => undefined)
    }
  }

  /** A value of the system as it is given out, the random secrets of the config hidden in it. */
  async show<T>(value: T, hid?: (count: number) => void): Promise<T> {
    const shown = value instanceof EncodedRecords ? await this.#concealer.hideEncoded(value) : this.#concealer.hide(value)
    if (shown.hidden > 0) hid?.(shown.hidden)
    return shown.value as T
  }

  async *shown<T>(values: AsyncIterable<T>, hid?: (count: number) => void): AsyncGenerator<T> {
    for await (const value of values) yield await this.show(value, hid)
  }

  async *batches(batches: AsyncIterable<Batch>): AsyncGenerator<Batch> {
    for await (const { columns, rows, rejected, ...more } of batches) {
      const { value, hidden } = this.#concealer.hide({ columns, rows, ...(rejected === undefined ? {} : { rejected }) })
      yield { ...more, ...value, ...(hidden === 0 ? {} : { hidden }) }
    }
  }

  /** The same pieces; their bytes end with the lease too, and fail with `PlatformError`s. */
  async *pieces(pieces: AsyncIterable<BytePiece>): AsyncGenerator<BytePiece> {
    for await (const piece of pieces) yield { ...piece, bytes: this.each(() => piece.bytes) }
  }

  /**
   * The error that the rest of the hub sees: an error of the door if the chain has one, the driver's explanation, or
   * `internal`.
   */
  explained(error: unknown): PlatformError {
    const { scrub } = this
    const door = platformErrorIn(error)
    const aborted = this.#signal.aborted ? platformErrorIn(this.#signal.reason) : undefined
    const known = aborted ?? door ?? this.#connector.explain?.(error)
    const cause = scrub.error(known === error ? known?.cause : error)
    const options = { ...(cause === undefined ? {} : { cause }), details: scrub.data(known?.details ?? {}), faults: scrub.data(known?.faults ?? []) }
    if (known) return new PlatformError(known.code, scrub.text(known.message, MESSAGE_MAX), { ...options, remedies: this.#remedies(known) })
    return new PlatformError("internal", `The ${this.#connector.title} connector failed unexpectedly; the log has the cause.`, options)
  }

  /** A remedy that would repeat a secret is left out: hidden in part, it would run something else. */
  #remedies(error: PlatformError): readonly Remedy[] {
    const mended: Mended = { fields: this.#connector.fields, config: this.#config }
    return remediesFor(error, mended).filter((remedy) => JSON.stringify(this.scrub.data(remedy)) === JSON.stringify(remedy))
  }
}
