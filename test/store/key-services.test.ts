import { randomBytes } from "node:crypto"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { Resolver } from "../../src/net/resolver.ts"
import { serviceCaller } from "../../src/net/service.ts"
import { AwsKms } from "../../src/vault/aws-kms.ts"
import type { KeyProvider } from "../../src/vault/key-provider.ts"
import { keySettingsOf } from "../../src/vault/key-settings.ts"
import { Transit } from "../../src/vault/transit.ts"
import { startTestDatabase, type TestDatabase } from "../support/embedded.ts"
import { startHub, type TestHub } from "../support/hub.ts"
import { jackfield, json, problem } from "../support/jackfield.ts"
import { type KmsState, type StandIn, signatureV4, startKms, startTransit, type TransitState } from "../support/key-services.ts"

const ARN = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
const TOKEN = "hvs.the-token-of-the-test"
const context = { workspaceId: "w1", dataKeyId: "d1" }
const send = serviceCaller(new Resolver())

let folder: string
let vaultState: TransitState
let kmsState: KmsState
let vault: StandIn
let kms: StandIn
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "jackfield-test-keys-"))
})
afterAll(() => rmSync(folder, { recursive: true }))
beforeEach(async () => {
  vaultState = { token: TOKEN, sealed: false, keys: new Map([["jackfield", { derived: true, versions: [randomBytes(32)] }]]) }
  kmsState = {
    accessKeyId: "AKIDEXAMPLE",
    secretAccessKey: "the/secret+key",
    region: "eu-central-1",
    aliases: new Map([["alias/hub", ARN]]),
    keys: new Map([[ARN, randomBytes(32)]]),
  }
  vault = await startTransit(vaultState)
  kms = await startKms(kmsState)
  writeFileSync(join(folder, "token"), `${TOKEN}\n`)
  writeFileSync(
    join(folder, "credentials"),
    "[other]\naws_access_key_id = no\n[default]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key=the/secret+key\n",
  )
})
afterEach(async () => {
  await vault.stop()
  await kms.stop()
})

const transit = () => new Transit({ address: vault.url, key: "transit/jackfield", tokenFile: join(folder, "token") }, send)
const aws = () => new AwsKms({ region: "eu-central-1", key: "alias/hub", credentialsFile: join(folder, "credentials"), endpoint: kms.url }, send)
const rotate = () => vaultState.keys.get("jackfield")?.versions.push(randomBytes(32))

