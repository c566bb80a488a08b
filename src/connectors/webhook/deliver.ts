import { createHash, randomUUID } from "node:crypto"
import type { Call } from "../../core/call.ts"
import { PlatformError } from "../../core/errors.ts"
import { type HttpAnswer, type HttpRequest, withPrivate } from "../../core/http/request.ts"
import type { Row } from "../../core/values.ts"
import { WEBHOOK_ID } from "../shared/http/auth/standard-webhooks.ts"
import type { HttpClient } from "../shared/http/client.ts"
import { requestTo } from "../shared/http/requests.ts"
import type { Origin, Put } from "../shared/http/resource.ts"
import { factsOf, failureOf, type Judge, statusesIn } from "../shared/http/statuses.ts"
import type { WebhookConfig } from "./fields.ts"

/** The client of a webhook, for one session. */
export interface Client {
  readonly config: WebhookConfig
  readonly http: HttpClient
  /** Sends the requests of tests: without a signature, and once. */
  readonly probing: HttpClient
  readonly judge: Judge
}

/** Bytes of an answer that are read. */
export const ANSWER_MAX_BYTES = 65_536
/** Statuses of 400 to 499 that say something about the receiver or the login; any other one is about the rows. */
const NOT_OF_ROWS = statusesIn("401-405, 407, 408, 410, 421, 425, 426, 429, 431")

/** What the answer to a delivery means, beyond the table of all types: 410 ends the webhook, and a redirect is not followed. */
export function judgeOf({ successStatuses }: WebhookConfig): Judge {
  const fine = statusesIn(successStatuses || "200-299")
  return (answer, call) => {
    const { status, url, headers } = answer
    if (fine(status)) return undefined
    const fails = (code: "stream_not_found" | "response_invalid", what: string) =>
      new PlatformError(code, `${url.origin} answers ${status}${what}`, { details: factsOf(answer) })
    if (status === 410) return fails("stream_not_found", " Gone: the receiver takes no more deliveries at this URL; enter its new URL, or stop sending.")
    if (status >= 400) return failureOf(answer, call)
    const location = headers["location"]
    if (location === undefined || !URL.canParse(location, url.href)) return fails("response_invalid", ", which is no success; check the URL.")
    const { origin, pathname } = new URL(location, url)
    const target = call.scrub?.(`${origin}${pathname}`, 300) ?? origin
    return fails("response_invalid", `, a redirect to ${target}; nothing was sent there, so use that URL if it is the right one.`)
  }
}

/** Sends the rows of a batch, a request for as many as one takes. */
export const deliveries = ({ config, judge }: Client): Put<Client> => {
  const retried = statusesIn(config.retryStatuses)
  const ofRows = (status: number): boolean => status >= 400 && status <= 499 && !NOT_OF_ROWS(status) && !retried(status)
  return {
    most: config.body.kind === "row" ? 1 : config.body.most,
    async rows({ http }, rows, call, origin) {
      const taking = http.with({ judge: (answer, by) => (ofRows(answer.status) ? undefined : judge(answer, by)) })
      const answer = await taking.send(requestOf(config, bodyOf(config, rows), keyOf(origin)), call)
      const wrong = judge(answer, call)
      if (wrong !== undefined) return rows.map(() => wrong.message)
      return config.body.kind === "row" ? [undefined] : reasonsIn(answer, rows.length, call)
    },
  }
}

const bodyOf = ({ body }: WebhookConfig, rows: readonly Row[]): string =>
  JSON.stringify(body.kind === "row" ? rows[0] : body.kind === "list" ? rows : { [body.member]: rows })

/** A request to the URL with the headers of the config; with rows, it has their key. */
export function requestOf(config: WebhookConfig, body?: string, key = "", method: string = config.method): HttpRequest {
  const url = new URL(config.url)
  url.hash = ""
  const own = Object.fromEntries(config.headers.map(({ name, value }) => [name.toLowerCase(), value.reveal()]))
  // What an answer says is read as it comes, so that a broken compression is no reason to send again.
  const request = withPrivate(requestTo(url, { method, headers: { "accept-encoding": "identity" } }), own)
  if (body === undefined) return request
  const id = config.signing.kind === "standard" ? { [WEBHOOK_ID]: key } : {}
  const headers = { ...request.headers, "content-type": "application/json", [config.idempotencyHeader.toLowerCase()]: key, ...id }
  return { ...request, headers, body }
}

/** The key of a request: the same for the same rows of the same commit, and random without a commit. */
function keyOf({ commit, indexes }: Origin): string {
  if (commit === undefined) return randomUUID()
  const hash = createHash("sha256")
    .update(JSON.stringify([commit.run, commit.part, commit.sequence, ...indexes]))
    .digest("hex")
  // RFC 9562, 5.8: a UUID of version 8.
  return [hash.slice(0, 8), hash.slice(8, 12), `8${hash.slice(13, 16)}`, `8${hash.slice(17, 20)}`, hash.slice(20, 32)].join("-")
}

/** The rows that the answer to several names as refused: `{ "rejected": [{ "index": 0, "reason": "…" }] }`. Any other answer takes all of them. */
function reasonsIn({ body, headers, url }: HttpAnswer, count: number, call: Call): readonly (string | undefined)[] {
  const reasons = Array.from<string | undefined>({ length: count })
  if (!/\bjson\b/i.test(headers["content-type"] ?? "")) return reasons
  const unclear = (why: string) =>
    new PlatformError("response_invalid", `${url.origin} answers ${why}, so which rows it took is not known; check the receiver.`)
  if (body.length >= ANSWER_MAX_BYTES) throw unclear("with more than 64 KiB of JSON")
  const named = rejectedIn(body.toString())
  for (const each of named) {
    const { index, reason } = Object(each) as { index?: unknown; reason?: unknown }
    if (typeof index !== "number" || !Number.isInteger(index) || index < 0 || index >= count)
      throw unclear("with an entry of `rejected` that names none of the rows")
    reasons[index] = `${url.origin} rejects the row: ${call.scrub(typeof reason === "string" ? reason : JSON.stringify(reason ?? "no reason"), 300)}`
  }
  return reasons
}

function rejectedIn(text: string): readonly unknown[] {
  try {
    const said: unknown = JSON.parse(text)
    const { rejected } = Object(said) as { rejected?: unknown }
    return Array.isArray(rejected) ? rejected : []
  } catch (error) {
    if (error instanceof SyntaxError) return []
    throw error
  }
}
