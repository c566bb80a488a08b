import { execFileSync } from "node:child_process"
import type { IncomingHttpHeaders } from "node:http"

export type Verified = "yes" | "no signature" | "wrong signature" | "too old"

/**
 * Verifies a delivery as standardwebhooks.com says, by OpenSSL's command line instead of Node's crypto: an implementation that
 * shares nothing with the one that signs.
 */
export function verifyWebhook(secret: string, headers: IncomingHttpHeaders, body: string): Verified {
  const [id, timestamp, signatures] = ["webhook-id", "webhook-timestamp", "webhook-signature"].map((name) => headers[name])
  if (typeof id !== "string" || typeof timestamp !== "string" || typeof signatures !== "string") return "no signature"
  if (Math.abs(Date.now() / 1000 - Number(timestamp)) > 300) return "too old"
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64").toString("hex")
  const digest = execFileSync("openssl", ["dgst", "-sha256", "-mac", "HMAC", "-macopt", `hexkey:${key}`, "-binary"], { input: `${id}.${timestamp}.${body}` })
  return signatures.split(" ").includes(`v1,${digest.toString("base64")}`) ? "yes" : "wrong signature"
}
