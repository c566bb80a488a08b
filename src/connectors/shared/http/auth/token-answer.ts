import type { TokenGrant } from "../../../../core/call.ts"
import { PlatformError } from "../../../../core/errors.ts"
import type { HttpAnswer } from "../../../../core/http/request.ts"
import type { Scrubber } from "../../../../core/scrub.ts"
import { readableText } from "../charset.ts"
import { failureOf } from "../statuses.ts"

type Said = Readonly<Record<string, unknown>>

/** The reason that a token endpoint gives instead of a token: a code and a text. */
interface Reason {
  readonly name: string
  readonly text: string
  /** Whether the code is in the member `error`, as RFC 6749 defines it. */
  readonly standard: boolean
}

const LONGEST_S = 86_400
/** Codes that refuse the client or the refresh token. Other codes, such as invalid_scope, concern the request. */
const REFUSALS: ReadonlySet<string> = new Set([
  "invalid_client",
  "invalid_grant",
  "unauthorized_client",
  "access_denied",
  "incorrect_client_credentials",
  "bad_refresh_token",
])
const PASSING: ReadonlySet<string> = new Set(["temporarily_unavailable", "server_error", "slow_down"])

/** The token in an endpoint's answer (RFC 6749, 5.1), as JSON or form-encoded; without a token, the error contains the provider's reason. */
export function granted(answer: HttpAnswer, refreshing: boolean, scrub: Scrubber): TokenGrant {
  const said = membersOf(answer)
  const token = said?.["access_token"]
  const reason = said === undefined || isToken(token) ? undefined : reasonIn(said)
  if (reason?.standard === true) throw refusal(answer, reason, refreshing, scrub)
  if (answer.status >= 400) {
    const failure = failureOf(answer, { scrub: (text, most) => scrub.text(text, most) })
    throw new PlatformError(failure.code, failure.message, { details: { ...failure.details, certain: answer.status === 401 } })
  }
  if (reason !== undefined) throw refusal(answer, reason, refreshing, scrub)
  const { origin } = answer.url
  if (!isToken(token))
    throw new PlatformError("response_invalid", `${origin} answers ${answer.status} without an access token${membersIn(said)}; check the token URL.`)
  const type = said?.["token_type"]
  if (typeof type === "string" && /^(mac|dpop|pop)$/i.test(type))
    throw new PlatformError("response_invalid", `${origin} issues tokens of the type ${type}; the hub can use only bearer tokens.`)
  const refreshToken = said?.["refresh_token"]
  return {
    accessToken: token,
    expiresInMs: lifeOf(said?.["expires_in"]),
    refreshToken: typeof refreshToken === "string" && refreshToken !== "" ? refreshToken : undefined,
  }
}

const isToken = (value: unknown): value is string => typeof value === "string" && /^[\x21-\x7e]{1,65536}$/.test(value)

/** The error for a reason. The texts come from the provider and may repeat the login's secrets, so they are scrubbed. */
function refusal({ url, status }: HttpAnswer, reason: Reason, refreshing: boolean, scrub: Scrubber): PlatformError {
  const name = plain(reason.name, scrub, 60)
  const text = plain(reason.text, scrub, 200)
  const why = [name, text].filter((each) => each !== "").join(": ")
  const details = { status, ...(name === "" ? {} : { oauthError: name }) }
  if (status >= 500 || status === 429 || PASSING.has(reason.name))
    return new PlatformError(
      status === 429 ? "rate_limited" : "server_unavailable",
      `${url.origin} currently issues no tokens (${why}); try again in a moment.`,
      {
        details,
      },
    )
  const next =
    refreshing && reason.name === "invalid_grant" ? "log in again and enter the new refresh token" : "check the client's id, secret and scope at the provider"
  const certain = status === 401 || REFUSALS.has(reason.name)
  return new PlatformError("auth_failed", `${url.origin} refuses the login (${why}); ${next}.`, { details: { ...details, certain } })
}

const CODES = ["error", "errcode", "error_code", "errorCode", "code", "type", "status"]
const TEXTS = [
  "error_description",
  "errmsg",
  "error_message",
  "error_msg",
  "errorMessage",
  "errorSummary",
  "message",
  "msg",
  "detail",
  "reason",
  "faultstring",
  "title",
]

/** The reason in an answer without a token: the members of RFC 6749, or a code and a text under other common names, also inside `error`, `errors` and `fault`. */
function reasonIn(said: Said): Reason | undefined {
  const error = said["error"]
  const text = first(said, TEXTS)
  if (typeof error === "string" && error !== "") return { name: error, text, standard: true }
  const inner = [error, said["fault"], Array.isArray(said["errors"]) ? said["errors"][0] : said["errors"]].find(isRecord)
  const found = inner === undefined ? "" : first(inner, TEXTS)
  if (inner !== undefined && found !== "") return { name: first(inner, CODES), text: found, standard: false }
  return text === "" ? undefined : { name: first(said, CODES), text, standard: false }
}

/** The first of these members that is a non-empty text or a number other than zero. */
function first(said: Said, names: readonly string[]): string {
  const found = names.map((name) => said[name]).find((value) => (typeof value === "string" && value !== "") || (typeof value === "number" && value !== 0))
  return found === undefined ? "" : String(found)
}

/** The text on one line, scrubbed before it is shortened. */
const plain = (text: string, scrub: Scrubber, most: number): string =>
  scrub
    .text(text)
    .replace(/[\p{C}\s]+/gu, " ")
    .trim()
    .slice(0, most)

/** The names of the members; unlike their values, they are not secret. */
function membersIn(said: Said | undefined): string {
  const names = Object.keys(said ?? {}).filter((name) => /^[\w.-]{1,40}$/.test(name))
  return names.length === 0 ? "" : `, but with ${names.slice(0, 8).join(", ")}`
}

function membersOf(answer: HttpAnswer): Said | undefined {
  const text = readableText(answer)
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : undefined
  } catch {
    // Some providers answer form-encoded, although the request asks for JSON.
    const form = /^\s*[\w.]+=[^\s<{]*\s*$/.test(text) ? new URLSearchParams(text.trim()) : undefined
    return form === undefined ? undefined : Object.fromEntries(form)
  }
}

const isRecord = (value: unknown): value is Said => value !== null && typeof value === "object" && !Array.isArray(value)

/** A lifetime in seconds, as a number or text, in milliseconds and at most a day; undefined if it is neither. */
function lifeOf(said: unknown): number | undefined {
  const seconds = typeof said === "string" && said.trim() !== "" ? Number(said) : said
  return typeof seconds === "number" && !Number.isNaN(seconds) ? Math.min(Math.max(0, seconds), LONGEST_S) * 1_000 : undefined
}
