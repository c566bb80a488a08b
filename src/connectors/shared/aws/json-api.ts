import type { Duplex } from "node:stream"
import type { Token, TokenSource } from "../../../core/call.ts"
import { PlatformError } from "../../../core/errors.ts"
import type { HttpAnswer, HttpRequest } from "../../../core/http/request.ts"
import type { Address, Lease, TlsSpec } from "../../../core/lease.ts"
import { type CredentialSource, sigV4Auth } from "../http/auth/sigv4.ts"
import type { HttpCall } from "../http/call.ts"
import { httpClient } from "../http/client.ts"
import { lastRequest } from "../http/last-request.ts"
import { retryAfterMs } from "../http/rate-limits.ts"
import { requestTo } from "../http/requests.ts"
import { isPassing } from "../http/retry.ts"
import { jsonIn } from "../json-in.ts"
import { type AwsRefusal, refusalOf } from "./refusals.ts"

/** A service of AWS that speaks JSON 1.1. */
export interface JsonService {
  readonly host: string
  readonly region: string
  /** As it is signed: `athena`. */
  readonly service: string
  /** Before the action in `X-Amz-Target`: `AmazonAthena`. */
  readonly target: string
  readonly credentials: CredentialSource
  /** In messages: `Athena`. */
  readonly product: string
  /** A refusal as ours. */
  refused(status: number, refusal: AwsRefusal, afterMs: number | undefined): PlatformError
}

export type Answer = Readonly<Record<string, unknown>>

export interface JsonApi {
  /** The JSON object that the action answers with. Actions are repeated after a passing failure, so those that do something carry a token of their own. */
  ask(action: string, input: object, call: HttpCall): Promise<Answer>
  /** Sends an action over a socket of its own at a cut-off; its answer is not read. */
  last(action: string, input: object, dial: (to: Address) => Promise<Duplex>): Promise<void>
  /** The items of all pages of a list, page by page; fails if a page leads to itself. */
  pages(action: string, input: object, items: string, call: HttpCall): AsyncGenerator<readonly Answer[]>
}

const VERIFY: TlsSpec = { mode: "verify" }
const MAX_BYTES = 64 * 1_048_576
const LAST_MS = 5_000

/** The API of a service over a lease. Nothing is sent yet. */
export function jsonApi({ host, region, service, target, credentials, product, refused }: JsonService, lease: Lease): JsonApi {
  const auth = sigV4Auth(credentials, { region, service })
  const strange = (how: string) => new PlatformError("response_invalid", `${product}'s answer ${how}; check for a proxy between it and the hub.`)
  const judge = (answer: HttpAnswer) =>
    answer.status === 200
      ? undefined
      : answer.status < 400
        ? strange(`has the status ${answer.status}`)
        : refused(answer.status, refusalOf(answer), retryAfterMs(answer.headers))
  const retries = { most: 3, statuses: isPassing, repeatable: () => true }
  const client = httpClient(lease.dispatcher(VERIFY), { auth, maxBytes: MAX_BYTES, redirects: false, judge, retries })
  const requestOf = (action: string, input: object): HttpRequest =>
    requestTo(new URL(`https://${host}/`), {
      body: JSON.stringify(input),
      headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": `${target}.${action}` },
    })
  // A call that was cut off gets no credentials any more, so its last ones sign what is left to say.
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
  const ask: JsonApi["ask"] = async (action, input, call) => {
    const answer = await client.send(requestOf(action, input), remembering(call))
    const body = jsonIn(answer.body.toString("utf8"))
    if (body === undefined && answer.body.length > 0) throw strange("is not JSON")
    return body ?? {}
  }
  return {
    ask,
    async last(action, input, dial) {
      const known = token
      const call = { signal: AbortSignal.timeout(LAST_MS), remainingMs: () => LAST_MS, ...(known === undefined ? {} : { token: async () => known }) }
      await lastRequest(lease, dial, await auth.sign(requestOf(action, input), call), VERIFY)
    },
    async *pages(action, input, items, call) {
      const seen = new Set<unknown>()
      for (let next: unknown; ; ) {
        const answer = await ask(action, { ...input, ...(next === undefined ? {} : { NextToken: next }) }, call)
        const found = answer[items] ?? []
        if (!Array.isArray(found)) throw strange(`has no ${items}`)
        yield found as Answer[]
        next = answer["NextToken"] ?? undefined
        if (next === undefined || next === "") return
        if (typeof next !== "string" || seen.has(next)) throw strange("leads to the same page again and again")
        seen.add(next)
      }
    },
  }
}
