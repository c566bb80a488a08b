import type { Dispatcher } from "undici"
import type { Call, Token } from "../../core/call.ts"
import { PlatformError } from "../../core/errors.ts"
import type { TlsSpec } from "../../core/lease.ts"
import type { Scrubber } from "../../core/scrub.ts"
import { retryAfterMs } from "../shared/failure.ts"
import { explainHttp, type HttpAnswer, type HttpRequest, send } from "../shared/http.ts"
import { type OAuthLogin, tokenAsk } from "../shared/oauth.ts"
import type { HttpConfig } from "./fields.ts"
import { signed } from "./sign.ts"

/** Bytes of one answer at most, after decompression. */
export const MAX_BYTES = 10 * 1_048_576

/** What a session holds of an HTTP connector. */
export interface Client {
  readonly config: HttpConfig
  readonly scrub: Scrubber
  readonly dispatcher: Dispatcher
  readonly tls: TlsSpec
}

const IDEMPOTENT: readonly string[] = ["GET", "HEAD", "PUT", "DELETE"]
const AGAIN: readonly number[] = [429, 502, 503, 504]
const FIRST_WAIT_MS = 250
const LONGEST_WAIT_MS = 10_000

/** One request, made again as the config allows (DESIGN 9). The last answer or error is the result; `details.attempts` counts. */
export async function exchange(client: Client, request: HttpRequest, call: Call): Promise<HttpAnswer> {
  const { config } = client
  const repeatable = IDEMPOTENT.includes(request.method) || config.repeatable
  if (config.retries === 0) return authorised(client, request, call)
  const { DelegateBackoff, handleWhen, retry } = await import("cockatiel")
  let next: { reason: string; waitMs: number } | undefined
  const plan = (reason: string | undefined, asked: number | undefined, attempt: number): boolean => {
    const jittered = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** attempt) * (0.5 + Math.random() / 2)
    const waitMs = Math.max(asked ?? 0, jittered)
    // A turn beyond the deadline is none: the answer that there is says more than a timeout.
    const fits = reason !== undefined && !call.signal.aborted && waitMs < call.remainingMs() - 50
    next = fits ? { reason, waitMs } : undefined
    return fits
  }
  let attempt = 0
  const policy = retry(
    handleWhen((error) => plan(transportReason(error, repeatable), undefined, attempt)).orWhenResult((answer) =>
      isAnswer(answer) ? plan(repeatable && AGAIN.includes(answer.status) ? String(answer.status) : undefined, retryAfterMs(answer), attempt) : false,
    ),
    { maxAttempts: config.retries, backoff: new DelegateBackoff(() => next?.waitMs ?? 0) },
  )
  try {
    return await policy.execute(async ({ attempt: made }) => {
      if (made > 0) await call.turn(next?.reason)
      attempt = made
      return authorised(client, request, call)
    })
  } catch (error) {
    throw attempt === 0 ? error : counted(error, attempt + 1)
  }
}

const isAnswer = (value: unknown): value is HttpAnswer => typeof value === "object" && value !== null && "status" in value

/** What a failed request may be made again after; a connection that was never made carried nothing. */
function transportReason(error: unknown, repeatable: boolean): string | undefined {
  const code = explainHttp(error)?.code
  return code === "host_unreachable" || (code === "connection_lost" && repeatable) ? code : undefined
}

function counted(error: unknown, attempts: number): unknown {
  const known = explainHttp(error)
  if (known === undefined) return error
  return new PlatformError(known.code, known.message, { cause: error, details: { ...known.details, attempts } })
}

/** One request with what proves who asks; a token that was kept and is refused is replaced once. */
async function authorised(client: Client, request: HttpRequest, call: Call): Promise<HttpAnswer> {
  const { config, dispatcher, scrub } = client
  const { auth } = config
  const once = (each: HttpRequest): Promise<HttpAnswer> => send(each, { dispatcher, signal: call.signal, maxBytes: MAX_BYTES })
  if (auth.kind === "hmac") return once(signed(request, auth, new Date()))
  const login = loginOf(auth)
  if (login === undefined) return once(request)
  const token = async (refused?: string): Promise<Token> => {
    const found = await call.token(tokenAsk(login, client.tls, refused))
    scrub.add([found.value])
    return found
  }
  const first = await token()
  const answer = await once(withToken(request, first))
  if (answer.status !== 401 || !first.cached) return answer
  const second = await token(first.value)
  await call.turn("401")
  return once(withToken(request, second))
}

function loginOf(auth: HttpConfig["auth"]): OAuthLogin | undefined {
  return auth.kind === "oauth2_client" || auth.kind === "oauth2_refresh" ? auth : undefined
}

export const withToken = (request: HttpRequest, { value }: Pick<Token, "value">): HttpRequest => ({
  ...request,
  headers: { ...request.headers, authorization: `Bearer ${value}` },
  private: new Set([...request.private, "authorization"]),
})
