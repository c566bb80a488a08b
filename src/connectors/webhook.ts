import { defineConnector } from "../core/connector.ts"
import { PlatformError } from "../core/errors.ts"
import { authOf } from "./shared/http/auth/fields.ts"
import { hmacAuth } from "./shared/http/auth/hmac.ts"
import { standardWebhooksAuth } from "./shared/http/auth/standard-webhooks.ts"
import { type HttpAuth, noAuth, signedAuth } from "./shared/http/auth.ts"
import { httpClient } from "./shared/http/client.ts"
import { httpsSpec } from "./shared/http/https.ts"
import { writeResource } from "./shared/http/resource-writes.ts"
import { retriesBy } from "./shared/http/retry-fields.ts"
import { throughTunnel } from "./shared/ssh.ts"
import { ANSWER_MAX_BYTES, type Client, deliveries, judgeOf } from "./webhook/deliver.ts"
import { type WebhookConfig, webhookFields } from "./webhook/fields.ts"
import { probe } from "./webhook/probe.ts"

/** The one stream of a receiver. Its name is the host, because the path of a webhook's URL is often a secret. */
const pathOf = ({ url }: WebhookConfig): readonly string[] => [new URL(url).hostname]

function signatureOf(signing: WebhookConfig["signing"]): HttpAuth {
  if (signing.kind === "none") return noAuth
  if (signing.kind === "standard") return standardWebhooksAuth([signing.secret, ...(signing.previousSecret === undefined ? [] : [signing.previousSecret])])
  const { signed, timestampHeader, ...login } = signing
  if (signed === "body") return hmacAuth({ ...login, parts: [{ part: "body" }], separator: "dot" })
  return hmacAuth({ ...login, timestampHeader, parts: [{ part: "timestamp" }, { part: "body" }], separator: "dot" })
}

/** A URL that takes rows. */
export const webhook = defineConnector({
  type: "webhook",
  title: "Webhook",
  category: "api",
  proof: "server",
  summary: "Sends rows to a URL as JSON, one by one or in batches, signed as Standard Webhooks or by HMAC, with retries under one idempotency key.",
  notes: `
### Deliveries

Rows can be appended, and nothing can be read. Requests are sent one after the other, in the order of the rows. Every request has a key in \`idempotencyHeader\`, and with Standard
Webhooks in \`webhook-id\`: a hash of the commit's run, part and sequence and of the rows' places in the batch, or a random one if the write has no commit. A retry has the same
key, and so has the same batch when it is written again under its commit. The hub cannot ask a receiver what it has, so a delivery may arrive twice: it is once only if the
receiver drops keys that it knows. Each attempt has a timestamp and a signature of its own.

Values are sent as the hub has them: 64-bit integers and decimals as strings, bytes as base64, times with their zone.

### Answers

| status | what it means |
|---|---|
| 200 to 299, or one of \`successStatuses\` | the rows were taken |
| one of \`retryStatuses\`, or a broken connection | the request is sent again; after the last retry the write fails, and the error says how many rows were taken before |
| 401 to 405, 407, 410, 421, 426, 431 | the write fails; 410 means that the webhook is gone |
| any other from 400 to 499 | the rows of the request are rejected with the receiver's reason |
| a redirect | the write fails, and nothing is sent to the other address |

An answer to several rows takes or rejects all of them, unless it is JSON with a list of those that it rejects: \`{"rejected": [{"index": 0, "reason": "…"}]}\`, counted from 0 within the
request. At most 64 KiB of an answer are read.

### Tests

A test never delivers. It connects, checks the certificate, and sends OPTIONS or HEAD with the credentials and without a signature. A 401 fails it only if the credentials
were certainly refused; what a delivery alone would prove is in the warnings.`,
  fields: webhookFields,

  connect(config, lease): Client {
    const tls = httpsSpec(config.tls)
    const login = authOf(config.auth, tls)
    const judge = judgeOf(config)
    const options = { maxBytes: ANSWER_MAX_BYTES, cut: true, redirects: false }
    const dispatcher = throughTunnel(lease, config.tunnel).dispatcher(tls)
    // Each request has a key, so that every method may be repeated.
    const retries = retriesBy({ ...config, repeatable: true })
    const http = httpClient(dispatcher, { ...options, auth: signedAuth(login, signatureOf(config.signing)), retries, judge })
    return { config, judge, http, probing: httpClient(dispatcher, { ...options, auth: login, judge: () => undefined }) }
  },

  // The dispatcher is the lease's, and ends with it.
  close() {},

  test: probe,

  async *discover({ config }) {
    yield { counted: { total: 1, byKind: { resource: 1 } } }
    yield { stream: { path: pathOf(config), kind: "resource", columns: [], key: [], comment: "Takes rows with any columns." } }
  },

  // A receiver cannot be asked which commits it has; their token is in the key of each request.
  commits: "none",
  async write(client, to, batch, options, call) {
    const path = pathOf(client.config)
    if (to.path.length === 1 && to.path[0] === path[0])
      return await writeResource({ path, key: [], append: deliveries(client) }, client, { to, batch, ...options }, call)
    throw new PlatformError("stream_not_found", `The webhook has one stream, ${path[0]}; write to that path, as its catalog has it.`)
  },
})
