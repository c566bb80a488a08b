import { createPrivateKey } from "node:crypto"
import { createServer as createHttpServer } from "node:http"
import { createServer as createHttpsServer, get } from "node:https"
import { createServer as createTlsServer, type TlsOptions } from "node:tls"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { type CertificateOptions, certificate } from "../../test/support/certificates.ts"
import { type Loopback, listen, listenRaw } from "../../test/support/loopback.ts"
import { Secret } from "../core/fields.ts"
import type { TlsSpec } from "../core/lease.ts"
import { Door, type OpenLease } from "./door.ts"
import { Policy } from "./policy.ts"
import { parseHosts, Resolver } from "./resolver.ts"
import { parseEgressRules } from "./rules.ts"

const authority = certificate({ name: "Test CA", ca: true })
const door = new Door({
  policy: new Policy({ fixed: parseEgressRules("127.0.0.0/8") }),
  resolver: new Resolver({ hosts: parseHosts("db.example.test=127.0.0.1,other.example.test=127.0.0.1") }),
})
const verify: TlsSpec = { mode: "verify", ca: authority.cert }

/** A TLS server with the given certificate, signed by the test CA. */
async function serve(options: Partial<CertificateOptions> & { tls?: TlsOptions; selfSigned?: boolean } = {}): Promise<Loopback> {
  const { tls, selfSigned, ...rest } = options
  const made = certificate({ name: "db.example.test", names: ["db.example.test"], ...(selfSigned ? {} : { issuer: authority }), ...rest })
  return await listen(createTlsServer({ ...made, ...tls }, (socket) => socket.on("error", () => undefined).end(String(socket.servername || "none"))))
}

/**
 * Dials with TLS and returns the server's greeting (the SNI that it received) and the lease; throws the door's error.
 */
async function greet(port: number, host: string, spec: TlsSpec, deadlineMs = 5_000): Promise<{ sni: string; lease: OpenLease }> {
  await using lease = door.lease({ deadlineMs, operator: true })
  const socket = await lease.dialTls({ host, port }, spec)
  let sni = ""
  for await (const chunk of socket) sni += String(chunk)
  return { sni, lease }
}

describe("a good certificate", () => {
  test("of a name is verified by that name, which is also sent", async () => {
    await using server = await serve()
    const { sni, lease } = await greet(server.port, "db.example.test", verify)
    expect(sni).toBe("db.example.test")
    const stage = lease.trace.stages.find((each) => each.name === "tls")
    expect(stage).toMatchObject({ status: "passed", detail: expect.stringMatching(/^TLSv1\.3, CN=db\.example\.test, valid until \d{4}-\d\d-\d\d$/) as string })
  })

  test("of an address is verified by the address, without sending a name", async () => {
    await using server = await serve({ names: ["127.0.0.1"] })
    expect((await greet(server.port, "127.0.0.1", verify)).sni).toBe("none")
  })

  test("is verified by `servername` if that is given", async () => {
    await using server = await serve()
    expect((await greet(server.port, "127.0.0.1", { ...verify, servername: "db.example.test" })).sni).toBe("db.example.test")
  })
})

describe("a client's certificate", () => {
  const clients = certificate({ name: "Test clients", ca: true })
  const [own, other] = [certificate({ name: "hub", issuer: clients }), certificate({ name: "hub", issuer: clients })]
  const strict = { requestCert: true, rejectUnauthorized: true, ca: clients.cert }
  const as = (cert: string, key: string, passphrase?: string): TlsSpec => ({
    ...verify,
    client: { certificate: cert, privateKey: new Secret(key), passphrase: passphrase === undefined ? undefined : new Secret(passphrase) },
  })

  test("is sent, also with an encrypted key", async () => {
    await using server = await serve({ tls: strict })
    const encrypted = createPrivateKey(own.key).export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "its passphrase" })
    expect((await greet(server.port, "db.example.test", as(own.cert, own.key))).sni).toBe("db.example.test")
    expect((await greet(server.port, "db.example.test", as(own.cert, String(encrypted), "its passphrase"))).sni).toBe("db.example.test")
    await expect(greet(server.port, "db.example.test", verify)).rejects.toThrow()
  })

  test.each([
    ["of another key", own.cert, other.key],
    ["that is none", "no certificate", own.key],
    ["with a key that is none", own.cert, "no key"],
  ])("%s is a fault of the connector, and no byte is sent", async (_, cert, key) => {
    await using server = await serve({ tls: strict })
    await expect(greet(server.port, "db.example.test", as(cert, key))).rejects.toMatchObject({ code: "config_invalid" })
  })
})

