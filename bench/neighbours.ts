import { Pool } from "undici"
import { startChild } from "./child.ts"
import { type Line, median, ms } from "./measure.ts"
import { KEY, type World } from "./world.ts"

const ROUNDS = 5
const ROUND_MS = 4_000
const TARPITS = 50
const PER_SECOND = 1_000

interface Noise {
  readonly sent: number
  readonly statuses: Readonly<Record<string, number>>
  readonly mostConnections: number
}

/**
 * The 99th percentile of a workspace's waiting times while another workspace starts a thousand tests a second at
 * tarpits, against the same without the other workspace.
 */
export async function neighbours({ url, config, call }: World): Promise<Line[]> {
  const { id } = (await call("POST", "/v1/connectors", { name: "quiet", type: "postgres", config, verify: true })) as { id: string }
  // The workspace's own limit of tests is not measured here.
  await call("PATCH", "/v1/workspaces/main", { plan: { tests: { perMinute: 100_000 } } })
  const { key } = (await call("POST", "/v1/workspaces", { name: "noisy" })) as { key: string }
  const noise = startChild("noise.ts")
  const port = Number(await noise.next())
  const names = Array.from({ length: TARPITS }, (_, index) => `pit-${index}`)
  const pool = new Pool(url, { connections: 8, pipelining: 1 })
  for (const name of names) {
    const body = JSON.stringify({ name, type: "http", config: { url: `http://127.0.0.1:${port}/` } })
    const made = await pool.request({
      path: "/v1/connectors",
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body,
    })
    await made.body.dump()
    if (made.statusCode !== 201) throw new Error(`a tarpit's connector was answered ${made.statusCode}`)
  }
  const headers = { authorization: `Bearer ${KEY}` }
  const get = timesOf(pool, { path: `/v1/connectors/${id}`, method: "GET", headers })
  const test = timesOf(pool, { path: `/v1/connectors/${id}/test`, method: "POST", headers })
  const rounds: { alone: Percentiles; beside: Percentiles }[] = []
  let heard: Noise = { sent: 0, statuses: {}, mostConnections: 0 }
  await both(get, test, 1_000)
  for (let round = 0; round < ROUNDS; round++) {
    const alone = await both(get, test, ROUND_MS)
    const run = noise.ask(JSON.stringify({ origin: url, key, names, perSecond: PER_SECOND, ms: ROUND_MS + 500 }))
    await new Promise((resolve) => setTimeout(resolve, 250))
    const beside = await both(get, test, ROUND_MS)
    heard = JSON.parse(await run) as Noise
    rounds.push({ alone, beside })
  }
  await pool.close()
  await noise.end()
  console.error(`the noise of the last round: ${JSON.stringify(heard)}`)
  return (["get", "test"] as const).map((kind) => {
    const ratio = median(rounds.map(({ alone, beside }) => beside[kind] / alone[kind]))
    return {
      what: `p99 of ${kind === "get" ? "a connector by id" : "a real test"} beside a workspace with 1,000 tests/s at tarpits`,
      ours: ms(median(rounds.map(({ beside }) => beside[kind]))),
      against: `${ms(median(rounds.map(({ alone }) => alone[kind])))}, its own alone`,
      ratio: ratio.toFixed(2),
      target: "≤ 1.5",
      met: ratio <= 1.5,
    }
  })
}

interface Percentiles {
  readonly get: number
  readonly test: number
}

/**
 * Runs both at once for the given time, as a workspace would; returns the 99th percentile of each, in milliseconds.
 */
async function both(get: Times, test: Times, forMs: number): Promise<Percentiles> {
  const [gets, tests] = await Promise.all([get(forMs), test(forMs)])
  return { get: p99(gets), test: p99(tests) }
}

type Times = (forMs: number) => Promise<number[]>

/** The durations of consecutive requests, with a short pause after each, as a person or a job would make. */
function timesOf(pool: Pool, request: { readonly path: string; readonly method: "GET" | "POST"; readonly headers: Readonly<Record<string, string>> }): Times {
  return async (forMs) => {
    const times: number[] = []
    for (const end = performance.now() + forMs; performance.now() < end; ) {
      const begun = performance.now()
      const { statusCode, body } = await pool.request({ ...request, headers: { ...request.headers } })
      await body.dump({ limit: 16_777_216 })
      if (statusCode !== 200) throw new Error(`${request.path} answered ${statusCode}`)
      times.push(performance.now() - begun)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    return times
  }
}

const p99 = (times: readonly number[]): number => [...times].sort((a, b) => a - b)[Math.max(0, Math.ceil(times.length * 0.99) - 1)] ?? Number.NaN
