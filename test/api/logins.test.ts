import { request } from "node:http"
import { connect } from "node:net"
import pg from "pg"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { startTestDatabase } from "../support/embedded.ts"
import { nodeOn, startHub } from "../support/hub.ts"
import { use } from "../support/use.ts"
import { until, within } from "../support/waiting.ts"

const PASSWORD = "the first password"
const EMAIL = "ada@example.com"

const database = use(() => startTestDatabase())
const hub = use(() => startHub({ ...nodeOn(database), JACKFIELD_ADMIN_PASSWORD: PASSWORD, JACKFIELD_ADMIN_EMAIL: EMAIL }))
let owner: pg.Client
beforeAll(async () => {
  owner = new pg.Client({ connectionString: database.url })
  await owner.connect()
})
afterAll(() => owner.end())

const logIn = (password: string) => hub.call("POST", "/v1/sessions", { email: EMAIL, password }, { key: null })
const change = (key: string, current: string, next: string) => hub.call("POST", "/v1/me/password", { current, password: next }, { key })
const me = async (key: string) => (await hub.call("GET", "/v1/me", undefined, { key })).status

/** Locks the user's row, like a change on another node, until `count` transactions of the hub wait for it; then runs `last` and commits. */
async function whileHeld<T>(count: number, begin: () => readonly Promise<T>[], last = "select 1"): Promise<T[]> {
  await owner.query("begin")
  await owner.query("select from jackfield.users where email = $1 for update", [EMAIL])
  const running = begin()
  for (const each of running) each.catch(() => undefined)
  const waiting = async () =>
    (await database.query("select from pg_stat_activity where wait_event_type = 'Lock' and application_name = 'jackfield'")).length >= count
  try {
    await within(20_000, waiting, `${count} transactions wait`)
    await owner.query(last)
  } finally {
    await owner.query("commit")
  }
  return Promise.all(running)
}

describe("a password that is verified", () => {
  test("and changed before the session is stored opens no session", async () => {
    const [answer] = await whileHeld(1, () => [logIn(PASSWORD)], "update jackfield.users set password_hash = password_hash || 'x'")
    await owner.query("update jackfield.users set password_hash = left(password_hash, -1)")
    expect([answer?.status, answer?.body.code]).toEqual([401, "unauthenticated"])
    expect((await logIn(PASSWORD)).status).toBe(201)
  })

  test("and whose login is disabled before the session is stored opens no session", async () => {
    const [answer] = await whileHeld(1, () => [logIn(PASSWORD)], "update jackfield.users set disabled_at = now()")
    await owner.query("update jackfield.users set disabled_at = null")
    expect(answer?.status).toBe(401)
  })

  test("in two concurrent changes is changed by one of them, whose new password logs in", async () => {
    const { token } = (await logIn(PASSWORD)).body
    const nexts = ["the second password", "the third password"]
    const answers = await whileHeld(2, () => nexts.map((next) => change(token, PASSWORD, next)))
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 422])
    const won = nexts[answers.findIndex(({ status }) => status === 204)] ?? ""
    const back = await logIn(won)
    expect(back.status).toBe(201)
    expect((await change(back.body.token, won, PASSWORD)).status).toBe(204)
  })
})

test("a session's token has only one valid spelling", async () => {
  const { token } = (await logIn(PASSWORD)).body as { token: string }
  const [head = "", body = "", signature = ""] = token.split(".")
  const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
  // 32 bytes leave two bits of the last character unused.
  const last = ALPHABET[ALPHABET.indexOf(signature.at(-1) ?? "") ^ 1]
  const others = [`${token}=`, `${head}=.${body}.${signature}`, `${head}.${body}=.${signature}`, `${head}.${body}.${signature.slice(0, -1)}${last}`]
  expect(await me(token)).toBe(200)
  for (const other of others) expect(await me(other), other).toBe(401)
})

test("expired sessions are deleted by the database's clock, whatever a node's clock shows", async () => {
  await owner.query("delete from jackfield.sessions")
  const { token } = (await logIn(PASSWORD)).body
  const now = Date.now
  Date.now = () => now() + 86_400_000
  try {
    await logIn(PASSWORD)
  } finally {
    Date.now = now
  }
  expect(await me(token)).toBe(200)
})

