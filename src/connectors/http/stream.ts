import type { Call } from "../../core/call.ts"
import { PlatformError } from "../../core/errors.ts"
import { evaluate, isTruthy } from "../../core/expression.ts"
import type { HttpAnswer, HttpRequest } from "../../core/http/request.ts"
import type { Row, Value } from "../../core/values.ts"
import { contentOf, listOf, recordsOf, rowsOf } from "../shared/http/answers.ts"
import type { HttpAuth } from "../shared/http/auth.ts"
import type { HttpClient } from "../shared/http/client.ts"
import { isPlace, placedPage, requestAt } from "../shared/http/paging.ts"
import { isCounted } from "../shared/http/paging-counted.ts"
import type { Place } from "../shared/http/paging-place.ts"
import { confirmedRefusal, uncertain } from "../shared/http/refusals.ts"
import { nameOf } from "../shared/http/requests.ts"
import type { Resource, Unreadable } from "../shared/http/resource.ts"
import { NO_RETRIES } from "../shared/http/retry.ts"
import { type Judge, unexpected } from "../shared/http/statuses.ts"
import { allRows, type Page, walk } from "../shared/http/walk.ts"
import { type HttpConfig, inputsOf, isTemplate } from "./fields.ts"
import { prepare, probeOf } from "./request.ts"

/** What a session holds of an HTTP connector. */
export interface Client {
  readonly config: HttpConfig
  readonly http: HttpClient
  readonly auth: HttpAuth
  readonly judge: Judge
}

/** The request for one row of input. */
interface Asked {
  readonly request: HttpRequest
  /** Whether the row gave something to it, which may be the reason for a refusal. */
  readonly given: boolean
}

const asked = async ({ config }: Client, input: Row, call: Call): Promise<Asked> => ({
  request: await prepare(config, input, call.render),
  given: Object.keys(input).length > 0,
})

/** The answer to one row of input: its record or records, of all pages where there are several. */
export async function answerTo(client: Client, input: Row, call: Call): Promise<Row | readonly Row[]> {
  const { config } = client
  if (config.paging.kind !== "none") return await allRows(recordsFor(client, input, call))
  return recordsIn(config, await send(client, await asked(client, input, call), undefined, call), undefined, call).found
}

/** The same records page by page; each page is requested when the reader wants it. */
export async function* recordsFor(client: Client, input: Row, call: Call): AsyncGenerator<readonly Row[]> {
  const { paging } = client.config
  const ask = await asked(client, input, call)
  const how = { from: undefined, counted: isCounted(paging), origin: ask.request.url.origin, most: paging.kind === "none" ? 1 : paging.maxPages }
  for await (const { rows } of walk((position) => pageAt(client, ask, position as Place | undefined, call), how, call)) yield rows
}

/** Sends the request for a page. A 401 to a request that holds values of a row is checked by a test's request before it stops the connector. */
async function send(client: Client, { request, given }: Asked, place: Place | undefined, call: Call): Promise<HttpAnswer> {
  const { config, http } = client
  try {
    return await http.send(requestAt(request, config.paging, place), call)
  } catch (error) {
    const doubtful = error instanceof PlatformError && error.code === "auth_failed" && error.details["certain"] === undefined
    if (!doubtful || error.details["status"] !== 401 || !given) throw error
    if (config.probe === "head") throw uncertain(error)
    await call.turn("401")
    throw await confirmedRefusal(error, () => http.with({ retries: NO_RETRIES, judge: () => undefined }).send(probeOf(config, "GET"), call))
  }
}

async function pageAt(client: Client, ask: Asked, place: Place | undefined, call: Call): Promise<Page> {
  const { config, auth } = client
  const answer = await send(client, ask, place, call).catch((error: unknown) => endIn(client, ask, place, error, call))
  const { rows, value } = recordsIn(config, answer, place, call)
  return placedPage(config.paging, place, { answer, value: value ?? null, rows }, ask.request.url.origin, auth.parameter)
}

/** The 404 to a number or offset behind the last page, as an answer without records. It is one only if the first page is still there. */
async function endIn({ config, http }: Client, { request }: Asked, place: Place | undefined, error: unknown, call: Call): Promise<HttpAnswer> {
  const past = isCounted(config.paging) && place !== undefined && error instanceof PlatformError && error.code === "stream_not_found"
  if (!past || error.details["status"] !== 404) throw error
  await call.turn("404")
  const { url } = await http.send(requestAt(request, config.paging, undefined), call)
  return { status: 404, headers: {}, body: Buffer.alloc(0), url }
}

/** The records of an answer as they were found, one or a list, and always as a list. Fails where the answer is no success or has none. */
export function recordsIn(
  config: HttpConfig,
  answer: HttpAnswer,
  place: Place | undefined,
  call: Call,
): { readonly found: Row | Row[]; readonly rows: readonly Row[]; readonly value: Value | undefined } {
  // Behind the last page there is no answer to judge.
  if (place !== undefined && answer.status === 404) return { found: [], rows: [], value: undefined }
  const value = contentIn(answer, config, call)
  const paged = config.paging.kind !== "none"
  const found = config.records ? recordsOf(answer, value, config.records, place !== undefined) : paged ? listOf(answer, value) : rowsOf(value)
  return { found, rows: [found].flat(), value }
}

/** The content of an answer that is a success by `success`. */
export function contentIn(answer: HttpAnswer, { success, charset, headers }: HttpConfig, call: Call): Value | undefined {
  const html = headers.some(({ name, value }) => /^accept$/i.test(name) && /html/i.test(value?.reveal() ?? ""))
  const value = contentOf(answer, { charset, html })
  if (!success || isTruthy(evaluate(success, value ?? null, answer.body.length))) return value
  throw unexpected(answer, `but ${success.slice(0, 200)} is not true`, call)
}

/** A URL that answers GET without inputs is one stream of records. */
export function resourceOf({ config }: Client): Resource<Client> | Unreadable {
  const { paging, since, key = "" } = config
  const path = [nameOf(new URL(config.url))]
  const reason = unreadable(config)
  if (reason !== undefined) return { path, reason }
  const { origin } = new URL(config.url)
  return {
    path,
    key: key.split(",").flatMap((name) => (name.trim() === "" ? [] : [name.trim()])),
    comment: "Columns are those of the first page's records.",
    origin,
    counted: isCounted(paging),
    ...(since.kind === "none" ? {} : { orderedBy: since.column, orderIn: (row: Row) => evaluate(since.column, row) }),
    holds: (position) => isPlace(position, paging, origin),
    async page(client, { position, since: from }, call) {
      const ask = await asked(client, {}, call)
      if (since.kind === "parameter" && from !== undefined) ask.request.url.searchParams.set(since.parameter, String(from))
      return await pageAt(client, ask, position as Place | undefined, call)
    },
  }
}

function unreadable(config: HttpConfig): string | undefined {
  if (config.method !== "GET") return `Only a connector with GET is read as a stream; this one sends ${config.method}.`
  if (isTemplate(config.url)) return "The URL is made for each call from its inputs, so it is called row by row, not read."
  const open = inputsOf(config).flatMap(({ name, required }) => (required ? [name] : []))
  return open.length === 0 ? undefined : `The URL takes inputs without a value of their own (${open.join(", ")}), so it is called row by row, not read.`
}
