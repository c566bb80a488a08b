import { randomBytes } from "node:crypto"
import { beforeAll, expect, test } from "vitest"
import type { Answer } from "../support/ask.ts"
import { startTestDatabase } from "../support/embedded.ts"
import type { HubProcess } from "../support/hub-process.ts"
import { hubProcesses } from "../support/hub-processes.ts"
import { use } from "../support/use.ts"

const KEY = "the-first-admin-key-of-the-test"
const KILLS = 6
const WRITERS = 8

const master = randomBytes(32).toString("base64")

const database = use(() => startTestDatabase())
beforeAll(async () => {
  await database.query("create database hub")
})
const hubs = use(() => hubProcesses())

async function node(): Promise<HubProcess> {
  const env = { DATABASE_URL: database.url.replace(/\/postgres$/, "/hub"), JACKFIELD_ADMIN_KEY: KEY, JACKFIELD_MASTER_KEY: master }
  const hub = hubs.start({ env })
  await hub.ready
  return hub
}

/** Creates a key; names of keys may repeat, so that a key that was created twice is noticed. */
const make = (hub: HubProcess, name: string): Promise<Answer> =>
  hub.call("POST", "/v1/keys", { name, role: "viewer" }, { key: KEY, headers: { "idempotency-key": `key of ${name}` } })

test("two nodes that get the same request at the same time carry it out once", async () => {
  const nodes = [await node(), await node()] as const
  for (let round = 0; round < 10; round++) {
    const answers = await Promise.all(Array.from({ length: 10 }, (_, index) => make(nodes[index % 2 === 0 ? 0 : 1], `twice-${round}`)))
    expect(new Set(answers.filter(({ status }) => status === 201).map(({ body }) => body.key)).size).toBe(1)
    for (const { status, body } of answers) expect([201, 409].includes(status), JSON.stringify(body)).toBe(true)
    const replayed = await make(nodes[1], `twice-${round}`)
    expect([replayed.status, replayed.headers.get("idempotency-replayed")]).toEqual([201, "true"])
  }
  const { body } = await nodes[0].call("GET", "/v1/keys?q=twice-&limit=100", undefined, { key: KEY })
  expect(body.total).toBe(10)
  for (let attempt = 0; attempt < 10; attempt++)
    await nodes[attempt % 2 === 0 ? 0 : 1].call("POST", "/v1/sessions", { email: "nobody@example.com", password: "wrong" }, { key: KEY })
  for (const each of nodes) expect((await each.call("POST", "/v1/sessions", { email: "nobody@example.com", password: "wrong" }, { key: KEY })).status).toBe(429)
  await Promise.all(nodes.map((each) => each.end("SIGKILL")))
})

test("however often the hub is killed, each request is carried out once, or the answer says that its outcome is unknown", async () => {
  const names: string[] = []
  const fates: Record<string, number> = {}
  for (let round = 0; round < KILLS; round++) {
    const hub = await node()
    const doubtful = new Set<string>()
    const writers = Array.from({ length: WRITERS }, async (_, writer) => {
      for (let number = 0; ; number++) {
        const name = `r${round}-w${writer}-${number}`
        names.push(name)
        doubtful.add(name)
        const answer = await make(hub, name).catch(() => undefined)
        if (answer === undefined) return
        expect(answer.status).toBe(201)
        doubtful.delete(name)
      }
    })
    await new Promise((resolve) => setTimeout(resolve, 300 + round * 70))
    await hub.end("SIGKILL")
    await Promise.all(writers)
    // Expires the claims of the killed process, which would otherwise take a minute.
    await database.query("update jackfield.idempotency_keys set leased_until = now() - interval '1 second' where status is null", [], "hub")
    const next = await node()
    for (const name of doubtful) {
      const { status, body, headers } = await make(next, name)
      const fate = status === 409 ? String(body.code) : headers.get("idempotency-replayed") === "true" ? "replayed" : "done"
      fates[fate] = (fates[fate] ?? 0) + 1
      expect(["done", "replayed", "idempotency_unknown"], JSON.stringify(body)).toContain(fate)
      if (fate === "idempotency_unknown") expect(body.done).toEqual([{ action: "key.create", target: { kind: "key", id: expect.any(String), name } }])
    }
    await next.end("SIGKILL")
  }
  const made = (await database.query("select name, count(*)::int as n from jackfield.api_keys where name like 'r%' group by 1", [], "hub")) as {
    name: string
    n: number
  }[]
  expect(made.filter(({ n }) => n !== 1)).toEqual([])
  expect(made.map(({ name }) => name).sort()).toEqual([...names].sort())
  expect(Object.values(fates).reduce((sum, n) => sum + n, 0)).toBe(KILLS * WRITERS)
  const hub = await node()
  expect((await hub.call("GET", "/v1/audit/verify", undefined, { key: KEY })).body).toMatchObject({ ok: true })
})
