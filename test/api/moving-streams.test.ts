import { setTimeout as pause } from "node:timers/promises"
import { beforeAll, describe, expect, it } from "vitest"
import { startTestDatabase } from "../support/embedded.ts"
import { startHub } from "../support/hub.ts"
import { use } from "../support/use.ts"
import { until } from "../support/waiting.ts"

const ROWS = 60_000
const hub = use(() => startHub({ JACKFIELD_EGRESS_ALLOW: "127.0.0.0/8" }))
const database = use(() => startTestDatabase())

beforeAll(async () => {
  await database.query(`CREATE TABLE long (id int PRIMARY KEY, filling text); INSERT INTO long SELECT n, repeat('x', 1000) FROM generate_series(1, ${ROWS}) n`)
  const { status, text } = await hub.call("POST", "/v1/connectors", { name: "shop", type: "postgres", config: database.config })
  expect(status, text).toBe(201)
})

/** Opens a streamed answer; the reader decides when to read more. */
async function open(path: string, body?: object) {
  const response = await fetch(`${hub.url}/v1/connectors/shop/${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: { authorization: `Bearer ${hub.key}`, accept: "application/x-ndjson", ...(body === undefined ? {} : { "content-type": "application/json" }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  expect(response.status).toBe(200)
  return response.body?.getReader() as ReadableStreamDefaultReader<Uint8Array>
}

async function linesOf(reader: ReadableStreamDefaultReader<Uint8Array>, begun = ""): Promise<Record<string, unknown>[]> {
  const decoder = new TextDecoder()
  let text = begun
  for (let next = await reader.read(); !next.done; next = await reader.read()) text += decoder.decode(next.value, { stream: true })
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

const running = async (like: string): Promise<unknown[]> =>
  await database.query(
    "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND state <> 'idle' AND pid <> pg_backend_pid() AND query ILIKE $1",
    [like],
  )

const ROWS_PATH = `rows?${new URLSearchParams({ stream: '["public","long"]', timeoutMs: "1000" })}`

describe("a stream continues as long as it moves", () => {
  it.each([
    ["a statement", () => open("query", { statement: "SELECT id, filling FROM long ORDER BY id", timeoutMs: 1_000 })],
    ["a table", () => open(ROWS_PATH)],
  ])("%s outlives its deadline while the reader pauses", async (_, start) => {
    const reader = await start()
    const first = await reader.read()
    // Longer than the deadline of each batch; nothing is asserted about the time.
    await pause(2_500)
    const lines = await linesOf(reader, new TextDecoder().decode(first.value))
    expect(lines).toHaveLength(ROWS)
    expect(lines.at(-1)).toMatchObject({ id: ROWS })
  })

  it("ends with an error after all received rows if the source stops sending", async () => {
    const reader = await open("query", { statement: "SELECT n, CASE WHEN n = 5000 THEN pg_sleep(60) END FROM generate_series(1, 9000) n", timeoutMs: 1_000 })
    const lines = await linesOf(reader)
    expect(lines.at(-1)).toMatchObject({ $error: { code: "timed_out" } })
    expect(lines.length).toBeGreaterThan(1_000)
    expect(lines.slice(0, -1).map((line) => line["n"])).toEqual(Array.from({ length: lines.length - 1 }, (_, index) => index + 1))
    expect(
      await until(
        5_000,
        () => running("%pg_sleep%"),
        (left) => left.length === 0,
      ),
    ).toEqual([])
  })

  it("ends at the source if the reader disconnects", async () => {
    const reader = await open(ROWS_PATH)
    await reader.read()
    await reader.cancel()
    expect(
      await until(
        5_000,
        () => running("%long%"),
        (left) => left.length === 0,
      ),
    ).toEqual([])
  })

  it("names the cursor to resume from if the read of a table fails", async () => {
    await database.query(`CREATE TABLE breaks (id int PRIMARY KEY); INSERT INTO breaks SELECT generate_series(1, 5000);
      CREATE ROLE reader LOGIN PASSWORD 'reader'; GRANT SELECT ON breaks TO reader; ALTER TABLE breaks ENABLE ROW LEVEL SECURITY;
      CREATE POLICY fails ON breaks USING (1 / (3000 - id) IS NOT NULL)`)
    const config = { ...database.config, user: "reader", password: "reader" }
    expect((await hub.call("POST", "/v1/connectors", { name: "breaks", type: "postgres", config })).status).toBe(201)
    const rows = async (more: object) =>
      (
        await hub.call("GET", `/v1/connectors/breaks/rows?${new URLSearchParams({ stream: '["public","breaks"]', ...more })}`, undefined, {
          headers: { accept: "application/x-ndjson" },
        })
      ).text
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as Record<string, unknown>)
    const broken = await rows({})
    const { $error, cursor } = broken.at(-1) as { $error: object; cursor: string }
    expect($error).toMatchObject({ code: "query_invalid" })
    await database.query("ALTER TABLE breaks DISABLE ROW LEVEL SECURITY")
    const ids = [...broken.slice(0, -1), ...(await rows({ cursor }))].map(({ id }) => id)
    expect(ids).toEqual(Array.from({ length: 5_000 }, (_, index) => index + 1))
  })
})
