import { type ChildProcess, spawn } from "node:child_process"
import { randomBytes } from "node:crypto"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { startTestDatabase } from "../support/embedded.ts"
import { startHub, type TestHub } from "../support/hub.ts"
import { jackfield, json } from "../support/jackfield.ts"
import { use } from "../support/use.ts"

const KILLS = 20
const WORKSPACES = 4
const SECRETS = 60
const ROOT = join(import.meta.dirname, "..", "..")

let hubs: TestHub[]
const env = { DATABASE_URL: "", JACKFIELD_MASTER_KEY: randomBytes(32).toString("base64"), JACKFIELD_ADMIN_KEY: "the-admin-key-of-this-very-test" }
const database = use(() => startTestDatabase())
beforeAll(async () => {
  env.DATABASE_URL = database.url
  // Two nodes, each with data keys in memory.
  hubs = [await startHub(env), await startHub(env)]
})
afterAll(async () => {
  for (const hub of hubs) await hub.stop()
})

const rotation = (): ChildProcess =>
  spawn(process.execPath, [join(ROOT, "bin", "jackfield.mjs"), "vault", "rotate", "--data"], {
    cwd: "/",
    env: { PATH: process.env["PATH"] ?? "", ...env },
    stdio: "ignore",
  })

/** Writes secrets through one node until it is told to stop; returns the acknowledged secrets by connector. */
async function write(hub: TestHub, key: string, prefix: string, state: { stop: boolean }): Promise<Map<string, string>> {
  const known = new Map<string, string>()
  for (let step = 0; !state.stop; step++) {
    const name = `${prefix}-${step % 5}`
    const token = `${name} ${randomBytes(6).toString("hex")}`
    const auth = { kind: "bearer", token }
    const config = { url: "https://example.com/", auth }
    const answer = known.has(name)
      ? await hub.call("PATCH", `/v1/connectors/${name}`, { config: { auth } }, { key })
      : await hub.call("POST", "/v1/connectors", { name, type: "http", config }, { key })
    if (answer.status >= 300) throw new Error(`${name}: ${answer.status} ${answer.text}`)
    known.set(name, token)
  }
  return known
}

test(`a rotation that is killed ${KILLS} times while two nodes write continues, and finally every secret can be opened`, async () => {
  const [one, two] = hubs as [TestHub, TestHub]
  const admins = [env.JACKFIELD_ADMIN_KEY]
  for (let index = 1; index < WORKSPACES; index++)
    admins.push((await one.call("POST", "/v1/workspaces", { name: `w${index}` }, { key: env.JACKFIELD_ADMIN_KEY })).body.key as string)
  for (const key of admins)
    await Promise.all(
      Array.from({ length: SECRETS }, (_, index) =>
        one.call(
          "POST",
          "/v1/connectors",
          { name: `still-${index}`, type: "http", config: { url: "https://example.com/", auth: { kind: "bearer", token: `t${index}` } } },
          { key },
        ),
      ),
    )
  const state = { stop: false }
  const writers = [write(one, admins[0] ?? "", "a", state), write(two, admins[0] ?? "", "b", state), write(two, admins[1] ?? "", "c", state)]
  let kills = 0
  let begun = 0
  try {
    for (let attempt = 0; kills < KILLS && attempt < 4 * KILLS; attempt++) {
      const child = rotation()
      const exited = new Promise<NodeJS.Signals | null>((resolve) => child.once("exit", (_, signal) => resolve(signal)))
      // Node needs a moment to start. A mark shows that the rotation has begun; from then on, the kill may come at any moment.
      for (let wait = 0; wait < 400 && (await mark()) === 0 && child.exitCode === null; wait++) await new Promise((resolve) => setTimeout(resolve, 10))
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 250))
      child.kill("SIGKILL")
      if ((await exited) === "SIGKILL") kills++
      begun += (await mark()) === 0 ? 0 : 1
    }
    const finish = await jackfield(["vault", "rotate", "--data", "--json"], { env })
    expect(json(finish), finish.stderr).toMatchObject({ ok: true, proof: { ok: true, failures: [] }, data: { kept: [], failures: [] } })
  } finally {
    state.stop = true
  }
  const known = (await Promise.all(writers)).reduce((sum, each) => sum + each.size, 0)
  const proof = json<{ ok: boolean; values: number }>(await jackfield(["vault", "prove", "--json"], { env }))
  expect(proof.ok).toBe(true)
  expect(proof.values).toBeGreaterThanOrEqual(WORKSPACES * SECRETS + known)
  const [keys] = await database.query("select count(*)::int as keys, count(*) filter (where retired_at is null)::int as active from jackfield.data_keys")
  expect(keys).toEqual({ keys: WORKSPACES, active: WORKSPACES })
  // A node that starts now can open the secrets of the others, and they can open its secrets.
  const third = await startHub(env)
  hubs.push(third)
  for (const hub of hubs)
    expect((await hub.call("PATCH", "/v1/connectors/still-0", { config: { auth: { token: "again" } } }, { key: env.JACKFIELD_ADMIN_KEY })).status).toBe(200)
  console.log(`kills ${kills}, of which ${begun} left a rotation begun; ${proof.values} values open`)
  expect(kills).toBe(KILLS)
  expect(begun).toBeGreaterThan(KILLS / 2)
})

const mark = async (): Promise<number> => (await database.query("select from jackfield.settings where key = 'vault-rotation'")).length
