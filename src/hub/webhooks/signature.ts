import { createHmac, randomBytes } from "node:crypto"

const PREFIX = "whsec_"

/** A new secret in the form of Standard Webhooks: `whsec_` and 32 bytes in base64. */
export const newWebhookSecret = (): string => PREFIX + randomBytes(32).toString("base64")

/**
 * The headers that sign a body (standardwebhooks.com): its id, the time of this attempt in seconds, and `v1,` + base64
 * HMAC-SHA256 of `id.time.body`.
 */
export function signatureHeaders(secret: string, id: string, at: Date, body: string): Readonly<Record<string, string>> {
  const seconds = String(Math.floor(at.getTime() / 1000))
  const key = Buffer.from(secret.slice(PREFIX.length), "base64")
  const signature = createHmac("sha256", key).update(`${id}.${seconds}.${body}`).digest("base64")
  return { "webhook-id": id, "webhook-timestamp": seconds, "webhook-signature": `v1,${signature}` }
}
