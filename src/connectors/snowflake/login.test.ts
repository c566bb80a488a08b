import { createHash, createPublicKey, generateKeyPairSync, verify } from "node:crypto"
import { inspect } from "node:util"
import { afterEach, expect, test, vi } from "vitest"
import { PlatformError } from "../../core/errors.ts"
import { Secret } from "../../core/fields.ts"
import { requestTo } from "../shared/http/requests.ts"
import { loginOf } from "./api.ts"

const account = "xy12345.us-east-1"
const call = { signal: new AbortController().signal, remainingMs: () => 1_000 }

/** The token of the next request, and the type that goes with it. */
async function sent({ auth }: ReturnType<typeof loginOf>) {
  const { headers } = await auth.sign(requestTo(new URL("https://x.example.com")), call)
  return { token: headers["authorization"]?.replace(/^Bearer /, "") ?? "", tokenType: headers["x-snowflake-authorization-token-type"] }
}
const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2_048 })
const pkcs8 = { type: "pkcs8", format: "pem" } as const
const plain = String(privateKey.export(pkcs8))
const encrypted = String(privateKey.export({ ...pkcs8, cipher: "aes-256-cbc", passphrase: "open sesame" }))

const keyLogin = (pem: string, passphrase?: string) =>
  loginOf({
    account,
    user: "jackfield",
    auth: { kind: "key_pair", privateKey: new Secret(pem), passphrase: passphrase === undefined ? undefined : new Secret(passphrase) },
  })

afterEach(() => void vi.useRealTimers())

// docs.snowflake.com, SQL API, Authenticating to the server, Using key-pair authentication.
test("a key pair's token names account, user and fingerprint, lives for less than an hour, and is signed with RS256", async () => {
  const login = keyLogin(plain)
  const { token, tokenType } = await sent(login)
  const [head = "", body = "", signature = ""] = token.split(".")
  const decode = (part: string) => JSON.parse(Buffer.from(part, "base64url").toString()) as Record<string, number | string>
  const print = `SHA256:${createHash("sha256")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest("base64")}`
  expect(decode(head)).toEqual({ alg: "RS256", typ: "JWT" })
  const { iss, sub, iat, exp } = decode(body)
  expect({ iss, sub }).toEqual({ iss: `XY12345.JACKFIELD.${print}`, sub: "XY12345.JACKFIELD" })
  expect(Number(exp) - Number(iat)).toBeLessThanOrEqual(3_600)
  expect(Math.abs(Number(iat) - Date.now() / 1_000)).toBeLessThan(5)
  expect(
    verify(
      "RSA-SHA256",
      Buffer.from(`${head}.${body}`),
      createPublicKey(publicKey.export({ type: "spki", format: "pem" })),
      Buffer.from(signature, "base64url"),
    ),
  ).toBe(true)
  expect({ tokenType, fingerprint: login.fingerprint }).toEqual({ tokenType: "KEYPAIR_JWT", fingerprint: print })
})

test("a token is used again while it is good, and made anew before it ends", async () => {
  vi.useFakeTimers({ toFake: ["Date"] })
  const login = keyLogin(encrypted, "open sesame")
  const token = async () => (await sent(login)).token
  const first = await token()
  vi.setSystemTime(Date.now() + 45 * 60_000)
  expect(await token()).toBe(first)
  vi.setSystemTime(Date.now() + 6 * 60_000)
  expect(await token()).not.toBe(first)
})

test("other tokens are sent as they are", async () => {
  const login = loginOf({ account, user: "u", auth: { kind: "token", token: new Secret("pat-value") } })
  expect([await sent(login), login.fingerprint]).toEqual([{ tokenType: "PROGRAMMATIC_ACCESS_TOKEN", token: "pat-value" }, undefined])
  const oauth = loginOf({ account, user: "u", auth: { kind: "oauth", token: new Secret("ver:1") } })
  expect(await sent(oauth)).toEqual({ tokenType: "OAUTH", token: "ver:1" })
  expect(inspect(login, { depth: 5, showHidden: true })).not.toContain("pat-value")
})

const small = String(generateKeyPairSync("rsa", { modulusLength: 1_024 }).privateKey.export(pkcs8))
const curve = String(generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export(pkcs8))

test.each([
  ["an encrypted key without passphrase", encrypted, undefined, "/auth/passphrase", /has no passphrase/],
  ["a wrong passphrase", encrypted, "open sesamum", "/auth/passphrase", /does not open/],
  ["text that is no key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", undefined, "/auth/privateKey", /cannot be read/],
  ["a key that is too short", small, undefined, "/auth/privateKey", /rsa 1024/],
  ["a key of another kind", curve, undefined, "/auth/privateKey", /this one is ec/],
])("%s is a fault of the config", (_, pem, passphrase, pointer, says) => {
  try {
    keyLogin(pem, passphrase)
    expect.unreachable()
  } catch (error) {
    expect(error).toBeInstanceOf(PlatformError)
    expect(error).toMatchObject({ code: "config_invalid", message: expect.stringMatching(says), faults: [{ pointer }] })
  }
})
