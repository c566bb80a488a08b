import type { Call } from "../../core/call.ts"
import { evaluate, isTruthy } from "../../core/expression.ts"
import type { HttpAnswer, HttpRequest } from "../../core/http/request.ts"
import type { Row, Value } from "../../core/values.ts"
import { contentOf, listOf, recordsOf, rowsOf } from "../shared/http/answers.ts"
import type { HttpAuth } from "../shared/http/auth.ts"
import type { HttpClient } from "../shared/http/client.ts"
import { isPlace, nextPlace, type Place, requestAt } from "../shared/http/paging.ts"
import { nameOf } from "../shared/http/requests.ts"
import type { Resource, Unreadable } from "../shared/http/resource.ts"
import { unexpected } from "../shared/http/statuses.ts"
import { allRows, type Page, walk } from "../shared/http/walk.ts"
import { type HttpConfig, inputsOf, isTemplate } from "./fields.ts"
import { prepare } from "./request.ts"

/** What a session holds of an HTTP connector. */
export interface Client {
  readonly config: HttpConfig
  readonly http: HttpClient
  readonly auth: HttpAuth
}

/** The answer to one row of input: its record or records, of all pages where there are several. */
export async function answerTo(client: Client, input: Row, call: Call): Promise<Row | readonly Row[]> {
  const { config, http } = client
  if (config.paging.kind !== "none") return await allRows(recordsFor(client, input, call))
  const answer = await http.send(await prepare(config, input, call.render), call)
  const value = contentIn(answer, config, call)
  return config.records ? recordsOf(answer, value, config.records, false) : rowsOf(value)
}

/** The same records page by page; each page is asked for when the reader wants it. */
export async function* recordsFor(client: Client, input: Row, call: Call): AsyncGenerator<readonly Row[]> {
  const { paging } = client.config
  const request = await prepare(client.config, input, call.render)
  const how = { from: undefined, counted: isCounted(paging), origin: request.url.origin, most: paging.kind === "none" ? 1 : paging.maxPages }
  for await (const { rows } of walk((position) => pageAt(client, request, position as Place | undefined, call), how, call)) yield rows
}

async function pageAt({ config, http, auth }: Client, request: HttpRequest, place: Place | undefined, call: Call): Promise<Page> {
  const { paging, records } = config
  const answer = await http.send(requestAt(request, paging, place), call)
  const value = contentIn(answer, config, call)
  const rows = records
    ? [recordsOf(answer, value, records, place !== undefined)].flat()
    : paging.kind === "none"
      ? [rowsOf(value)].flat()
      : listOf(answer, value)
  const next = nextPlace(paging, place, { answer, value: value ?? null, count: rows.length }, request.url.origin, auth.parameter)
  return next === undefined ? { rows } : { rows, next }
}

function contentIn(answer: HttpAnswer, { success }: HttpConfig, call: Call): Value | undefined {
  const value = contentOf(answer)
  if (!success || isTruthy(evaluate(success, value ?? null, answer.body.length))) return value
  throw unexpected(answer, `but ${success.slice(0, 200)} is not true`, call)
}

const isCounted = ({ kind }: HttpConfig["paging"]): boolean => kind === "page" || kind === "offset"

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
      const request = await prepare(config, {}, call.render)
      if (since.kind === "parameter" && from !== undefined) request.url.searchParams.set(since.parameter, String(from))
      return await pageAt(client, request, position as Place | undefined, call)
    },
  }
}

function unreadable(config: HttpConfig): string | undefined {
  if (config.method !== "GET") return `Only a connector with GET is read as a stream; this one sends ${config.method}.`
  if (isTemplate(config.url)) return "The URL is made for each call from its inputs, so it is called row by row, not read."
  const open = inputsOf(config).flatMap(({ name, required }) => (required ? [name] : []))
  return open.length === 0 ? undefined : `The URL takes inputs without a value of their own (${open.join(", ")}), so it is called row by row, not read.`
}
