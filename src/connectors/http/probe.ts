import type { Call } from "../../core/call.ts"
import type { ServerFacts } from "../../core/connector.ts"
import { PlatformError } from "../../core/errors.ts"
import type { HttpAnswer } from "../../core/http/request.ts"
import type { HttpClient } from "../shared/http/client.ts"
import { linkIn, requestAt } from "../shared/http/paging.ts"
import { foundIn } from "../shared/http/record-pages.ts"
import { uncertain } from "../shared/http/refusals.ts"
import { NO_RETRIES } from "../shared/http/retry.ts"
import { inputsOf, isTemplate } from "./fields.ts"
import { prepare, probeOf } from "./request.ts"
import { type Client, readingOf } from "./stream.ts"

/** The answer to a test's request. `own`: a call without inputs sends the same request, so the answer is judged in the same way. */
interface Probed {
  readonly method: string
  readonly answer: HttpAnswer
  readonly own: boolean
}

/** Sends the request that `probe` chooses, without retries, because a test reports the current state. 401 and 403 fail the stage `auth`, other failures `probe`. */
export async function probe(client: Client, call: Call): Promise<ServerFacts> {
  const judge = (answer: HttpAnswer): PlatformError | undefined => {
    const wrong = client.judge(answer, call)
    return wrong?.code === "auth_failed" ? wrong : undefined
  }
  const probed = await call.stage("auth", () => ask(client, client.http.with({ retries: NO_RETRIES, judge }), call))
  return call.stage("probe", () => factsOf(client, probed, call))
}

async function ask({ config }: Client, http: HttpClient, call: Call): Promise<Probed> {
  const send = async (method: "HEAD" | "GET", limits: Call): Promise<Probed> => {
    const own = method === config.method && !isTemplate(config.url) && !inputsOf(config).some(({ required }) => required)
    try {
      if (own) return { method, answer: await http.send(requestAt(probeOf(config, method), config.paging, undefined), limits), own }
      // A body that is not judged is not read, because it may be endless.
      const read = config.success === undefined ? http.head : http.send
      return { method, answer: await read(probeOf(config, method), limits), own }
    } catch (error) {
      // A request that is not the connector's own may be refused although the credentials are right.
      throw !own && error instanceof PlatformError ? uncertain(error) : error
    }
  }
  if (config.probe === "request") return { method: config.method, answer: await http.send(await prepare(config, {}, call.render), call), own: true }
  if (config.probe !== "head_first") return await send(config.probe === "head" ? "HEAD" : "GET", call)
  const first = await headWithin(call.remainingMs() / 3, call, send)
  return first !== undefined && first.answer.status < 300 ? first : await send("GET", call)
}

/** The answer to HEAD; undefined if it fails or is late, because GET then decides. */
async function headWithin(ms: number, call: Call, send: (method: "HEAD", call: Call) => Promise<Probed>): Promise<Probed | undefined> {
  const late = AbortSignal.timeout(Math.max(1, Math.floor(ms)))
  try {
    return await send("HEAD", { ...call, signal: AbortSignal.any([call.signal, late]) })
  } catch (error) {
    if (late.aborted || error instanceof PlatformError) return undefined
    throw error
  }
}

async function factsOf(client: Client, probed: Probed, call: Call): Promise<ServerFacts> {
  const { config } = client
  const { status, headers, url } = probed.answer
  const warnings = await (probed.own && probed.method !== "HEAD" ? warningsOfOwn(client, probed.answer, call) : warningsOfOther(client, probed, call))
  if (url.origin !== new URL(config.url).origin) warnings.push(`The URL redirects to ${call.scrub(url.origin)}; use that address to avoid the redirect.`)
  const server = call.scrub(headers["server"] ?? "", 100)
  return { product: "HTTP server", details: { status, ...(server === "" ? {} : { server }) }, ...(warnings.length === 0 ? {} : { warnings }) }
}

/** Judges the answer as a call does: by its status, by `success`, and by whether the records are there. */
async function warningsOfOwn(client: Client, answer: HttpAnswer, call: Call): Promise<string[]> {
  const wrong = client.judge(answer, call)
  if (wrong !== undefined) throw wrong
  await foundIn(answer, readingOf(client.config), undefined, { form: "list" }, call)
  const more = client.config.paging.kind === "none" && linkIn(answer.headers["link"] ?? "") !== null
  return more ? ["The answer links to a next page, but Paging is off, so a call returns only the records of the first page."] : []
}

/** The warnings for an answer to another request than a call's. It proves the connection, and the login only if the status is a success. */
async function warningsOfOther(client: Client, { answer, method }: Probed, call: Call): Promise<string[]> {
  const { config } = client
  const { status } = answer
  const wrong = client.judge(answer, call)
  const open = inputsOf(config).some(({ required }) => required)
  const partial = (status === 400 || status === 422 || (status === 404 && isTemplate(config.url))) && open
  const other = [400, 405, 422, 501].includes(status) && config.method !== "GET" && config.method !== "HEAD"
  if (wrong !== undefined) {
    if (partial) return [`The URL answers ${status} without its required inputs, so only the connection and the login are proven.`]
    if (other) return [`The URL answers ${status} to ${method}; a test does not send ${config.method}, so the login may not be proven.`]
    throw wrong
  }
  if (config.success === undefined) return []
  if (method === "HEAD") return ["The test sends only HEAD, whose answer has no body, so Successful when is not evaluated."]
  return (await isSuccess(client, answer, call))
    ? []
    : [`The answer to ${method} does not meet Successful when; a call sends another request, so the login may not be proven.`]
}

async function isSuccess({ config }: Client, answer: HttpAnswer, call: Call): Promise<boolean> {
  const { success, html, charset } = readingOf(config)
  try {
    await foundIn(answer, { success, html, charset, paging: { kind: "none" } }, undefined, { form: "list" }, call)
    return true
  } catch (error) {
    if (error instanceof PlatformError) return false
    throw error
  }
}
