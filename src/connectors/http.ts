import type { Call } from "../core/call.ts"
import { defineConnector, type ServerFacts } from "../core/connector.ts"
import { PlatformError } from "../core/errors.ts"
import { Scrubber, secretsIn } from "../core/scrub.ts"
import { decodedParts, isUrlFault } from "../core/url-form.ts"
import { bodyOf, recordsOf, rowsOf } from "./http/answer.ts"
import { type Client, exchange } from "./http/exchange.ts"
import { httpFields, inputsOf, isTemplate } from "./http/fields.ts"
import { allRecords } from "./http/paging.ts"
import { prepare, probeOf, shown } from "./http/request.ts"
import { discover, read } from "./http/streams.ts"
import { failureOf } from "./shared/failure.ts"
import { explainHttp, type HttpAnswer } from "./shared/http.ts"

/** Any HTTP API: one request per row of input. */
export const http = defineConnector({
  type: "http",
  title: "HTTP API",
  category: "api",
  proof: "server",
  summary:
    "Any HTTP API: one request for each row of input, or its records page by page; with parameters, headers, a JSON body and the usual ways to authenticate.",
  fields: httpFields,

  url: {
    schemes: ["https", "http"],
    example: "https://host/path",
    read(url) {
      const login = decodedParts({ user: url.username, password: url.password })
      if (isUrlFault(login)) return login
      const bare = new URL(url)
      bare.username = ""
      bare.password = ""
      if (login.user === "" && login.password === "") return { config: { url: bare.href } }
      const auth = { kind: "basic", username: login.user, ...(login.password === "" ? {} : { password: login.password }) }
      return { config: { url: bare.href, auth }, ...(login.password === "" ? { lacks: "/auth/password" } : {}) }
    },
  },

  connect(config, lease): Client {
    const tls = config.tls.kind === "require" ? ({ mode: "require" } as const) : ({ mode: "verify", ca: config.tls.ca || undefined } as const)
    return { config, scrub: new Scrubber(secretsIn(config)), dispatcher: lease.dispatcher(tls), tls }
  },

  // The dispatcher is the lease's, and ends with it.
  close() {},

  test,
  discover,
  read,

  async request(client, input, call) {
    const { config, scrub } = client
    const request = await prepare(config, input, call.render)
    if (config.paging.kind !== "none") return allRecords(client, request, call)
    const answer = await exchange(client, request, call)
    const value = bodyOf(answer, config, scrub)
    return config.records ? recordsOf(answer, value, config.records, false) : rowsOf(value)
  },

  inputs: inputsOf,

  async prepare(config, input, render) {
    const { method, url, headers, body } = shown(await prepare(config, input, render), config.auth)
    return { method, url: url.href, headers, ...(body === undefined ? {} : { body }) }
  },

  explain: explainHttp,
})

/** HEAD, then GET where HEAD is refused; never a method that changes something. 401 and 403 fail `auth`, other refusals `probe`. */
async function test(client: Client, call: Call): Promise<ServerFacts> {
  const answer = await call.stage("auth", async () => {
    // A test says what is so now; it asks once.
    const asked = { ...client, config: { ...client.config, retries: 0 } }
    const first = await exchange(asked, probeOf(client.config, "HEAD"), call)
    const again = client.config.probe === "get" && [400, 404, 405, 501].includes(first.status)
    const last = again ? await exchange(asked, probeOf(client.config, "GET"), call) : first
    if (last.status === 401 || last.status === 403) throw failureOf(last, client.scrub)
    return last
  })
  return call.stage("probe", async () => factsOf(client, answer))
}

function factsOf({ config, scrub }: Client, answer: HttpAnswer): ServerFacts {
  const { status, headers } = answer
  const warnings: string[] = []
  if (status >= 400) {
    const open = inputsOf(config).some(({ required }) => required)
    const partial = (status === 400 || status === 422 || (status === 404 && isTemplate(config.url))) && open
    const other = (status === 405 || status === 501 || status === 400 || status === 422) && config.method !== "GET" && config.method !== "HEAD"
    if (partial) warnings.push(`The URL answers ${status} without its required inputs, so only the connection and the login are proven.`)
    else if (other) warnings.push(`The URL answers ${status} to HEAD and GET; a ${config.method} is not sent by a test, so the login may not be proven.`)
    else if (status === 404 || status === 410)
      throw new PlatformError("stream_not_found", `The URL answers ${status}: nothing is there; check its path.`, { details: { status } })
    else throw failureOf(answer, scrub)
  }
  const server = scrub.text(headers["server"] ?? "").slice(0, 100)
  if (answer.url.origin !== new URL(config.url).origin)
    warnings.push(`The URL redirects to ${scrub.text(answer.url.origin)}; give that address to save the detour.`)
  return { product: "HTTP server", details: { status, ...(server === "" ? {} : { server }) }, ...(warnings.length === 0 ? {} : { warnings }) }
}
