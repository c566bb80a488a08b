import type { Socket } from "node:net"
import { expect, it } from "vitest"
import type { Answer } from "../support/ask.ts"
import { startTestDatabase } from "../support/embedded.ts"
import { startHub } from "../support/hub.ts"
import { listenHttp, listenRaw } from "../support/loopback.ts"
import { use } from "../support/use.ts"

const CANARY = "c4nary-of-the-owner-0123456789"
/** All masks with which the APIs show a secret, and others that a caller may try. */
const MASKS = ["****", "*************", "c4***89", "", null, { set: true, fingerprint: "00000000" }, undefined]

const seen: string[] = []
/** A PostgreSQL that asks every client for the password in plain text. */
const asking = (socket: Socket): void => {
  socket
    .on("error", () => undefined)
    .on("data", (bytes: Buffer) => {
      seen.push(bytes.toString("latin1"))
      if (bytes.length === 8) socket.write("N")
      else if (bytes[0] === 0) socket.write(Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]))
      else socket.destroy()
    })
}
const thiefsDatabase = use(() => listenRaw(asking))
const thiefsSite = use(() =>
  listenHttp((request, response) => {
    seen.push(JSON.stringify([request.url, request.headers]))
    response.setHeader("content-type", "application/json").end('{"ok":true}')
  }),
)
const site = use(() => listenHttp((_request, response) => void response.setHeader("content-type", "application/json").end('{"ok":true}')))
const database = use(() => startTestDatabase({ password: CANARY }))
const hub = use(() => startHub({ JACKFIELD_EGRESS_ALLOW: "127.0.0.0/8" }))

/** Uses the connector in every way that sends credentials. */
async function useIt(id: string): Promise<void> {
  await hub.call("POST", `/v1/connectors/${id}/test`, { timeoutMs: 3_000 })
  await hub.call("POST", `/v1/connectors/${id}/call`, { timeoutMs: 3_000 })
  await hub.call("POST", `/v1/connectors/${id}/query`, { statement: "select 1", timeoutMs: 3_000 })
}

/** Whether the stored secret is still sent to its own destination, which proves that the connector works. */
async function works(id: string): Promise<void> {
  expect((await hub.call("POST", `/v1/connectors/${id}/test`)).body.ok, id).toBe(true)
}

/** Tries each change and uses the connector after it; nothing that the thief receives may contain the secret. */
async function tryAll(id: string, changes: readonly (() => Promise<Answer>)[]): Promise<void> {
  for (const change of changes) {
    const { status, text } = await change()
    expect(status, text).not.toBe(500)
    expect(text).not.toContain(CANARY)
    await useIt(id)
  }
  expect(seen.join("\n")).not.toContain(CANARY)
  expect(seen.join("\n")).not.toContain(Buffer.from(`:${CANARY}`).toString("base64").slice(0, 16))
}

const withMasks = (change: (mask: unknown) => () => Promise<Answer>) => MASKS.map(change)
const present = (fields: Record<string, unknown>) => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))

it("KaireonAI: a database's password is sent only to its host, whatever is sent as its mask", { timeout: 120_000 }, async () => {
  const ROOT = "/kaireon/api/v1/connectors"
  const home = { host: "127.0.0.1", port: database.port, database: "postgres", sslMode: "disable" }
  const away = { ...home, port: thiefsDatabase.port }
  const put = (body: object) => hub.call("PUT", ROOT, body)
  const { body: made } = await hub.call("POST", ROOT, {
    name: "k",
    type: "postgresql",
    config: home,
    authConfig: { username: database.user, password: CANARY },
  })
  await works(made.id)
  await tryAll(made.id, [
    ...withMasks((password) => () => put({ id: made.id, config: away, authConfig: present({ username: database.user, password }) })),
    ...withMasks((password) => () => put({ id: made.id, config: { ...away, ...present({ password }), user: database.user } })),
    () => put({ id: made.id, config: away }),
    () => put({ id: made.id, connectionConfig: away }),
    () => put({ id: made.id, config: { connectionString: `postgres://${database.user}:****@127.0.0.1:${thiefsDatabase.port}/postgres?sslmode=disable` } }),
    () => put({ id: made.id, type: "redshift", config: away }),
    () => put({ id: made.id, type: "rest_api", config: { url: `http://127.0.0.1:${thiefsSite.port}/`, headers: { authorization: "****" } } }),
    () => hub.call("POST", `${ROOT}/test`, { id: made.id, config: away }),
  ])
  expect(seen.length, "the thief was reached, but did not receive the password").toBeGreaterThan(0)
})

