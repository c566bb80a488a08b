import { PlatformError } from "../../core/errors.ts"
import { type HttpRequest, withPrivate } from "../../core/http/request.ts"
import type { Row } from "../../core/values.ts"
import { WEBHOOK_ID } from "../shared/http/auth/standard-webhooks.ts"
import type { HttpClient } from "../shared/http/client.ts"
import { idempotencyKey } from "../shared/http/idempotency-key.ts"
import { rejectedRecords } from "../shared/http/rejected-records.ts"
import { requestTo } from "../shared/http/requests.ts"
import type { Put } from "../shared/http/resource.ts"
import { excerptOf, factsOf, failureOf, type Judge, statusesIn } from "../shared/http/statuses.ts"
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
    if (status === 410) return fails("stream_not_found", " Gone: it takes no more deliveries at this URL; enter the new URL, or stop sending.")
    if (status >= 400) return failureOf(answer, call)
    const location = headers["location"]
    if (location === undefined || !URL.canParse(location, url.href)) return fails("response_invalid", ", which is no success; check the URL.")
    const { origin, pathname } = new URL(location, url)
    const target = call.scrub?.(`${origin}${pathname}`, 300) ?? origin
    return fails("response_invalid", `, a redirect to ${target}, and nothing was sent there; use that URL if it is the right one.`)
  }
}

/** Sends the rows of a batch, a request for as many as one takes. */
export function deliveries({ config, judge }: Client): Put<Client> {
  const retried = statusesIn(config.retryStatuses)
  const isOfRows = (status: number): boolean => status >= 400 && status <= 499 && !NOT_OF_ROWS(status) && !retried(status)
  return {
    most: config.body.kind === "row" ? 1 : config.body.most,
    async rows({ http }, rows, call, origin) {
      const sending = http.with({ judge: (answer, by) => (isOfRows(answer.status) ? undefined : judge(answer, by)) })
      const answer = await sending.send(requestOf(config, config.method, { body: bodyOf(config, rows), key: idempotencyKey(origin) }), call)
      if (judge(answer, call) === undefined) return rejectedRecords(answer, rows.length, ANSWER_MAX_BYTES, call)
      const said = excerptOf(answer, call)
      return rows.map(
        () => `The receiver answers ${answer.status}${rows.length > 1 ? ` to all ${rows.length} rows of the request` : ""}${said && `: ${said}`}.`,
      )
    },
  }
}

const bodyOf = ({ body }: WebhookConfig, rows: readonly Row[]): string =>
  JSON.stringify(body.kind === "row" ? rows[0] : body.kind === "list" ? rows : { [body.member]: rows })

/** A request to the URL with the headers of the config, and that of a delivery its key. */
export function requestOf(config: WebhookConfig, method: string, delivery?: { readonly body: string; readonly key: string }): HttpRequest {
  const url = new URL(config.url)
  url.hash = ""
  const own = Object.fromEntries(config.headers.map(({ name, value }) => [name.toLowerCase(), value.reveal()]))
  // Uncompressed, because the answer is read only as far as it is of use.
  const request = withPrivate(requestTo(url, { method, headers: { "accept-encoding": "identity" } }), own)
  if (delivery === undefined) return request
  const { body, key } = delivery
  const id = config.signing.kind === "standard" ? { [WEBHOOK_ID]: key } : {}
  return { ...request, headers: { ...request.headers, "content-type": "application/json", [config.idempotencyHeader.toLowerCase()]: key, ...id }, body }
}