test("the stand-in's signature is the one that AWS publishes for its example (get-vanilla)", () => {
  const headers = { host: "example.amazonaws.com", "x-amz-date": "20150830T123600Z" }
  const request = { method: "GET", path: "/", headers, signed: ["host", "x-amz-date"], body: "" }
  const by = { secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", region: "us-east-1", service: "service" }
  expect(signatureV4(request, by)).toBe("5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")
})

describe.each([
  ["Vault Transit (a stand-in)", transit, () => vault, /^vault:transit\/jackfield:v1$/],
  ["AWS KMS (a stand-in)", aws, () => kms, new RegExp(`^aws:${ARN}$`)],
] as const)("%s", (_, make: () => KeyProvider, service, id) => {
  test("wraps a data key and opens it for its workspace and row alone", async () => {
    const provider = make()
    const key = randomBytes(32)
    const { keyId, wrapped } = await provider.wrap(key, context)
    expect(keyId).toMatch(id)
    expect(await provider.currentKeyId()).toBe(keyId)
    expect(provider.knows(keyId)).toBe(true)
    expect(wrapped).not.toContain(key.toString("base64"))
    expect(Buffer.from(await make().unwrap(keyId, wrapped, context))).toEqual(key)
    for (const elsewhere of [
      { ...context, workspaceId: "w2" },
      { ...context, dataKeyId: "d2" },
    ])
      await expect(provider.unwrap(keyId, wrapped, elsewhere)).rejects.toMatchObject({ code: "secret_unreadable" })
    const changed = `${wrapped.slice(0, -9)}${wrapped.at(-9) === "A" ? "B" : "A"}${wrapped.slice(-8)}`
    await expect(provider.unwrap(keyId, changed, context)).rejects.toMatchObject({ code: "secret_unreadable" })
  })

  test.each([429, 500, 503])("tries again when it answers %i, and gives up with a clear error when it goes on", async (status) => {
    const provider = make()
    const { keyId, wrapped } = await provider.wrap(randomBytes(32), context)
    const busy = { status, body: { errors: ["busy"], __type: "KMSInternalException" } }
    service().next.push(busy, busy)
    await provider.unwrap(keyId, wrapped, context)
    service().next.push(busy, busy, busy)
    const before = service().asked.length
    await expect(provider.unwrap(keyId, wrapped, context)).rejects.toMatchObject({ code: "keys_unavailable", message: expect.stringContaining(String(status)) })
    // While it rests, nobody is asked.
    await expect(provider.unwrap(keyId, wrapped, context)).rejects.toMatchObject({ code: "keys_unavailable" })
    expect(service().asked.length - before).toBe(3)
    await new Promise((resolve) => setTimeout(resolve, 2_100))
    await provider.unwrap(keyId, wrapped, context)
  })

  test("takes silence as a failure that may pass, follows no redirect, and takes no answer that is none", async () => {
    const provider = make()
    const { keyId, wrapped } = await provider.wrap(randomBytes(32), context)
    service().next.push("silence")
    await provider.unwrap(keyId, wrapped, context)
    service().next.push("redirect")
    await expect(provider.unwrap(keyId, wrapped, context)).rejects.toMatchObject({ code: "keys_unavailable", message: expect.stringContaining("307") })
    for (const body of ["<html>", "{}", { data: { plaintext: "AAAA" }, Plaintext: "AAAA" }]) {
      service().next.push({ status: 200, body })
      await expect(make().unwrap(keyId, wrapped, context)).rejects.toMatchObject({ code: "keys_unavailable" })
    }
    expect(service().asked.some((each) => each.includes("elsewhere"))).toBe(false)
  })

  test("that is away is told as such, without its secrets", async () => {
    const provider = make()
    await service().stop()
    const error = (await provider.wrap(randomBytes(32), context).catch((e: unknown) => e)) as { code: string; message: string }
    expect(error).toMatchObject({ code: "keys_unavailable", message: expect.stringContaining("does not answer") })
    for (const secret of [TOKEN, "the/secret+key"]) expect(JSON.stringify(error) + error.message).not.toContain(secret)
  })
})

describe("Vault Transit (a stand-in)", () => {
  test("names the version of its key, and puts a data key under the newest without showing it", async () => {
    const provider = transit()
    const key = randomBytes(32)
    const first = await provider.wrap(key, context)
    rotate()
    expect(await provider.currentKeyId()).toBe("vault:transit/jackfield:v2")
    vault.asked.length = 0
    const second = await provider.rewrap(first.keyId, first.wrapped, context)
    expect(second.keyId).toBe("vault:transit/jackfield:v2")
    expect(vault.asked).toEqual(["POST /v1/transit/rewrap/jackfield"])
    for (const { keyId, wrapped } of [first, second]) expect(Buffer.from(await provider.unwrap(keyId, wrapped, context))).toEqual(key)
    await expect(provider.unwrap(first.keyId, second.wrapped, context)).rejects.toMatchObject({ code: "secret_unreadable" })
  })

  test("is refused with a key that was made without derivation, which would bind nothing", async () => {
    vaultState.keys.set("jackfield", { derived: false, versions: [randomBytes(32)] })
    await expect(transit().wrap(randomBytes(32), context)).rejects.toMatchObject({
      message: expect.stringContaining("vault write -f transit/keys/jackfield derived=true"),
    })
  })

  test("says what to do about a token that is refused, reads a renewed one, and never shows it", async () => {
    const provider = transit()
    vaultState.token = "hvs.renewed"
    const error = (await provider.wrap(randomBytes(32), context).catch((e: unknown) => e)) as { code: string; message: string }
    expect(error).toMatchObject({ code: "keys_unavailable", message: expect.stringMatching(/refuses the hub's token \(403: "permission denied"\).*token/) })
    expect(error.message).not.toContain(TOKEN)
    expect(vault.asked).toHaveLength(1)
    writeFileSync(join(folder, "token"), "hvs.renewed")
    await new Promise((resolve) => setTimeout(resolve, 2_100))
    await provider.wrap(randomBytes(32), context)
  })

  test("that is sealed is told as such; so is a key that is not there", async () => {
    vaultState.sealed = true
    await expect(transit().currentKeyId()).rejects.toMatchObject({ code: "keys_unavailable", message: expect.stringContaining("Vault is sealed") })
    vaultState.sealed = false
    vaultState.keys.clear()
    await expect(transit().currentKeyId()).rejects.toMatchObject({ code: "keys_unavailable", message: expect.stringContaining("encryption key not found") })
  })
})

describe("AWS KMS (a stand-in)", () => {
  test("takes temporary credentials, and says which are refused", async () => {
    kmsState.sessionToken = "the session token"
    const provider = aws()
    await expect(provider.currentKeyId()).rejects.toMatchObject({ code: "keys_unavailable", message: expect.stringContaining("UnrecognizedClientException") })
    writeFileSync(
      join(folder, "credentials"),
      "[default]\naws_access_key_id=AKIDEXAMPLE\naws_secret_access_key=the/secret+key\naws_session_token=the-session\n",
    )
    kmsState.sessionToken = "the-session"
    expect(await aws().currentKeyId()).toBe(`aws:${ARN}`)
    kmsState.secretAccessKey = "another"
    await expect(aws().currentKeyId()).rejects.toMatchObject({ message: expect.stringContaining("InvalidSignatureException") })
    writeFileSync(join(folder, "credentials"), "[default]\n")
    await expect(aws().currentKeyId()).rejects.toMatchObject({ message: expect.stringContaining("has no [default] with aws_access_key_id") })
  })
})

test.each(["http://169.254.169.254", "http://[fd00:ec2::254]", "http://0.0.0.0:1"])("a key service at %s is never dialled", async (url) => {
  await expect(send({ url: `${url}/latest`, headers: {}, body: "" })).rejects.toMatchObject({ code: "egress_denied" })
})

test("an environment with faults is told with all of them, and data keys do not go over a network in clear", () => {
  const env = {
    JACKFIELD_KEY_PROVIDER: "vault",
    JACKFIELD_VAULT_ADDR: "http://vault.example.com",
    JACKFIELD_VAULT_KEY: "jackfield",
    JACKFIELD_AWS_KMS_KEY: "k",
    JACKFIELD_AWS_REGION: "a b",
  }
  const names = ["JACKFIELD_VAULT_ADDR", "JACKFIELD_VAULT_KEY", "JACKFIELD_VAULT_TOKEN_FILE", "JACKFIELD_AWS_REGION", "JACKFIELD_AWS_CREDENTIALS_FILE"]
  let faults: readonly { pointer: string }[] = []
  try {
    keySettingsOf(env)
  } catch (error) {
    faults = (error as { faults: typeof faults }).faults
  }
  expect(faults.map((fault) => fault.pointer).sort()).toEqual(names.sort())
})

describe("a hub whose master key is in a key service", { timeout: 120_000 }, () => {
  let database: TestDatabase
  let hub: TestHub | undefined
  beforeAll(async () => {
    database = await startTestDatabase()
  })
  afterEach(() => hub?.stop())
  afterAll(() => database.stop())

  const KEY = "the-admin-key-of-this-very-test"
  const config = { url: "https://example.com/", auth: { kind: "bearer", token: "s3cret of the connector" } }
  const local = randomBytes(32).toString("base64")
  const base = () => ({ DATABASE_URL: database.url, JACKFIELD_ADMIN_KEY: KEY })
  const vaultEnv = () => ({ JACKFIELD_VAULT_ADDR: vault.url, JACKFIELD_VAULT_TOKEN_FILE: join(folder, "token") })
  const awsEnv = () => ({
    JACKFIELD_AWS_KMS_KEY: "alias/hub",
    JACKFIELD_AWS_REGION: "eu-central-1",
    JACKFIELD_AWS_CREDENTIALS_FILE: join(folder, "credentials"),
    JACKFIELD_AWS_KMS_ENDPOINT: kms.url,
  })

  test("works on while the service is away, but does not start then; moves from a local key to Vault, to KMS and back", async () => {
    hub = await startHub({ ...base(), JACKFIELD_MASTER_KEY: local })
    expect((await hub.call("POST", "/v1/connectors", { name: "one", type: "http", config }, { key: KEY })).status).toBe(201)
    await hub.stop()

    const steps = [
      { ...vaultEnv(), JACKFIELD_KEY_PROVIDER: "vault", JACKFIELD_MASTER_KEY: local },
      { ...awsEnv(), ...vaultEnv(), JACKFIELD_KEY_PROVIDER: "aws" },
      { ...awsEnv(), JACKFIELD_KEY_PROVIDER: "local", JACKFIELD_MASTER_KEY: local },
    ]
    for (const env of steps) {
      const ran = await jackfield(["vault", "rotate", "--master", "--json"], { env: { ...base(), ...env } })
      expect(json(ran), ran.stderr).toMatchObject({ ok: true, master: { dataKeys: 1, hubKeys: 1 } })
      for (const secret of [local, TOKEN, "the/secret+key"]) expect(ran.stdout + ran.stderr).not.toContain(secret)
    }
    expect(json(await jackfield(["vault", "prove", "--json"], { env: { ...base(), JACKFIELD_MASTER_KEY: local } }))).toMatchObject({ ok: true })

    const there = { ...vaultEnv(), JACKFIELD_KEY_PROVIDER: "vault" }
    expect((await jackfield(["vault", "rotate", "--master"], { env: { ...base(), ...there, JACKFIELD_MASTER_KEY: local } })).code).toBe(0)
    hub = await startHub({ ...base(), ...there })
    expect((await hub.call("PATCH", "/v1/connectors/one", { config: { auth: { token: "opened by now" } } }, { key: KEY })).status).toBe(200)
    vaultState.sealed = true
    expect((await hub.call("POST", "/v1/connectors", { name: "two", type: "http", config }, { key: KEY })).status).toBe(201)
    const other = await hub.call("POST", "/v1/workspaces", { name: "other" }, { key: KEY })
    const refused = await hub.call("POST", "/v1/connectors", { name: "first", type: "http", config }, { key: other.body.key })
    expect(refused).toMatchObject({ status: 503, body: { code: "keys_unavailable" } })
    const second = await startHub({ ...base(), ...there }).catch((error: unknown) => error as { code: string; message: string })
    expect(second).toMatchObject({ code: "keys_unavailable", message: expect.stringContaining("Vault is sealed") })
    const status = await jackfield(["vault", "prove", "--json"], { env: { ...base(), ...there } })
    expect(problem(status).code).toBe("keys_unavailable")
    vaultState.sealed = false
    await new Promise((resolve) => setTimeout(resolve, 2_100))
    expect((await hub.call("POST", "/v1/connectors", { name: "first", type: "http", config }, { key: other.body.key })).status).toBe(201)
  })
})
