import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import pg from "pg"
import { afterAll, beforeAll, expect, test } from "vitest"
import type { Answer } from "../support/ask.ts"
import { type DataFolder, makeDataFolder } from "../support/data-folder.ts"
import { startTestDatabase } from "../support/embedded.ts"
import { type HubProcess, startHubProcess } from "../support/hub-process.ts"
import { listenHttp } from "../support/loopback.ts"
import { use } from "../support/use.ts"

/** A canary with the characters that encodings change: quote, backslash, slash, plus, percent, space. */
const CANARY = 'Kanarienvogel "7\\b/+%&= 9'
const TOKEN = "Kanarien-Token.with+slash/and=equals"
const NEW_PASSWORD = "Kanarien password of a person"
/** A value that is not secret and takes the same paths. The search must find it everywhere, which proves that the search works. */
const MARKER = "wellensittich"

let data: DataFolder
let hub: HubProcess
const answers: Answer[] = []

const database = use(() => startTestDatabase({ password: CANARY }))
beforeAll(async () => {
  // A far side that gives back whatever it was told, in every form.
})
const echo = use(() =>
  listenHttp((request, response) => {
    const seen = `${request.headers.authorization} ${Buffer.from(TOKEN).toString("base64")} ${Buffer.from(TOKEN).toString("hex")} ${encodeURIComponent(TOKEN)}`
    response.writeHead(500, seen.slice(0, 60).replaceAll(/[^\x20-\x7e]/g, ""), { "content-type": "text/plain", server: seen }).end(seen)
  }),
)
beforeAll(async () => {
  data = makeDataFolder()
  hub = startHubProcess(data.dir, { env: { JACKFIELD_LOG: "debug" } })
  await hub.ready
  await useSecrets()
})
afterAll(async () => {
  await hub.end()
  await data.remove()
})

async function call(method: string, path: string, body?: unknown, options?: Parameters<HubProcess["call"]>[3]): Promise<Answer> {
  const answer = await hub.call(method, path, body, options)
  answers.push(answer)
  return answer
}

/** Sends a secret through everything: it is stored, used, rejected, in errors, and in a request that cannot be parsed. */
async function useSecrets(): Promise<void> {
  const right = database.config
  await call("POST", "/v1/connectors", { name: "right", title: MARKER, type: "postgres", config: right, verify: true })
  await call("POST", "/v1/connectors", { name: "right", type: "postgres", config: right })
  await call("POST", "/v1/connectors", { name: "wrong", type: "postgres", config: { ...right, password: `${CANARY}x`, database: MARKER } })
  for (const name of ["right", "wrong"]) {
    await call("POST", `/v1/connectors/${name}/test`)
    await call("POST", `/v1/connectors/${name}/test`, {}, { headers: { accept: "application/x-ndjson" } })
    await call("POST", `/v1/connectors/${name}/discover`)
    await call("POST", `/v1/connectors/${name}/query`, { statement: `select '${MARKER}' as x` })
    await call("POST", `/v1/connectors/${name}/query`, { statement: `select $1::int as "${MARKER}"`, params: [CANARY] })
    await call("POST", `/v1/connectors/${name}/query`, { statement: `select '${CANARY}'::int` })
    await call("GET", `/v1/connectors/${name}`)
  }
  await call("POST", "/v1/connectors/test", { type: "postgres", config: { ...right, port: 1 } })
  await call("POST", "/v1/connectors/test", { type: "postgres", config: { ...right, port: CANARY } })
  await call("POST", "/v1/connectors", { name: "odd", type: "postgres", config: { ...right, password: { wrapped: CANARY } } })
  await call("PATCH", "/v1/connectors/right", { config: { password: CANARY } })
  const api = { url: `http://127.0.0.1:${echo.port}/${MARKER}`, auth: { kind: "bearer", token: TOKEN } }
  await call("POST", "/v1/connectors", { name: "api", type: "http", config: api })
  await call("POST", "/v1/connectors/api/test")
  await call("POST", "/v1/users", { email: `${MARKER}@example.com`, role: "viewer", password: NEW_PASSWORD })
  await call("POST", "/v1/sessions", { email: `${MARKER}@example.com`, password: NEW_PASSWORD })
  await call("POST", "/v1/sessions", { email: `${MARKER}@example.com`, password: CANARY })
  await call("GET", `/v1/connectors?q=${encodeURIComponent(MARKER)}`)
}

