import type { Call } from "../core/call.ts"
import { defineConnector, type ServerFacts } from "../core/connector.ts"
import type { HttpAnswer } from "../core/http/request.ts"
import { httpFields, inputsOf, isTemplate } from "./http/fields.ts"
import { notes } from "./http/notes.ts"
import { prepare, probeOf } from "./http/request.ts"
import { answerTo, type Client, recordsFor, resourceOf } from "./http/stream.ts"
import { authOf } from "./shared/http/auth/fields.ts"
import { httpClient } from "./shared/http/client.ts"
import { httpsSpec } from "./shared/http/https.ts"
import { resourceVerbs } from "./shared/http/resources.ts"
import { type HttpRetries, isIdempotent, NO_RETRIES } from "./shared/http/retry.ts"
import { byStatus, byStatuses, failureOf, statusesIn } from "./shared/http/statuses.ts"
import { readUrlWithLogin } from "./shared/http/url-login.ts"

const { plans, discover, read } = resourceVerbs<Client>({
  async *list(client) {
    yield resourceOf(client)
  },
})

/** Any HTTP API: one request per row of input. */
export const http = defineConnector({
  type: "http",
  title: "HTTP API",
  category: "api",
  proof: "server",
  summary:
    "Any HTTP API: one request for each row of input, or its records page by page; with parameters, headers, a JSON body and the usual ways to authenticate.",
  notes,
  fields: httpFields,

  url: { schemes: ["https", "http"], example: "https://host/path", read: readUrlWithLogin },

  connect(config, lease): Client {
    const tls = httpsSpec(config.tls)
    const auth = authOf(config.auth, tls)
    const retries: HttpRetries = {
      most: config.retries,
      statuses: statusesIn(config.retryStatuses),
      repeatable: (request) => config.repeatable || isIdempotent(request),
    }
    const judge = config.successStatuses ? byStatuses(config.successStatuses) : byStatus
    return { config, auth, http: httpClient(lease.dispatcher(tls), { auth, retries, judge }) }
  },

  // The dispatcher is the lease's, and ends with it.
  close() {},

  test,
  plans,
  discover,
  read,

  request: answerTo,
  records: recordsFor,

  inputs: inputsOf,

  async prepare(config, input, render) {
    const { method, url, headers, body } = authOf(config.auth, httpsSpec(config.tls)).show(await prepare(config, input, render))
    return { method, url: url.href, headers, ...(body === undefined ? {} : { body: String(body) }) }
  },
})

/** HEAD, then GET where HEAD is refused; never a method that changes something. 401 and 403 fail `auth`, other refusals `probe`. */
async function test(client: Client, call: Call): Promise<ServerFacts> {
  const { config } = client
  // A test reports the current state, so it does not retry.
  const asking = client.http.with({ retries: NO_RETRIES, judge: () => undefined })
  const answer = await call.stage("auth", async () => {
    const first = await asking.send(probeOf(config, "HEAD"), call)
    const again = config.probe === "get" && [400, 404, 405, 501].includes(first.status)
    const last = again ? await asking.send(probeOf(config, "GET"), call) : first
    if (last.status === 401 || last.status === 403) throw failureOf(last, call)
    return last
  })
  return call.stage("probe", async () => factsOf(config, answer, call))
}

function factsOf(config: Client["config"], answer: HttpAnswer, call: Call): ServerFacts {
  const { status, headers } = answer
  const warnings: string[] = []
  if (status >= 400) {
    const open = inputsOf(config).some(({ required }) => required)
    const partial = (status === 400 || status === 422 || (status === 404 && isTemplate(config.url))) && open
    const other = [400, 405, 422, 501].includes(status) && config.method !== "GET" && config.method !== "HEAD"
    if (partial) warnings.push(`The URL answers ${status} without its required inputs, so only the connection and the login are proven.`)
    else if (other) warnings.push(`The URL answers ${status} to HEAD and GET; a test does not send ${config.method}, so the login may not be proven.`)
    else throw failureOf(answer, call)
  }
  const server = call.scrub(headers["server"] ?? "", 100)
  if (answer.url.origin !== new URL(config.url).origin)
    warnings.push(`The URL redirects to ${call.scrub(answer.url.origin)}; give that address to save the detour.`)
  return { product: "HTTP server", details: { status, ...(server === "" ? {} : { server }) }, ...(warnings.length === 0 ? {} : { warnings }) }
}
