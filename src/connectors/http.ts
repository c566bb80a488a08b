import { defineConnector } from "../core/connector.ts"
import type { Follows } from "../core/http/exchange.ts"
import { httpFields, inputsOf } from "./http/fields.ts"
import { notes } from "./http/notes.ts"
import { probe } from "./http/probe.ts"
import { prepare } from "./http/request.ts"
import { answerTo, type Client, recordsFor, resourceOf } from "./http/stream.ts"
import { judgeBy } from "./shared/http/answer-fields.ts"
import { authOf } from "./shared/http/auth/fields.ts"
import { httpClient } from "./shared/http/client.ts"
import { contradictions } from "./shared/http/contradictions.ts"
import { httpsSpec } from "./shared/http/https.ts"
import { resourceVerbs } from "./shared/http/resources.ts"
import { retriesBy } from "./shared/http/retry-fields.ts"
import { statusesIn } from "./shared/http/statuses.ts"
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
  contradictions,

  url: { schemes: ["https", "http"], example: "https://host/path", read: readUrlWithLogin },

  connect(config, lease): Client {
    const tls = httpsSpec(config.tls)
    const auth = authOf(config.auth, tls)
    const retries = retriesBy(config)
    const fine = config.successStatuses === undefined ? () => false : statusesIn(config.successStatuses)
    const judge = judgeBy(config.successStatuses)
    // A redirect that counts as a success is the answer to a POST; a GET is redirected to what it asked for.
    const redirects: Follows = (status, method) => method === "GET" || method === "HEAD" || !fine(status)
    return { config, auth, judge, http: httpClient(lease.dispatcher(tls), { auth, retries, judge, redirects }) }
  },

  // The dispatcher is the lease's, and ends with it.
  close() {},

  test: probe,
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