describe("a bad certificate", () => {
  const cases: [string, Partial<CertificateOptions> & { selfSigned?: boolean }, TlsSpec, string, string][] = [
    ["for another name", {}, { ...verify, servername: "other.example.test" }, "tls_name_mismatch", "not for other.example.test but for db.example.test"],
    ["without the address", {}, { ...verify, servername: "127.0.0.1" }, "tls_name_mismatch", "127.0.0.1"],
    ["of an unknown authority", {}, { mode: "verify" }, "tls_untrusted", "give the CA's certificate"],
    ["signed by itself", { selfSigned: true }, verify, "tls_untrusted", "db.example.test"],
    ["that has expired", { fromDays: -9, untilDays: -1 }, verify, "tls_expired", "is expired"],
    ["not valid yet", { fromDays: 1 }, verify, "tls_expired", "not valid yet"],
  ]
  for (const [what, options, spec, code, words] of cases)
    test(`${what} is ${code}`, async () => {
      await using server = await serve(options)
      await expect(greet(server.port, "db.example.test", spec)).rejects.toMatchObject({ code, message: expect.stringContaining(words) as string })
    })

  test("is rejected even if the environment disables verification", async () => {
    await using server = await serve()
    const before = process.env["NODE_TLS_REJECT_UNAUTHORIZED"]
    process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0"
    try {
      await expect(greet(server.port, "db.example.test", { mode: "verify" })).rejects.toMatchObject({ code: "tls_untrusted" })
    } finally {
      if (before === undefined) delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"]
      else process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = before
    }
  })

  test("passes under `require`, and the stage reports that nothing was verified", async () => {
    await using server = await serve({ selfSigned: true, names: ["wrong.example.test"] })
    const { lease } = await greet(server.port, "db.example.test", { mode: "require" })
    expect(lease.trace.stages.at(-1)?.detail).toMatch(/not verified$/)
  })
})

describe("invalid TLS", () => {
  test("plain HTTP is protocol_invalid", async () => {
    await using server = await listen(createHttpServer((_, response) => response.end("hello")))
    await expect(greet(server.port, "db.example.test", verify)).rejects.toMatchObject({ code: "protocol_invalid" })
  })

  test("a server that closes, and one that speaks only TLS 1.1, are tls_failed", async () => {
    await using closing = await listenRaw((socket) => socket.once("data", () => socket.destroy()))
    await expect(greet(closing.port, "db.example.test", verify)).rejects.toMatchObject({ code: "tls_failed" })
    await using old = await serve({ tls: { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT:@SECLEVEL=0" } })
    await expect(greet(old.port, "db.example.test", verify)).rejects.toMatchObject({ code: "tls_failed" })
  })

  test("a server that never answers fails with the lease, and the message names the stage that hung", async () => {
    await using silent = await listenRaw()
    const failed = greet(silent.port, "db.example.test", verify, 300)
    await expect(failed).rejects.toMatchObject({
      code: "timed_out",
      message: expect.stringContaining(`db.example.test:${silent.port}`) as string,
      details: { stage: "tls" },
    })
  })

  test("a connection whose TLS failed is not kept until the lease ends", async () => {
    const closed = Promise.withResolvers<void>()
    await using server = await listenRaw((socket) => socket.resume().once("close", () => closed.resolve()))
    await using lease = door.lease({ deadlineMs: 5_000, operator: true })
    await expect(lease.dialTls({ host: "127.0.0.1", port: server.port }, { mode: "verify", ca: "not pem" })).rejects.toMatchObject({ code: "config_invalid" })
    await closed.promise
    expect(lease.signal.aborted).toBe(false)
  })

  test("a CA that is not PEM is config_invalid", async () => {
    await using server = await serve()
    for (const ca of ["not pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"])
      await expect(greet(server.port, "db.example.test", { mode: "verify", ca })).rejects.toMatchObject({ code: "config_invalid" })
  })
})

describe("over HTTP faces", () => {
  let server: Loopback
  beforeAll(async () => {
    server = await serve()
  })
  afterAll(async () => await server.close())

  test("the dispatcher verifies by default, and fails with a PlatformError", async () => {
    await using lease = door.lease({ deadlineMs: 5_000, operator: true })
    const { request } = await import("undici")
    await expect(request(`https://db.example.test:${server.port}/`, { dispatcher: lease.dispatcher() })).rejects.toMatchObject({ code: "tls_untrusted" })
    const viaAgent = new Promise((resolve, reject) => {
      get({ host: "db.example.test", port: server.port, agent: lease.httpsAgent() }, resolve).once("error", reject)
    })
    await expect(viaAgent).rejects.toMatchObject({ code: "tls_untrusted" })
    await expect(request(`https://other.example.test:${server.port}/`, { dispatcher: lease.dispatcher(verify) })).rejects.toMatchObject({
      code: "tls_name_mismatch",
    })
  })

  test("the https agent carries a request", async () => {
    await using web = await listen(
      createHttpsServer(certificate({ name: "db.example.test", names: ["db.example.test"], issuer: authority }), (_, answer) => answer.end("page")),
    )
    await using lease = door.lease({ deadlineMs: 5_000, operator: true })
    const agent = lease.httpsAgent(verify)
    const page = new Promise<string>((resolve, reject) => {
      get({ host: "db.example.test", port: web.port, agent }, (answer) => answer.once("data", (chunk) => resolve(String(chunk)))).once("error", reject)
    })
    expect(await page).toBe("page")
  })
})
