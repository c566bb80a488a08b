import {
  type AnyConnector,
  type Batch,
  type Call,
  type Cursor,
  type Discovered,
  type Lease,
  type OpenUpload,
  type Render,
  type Row,
  type ServerFacts,
  type Stream,
  type TokenSource,
  type Turn,
  type Value,
  VERBS,
  type Verb,
  type WriteMode,
  type WriteReport,
} from "./connector.ts"
import { PlatformError, platformErrorIn } from "./errors.ts"
import { holdSecrets, Scrubber, secretsIn } from "./scrub.ts"

export interface OpenOptions {
  readonly log?: (message: string, facts?: Readonly<Record<string, unknown>>) => void
  readonly maxRows?: number
  /** Rows per batch; 1,000 unless given. */
  readonly batchRows?: number
  /** For types whose requests are made from templates. */
  readonly render?: Render
  /** For types that read uploads. */
  readonly upload?: OpenUpload
  /** Where access tokens are kept; without one they live and die with the session. */
  readonly token?: TokenSource
  /** For callers that hold limits. */
  readonly turn?: Turn
}

/** Tokens of one session, asked for over its own lease. */
function sessionTokens(lease: Lease): TokenSource {
  const known = new Map<string, { value: string; refreshToken: string | undefined }>()
  return async ({ identity, refused, grant }) => {
    // The config, and with it the terms, is one for a session.
    const before = known.get(identity)
    if (before !== undefined && before.value !== refused) return { value: before.value, cached: true }
    const { accessToken: value, refreshToken = before?.refreshToken } = await grant(lease, before?.refreshToken)
    known.set(identity, { value, refreshToken })
    return { value, cached: false }
  }
}

const NO_UPLOADS: OpenUpload = () => Promise.reject(new PlatformError("internal", "An upload was to be read where none can be."))
const NO_TEMPLATES: Render = () => Promise.reject(new PlatformError("internal", "A template was to be filled where none can be."))

/** An open connector, as the rest of the hub sees it. Every error is a scrubbed PlatformError; every call ends with its lease. */
export interface Session extends AsyncDisposable {
  test(): Promise<ServerFacts>
  discover(): AsyncIterable<Discovered>
  query(statement: string, params?: readonly Value[]): AsyncIterable<Batch>
  read(from: Stream, cursor?: Cursor): AsyncIterable<Batch>
  write(to: Stream, batch: Batch, mode: WriteMode): Promise<WriteReport>
  request(input: Row): Promise<Row | readonly Row[]>
  /** Idempotent; never throws for what the far side did. */
  close(): Promise<void>
}

/**
 * Opens a connector over a lease. What must hold for every driver is here and nowhere else: the deadline ends each
 * call even when the client library hangs, errors become ours, and no secret of the config leaves in any text.
 */
export async function open(connector: AnyConnector, config: Readonly<Record<string, unknown>>, lease: Lease, options: OpenOptions = {}): Promise<Session> {
  const secrets = secretsIn(config)
  const scrub = new Scrubber(secrets)
  const held = [holdSecrets(secrets)]
  const release = (): void => {
    for (const each of held) each()
  }
  const tokens = options.token ?? sessionTokens(lease)
  const token: TokenSource = async (ask) => {
    const found = await tokens(ask)
    scrub.add([found.value])
    held.push(holdSecrets([found.value]))
    return found
  }
  const { signal } = lease
  const call: Call = {
    signal,
    remainingMs: () => lease.remainingMs(),
    stage: (name, work) => lease.stage(name, work),
    log: (message, facts) => options.log?.(scrub.text(message), facts === undefined ? undefined : scrub.data(facts)),
    batchRows: options.batchRows ?? 1_000,
    render: options.render ?? NO_TEMPLATES,
    upload: options.upload ?? NO_UPLOADS,
    token,
    turn: options.turn ?? (() => Promise.resolve()),
    ...(options.maxRows === undefined ? {} : { maxRows: options.maxRows }),
  }

  const explained = (error: unknown): PlatformError => ours(connector, error, signal, scrub)

  async function guard<T>(work: () => T | Promise<T>): Promise<T> {
    try {
      return await untilAborted(signal, Promise.resolve().then(work))
    } catch (error) {
      throw explained(error)
    }
  }

  async function* guardEach<T>(start: () => AsyncIterable<T>): AsyncGenerator<T> {
    let iterator: AsyncIterator<T> | undefined
    let done = false
    try {
      iterator = start()[Symbol.asyncIterator]()
      while (true) {
        const next = await untilAborted(signal, iterator.next())
        if (next.done === true) break
        yield next.value
      }
      done = true
    } catch (error) {
      done = true
      throw explained(error)
    } finally {
      // The consumer stopped early: the driver closes its cursor, but may not hold us up.
      if (!done && iterator?.return !== undefined) await untilAborted(signal, iterator.return()).catch(() => undefined)
    }
  }

  function need<V extends Verb>(verb: V): NonNullable<AnyConnector[V]> {
    const run = connector[verb]
    if (run !== undefined) return run
    const verbs = VERBS.filter((each) => connector[each] !== undefined)
    throw new PlatformError("unsupported", `${connector.title} connectors cannot ${verb}; they can ${["test", ...verbs].join(", ")}.`)
  }

  let client: unknown
  try {
    client = await guard(() => connector.connect(config, lease))
  } catch (error) {
    release()
    throw error
  }

  let closed: Promise<void> | undefined
  const close = (): Promise<void> => {
    closed ??= untilAborted(
      signal,
      Promise.resolve().then(() => connector.close(client)),
    )
      .catch((error: unknown) => call.log("closing the connector failed", { code: explained(error).code }))
      .finally(release)
    return closed
  }

  return {
    test: () => guard(() => connector.test(client, call)),
    discover: () => guardEach(() => need("discover")(client, call)),
    query: (statement, params = []) => guardEach(() => need("query")(client, statement, params, call)),
    read: (from, cursor) => guardEach(() => need("read")(client, from, cursor, call)),
    write: (to, batch, mode) => guard(() => need("write")(client, to, batch, mode, call)),
    request: (input) => guard(() => need("request")(client, input, call)),
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** The error that the rest of the hub sees: the door's own if there is one in the chain, the driver's explanation, or `internal`. */
function ours(connector: AnyConnector, error: unknown, signal: AbortSignal, scrub: Scrubber): PlatformError {
  const door = platformErrorIn(error)
  const aborted = signal.aborted ? platformErrorIn(signal.reason) : undefined
  const known = aborted ?? door ?? connector.explain?.(error)
  const cause = scrub.error(known === error ? known?.cause : error)
  const options = { ...(cause === undefined ? {} : { cause }), details: scrub.data(known?.details ?? {}), faults: scrub.data(known?.faults ?? []) }
  if (known) return new PlatformError(known.code, scrub.text(known.message), options)
  return new PlatformError("internal", `The ${connector.title} connector failed in a way it does not explain; the log has the cause.`, options)
}

/** Settles with the work, or with the signal's reason when that comes first: a client library that hangs cannot hold the caller. */
async function untilAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  work.catch(() => undefined)
  if (signal.aborted) throw signal.reason
  let onAbort: () => void = () => undefined
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason as Error)
    signal.addEventListener("abort", onAbort, { once: true })
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener("abort", onAbort)
  }
}