/** The forms in which a secret might appear: raw, JSON-escaped, URL-escaped, hex, and base64 in each of its three alignments. */
function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret)
  const aligned = [0, 1, 2].map((pad) =>
    Buffer.concat([Buffer.alloc(pad), bytes])
      .toString("base64")
      .slice(pad === 0 ? 0 : 4)
      .replace(/.{0,4}$/, ""),
  )
  const url = encodeURIComponent(secret)
  const escaped = [JSON.stringify(secret).slice(1, -1), JSON.stringify(JSON.stringify(secret)).slice(3, -3), url, url.replaceAll("%20", "+"), encodeURI(secret)]
  return [...new Set([secret, ...escaped, bytes.toString("hex"), bytes.toString("hex").toUpperCase(), ...aligned, ...aligned.map(urlSafe)])]
}

const urlSafe = (base64: string): string => base64.replaceAll("+", "-").replaceAll("/", "_")

const FORMS = [CANARY, TOKEN, NEW_PASSWORD].flatMap(formsOf)

const found = (text: string | Buffer): string[] => FORMS.filter((form) => text.includes(form))

test("the run reached every step", () => {
  const statuses = answers.map((answer) => answer.status)
  expect(statuses.slice(0, 3)).toEqual([201, 409, 201])
  expect(statuses.filter((status) => status === 200 || status === 201).length).toBeGreaterThan(12)
  expect(statuses.filter((status) => status >= 500 && status !== 502 && status !== 504)).toEqual([])
  expect(answers[3]?.body).toMatchObject({ ok: true })
  expect(answers.some((answer) => answer.body?.error?.code === "auth_failed")).toBe(true)
})

test("no answer contains a secret, in any form", () => {
  // The caller's own statement is not a secret of the connector, but the connector's password is removed from its error anyway.
  for (const [index, answer] of answers.entries())
    expect(found(answer.text + JSON.stringify([...answer.headers])), `answer ${index}: ${answer.text}`).toEqual([])
  expect(answers.some((answer) => answer.text.includes(MARKER))).toBe(true)
})

test("neither standard output nor standard error contains one, at log level debug", () => {
  expect(found(hub.stdout() + hub.stderr())).toEqual([])
  expect(hub.stdout()).toContain("password authentication failed")
})

test("no column of the database contains one", async () => {
  const { port, password } = embedded()
  const client = new pg.Client({ host: "127.0.0.1", port, user: "hub", password, database: "postgres" })
  await client.connect()
  const tables = await client.query<{ name: string }>(
    "select quote_ident(schemaname) || '.' || quote_ident(tablename) as name from pg_tables where schemaname !~ '^(pg_|information_schema)'",
  )
  let dump = ""
  for (const { name } of tables.rows)
    for (const row of (await client.query<{ row: string }>(`select t::text as row from ${name} t`)).rows) dump += `${row.row}\n`
  await client.end()
  expect(tables.rows.length).toBeGreaterThan(10)
  expect(dump).toContain(MARKER)
  // In the text form of a row, quotes and backslashes are doubled.
  expect([...found(dump), ...found(dump.replaceAll('""', '"').replaceAll("\\\\", "\\"))]).toEqual([])
})

function embedded(): { port: number; password: string } {
  const { password } = JSON.parse(readFileSync(join(data.home(), "hub.json"), "utf8")) as { password: string }
  return { port: Number(readFileSync(join(data.home(), "cluster", "postmaster.pid"), "utf8").split("\n")[3]), password }
}

test("no file in the data folder contains one, including PostgreSQL's log, its tables and its write-ahead log", async () => {
  let marked = 0
  for (const entry of readdirSync(data.dir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const content = readFileSync(path)
    if (content.includes(MARKER)) marked++
    expect(found(content), path).toEqual([])
  }
  expect(marked).toBeGreaterThan(0)
})
