import type { Call } from "../../core/call.ts"
import type { EncodedRecords } from "../../core/encoded-records.ts"
import { PlatformError } from "../../core/errors.ts"
import type { HttpAnswer, HttpRequest } from "../../core/http/request.ts"
import type { Row } from "../../core/values.ts"
import type { HttpAuth } from "../shared/http/auth.ts"
import type { HttpCall } from "../shared/http/call.ts"
import type { HttpClient } from "../shared/http/client.ts"
import { isPlace, requestAt } from "../shared/http/paging.ts"
import { isCounted } from "../shared/http/paging-counted.ts"
import type { Place } from "../shared/http/paging-place.ts"
import { type AnswerReading, answerFrom, Orders, pagesFrom, plainPage, type RecordSource } from "../shared/http/record-pages.ts"
import { confirmedRefusal, uncertain } from "../shared/http/refusals.ts"
import { nameOf } from "../shared/http/requests.ts"
import type { Resource, Unreadable } from "../shared/http/resource.ts"
import { NO_RETRIES } from "../shared/http/retry.ts"
import type { Judge } from "../shared/http/statuses.ts"
import { allRows, type Records } from "../shared/http/walk.ts"
import { type HttpConfig, inputsOf, isTemplate } from "./fields.ts"
import { prepare, probeOf } from "./request.ts"

/** The client of an HTTP connector, for one session. */
export interface Client {
  readonly config: HttpConfig
  readonly http: HttpClient
  readonly auth: HttpAuth
  readonly judge: Judge
}

/** The request for one row of input. */
interface Asked {
  readonly request: HttpRequest
  /** Whether the row has inputs, which may be the reason for a refusal. */
  readonly given: boolean
}

const asked = async ({ config }: Client, input: Row, call: Call): Promise<Asked> => ({
  request: await prepare(config, input, call.render),
  given: Object.keys(input).length > 0,
})

/** The answer to one row of input: its record or records, of all pages where there are several; a large answer is encoded. */
export async function answerTo(client: Client, input: Row, call: Call): Promise<Row | readonly Row[] | EncodedRecords> {
  const source = sourceOf(client, await asked(client, input, call), call)
  return client.config.paging.kind === "none" ? await answerFrom(source, call) : await allRows(pagesFrom(source, "list", call))
}

/** The same records page by page; a page is requested when the reader asks for it. */
export async function* recordsFor(client: Client, input: Row, call: Call): AsyncGenerator<Records> {
  yield* pagesFrom(sourceOf(client, await asked(client, input, call), call), "lines", call)
}

/** How an answer of the connector is read. */
export const readingOf = ({ paging, records, success, charset, headers }: HttpConfig): AnswerReading => ({
  ...{ paging, records, success, charset },
  html: headers.some(({ name, value }) => /^accept$/i.test(name) && /html/i.test(value?.reveal() ?? "")),
})

const sourceOf = (client: Client, ask: Asked, call: Call): RecordSource => ({
  reading: readingOf(client.config),
  auth: client.auth,
  origin: ask.request.url.origin,
  send: (place, http) => send(client, ask, place, call, http).catch((error: unknown) => endIn(client, ask, place, error, call)),
})

/** Sends the request for a page. After a 401 to a request with inputs, a request without them decides whether the credentials are refused. */
async function send(client: Client, { request, given }: Asked, place: Place | undefined, call: Call, limits: HttpCall): Promise<HttpAnswer> {
  const { config, http } = client
  try {
    return await http.send(requestAt(request, config.paging, place), limits)
  } catch (error) {
    const doubtful = error instanceof PlatformError && error.code === "auth_failed" && error.details["certain"] === undefined
    if (!doubtful || error.details["status"] !== 401 || !given) throw error
    if (config.probe === "head") throw uncertain(error)
    await call.turn("401")
    throw await confirmedRefusal(error, () => http.with({ retries: NO_RETRIES, judge: () => undefined }).head(probeOf(config, "GET"), call))
  }
}

/** Treats a 404 after the first page as the end of the list if the first page still exists; rethrows any other error. */
async function endIn({ config, http }: Client, { request }: Asked, place: Place | undefined, error: unknown, call: Call): Promise<HttpAnswer> {
  const past = isCounted(config.paging) && place !== undefined && error instanceof PlatformError && error.code === "stream_not_found"
  if (!past || error.details["status"] !== 404) throw error
  await call.turn("404")
  const { url } = await http.send(requestAt(request, config.paging, undefined), call)
  return { status: 404, headers: {}, body: Buffer.alloc(0), url }
}

/** The stream of a URL that is read by GET without inputs, or the reason why it cannot be read. */
export function resourceOf({ config }: Client): Resource<Client> | Unreadable {
  const { paging, since, key = "" } = config
  const path = [nameOf(new URL(config.url))]
  const reason = unreadable(config)
  if (reason !== undefined) return { path, reason }
  const { origin } = new URL(config.url)
  const orders = new Orders()
  return {
    path,
    key: key.split(",").flatMap((name) => (name.trim() === "" ? [] : [name.trim()])),
    comment: "Columns are those of the first page's records.",
    origin,
    counted: isCounted(paging),
    ...(since.kind === "none" ? {} : { orderedBy: since.column, orderIn: orders.of }),
    holds: (position) => isPlace(position, paging, origin),
    async page(client, { position, since: from, ordered }, call) {
      const ask = await asked(client, {}, call)
      if (since.kind === "parameter" && from !== undefined) ask.request.url.searchParams.set(since.parameter, String(from))
      const order = ordered && since.kind === "parameter" ? since.column : undefined
      const page = await plainPage(sourceOf(client, ask, call), position as Place | undefined, order, call)
      orders.note(page)
      return page
    },
  }
}

function unreadable(config: HttpConfig): string | undefined {
  if (config.method !== "GET") return `Only a connector with GET is read as a stream; this one sends ${config.method}.`
  if (isTemplate(config.url)) return "The URL depends on the inputs of each call, so it is called row by row and cannot be read as a stream."
  const open = inputsOf(config).flatMap(({ name, required }) => (required ? [name] : []))
  return open.length === 0
    ? undefined
    : `The URL takes inputs without a value of their own (${open.join(", ")}), so it is called row by row and cannot be read as a stream.`
}
