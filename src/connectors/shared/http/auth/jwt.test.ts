import { generateKeyPairSync } from "node:crypto"
import { jwtVerify } from "jose"
import { expect, test } from "vitest"
import { jwtAuth, jwtSource } from "./jwt.ts"

const rsa = generateKeyPairSync("rsa", { modulusLength: 2_048 })
const curve = generateKeyPairSync("ec", { namedCurve: "P-256" })
const AT = Date.parse("2026-01-02T03:04:05Z")

test.each([
  ["RS256", rsa],
  ["ES256", curve],
] as const)("a token by %s is one that its public key verifies", async (algorithm, pair) => {
  const claims = { iss: "robot@project.example", aud: "https://api.example/" }
  const token = await jwtSource({ key: pair.privateKey, algorithm, keyId: "key-1", claims, lifeMs: 3_600_000 }, () => AT)()
  const { payload, protectedHeader } = await jwtVerify(token, pair.publicKey, { currentDate: new Date(AT) })
  expect(protectedHeader).toEqual({ alg: algorithm, typ: "JWT", kid: "key-1" })
  expect(payload).toEqual({ ...claims, iat: AT / 1_000, exp: AT / 1_000 + 3_600 })
  await expect(jwtVerify(token, (algorithm === "RS256" ? curve : rsa).publicKey)).rejects.toThrow()
})

test.each([
  ["an hour", 3_600_000, 49 * 60_000, 51 * 60_000],
  ["a minute", 60_000, 29_000, 31_000],
])("a token of %s is used again, and replaced before it ends", async (_, lifeMs, later, late) => {
  let now = AT
  const token = jwtSource({ key: curve.privateKey, algorithm: "ES256", claims: {}, lifeMs }, () => now)
  const first = await token()
  now = AT + later
  expect(await token()).toBe(first)
  now = AT + late
  expect(await token()).not.toBe(first)
})

test("callers at the same time share one token; one that could not be made is tried again", async () => {
  const token = jwtSource({ key: curve.privateKey, algorithm: "ES256", claims: {}, lifeMs: 60_000 }, () => AT)
  const [one, other] = await Promise.all([token(), token()])
  expect(one).toBe(other)
  const wrong = jwtSource({ key: curve.privateKey, algorithm: "RS256", claims: {}, lifeMs: 60_000 }, () => AT)
  await expect(wrong()).rejects.toThrow()
  await expect(wrong()).rejects.toThrow()
})

test("the token is the bearer token, and other headers go with it; people see neither", async () => {
  const auth = jwtAuth(async () => "a.b.c", { "x-token-type": "KEYPAIR_JWT" })
  const request = { method: "GET", url: new URL("https://a.example/"), headers: {}, private: new Set<string>() }
  const sent = await auth.sign(request, { signal: new AbortController().signal, remainingMs: () => 1 })
  expect(sent.headers).toEqual({ "x-token-type": "KEYPAIR_JWT", authorization: "Bearer a.b.c" })
  expect([...sent.private]).toEqual(["x-token-type", "authorization"])
  expect(auth.show(request).headers["authorization"]).toBe("Bearer [secret]")
})
