import { randomUUID } from "node:crypto"
import type { Call, Token, TokenSource } from "../../../core/call.ts"
import { PlatformError } from "../../../core/errors.ts"
import type { HttpAnswer, HttpRequest } from "../../../core/http/request.ts"
import type { Lease, TlsSpec } from "../../../core/lease.ts"
import { retrying } from "../../../core/retry.ts"
import type { HttpAuth } from "../http/auth.ts"
import type { HttpCall } from "../http/call.ts"
import { httpClient } from "../http/client.ts"
import { lastRequest } from "../http/last-request.ts"
import { requestTo } from "../http/requests.ts"
import { type HttpRetries, isIdempotent, isPassing, retriesOf } from "../http/retry.ts"
import type { ErrorTable } from "./errors.ts"
import { objectIn, redirected, refusalIn, strange } from "./http-errors.ts"
import { type Progress, type StatementApi, type Submission, wireOver } from "./statements.ts"
import type { SqlWire } from "./wire.ts"

/** One request of a statement API: a JSON object, or the statement itself, as the body. */
export interface Ask {
  readonly method: "GET" | "POST" | "PUT" | "DELETE"
  /** Below the API's base: a path with its query, or a whole link of the same origin, as answers give them. */
  readonly to: string
  readonly json?: object
  readonly text?: string
  /** Whether it does no more than once when it is sent twice. Absent: with `once` every request does not, else its method decides. */
  readonly repeatable?: boolean
}

/** A JSON object that came with a status of success. */
export type Body = Readonly<Record<string, unknown>>

/** The requests of one warehouse's statement API, and how their responses are read. `H` identifies the next request. */
export interface HttpStatements<B, H> {
  /** Where the API is; no request leaves its origin. */
  readonly base: string
  /** With each request, by names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly auth: HttpAuth
  /** How an https base is verified; against the system's roots unless given. */
  readonly tls?: TlsSpec | undefined
  /** With the sentences of the login. A refusal that comes with a status of success is thrown by `progress`. */
  readonly errors: ErrorTable
  submit(statement: Submission<B>): Ask
  /** See `StatementApi.known`. */
  known?(statement: Submission<B>): H | undefined
  next(from: H): Ask
  cancel(handle: H): Ask
  /** `from` is absent for the answer of a submission. */
  progress(body: Body, status: number, from: H | undefined, via: Via): Progress<H>
  /** Query parameters by which the server knows a request that comes again; absent: only methods that are idempotent are repeated. */
  once?(ask: Ask, id: string, attempt: number): Readonly<Record<string, string>>
  /** Reads an answer's JSON; throws `SyntaxError`. Absent: numbers are doubles. */
  parse?(text: string): unknown
  readonly pollMs?: StatementApi<B, H>["pollMs"]
}

/** The call that an answer was asked for, and further requests of it. */
export interface Via {
  readonly call: Call
  ask(ask: Ask): Promise<Body>
}

/** A wire, and single requests to the API beside its statements. */
export interface HttpWire<B> extends SqlWire<B> {
  ask(ask: Ask, call: HttpCall): Promise<Body>
}

const VERIFY: TlsSpec = { mode: "verify" }
/** An answer of tens of megabytes is usual; a larger one is not read into memory. */
const MAX_BYTES = 256 * 1_048_576
const CANCEL_MS = 5_000

/** A wire over a statement API on HTTP: requests are repeated where they may be, and a cut-off cancels over a socket of its own. */
export function httpStatements<B, H>(how: HttpStatements<B, H>, lease: Lease): HttpWire<B> {
  const { auth, errors, headers, tls = VERIFY, parse, pollMs } = how
  const base = new URL(how.base)
  const judge = (answer: HttpAnswer) => (answer.status < 300 ? undefined : answer.status < 400 ? redirected(errors, answer) : refusalIn(errors, answer))
  const client = httpClient(lease.dispatcher(tls), { auth, maxBytes: MAX_BYTES, redirects: false, judge })
  const retriesFor = (ask: Ask): HttpRetries => ({
    most: 3,
    statuses: isPassing,
    repeatable: (request) => ask.repeatable ?? (how.once !== undefined || isIdempotent(request)),
  })

  const requestOf = (ask: Ask, id: string, attempt: number): HttpRequest => {
    const url = new URL(ask.to, base)
    if (url.origin !== base.origin) throw strange(errors, `leads to ${url.origin}`)
    for (const [name, value] of Object.entries(how.once?.(ask, id, attempt) ?? {})) url.searchParams.set(name, value)
    if (ask.text === undefined) return requestTo(url, { method: ask.method, headers, json: ask.json })
    return requestTo(url, { method: ask.method, headers: { "content-type": "text/plain; charset=utf-8", ...headers }, body: ask.text })
  }
  // A call that was cut off gets no token any more, so its last one cancels.
  let token: Token | undefined
  const remembering = (call: HttpCall): HttpCall => {
    const { token: source } = call
    if (source === undefined) return call
    const kept: TokenSource = async (ask) => {
      token = await source(ask)
      return token
    }
    return { ...call, token: kept }
  }
  /** The signal of the request may outlive the call's, but a wait between two tries ends with the call. */
  const send = async (ask: Ask, call: HttpCall, signal = call.signal): Promise<{ body: Body; status: number }> => {
    const id = randomUUID()
    const once = async (attempt: number) => answered(await client.send(requestOf(ask, id, attempt), { ...remembering(call), signal }), base, errors, parse)
    return await retrying(once, retriesOf(retriesFor(ask), requestOf(ask, id, 1), call))
  }

  const ask = async (one: Ask, call: HttpCall): Promise<Body> => (await send(one, call)).body
  const via = (call: Call): Via => ({ call, ask: (one) => ask(one, call) })

  const api: StatementApi<B, H> = {
    ...(pollMs === undefined ? {} : { pollMs }),
    ...(how.known === undefined ? {} : { known: how.known }),
    async submit(statement, call) {
      const { body, status } = await send(how.submit(statement), call, statement.quick ? call.signal : new AbortController().signal)
      return how.progress(body, status, undefined, via(call))
    },
    async next(from, call) {
      const { body, status } = await send(how.next(from), call)
      return how.progress(body, status, from, via(call))
    },
    async cancel(handle, dial) {
      const known = token
      const call = {
        signal: AbortSignal.timeout(CANCEL_MS),
        remainingMs: () => CANCEL_MS,
        ...(known === undefined ? {} : { token: () => Promise.resolve(known) }),
      }
      if (dial === undefined) await send(how.cancel(handle), call)
      else await lastRequest(lease, dial, await auth.sign(requestOf(how.cancel(handle), randomUUID(), 1), call), tls)
    },
  }
  return { ...wireOver(api, lease), ask }
}

function answered(answer: HttpAnswer, { host }: URL, errors: ErrorTable, parse?: (text: string) => unknown): { body: Body; status: number } {
  // A request that only cancels may be answered with nothing.
  const body = answer.body.length === 0 && answer.status === 204 ? {} : objectIn(answer, parse)
  if (body !== undefined) return { body, status: answer.status }
  throw new PlatformError("response_invalid", `${host} answers ${errors.product}'s API with a body that is not JSON; check for a proxy between it and the hub.`)
}
