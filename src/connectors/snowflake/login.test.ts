import { createHash, createPublicKey, generateKeyPairSync, verify } from "node:crypto"
import { inspect } from "node:util"
import { afterEach, expect, test, vi } from "vitest"
import { PlatformError } from "../../core/errors.ts"
import { Secret } from "../../core/fields.ts"
import { readAccount } from "./account.ts"
import { readLogin } from "./login.ts"

const account = readAccount("xy12345.us-east-1")
const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2_048 })
const pkcs8 = { type: "pkcs8", format: "pem" } as const
const plain = String(privateKey.export(pkcs8))
const encrypted = String(privateKey.export({ ...pkcs8, cipher: "aes-256-cbc", passphrase: "open sesame" }))

const keyLogin = (pem: string, passphrase?: string) =>
  readLogin(
    { user: "jackfield", auth: { kind: "key_pair", privateKey: new Secret(pem), passphrase: passphrase === undefined ? undefined : new Secret(passphrase) } },
    account,
  )

afterEach(() => void vi.useRealTimers())

// docs.snowflake.com, SQL API, Authenticating to the server, Using key-pair authentication.
test("a key pair's token names account, user and fingerprint, lives for less than an hour, and is signed with RS256", async () => {
  const { token, tokenType, fingerprint } = keyLogin(plain)
  const [head = "", body = "", signature = ""] = (await token()).split(".")
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
  expect({ tokenType, fingerprint }).toEqual({ tokenType: "KEYPAIR_JWT", fingerprint: print })
})

test("a token is used again while it is good, and made anew before it ends", async () => {
  vi.useFakeTimers({ toFake: ["Date"] })
  const { token } = keyLogin(encrypted, "open sesame")
  const first = await token()
  vi.setSystemTime(Date.now() + 45 * 60_000)
  expect(await token()).toBe(first)
  vi.setSystemTime(Date.now() + 6 * 60_000)
  expect(await token()).not.toBe(first)
})

test("other tokens are sent as they are", async () => {
  const login = readLogin({ user: "u", auth: { kind: "token", token: new Secret("pat-value") } }, account)
  expect([login.tokenType, await login.token(), login.fingerprint]).toEqual(["PROGRAMMATIC_ACCESS_TOKEN", "pat-value", undefined])
  expect(readLogin({ user: "u", auth: { kind: "oauth", token: new Secret("ver:1") } }, account).tokenType).toBe("OAUTH")
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