it("KaireonAI, Databar and AI Squared: a secret header is sent only to its origin", { timeout: 120_000 }, async () => {
  const [home, away] = [`http://127.0.0.1:${site.port}/a`, `http://127.0.0.1:${thiefsSite.port}/b`]
  const headers = { "X-Secret": CANARY, authorization: `Bearer ${CANARY}` }
  const { body: kaireon } = await hub.call("POST", "/kaireon/api/v1/connectors", { name: "h", type: "rest_api", config: { url: home, headers } })
  await works(kaireon.id)
  await tryAll(
    kaireon.id,
    withMasks(
      (mask) => () =>
        hub.call("PUT", "/kaireon/api/v1/connectors", { id: kaireon.id, config: { url: away, headers: present({ "X-Secret": mask, authorization: mask }) } }),
    ),
  )

  const asDatabar = (method: string, path: string, body: object) =>
    hub.call(method, `/databar/v1/connectors/${path}`, body, { key: null, headers: { "x-apikey": hub.key } })
  const databar = (url: string, value: unknown) => ({ name: "d", type: "simple", method: "get", url, headers: [present({ name: "X-Secret", value })] })
  const { body: bar } = await asDatabar("POST", "", databar(home, CANARY))
  const found = (await hub.call("GET", "/v1/connectors?q=d&type=http")).body.data.find(({ serial }: { serial: number }) => serial === bar.id)
  await tryAll(
    found.id,
    withMasks((mask) => () => asDatabar("PUT", String(bar.id), databar(away, mask))),
  )

  const squared = (url: string, value: unknown) => ({
    connector: {
      name: "s",
      connector_type: "source",
      connector_name: "Http",
      configuration: { increment_type: "Page", base_url: url, http_method: "GET", headers: present({ "X-Secret": value }) },
    },
  })
  const asSquared = (method: string, path: string, body: object) => hub.call(method, `/aisquared/api/v1/connectors${path}`, body)
  const made = await asSquared("POST", "", squared(home, CANARY))
  expect(made.status, made.text).toBe(201)
  const own = (await hub.call("GET", "/v1/connectors?type=http")).body.data.find(({ serial }: { serial: number }) => String(serial) === made.body.data.id)
  await tryAll(
    own.id,
    withMasks((mask) => () => asSquared("PUT", `/${made.body.data.id}`, squared(away, mask))),
  )
  expect(seen.some((text) => text.includes("/b"))).toBe(true)
})

it("DataBrain: a datasource with the same name does not take a secret from the existing one", { timeout: 60_000 }, async () => {
  const credentials = {
    name: "b",
    host: "127.0.0.1",
    port: database.port,
    username: database.user,
    password: CANARY,
    database: "postgres",
    schema: "public",
    ssl: false,
  }
  const create = (more: object) => hub.call("POST", "/databrain/api/v2/datasource", { datasourceType: "postgres", credentials: { ...credentials, ...more } })
  const made = await create({})
  expect(made.status, made.text).toBe(200)
  const own = (await hub.call("GET", "/v1/connectors?q=b&type=postgres")).body.data.find(({ title }: { title: string }) => title === "b")
  await tryAll(
    own.id,
    withMasks((password) => () => create({ port: thiefsDatabase.port, password })),
  )
  await works(own.id)
})