test("an admin who adds an e-mail learns nothing about its owner until that person logs in", async () => {
  const one = await hub.workspace("one")
  const other = await hub.workspace("other")
  const email = "bob@example.com"
  expect((await hub.call("POST", "/v1/users", { email, name: "Robert", role: "viewer", password: "bob's password" }, { key: one.key })).status).toBe(201)
  await hub.call("POST", "/v1/sessions", { email, password: "bob's password" }, { key: null })
  const hidden = { email, name: email, lastLoginAt: null }
  expect((await hub.call("POST", "/v1/users", { email, role: "viewer" }, { key: other.key })).body).toMatchObject(hidden)
  expect((await hub.call("GET", `/v1/users/${email}`, undefined, { key: other.key })).body).toMatchObject(hidden)
  expect((await hub.call("GET", "/v1/users", undefined, { key: other.key })).body.data).toEqual([expect.objectContaining(hidden)])
  expect((await hub.call("PATCH", `/v1/users/${email}`, { role: "editor" }, { key: other.key })).body).toMatchObject(hidden)
  expect((await hub.call("GET", "/v1/users?q=Robert", undefined, { key: other.key })).body.total).toBe(0)
  expect((await hub.call("GET", `/v1/users/${email}`, undefined, { key: one.key })).body).toMatchObject({ name: "Robert", lastLoginAt: expect.any(String) })
  await hub.call("POST", "/v1/sessions", { email, password: "bob's password" }, { key: null })
  expect((await hub.call("GET", `/v1/users/${email}`, undefined, { key: other.key })).body).toMatchObject({ name: "Robert", lastLoginAt: expect.any(String) })
})

/** The answer to a request with the given headers; `fetch` would set Host itself. */
const raw = (path: string, headers: Readonly<Record<string, string>>) =>
  new Promise<string>((resolve, reject) => {
    request(hub.url + path, { headers }, (response) => {
      let text = ""
      response.on("data", (chunk: Buffer) => {
        text += chunk.toString()
      })
      response.on("end", () => resolve(JSON.stringify(response.headers) + text))
    })
      .once("error", reject)
      .end()
  })

test("no request header appears in a link or a redirect", async () => {
  const config = { host: "db.example.com", database: "d", user: "u", password: "p" }
  expect((await hub.call("POST", "/v1/connectors", { name: "linked", type: "postgres", config })).status).toBe(201)
  const forged = { host: "evil.example", "x-forwarded-host": "evil.example", "x-forwarded-proto": "evil", forwarded: "host=evil.example" }
  for (const path of [
    "/aisquared/api/v1/connectors",
    "/kaireon/api/v1/connectors",
    "/databar/v1/connectors",
    "/v1/connectors",
    "/docs",
    "/openapi.json",
    "/nowhere",
  ]) {
    const answer = await raw(path, { ...forged, authorization: `Bearer ${hub.key}` })
    expect(answer, path).not.toContain("evil")
  }
  expect(await raw("/aisquared/api/v1/connectors", { ...forged, authorization: `Bearer ${hub.key}` })).toContain(`${hub.url}/aisquared/icons/`)
})

test("no page may be framed, and the docs load only the hub's own resources", async () => {
  for (const path of [
    "/docs",
    "/docs/",
    "/docs/static/index.html",
    "/docs/static/swagger-initializer.js",
    "/healthz",
    "/nowhere",
    "/v1/me",
    "/databar/v1/user/me",
  ]) {
    const { headers } = await fetch(hub.url + path)
    expect(headers.get("content-security-policy"), path).toMatch(/frame-ancestors 'none'/)
    expect(headers.get("content-security-policy"), path).not.toMatch(/unsafe-eval|\*|script-src[^;]*unsafe-inline/)
    expect(headers.get("x-frame-options"), path).toBe("DENY")
  }
})

test("a body that does not arrive keeps a connection open for at most 20 s if the route needs no credential", { timeout: 60_000 }, async () => {
  const paths = ["/nowhere", "/v1/nowhere", "/v1/sessions", "/healthz", "/databar/nowhere", "/aisquared/api/v1/login", "/aisquared/api/v1/login/"]
  const sockets = paths.map((path) => {
    const socket = connect(Number(new URL(hub.url).port), "127.0.0.1")
    socket.on("error", () => undefined).resume()
    socket.write(`POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{`)
    return socket
  })
  await until(
    20_000,
    () => sockets.every((socket) => socket.closed),
    (closed) => closed,
  )
  expect(paths.filter((_, index) => !sockets[index]?.closed)).toEqual([])
})
