import type { Call } from "../../core/call.ts"
import type { EncodedRecords } from "../../core/encoded-records.ts"
import type { HttpAnswer, HttpRequest } from "../../core/http/request.ts"
import type { Row } from "../../core/values.ts"
import type { HttpAuth } from "../shared/http/auth.ts"
import type { HttpCall } from "../shared/http/call.ts"
import type { HttpClient } from "../shared/http/client.ts"
import { endAfter } from "../shared/http/page-ends.ts"
import { isPlace, requestAt } from "../shared/http/paging.ts"
import { isCounted } from "../shared/http/paging-counted.ts"
import type { Place } from "../shared/http/paging-place.ts"
import { keyIn } from "../shared/http/record-fields.ts"
import { type AnswerReading, answerFrom, pagesFrom, plainPage, type RecordSource } from "../shared/http/record-pages.ts"
import { confirmedRefusal } from "../shared/http/refusals.ts"
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

function sourceOf({ config, http, auth }: Client, { request, given }: Asked, call: Call): RecordSource {
  const { paging } = config
  const first = () => http.send(requestAt(request, paging, undefined), call)
  const once = http.with({ retries: NO_RETRIES, judge: () => undefined })
  const bare = config.probe === "head" ? undefined : () => once.head(probeOf(config, "GET"), call)
  const send = async (place: Place | undefined, limits: HttpCall): Promise<HttpAnswer> => {
    try {
      return await http.send(requestAt(request, paging, place), limits)
    } catch (error) {
      throw given ? await confirmedRefusal(error, bare, call) : error
    }
  }
  return {
    reading: readingOf(config),
    auth,
    origin: request.url.origin,
    send: (place, limits) => send(place, limits).catch((error: unknown) => endAfter(error, paging, place, first, call)),
  }
}

/** The stream of a URL that is read by GET without inputs, or the reason why it cannot be read. */
export function resourceOf({ config }: Client): Resource<Client> | Unreadable {
  const { paging, since } = config
  const path = [nameOf(new URL(config.url))]
  const reason = unreadable(config)
  if (reason !== undefined) return { path, reason }
  const { origin } = new URL(config.url)
  return {
    path,
    key: keyIn(config.key),
    comment: "Columns are those of the first page's records.",
    origin,
    counted: isCounted(paging),
    ...(since.kind === "none" ? {} : { orderedBy: since.column }),
    holds: (position) => isPlace(position, paging, origin),
    async page(client, { position, since: from, ordered }, call) {
      const ask = await asked(client, {}, call)
      if (since.kind === "parameter" && from !== undefined) ask.request.url.searchParams.set(since.parameter, String(from))
      const order = ordered && since.kind === "parameter" ? since.column : undefined
      return await plainPage(sourceOf(client, ask, call), position as Place | undefined, order, call)
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
