import { randomBytes } from "node:crypto"
import { request } from "node:http"
import { afterAll, beforeAll, expect, test } from "vitest"
import { forgetPeak, peakMb, residentMb } from "../../bench/measure.ts"
import { type DataFolder, makeDataFolder } from "../support/data-folder.ts"
import { startTestDatabase } from "../support/embedded.ts"
import { type HubProcess, startHubProcess } from "../support/hub-process.ts"
import { use } from "../support/use.ts"
import { until } from "../support/waiting.ts"

/** The allowed growth of a hub's memory while it receives or reads 1 GiB; a hub that held the file would grow by all of it. */
const FLAT_MB = 200
const GIB = 1024 ** 3
const LINE = '123456,"Zoë, Ltd",2026-01-01,99.50,some longer text that is plain,true\n'

let data: DataFolder
let env: Record<string, string>
const database = use(() => startTestDatabase())
beforeAll(async () => {
  data = makeDataFolder()
  env = { DATABASE_URL: database.url, JACKFIELD_MASTER_KEY: randomBytes(32).toString("base64"), JACKFIELD_ADMIN_KEY: KEY }
})
afterAll(async () => {
  await data?.remove()
})

const KEY = "the-admin-key-of-this-test-000"
const headers = { authorization: `Bearer ${KEY}` }

/** Sends `blocks` blocks at the pace of the hub; returns the answer's body, or the reason why there is none. */
function send(url: string, block: Buffer, blocks: number, sent: (count: number) => void = () => undefined): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const asked = request(`${url}/v1/uploads?name=big.csv`, { method: "POST", headers }, (response) => {
      let text = ""
      response.on("data", (part: Buffer) => {
        text += part.toString()
      })
      response.on("end", () => resolve(JSON.parse(text) as Record<string, unknown>))
    })
    asked.on("error", reject)
    const more = (count: number): void => {
      sent(count)
      if (count === blocks) asked.end()
      else if (asked.write(block)) setImmediate(() => more(count + 1))
      else asked.once("drain", () => more(count + 1))
    }
    more(0)
  })
}

const call = (hub: HubProcess, method: string, path: string, body?: unknown) => hub.call(method, path, body, { key: KEY })

test("a file of 1 GiB is received, discovered and paged through in flat memory", async () => {
  const hub = startHubProcess(data.dir, { env })
  try {
    const url = await hub.ready
    const pid = hub.child.pid ?? 0
    const block = Buffer.from(LINE.repeat(Math.floor((8 * 1_048_576) / Buffer.byteLength(LINE))))
    const blocks = Math.ceil(GIB / block.length)
    const figures: string[] = []
    const watched = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
      const before = residentMb(pid)
      forgetPeak(pid)
      const begun = Date.now()
      const result = await work()
      const grown = peakMb(pid) - before
      figures.push(`${what}: ${((Date.now() - begun) / 1_000).toFixed(1)} s, ${Math.round(before)} MB before, ${Math.round(peakMb(pid))} MB at most`)
      expect(grown, figures.at(-1)).toBeLessThan(FLAT_MB)
      return result
    }
    const made = await watched("upload of 1 GiB", () => send(url, block, blocks))
    expect(made["bytes"]).toBe(blocks * block.length)
    const config = { source: { kind: "upload", upload: made["id"] } }
    expect((await call(hub, "POST", "/v1/connectors", { name: "big", type: "csv", config })).status).toBe(201)
    const catalog = await watched("discovery", () => call(hub, "POST", "/v1/connectors/big/discover", { timeoutMs: 900_000 }))
    const lines = (blocks * block.length) / Buffer.byteLength(LINE)
    // The file has no header: its first line has numbers.
    expect(catalog.body).toMatchObject({ complete: true, streams: [{ estimatedRows: lines }] })
    const rows = await watched("preview", () => call(hub, "GET", `/v1/connectors/big/rows?limit=1000&stream=${encodeURIComponent('["big.csv"]')}`))
    expect(rows.body.rowCount).toBe(1_000)
    process.stdout.write(`\n${figures.join("\n")}\n`)
  } finally {
    await hub.end()
  }
})

test("a hub that is killed while files arrive shows none of them, and the next hub deletes them", async () => {
  let hub = startHubProcess(data.dir, { env })
  await hub.ready
  const before = Number((await database.query("select count(*)::int as n from jackfield.uploads"))[0]?.["n"])
  let sent = 0
  const broken = [1, 2, 3].map(async () =>
    send(await hub.ready, Buffer.alloc(1_048_576, LINE), 4_000, (count) => {
      sent = Math.max(sent, count)
    }).then(
      () => "whole",
      () => "broken",
    ),
  )
  const arriving = () => database.query("select count(*)::int as n, coalesce(sum(bytes), 0)::float8 as bytes from jackfield.uploads where completed_at is null")
  await until(60_000, arriving, ([row]) => Number(row?.["n"]) === 3 && Number(row?.["bytes"]) > 8_000_000)
  await hub.end("SIGKILL")
  expect(await Promise.all(broken)).toEqual(["broken", "broken", "broken"])
  hub = startHubProcess(data.dir, { env })
  try {
    expect((await call(hub, "GET", "/v1/uploads?limit=100")).body.total).toBe(before)
    const [left] = await database.query("select id from jackfield.uploads where completed_at is null limit 1")
    expect((await call(hub, "GET", `/v1/uploads/${left?.["id"]}`)).status).toBe(404)
    expect((await call(hub, "DELETE", `/v1/uploads/${left?.["id"]}`)).status).toBe(404)
    await database.query("update jackfield.uploads set arrived_at = now() - interval '1 hour' where completed_at is null")
  } finally {
    await hub.end()
  }
  hub = startHubProcess(data.dir, { env })
  try {
    await hub.ready
    const [after] = await until(10_000, arriving, ([row]) => Number(row?.["n"]) === 0)
    expect(after).toEqual({ n: 0, bytes: 0 })
    const [chunks] = await database.query(
      "select count(*)::int as n from jackfield.upload_chunks c where not exists (select from jackfield.uploads u where u.id = c.upload_id)",
    )
    expect(chunks).toEqual({ n: 0 })
  } finally {
    await hub.end()
  }
})
