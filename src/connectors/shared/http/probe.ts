import type { Call } from "../../../core/call.ts"
import type { ServerFacts } from "../../../core/connector.ts"
import { PlatformError } from "../../../core/errors.ts"
import type { HttpAnswer } from "../../../core/http/request.ts"
import type { HttpClient } from "./client.ts"
import { linkIn } from "./paging.ts"
import type { Probed, ProbedCalls } from "./probe-requests.ts"
import { type AnswerReading, foundIn } from "./record-pages.ts"
import { NO_RETRIES } from "./retry.ts"
import type { Judge } from "./statuses.ts"

/** What a test is made of. */
export interface Probe {
  /** What the server is, as far as the type knows. */
  readonly product: string
  readonly http: HttpClient
  /** Judges an answer as a call does. */
  readonly judge: Judge
  readonly calls: ProbedCalls
  /** Scheme, host and port of the URL. */
  readonly origin: string
  /** Sends the request of the test by a client that does not retry, and that takes every answer but a refused login. */
  ask(http: HttpClient): Promise<Probed>
}

/** Tests a connector without retries, because a test reports the current state. 401 and 403 fail the stage `auth`, other failures `probe`. */
export async function probe({ product, http, judge, calls, origin, ask }: Probe, call: Call): Promise<ServerFacts> {
  const refusal: Judge = (answer) => {
    const wrong = judge(answer, call)
    return wrong?.code === "auth_failed" ? wrong : undefined
  }
  const probed = await call.stage("auth", () => ask(http.with({ retries: NO_RETRIES, judge: refusal })))
  return call.stage("probe", async () => {
    const wrong = judge(probed.answer, call)
    const judged =
      probed.own && probed.method !== "HEAD" ? warningsOfOwn(calls.reading, probed.answer, wrong, call) : warningsOfOther(calls, probed, wrong, call)
    const warnings = [...(await judged), ...movedFrom(origin, probed.answer, call)]
    return { product, details: detailsOf(probed.answer, call), ...(warnings.length === 0 ? {} : { warnings }) }
  })
}

/** The status and the server's name, for the facts of a test. */
export function detailsOf({ status, headers }: HttpAnswer, call: Call): NonNullable<ServerFacts["details"]> {
  const server = call.scrub(headers["server"] ?? "", 100)
  return { status, ...(server === "" ? {} : { server }) }
}

const movedFrom = (origin: string, { url }: HttpAnswer, call: Call): string[] =>
  url.origin === origin ? [] : [`The URL redirects to ${call.scrub(url.origin)}; use that address to avoid the redirect.`]

/** Judges the answer as a call does: by its status, by `success`, and by whether the records are there. */
async function warningsOfOwn(reading: AnswerReading, answer: HttpAnswer, wrong: PlatformError | undefined, call: Call): Promise<string[]> {
  if (wrong !== undefined) throw wrong
  await foundIn(answer, reading, undefined, { form: "list" }, call)
  const more = reading.paging.kind === "none" && linkIn(answer.headers["link"] ?? "") !== null
  return more ? ["The answer links to a next page, but Paging is off, so a call returns only the records of the first page."] : []
}

/** The warnings for an answer to another request than a call's. It proves the connection, and the login only if the status is a success. */
async function warningsOfOther(calls: ProbedCalls, { answer, method }: Probed, wrong: PlatformError | undefined, call: Call): Promise<string[]> {
  const { status } = answer
  const partial = (status === 400 || status === 422 || (status === 404 && calls.templated)) && calls.open
  const other = [400, 405, 422, 501].includes(status) && calls.method !== "GET" && calls.method !== "HEAD"
  if (wrong !== undefined) {
    if (partial) return [`The URL answers ${status} without its required inputs, so only the connection and the login are proven.`]
    if (other) return [`The URL answers ${status} to ${method}; a test does not send ${calls.method}, so the login may not be proven.`]
    throw wrong
  }
  if (calls.reading.success === undefined) return []
  if (method === "HEAD") return ["The test sends only HEAD, whose answer has no body, so Successful when is not evaluated."]
  return (await isSuccess(calls.reading, answer, call))
    ? []
    : [`The answer to ${method} does not meet Successful when; a call sends another request, so the login may not be proven.`]
}

async function isSuccess({ success, html, charset }: AnswerReading, answer: HttpAnswer, call: Call): Promise<boolean> {
  try {
    await foundIn(answer, { success, html, charset, paging: { kind: "none" } }, undefined, { form: "list" }, call)
    return true
  } catch (error) {
    if (error instanceof PlatformError) return false
    throw error
  }
}
