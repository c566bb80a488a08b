import { randomBytes } from "node:crypto"
import type { IncomingMessage, ServerResponse } from "node:http"
import { createServer } from "node:https"
import { beforeEach, describe, expect, test } from "vitest"
import { mssql } from "../../src/connectors/mssql.ts"
import type { TokenAsk, TokenSource } from "../../src/core/call.ts"
import { parseConfig } from "../../src/core/config.ts"
import { AUTH, startShop, USER } from "../fixtures/mssql/shop.ts"
import { DATABASE } from "../fixtures/mssql-server.ts"
import { certificate } from "../support/certificates.ts"
import { failure } from "../support/failure.ts"
import { testLease } from "../support/lease.ts"
import { listen } from "../support/loopback.ts"
import { standIn } from "../support/stand-ins.ts"
import { use } from "../support/use.ts"

const server = use(() => startShop())
const run: typeof server.run = (...given) => server.run(...given)
beforeEach(() => server.restock())

describe("the login", () => {
  test("says product, version and who it is, and tells the server nothing else", async () => {
    const facts = await run((session) => session.test())
    expect(facts).toMatchObject({
      product: "SQL Server",
      version: "17.0.1000.7",
      details: { database: DATABASE, login: USER, edition: expect.stringMatching(/Enterprise/) },
    })
    expect(server.logins.at(-1)).toMatchObject({ user: USER, app: "jackfield", host: "jackfield", server: "127.0.0.1", readOnly: false })
  })

  test.each([
    ["edition = 5", "Azure SQL Database", /costs until it pauses/],
    ["username = 'dbo'", "SQL Server", /owns the database, or administers the server/],
  ])("warns where %s", async (setting, product, warning) => {
    await server.sql(`UPDATE standin.settings SET ${setting}`)
    const facts = await run((session) => session.test(), { tls: { kind: "require" } })
    expect(facts).toMatchObject({ product, warnings: [expect.stringMatching(warning)] })
  })

  test("asks for a secondary replica", async () => {
    await run((session) => session.test(), { readOnlyIntent: true })
    expect(server.logins.at(-1)?.readOnly).toBe(true)
  })

  test("names a database that is not there, behind the login", async () => {
    const error = await failure(run((session) => session.test(), { database: "nowhere" }))
    expect([error.code, error.message]).toEqual(["database_not_found", expect.stringMatching(/nowhere/)])
  })

  test("needs TLS where the server does, and says so where it has none", async () => {
    server.encryption = 3
    expect((await failure(run((session) => session.test()))).code).toBe("tls_required")
    server.encryption = 2
    expect((await failure(run((session) => session.test(), { tls: { kind: "require" } }))).code).toBe("tls_unsupported")
    server.encryption = 1
    expect(await run((session) => session.test(), { tls: { kind: "require" } })).toMatchObject({ details: { encrypted: true } })
  })

  test("from the first byte cannot be encrypted without TLS", async () => {
    const error = await failure(run((session) => session.test(), { strict: true }))
    expect(error).toMatchObject({ code: "config_invalid", faults: [{ pointer: "/strict" }] })
  })

  test.each([
    ["db\\SQLEXPRESS", /Configuration Manager/],
    ["db.example.com,1434", /behind the comma/],
  ])("the server %s is refused with advice", (host, advice) => {
    const { faults } = parseConfig(mssql.fields, { host, auth: AUTH })
    expect(faults.find(({ pointer }) => pointer === "/host")?.message).toMatch(advice)
  })
})

describe("routing", () => {
  test("follows the server's route through the door", async () => {
    server.routes.push({ host: "localhost", port: server.port })
    expect(await run((session) => session.test())).toMatchObject({ product: "SQL Server" })
    expect(server.logins.slice(-2).map(({ server: name }) => name)).toEqual(["127.0.0.1", "localhost"])
  })

  test.each(["169.254.169.254", "10.0.0.1", "[::ffff:169.254.169.254]", "metadata.google.internal"])("a route to %s is denied", async (host) => {
    server.routes.push({ host, port: 1_433 })
    const error = await failure(run((session) => session.test(), {}, { deadlineMs: 5_000 }))
    expect(["egress_denied", "host_not_found", "config_invalid", "dns_failed"]).toContain(error.code)
  })

  test("the certificate of a routed host must be its own", async () => {
    const { ca } = server
    server.routes.push({ host: "127.0.0.1", port: server.port }, { host: "other.example.test", port: server.port })
    const error = await failure(run((session) => session.test(), { host: "db.example.test", tls: { kind: "verify", ca } }))
    expect(error.code).toBe("tls_name_mismatch")
  })

  test("a route in a circle ends", async () => {
    for (let each = 0; each < 20; each++) server.routes.push({ host: "127.0.0.1", port: server.port })
    expect((await failure(run((session) => session.test()))).code).toBe("protocol_invalid")
  })
})

