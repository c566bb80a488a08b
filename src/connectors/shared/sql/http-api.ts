import { randomUUID } from "node:crypto"
import type { Duplex } from "node:stream"
import type { Token, TokenSource } from "../../../core/call.ts"
import { PlatformError } from "../../../core/errors.ts"
import type { HttpAnswer, HttpRequest } from "../../../core/http/request.ts"
import type { Address, Lease, TlsSpec } from "../../../core/lease.ts"
import { retrying } from "../../../core/retry.ts"
import type { HttpAuth } from "../http/auth.ts"
import type { HttpCall } from "../http/call.ts"
import { httpClient } from "../http/client.ts"
import { lastRequest } from "../http/last-request.ts"
import { requestTo } from "../http/requests.ts"
import { type HttpRetries, isIdempotent, isPassing, retriesOf } from "../http/retry.ts"
import type { ErrorTable } from "./errors.ts"
import { objectIn, type Refusal, redirected, refusalIn, strange } from "./http-errors.ts"

/** One request of an API: a JSON object, or a text, as the body. */
export interface Ask {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE"
  /** Below the API's base: a path with its query, or a whole link of the same origin, as answers give them. */
  readonly to: string
  readonly json?: object
  readonly text?: string
  /** What the text is; plain text unless given. */
  readonly type?: string
  /** Whether it does no more than once when it is sent twice. Absent: with `once` every request does not, else its method decides. */
  readonly repeatable?: boolean
}

/** A JSON object that came with a status of success. */
export type Body = Readonly<Record<string, unknown>>

/** One system's API over HTTP: where it is, who asks, and how it refuses. */
export interface HttpApi {
  /** Where the API is; no request leaves its origin. */
  readonly base: string
  /** With each request, by names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly auth: HttpAuth
  /** How an https base is verified; against the system's roots unless given. */
  readonly tls?: TlsSpec | undefined
  /** With the sentences of the login. */
  readonly errors: ErrorTable
  /** The refusal in an answer's JSON. Absent: `code`, `sqlState` and `message` of the object itself. */
  refusal?(body: Body): Refusal
  /** Query parameters by which the server knows a request that comes again; absent: only methods that are idempotent are repeated. */
  once?(ask: Ask, id: string, attempt: number): Readonly<Record<string, string>>
  /** Reads an answer's JSON; throws `SyntaxError`. Absent: numbers are doubles. */
  parse?(text: string): unknown
}

/** Requests to an API. */
export interface HttpAsking {
  ask(ask: Ask, call: HttpCall): Promise<Body>
  /** The same with its status. The signal of the request may outlive the call's, but a wait between two tries ends with the call. */
  send(ask: Ask, call: HttpCall, signal?: AbortSignal): Promise<{ readonly body: Body; readonly status: number }>
  /** Sends a request when its call is over, with the last token that there was; `dial` is given at a cut-off, and then its answer is not read. */
  last(ask: Ask, dial: ((to: Address) => Promise<Duplex>) | undefined): Promise<void>
}

const VERIFY: TlsSpec = { mode: "verify" }
/** An answer of tens of megabytes is usual; a larger one is not read into memory. */
const MAX_BYTES = 256 * 1_048_576
const LAST_MS = 5_000

/** Requests to one API over a lease: they are repeated where they may be, and no redirect is followed. */
export function httpApi(how: HttpApi, lease: Lease): HttpAsking {
  const { auth, errors, headers, tls = VERIFY, parse } = how
  const base = new URL(how.base)
  const judge = (answer: HttpAnswer) =>
    answer.status < 300 ? undefined : answer.status < 400 ? redirected(errors, answer) : refusalIn(errors, answer, how.refusal?.bind(how))
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
    const { type = "text/plain; charset=utf-8" } = ask
    return requestTo(url, { method: ask.method, headers: { "content-type": type, ...headers }, body: ask.text })
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
  const send: HttpAsking["send"] = async (ask, call, signal = call.signal) => {
    const id = randomUUID()
    const once = async (attempt: number) => answered(await client.send(requestOf(ask, id, attempt), { ...remembering(call), signal }), base, errors, parse)
    return await retrying(once, retriesOf(retriesFor(ask), requestOf(ask, id, 1), call))
  }

  return {
    send,
    ask: async (one, call) => (await send(one, call)).body,
    async last(one, dial) {
      const known = token
      const call = {
        signal: AbortSignal.timeout(LAST_MS),
        remainingMs: () => LAST_MS,
        ...(known === undefined ? {} : { token: () => Promise.resolve(known) }),
      }
      if (dial === undefined) await send(one, call)
      else await lastRequest(lease, dial, await auth.sign(requestOf(one, randomUUID(), 1), call), tls)
    },
  }
}

function answered(answer: HttpAnswer, { host }: URL, errors: ErrorTable, parse?: (text: string) => unknown): { body: Body; status: number } {
  // A request that only cancels may be answered with nothing.
  const body = answer.body.length === 0 && answer.status === 204 ? {} : objectIn(answer, parse)
  if (body !== undefined) return { body, status: answer.status }
  throw new PlatformError("response_invalid", `${host} answers ${errors.product}'s API with a body that is not JSON; check for a proxy between it and the hub.`)
}
