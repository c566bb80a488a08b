import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer as createTlsServer } from "node:https"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { certificate } from "../support/certificates.ts"
import { type DataFolder, makeDataFolder } from "../support/data-folder.ts"
import { startTestDatabase } from "../support/embedded.ts"
import { type HubProcess, startHubProcess } from "../support/hub-process.ts"
import { listen, listenHttp, listenRaw } from "../support/loopback.ts"
import { use } from "../support/use.ts"

let data: DataFolder
let hub: HubProcess
let home: string

const database = use(() => startTestDatabase())
const proxy = use(() => listenRaw((socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")))
const plain = use(() => listenHttp((_request, response) => response.end("{}")))
const encrypted = use(() => listen(createTlsServer(certificate({ name: "nobody knows me", names: ["127.0.0.1"] }), (_request, response) => response.end("{}"))))
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), "jackfield-home-"))
  writeFileSync(join(home, ".pgpass"), `*:*:*:*:${database.password}\n`, { mode: 0o600 })
  data = makeDataFolder()
  hub = startHubProcess(data.dir, { env: misleading() })
  await hub.ready
})
afterAll(async () => {
  await hub.end()
  await data.remove()
  rmSync(home, { recursive: true })
})

/** Variables that drivers and proxies read: each could provide a password to a connector without one, or redirect its traffic. */
function misleading(): Record<string, string> {
  const through = `http://127.0.0.1:${proxy.port}`
  const proxies = Object.fromEntries(["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"].map((name) => [name, through]))
  const libpq = { PGHOST: "127.0.0.1", PGPORT: String(proxy.port), PGUSER: "hub", PGPASSWORD: database.password, PGDATABASE: "elsewhere" }
  const more = { PGSSLMODE: "verify-full", PGOPTIONS: "-c default_transaction_read_only=on", PGAPPNAME: "misled", PGPASSFILE: join(home, ".pgpass") }
  return { ...proxies, ...libpq, ...more, HOME: home, NODE_USE_ENV_PROXY: "1", NODE_TLS_REJECT_UNAUTHORIZED: "0", NO_PROXY: "" }
}

const login = (more: object) => ({ ...database.config, password: undefined, ...more })

const check = async (type: string, config: object) => (await hub.call("POST", "/v1/connectors/test", { type, config })).body

test("a connector without a password, or with an empty one, does not log in with PGPASSWORD or a .pgpass", async () => {
  expect(await check("postgres", login({}))).toMatchObject({ ok: false, error: { code: "auth_failed" } })
  const empty = await check("postgres", login({ password: "" }))
  expect(empty.ok === true).toBe(false)
  expect(await check("postgres", login({ password: database.password }))).toMatchObject({ ok: true })
})

test("a connection depends only on its config, and not on PGOPTIONS and PGAPPNAME", async () => {
  await hub.call("POST", "/v1/connectors", { name: "pg", type: "postgres", config: login({ password: database.password }) })
  const statement = "select current_setting('application_name') as app, current_setting('session_authorization') as who, current_database() as db"
  expect((await hub.call("POST", "/v1/connectors/pg/query", { statement })).body.rows).toEqual([{ app: "jackfield", who: "hub", db: "postgres" }])
})

test("HTTP goes to its target and never to a proxy", async () => {
  expect(await check("http", { url: `http://127.0.0.1:${plain.port}/` })).toMatchObject({ ok: true })
  expect(plain.hits).toBeGreaterThan(0)
  expect(proxy.hits).toBe(0)
})

test("TLS is verified although NODE_TLS_REJECT_UNAUTHORIZED is 0", async () => {
  const url = `https://127.0.0.1:${encrypted.port}/`
  const refused = await check("http", { url })
  expect(refused).toMatchObject({ ok: false, error: { stage: "tls" } })
  expect(refused.error.code).toMatch(/^tls_/)
  expect(await check("http", { url, tls: { kind: "require" } })).toMatchObject({ ok: true })
  expect(proxy.hits).toBe(0)
})
