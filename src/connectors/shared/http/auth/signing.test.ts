import { describe, expect, test } from "vitest"
import { type Config, Secret } from "../../../../core/fields.ts"
import { bearerAuth, noAuth, signedAuth } from "../auth.ts"
import { requestTo } from "../requests.ts"
import { signatureOf, type signingField } from "./signing-fields.ts"
import { newWebhookSecret, signatureHeaders, webhookSecretFault } from "./standard-webhooks.ts"

type Signing = Config<{ signing: typeof signingField }>["signing"]
const lease = { signal: new AbortController().signal, remainingMs: () => 1_000 }
const HMAC = {
  kind: "hmac",
  key: new Secret("It's a Secret to Everybody"),
  keyEncoding: "text",
  algorithm: "sha256",
  encoding: "hex",
  header: "X-Hub-Signature-256",
  prefix: "sha256=",
  timestampHeader: "X-Time",
  timestamp: "seconds",
  signed: "body",
} as const
const signed = async (signing: Signing, body = "Hello, World!") =>
  (
    await signedAuth(bearerAuth("token"), signatureOf(signing)).sign(
      requestTo(new URL("https://example.com"), { body, headers: { "webhook-id": "msg_1" } }),
      lease,
    )
  ).headers

describe("HMAC", () => {
  // GitHub's documentation, Validating webhook deliveries.
  test("of a body is GitHub's, without a timestamp and beside the login", async () => {
    const headers = await signed(HMAC)
    expect(headers["x-hub-signature-256"]).toBe("sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17")
    expect([headers["x-time"], headers["authorization"]]).toEqual([undefined, "Bearer token"])
  })

  test("of timestamp and body signs both, joined by a dot", async () => {
    const key = new Secret("0b".repeat(20))
    const headers = await signed({ ...HMAC, key, keyEncoding: "hex", algorithm: "sha512", encoding: "base64", prefix: undefined, signed: "timestamp.body" })
    const time = headers["x-time"] ?? ""
    const { subtle } = globalThis.crypto
    const imported = await subtle.importKey("raw", Buffer.alloc(20, 0x0b), { name: "HMAC", hash: "SHA-512" }, false, ["verify"])
    const isRight = await subtle.verify("HMAC", imported, Buffer.from(headers["x-hub-signature-256"] ?? "", "base64"), Buffer.from(`${time}.Hello, World!`))
    expect([isRight, time]).toEqual([true, expect.stringMatching(/^\d{10}$/)])
  })
})

describe("Standard Webhooks", () => {
  const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

  // The example of the specification's reference libraries.
  test("signs as the specification's example", () =>
    expect(signatureHeaders([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", new Date(1_614_265_330_000), '{"test": 2432232314}')).toEqual({
      "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
      "webhook-timestamp": "1614265330",
      "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }))

  test("signs by both secrets while one replaces the other", async () => {
    const previous = newWebhookSecret()
    const headers = await signed({ kind: "standard", secret: new Secret(secret), previousSecret: new Secret(previous) })
    const at = new Date(Number(headers["webhook-timestamp"]) * 1_000)
    const each = [secret, previous].map((one) => signatureHeaders([one], "msg_1", at, "Hello, World!")["webhook-signature"])
    expect(headers["webhook-signature"]).toBe(each.join(" "))
  })

  test("a new secret is valid; one that is cut or padded is not", () => {
    expect(webhookSecretFault(newWebhookSecret())).toBeUndefined()
    for (const wrong of [secret.slice(0, -1), `${secret}=`, secret.slice(6), `whsec_${Buffer.alloc(65).toString("base64")}`, "whsec_"])
      expect(webhookSecretFault(wrong)).toContain("24 to 64 bytes")
  })
})

test("no signature leaves the login as it is", () => expect(signedAuth(noAuth, signatureOf({ kind: "none" }))).toBe(noAuth))
