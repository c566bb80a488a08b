import { defineConnector } from "../core/connector.ts"
import { PlatformError } from "../core/errors.ts"
import { authOf } from "./shared/http/auth/fields.ts"
import { signatureOf } from "./shared/http/auth/signing-fields.ts"
import { signedAuth } from "./shared/http/auth.ts"
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

/** A URL that takes rows. */
export const webhook = defineConnector({
  type: "webhook",
  title: "Webhook",
  category: "api",
  proof: "server",
  summary: "Sends rows to a URL as JSON, one by one or several at once, signed as Standard Webhooks or by HMAC, and again under the same key if need be.",
  notes: `
### Deliveries

Rows can be appended; nothing can be read. Requests follow one another in the order of the rows, each with a key in \`idempotencyHeader\`, and with Standard Webhooks in \`webhook-id\`: a
hash of the commit's run, part and sequence and of the rows' places in the batch, or a random one without a commit. A retry has the same key and a new signature, and a batch that is
written again under its commit has the same keys. A delivery may arrive twice, because a receiver cannot be asked what it has; it must drop the keys that it knows.

Values have the hub's own form: 64-bit integers and decimals as strings, bytes as base64, times with their zone.

### Answers

| status | what it means |
|---|---|
| 200 to 299, or \`successStatuses\` | the rows were taken |
| \`retryStatuses\`, or a broken connection | sent again; after the last retry the write fails and says how many rows were taken before |
| 401 to 405, 407, 410, 421, 426, 431 | the write fails; after 410 the webhook is gone |
| another one of 400 to 499 | all rows of the request are rejected with the receiver's reason |
| a redirect | the write fails, and nothing is sent to the other address |

A success may reject some of the rows, counted from 0 within the request: \`{"rejected": [{"index": 0, "reason": "…"}]}\`. At most 64 KiB of an answer are read.

### Tests

A test never delivers: it connects, and sends OPTIONS or HEAD with the credentials and without a signature. A 401 fails it only if the credentials were certainly refused. What only
a delivery would prove is in the warnings.`,
  fields: webhookFields,

  connect(config, lease): Client {
    const tls = httpsSpec(config.tls)
    const [login, judge] = [authOf(config.auth, tls), judgeOf(config)]
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