describe("Entra", () => {
  const TENANT = "contoso.onmicrosoft.com"
  const CLIENT = "11111111-2222-3333-4444-555555555555"
  const secret = `s3cr3t/+=${randomBytes(12).toString("hex")}`
  const entra = { kind: "entra", tenant: TENANT, clientId: CLIENT, clientSecret: secret }
  const hosts = ["login.microsoftonline.com", "login.microsoftonline.us"]
  const asked: { host: string; path: string; form: Record<string, string> }[] = []
  const grant = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const form = Object.fromEntries(new URLSearchParams(Buffer.concat((await request.toArray()) as Buffer[]).toString("utf8")))
    asked.push({ host: String(request.headers.host), path: request.url ?? "", form })
    const token = `eyJ${randomBytes(900).toString("base64url")}`
    const known = form["client_secret"] === secret && form["client_id"] === CLIENT && form["grant_type"] === "client_credentials"
    if (known) server.tokens.add(token)
    response.writeHead(known ? 200 : 401, { "content-type": "application/json" })
    response.end(
      JSON.stringify(
        known ? { access_token: token, token_type: "Bearer", expires_in: 3_599 } : { error: "invalid_client", error_description: "AADSTS7000215" },
      ),
    )
  }
  use(async () => {
    const ca = certificate({ name: "Entra stand-in CA", ca: true })
    const own = certificate({ name: hosts[0] ?? "", names: hosts, issuer: ca })
    const loopback = await listen(createServer({ cert: own.cert, key: own.key }, (request, response) => void grant(request, response)))
    const undo = standIn(hosts, loopback.port, ca.cert)
    return {
      async [Symbol.asyncDispose]() {
        undo()
        await loopback.close()
      },
    }
  })

  test("a service principal logs in by a token for the database", async () => {
    expect(await run((session) => session.test(), { auth: entra })).toMatchObject({ product: "SQL Server" })
    expect(asked.at(-1)).toMatchObject({ path: `/${TENANT}/oauth2/v2.0/token`, form: { scope: "https://database.windows.net/.default" } })
    expect(server.logins.at(-1)).toMatchObject({ user: "", token: expect.stringMatching(/^eyJ/) })
  })

  test("the government's cloud has its own addresses", async () => {
    await run((session) => session.test(), { auth: { ...entra, cloud: "government" } })
    expect(asked.at(-1)).toMatchObject({ host: "login.microsoftonline.us", form: { scope: "https://database.usgovcloudapi.net/.default" } })
  })

  test("a wrong secret is a refused login", async () => {
    expect((await failure(run((session) => session.test(), { auth: { ...entra, clientSecret: "wrong-secret-of-a-client" } }))).code).toBe("auth_failed")
  })

  test("a token that the server no longer takes is renewed, once", async () => {
    const asks: (string | undefined)[] = []
    /** Knows a token that has expired, until it is told so; `renewed` is what it gives then. */
    const tokens =
      (renewed: (ask: TokenAsk) => Promise<string>): TokenSource =>
      async (ask) => {
        asks.push(ask.refused)
        return ask.refused === undefined ? { value: "eyJ-expired", cached: true } : { value: await renewed(ask), cached: false }
      }
    await using lease = testLease()
    const granted = tokens(async (ask) => (await ask.grant(lease, undefined)).accessToken)
    expect(await run((session) => session.test(), { auth: entra }, { token: granted })).toMatchObject({ product: "SQL Server" })
    expect(asks).toEqual([undefined, "eyJ-expired"])
    asks.length = 0
    const stale = tokens(async () => "eyJ-expired-too")
    expect((await failure(run((session) => session.test(), { auth: entra }, { token: stale }))).code).toBe("auth_failed")
    expect(asks).toEqual([undefined, "eyJ-expired"])
  })

  test.each([
    ["inside the protocol", () => ({})],
    ["before it", () => ({ port: server.strictPort, strict: true })],
  ])("a token of many groups goes in several packets, with TLS %s", async (_, more) => {
    const token = `eyJ${randomBytes(6_000).toString("base64url")}`
    server.tokens.add(token)
    expect(await run((session) => session.test(), { auth: { kind: "token", token }, tls: { kind: "require" }, ...more() })).toMatchObject({
      details: { encrypted: true },
    })
  })

  test("an access token that has expired is a refused login", async () => {
    expect((await failure(run((session) => session.test(), { auth: { kind: "token", token: "eyJ-that-has-expired" } }))).code).toBe("auth_failed")
  })
})
