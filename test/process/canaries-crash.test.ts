import { readdirSync } from "node:fs"
import { afterAll, describe, expect, it } from "vitest"
import { type DataFolder, makeDataFolder } from "../support/data-folder.ts"
import { startTestDatabase } from "../support/embedded.ts"
import { startHubProcess } from "../support/hub-process.ts"
import { listenRaw } from "../support/loopback.ts"
import { use } from "../support/use.ts"
import { until } from "../support/waiting.ts"
import { Ledger } from "./canaries/ledger.ts"
import { Search } from "./canaries/search.ts"
import { CANARIES, canaryOf } from "./canaries/values.ts"

/** The canaries that are not PEM, each in the password of one connector. */
const USED = CANARIES.slice(0, 40)
const DATABASE_PASSWORD = canaryOf("database")
const OTHER = canaryOf("environment")
const own = [DATABASE_PASSWORD, OTHER].map((value) => ({ about: "of the environment", value }))
const ledger = new Ledger(new Search([...CANARIES, ...own]))
const KEY = "a-key-of-an-admin-that-is-no-canary"
const MASTER = Buffer.alloc(32, 5).toString("base64")

/** First an unhandled rejection, then an uncaught exception, each with every canary in its message and its properties. */
const FAULTS = `
  let count = 0
  const values = JSON.parse(process.env.CANARIES_OF_TEST)
  process.on("SIGUSR2", () => {
    const error = new Error("it broke: " + values.join(" and "), { cause: new Error("because of " + values.map((value) => Buffer.from(value).toString("base64"))) })
    Object.assign(error, { code: "E_BROKEN", config: { password: values }, bytes: values.map((value) => Buffer.from(value)), [values[0]]: 1 })
    if (count++ === 0) Promise.reject(error)
    else if (count === 2) Promise.reject({ password: values })
    else throw error
  })`

const folders: DataFolder[] = []
const database = use(() => startTestDatabase({ password: DATABASE_PASSWORD }))
const tarpit = use(() => listenRaw())
afterAll(async () => {
  for (const folder of folders) await folder.remove()
})
const folder = (): DataFolder => {
  const made = makeDataFolder()
  folders.push(made)
  return made
}
const none = () => expect(ledger.hits.slice(0, 10)).toEqual([])

describe("a hub that crashes while secrets are in use", () => {
  it("logs the cause without secrets and without its database's URL", async () => {
    const data = folder()
    const hub = startHubProcess(data.dir, {
      nodeArgs: ["--import", `data:text/javascript,${encodeURIComponent(FAULTS)}`],
      env: {
        JACKFIELD_LOG: "debug",
        DATABASE_URL: database.url,
        JACKFIELD_MASTER_KEY: MASTER,
        JACKFIELD_ADMIN_KEY: KEY,
        CANARIES_OF_TEST: JSON.stringify(USED.map(({ value }) => value)),
      },
    })
    await hub.ready
    const { body } = await hub.call("GET", "/v1/me", undefined, { key: KEY })
    await hub.call("PATCH", `/v1/workspaces/${body.workspace.id}`, { plan: { tests: { perMinute: 1_000, concurrency: 100 } } }, { key: KEY })
    const config = (password: string) => ({ host: "127.0.0.1", port: tarpit.port, user: "u", password, tls: { kind: "off" } })
    const running = USED.map(({ value }) =>
      hub.call("POST", "/v1/connectors/test", { type: "postgres", config: config(value), timeoutMs: 30_000 }, { key: KEY }).catch(() => undefined),
    )
    await until(
      20_000,
      async () => tarpit.hits,
      (hits) => hits >= USED.length,
    )
    expect(tarpit.hits).toBe(USED.length)
    const shown = (text: string, times: number) =>
      until(
        10_000,
        async () => hub.stdout().split(text).length - 1,
        (count) => count >= times,
      )
    hub.child.kill("SIGUSR2")
    expect(await shown("unhandled rejection", 1)).toBe(1)
    hub.child.kill("SIGUSR2")
    expect(await shown("unhandled rejection", 2)).toBe(2)
    hub.child.kill("SIGUSR2")
    expect(await hub.exited).toBe(1)
    await Promise.all(running)
    expect(hub.stdout()).toContain("it broke: [secret] and [secret]")
    expect(hub.stdout()).toContain("the hub crashed")
    ledger.out("log of a crash", hub.stdout() + hub.stderr())
    expect(readdirSync(data.dir).filter((name) => /report|core/.test(name))).toEqual([])
    none()
  }, 120_000)
})

describe("a hub that cannot start", () => {
  const login = (password: string, port: number, rest = "") => `postgres://hub:${encodeURIComponent(password)}@127.0.0.1:${port}/postgres${rest}`
  it.each<[string, () => Record<string, string>]>([
    ["of a missing database", () => ({ DATABASE_URL: login(OTHER, 1) })],
    ["of a wrong password", () => ({ DATABASE_URL: login(OTHER, database.port) })],
    ["of another scheme", () => ({ DATABASE_URL: `mysql://u:${encodeURIComponent(OTHER)}@127.0.0.1/d` })],
    ["of an invalid URL", () => ({ DATABASE_URL: `postgres://u:${OTHER}@[/d` })],
    ["of an unknown parameter", () => ({ DATABASE_URL: login(OTHER, database.port, "?sslmode=wrong&password=x") })],
    ["of an invalid master key", () => ({ JACKFIELD_MASTER_KEY: OTHER })],
    ["of another master key", () => ({ JACKFIELD_MASTER_KEY: Buffer.from(OTHER.padEnd(32, "x").slice(0, 32)).toString("base64") })],
    ["of an admin key that is too short", () => ({ JACKFIELD_ADMIN_KEY: OTHER.slice(0, 12) })],
    ["of invalid settings", () => ({ JACKFIELD_ADMIN_PASSWORD: OTHER, JACKFIELD_ADMIN_EMAIL: "none", JACKFIELD_LOG: "trace", HOST: "nowhere" })],
  ])("because %s", async (_why, env) => {
    const hub = startHubProcess(folder().dir, { env: { DATABASE_URL: database.url, JACKFIELD_MASTER_KEY: MASTER, JACKFIELD_LOG: "debug", ...env() } })
    const ended = await hub.exited
    expect(ended, hub.stdout()).toBe(1)
    expect(hub.stderr()).toContain("jackfield: ")
    ledger.out("of a start that failed", hub.stdout() + hub.stderr())
    none()
  })
})
