import { createHmac, randomBytes } from "node:crypto"
import type { Secret } from "../../../../core/fields.ts"
import { withPrivate } from "../../../../core/http/request.ts"
import { type HttpAuth, SECRET } from "../auth.ts"

const PREFIX = "whsec_"
/** The header with the id of a message, which is the same each time that the message is sent. */
export const WEBHOOK_ID = "webhook-id"

/** A new secret in the form of Standard Webhooks: `whsec_` and 32 bytes in base64. */
export const newWebhookSecret = (): string => PREFIX + randomBytes(32).toString("base64")

/** The problem with a signing secret, worded to follow a field's title; the specification wants 24 to 64 bytes. */
export function webhookSecretFault(secret: string): string | undefined {
  const text = secret.slice(PREFIX.length)
  const { length } = Buffer.from(text, "base64")
  const isWhole = secret.startsWith(PREFIX) && /^[A-Za-z0-9+/]+={0,2}$/.test(text) && text.length % 4 === 0
  return isWhole && length >= 24 && length <= 64 ? undefined : `must be ${PREFIX} and 24 to 64 bytes in base64, as the receiver shows it.`
}

/**
 * The headers that sign a body (standardwebhooks.com): its id, the time of this attempt in seconds, and for each secret `v1,` + base64
 * HMAC-SHA256 of `id.time.body`.
 */
export function signatureHeaders(secrets: readonly string[], id: string, at: Date, body: string | Uint8Array): Readonly<Record<string, string>> {
  const seconds = String(Math.floor(at.getTime() / 1000))
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.slice(PREFIX.length), "base64")
    return `v1,${createHmac("sha256", key).update(`${id}.${seconds}.`).update(body).digest("base64")}`
  })
  return { [WEBHOOK_ID]: id, "webhook-timestamp": seconds, "webhook-signature": signatures.join(" ") }
}

/** Signs each request anew, by all of the secrets, under the id that it has in `webhook-id`. */
export const standardWebhooksAuth = (secrets: readonly Secret[]): HttpAuth => ({
  sign(request) {
    const { headers, body = "" } = request
    const revealed = secrets.map((secret) => secret.reveal())
    return withPrivate(request, signatureHeaders(revealed, headers[WEBHOOK_ID] ?? "", new Date(), body))
  },
  show: (request) => withPrivate(request, { "webhook-timestamp": "[now]", "webhook-signature": SECRET }),
})
