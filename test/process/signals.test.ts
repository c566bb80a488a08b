import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { type DataFolder, makeDataFolder } from "../support/data-folder.ts"
import { type HubProcess, type HubProcessOptions, startHubProcess } from "../support/hub-process.ts"
import { leftBehind } from "../support/left-behind.ts"
import { listenRaw } from "../support/loopback.ts"
import { within } from "../support/waiting.ts"

const SLOW = { timeout: 120_000 }

let data: DataFolder
let hubs: HubProcess[]
beforeEach(() => {
  data = makeDataFolder()
  hubs = []
})
afterEach(async () => {
  await Promise.all(hubs.map((hub) => hub.end("SIGKILL")))
  await data.remove()
})

/** Starts a hub in its own process group, like a shell or a service manager. */
function start(options: HubProcessOptions = {}): HubProcess {
  const hub = startHubProcess(data.dir, { detached: true, ...options })
  hubs.push(hub)
  return hub
}

const group = (hub: HubProcess): number => hub.child.pid ?? 0

/** The ways in which a single request to stop arrives several times. */
const WAYS: Readonly<Record<string, (hub: HubProcess) => void>> = {
  "Ctrl-C under npm: to the group, and forwarded": (hub) => {
    process.kill(-group(hub), "SIGINT")
    hub.child.kill("SIGINT")
  },
  "`timeout` and service managers: to the process, then to the group": (hub) => {
    hub.child.kill("SIGTERM")
    process.kill(-group(hub), "SIGTERM")
  },
  "a terminal that closes after Ctrl-C, and a manager that is impatient": (hub) => {
    process.kill(-group(hub), "SIGINT")
    process.kill(-group(hub), "SIGHUP")
    hub.child.kill("SIGTERM")
    process.kill(-group(hub), "SIGTERM")
  },
}

async function expectNothingLeft(hub: HubProcess): Promise<void> {
  await within(5_000, () => leftBehind(data.dir, group(hub)).length === 0, `nothing left: ${JSON.stringify(leftBehind(data.dir, group(hub)))}`)
}

/** Asserts that the next start works, and shows a working login if none was shown before. */
async function expectUsable(earlier: HubProcess): Promise<void> {
  const next = start()
  await next.ready
  expect(
    [earlier, next].filter((hub) => hub.stdout().includes("API key")),
    earlier.stdout() + next.stdout(),
  ).toHaveLength(1)
  expect((await next.call("GET", "/v1/me")).status).toBe(200)
  expect(await next.end()).toBe(0)
}

describe.runIf(process.platform === "linux")("a signal that arrives several times", SLOW, () => {
  // The moments are recognized by the hub's log.
  const MOMENTS = ["creating a new embedded PostgreSQL", "embedded PostgreSQL started", "database migrated", '"msg":"ready"'] as const
  const WAY_NAMES = Object.keys(WAYS)

  test.each(MOMENTS.map((moment, index) => [moment, WAY_NAMES[index % WAY_NAMES.length] ?? ""] as const))(
    "after %j (%s) ends the first start, leaves no process, and loses no login",
    async (moment, way) => {
      const hub = start()
      await within(60_000, () => hub.stdout().includes(moment), moment)
      WAYS[way]?.(hub)
      expect(await hub.exited, hub.stdout() + hub.stderr()).toBe(0)
      expect(hub.stderr()).toBe("")
      await expectNothingLeft(hub)
      await expectUsable(hub)
    },
  )

  test.each(WAY_NAMES)("while requests are being finished (%s) lets them finish", async (way) => {
    const silent = await listenRaw()
    const hub = start()
    await hub.ready
    const config = { host: "127.0.0.1", port: silent.port, user: "x", password: "y", tls: { kind: "off" } }
    const running = hub.call("POST", "/v1/connectors/test", { type: "postgres", config, timeoutMs: 2_000 })
    await within(20_000, () => silent.hits > 0, "the hub connects")
    WAYS[way]?.(hub)
    await within(5_000, () => hub.stdout().includes('"msg":"stopping"'), "the hub stops")
    WAYS[way]?.(hub)
    expect(await running).toMatchObject({ status: 200, body: { ok: false, error: { code: "timed_out" } } })
    expect(await hub.exited, hub.stdout() + hub.stderr()).toBe(0)
    await expectNothingLeft(hub)
    await silent.close()
  })

  // Under npm, the child is npm itself, which passes the signals on; the bin may start another Node.
  test.each((["npm", "bin"] as const).flatMap((by) => WAY_NAMES.map((way) => [by, way] as const)))(
    "ends a hub that %s started (%s) cleanly",
    async (by, way) => {
      const hub = start({ by })
      await hub.ready
      const made = await hub.call("POST", "/v1/connectors", { name: "kept", type: "http", config: { url: "https://example.com/" } })
      expect(made.status).toBe(201)
      WAYS[way]?.(hub)
      await hub.exited
      await expectNothingLeft(hub)
      const next = start()
      await next.ready
      expect(next.stdout()).not.toContain("is adopted")
      expect((await next.call("GET", "/v1/connectors/kept")).body).toMatchObject({ id: made.body.id })
    },
  )

  test("before the hub has started leaves nothing behind", async () => {
    const hub = start()
    WAYS[WAY_NAMES[0] ?? ""]?.(hub)
    expect(["SIGINT", 0]).toContain(await hub.exited)
    await expectNothingLeft(hub)
  })
})
