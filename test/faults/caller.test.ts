import { readFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { type DataFolder, makeDataFolder } from "../support/data-folder.ts"
import { startTestDatabase } from "../support/embedded.ts"
import { type HubProcess, startHubProcess } from "../support/hub-process.ts"
import { listenRaw } from "../support/loopback.ts"
import { use } from "../support/use.ts"
import { until } from "../support/waiting.ts"

/** How long a statement may still run after its caller has disconnected, in milliseconds. */
const GONE_MS = 2_000

let data: DataFolder
let hub: HubProcess
const database = use(() => startTestDatabase())
beforeAll(async () => {
  data = makeDataFolder()
  hub = startHubProcess(data.dir)
  const config = database.config
  expect((await hub.call("POST", "/v1/connectors", { name: "pg", type: "postgres", config })).status).toBe(201)
})
afterAll(async () => {
  await hub.end()
  await data.remove()
})

/** The number of statements with that mark that run on the target now. */
const running = (mark: string) => async (): Promise<number> =>
  Number(
    (
      await database.query("select count(*)::int as n from pg_stat_activity where application_name = 'jackfield' and query like $1 and state <> 'idle'", [
        `%${mark}%`,
      ])
    )[0]?.["n"],
  )

const connections = async (): Promise<number> =>
  Number((await database.query("select count(*)::int as n from pg_stat_activity where application_name = 'jackfield'"))[0]?.["n"])

async function expectGone(mark: string): Promise<void> {
  expect(await until(GONE_MS, running(mark), (many) => many === 0)).toBe(0)
  expect(await until(GONE_MS, connections, (many) => many === 0)).toBe(0)
}

test.each(["application/json", "application/x-ndjson", "text/csv"])(
  "a caller who disconnects while a statement runs ends it on the server (%s)",
  async (accept) => {
    const mark = `gone ${accept}`
    const caller = new AbortController()
    const asked = hub.call(
      "POST",
      "/v1/connectors/pg/query",
      { statement: `select pg_sleep(60) /* ${mark} */` },
      { headers: { accept }, signal: caller.signal },
    )
    asked.catch(() => undefined)
    expect(await until(5_000, running(mark), (many) => many === 1)).toBe(1)
    caller.abort()
    await expect(asked).rejects.toThrow()
    await expectGone(mark)
  },
)

test("a caller who disconnects during a stream ends its statement", async () => {
  const { key } = JSON.parse(readFileSync(join(data.dir, "cli.json"), "utf8")) as { key: string }
  const caller = new AbortController()
  const statement = "select a, repeat('x', 500) as text from generate_series(1, 10000) a, generate_series(1, 10000) b /* stream */"
  const response = await fetch(`${await hub.ready}/v1/connectors/pg/query`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json", accept: "application/x-ndjson" },
    body: JSON.stringify({ statement }),
    signal: caller.signal,
  })
  expect(response.status).toBe(200)
  const reader = response.body?.getReader()
  let bytes = 0
  while (bytes < 2_000_000) bytes += (await reader?.read())?.value?.length ?? 2_000_000
  expect(await running("stream")()).toBe(1)
  caller.abort()
  await expectGone("stream")
})

test("a caller who disconnects during the test of a silent server leaves no connection to it", async () => {
  const open = new Set<unknown>()
  const silent = await listenRaw((socket) => {
    // The server must read, or it would never notice the end.
    open.add(socket.resume())
    socket.once("close", () => open.delete(socket))
  })
  const caller = new AbortController()
  const config = { host: "127.0.0.1", port: silent.port, user: "x", password: "y", tls: { kind: "off" } }
  const asked = hub.call("POST", "/v1/connectors/test", { type: "postgres", config }, { signal: caller.signal })
  asked.catch(() => undefined)
  expect(
    await until(
      5_000,
      async () => open.size,
      (many) => many === 1,
    ),
  ).toBe(1)
  caller.abort()
  expect(
    await until(
      GONE_MS,
      async () => open.size,
      (many) => many === 0,
    ),
  ).toBe(0)
  await silent.close()
})

test("a hub that is stopped ends its running statements", async () => {
  const asked = hub.call("POST", "/v1/connectors/pg/query", { statement: "select pg_sleep(60) /* stopped */", timeoutMs: 60_000 })
  asked.catch(() => undefined)
  expect(await until(5_000, running("stopped"), (many) => many === 1)).toBe(1)
  expect(await hub.end()).toBe(0)
  await expectGone("stopped")
})
