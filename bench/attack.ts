import { setTimeout as pause } from "node:timers/promises"
import { Pool } from "undici"
import { ATTACKS, type Attack } from "./attack/attacks.ts"
import type { Run } from "./attack/caller.ts"
import { startChild } from "./child.ts"
import { type Line, ms, peakMb } from "./measure.ts"
import { KEY, type World } from "./world.ts"

const ATTACK_MS = 8_000
const REST_MS = 3_000
/** A request that has no answer by then counts as one that took this long. */
const PATIENCE_MS = 20_000
const TARGET_MS = 250

interface Percentiles {
  readonly health: number
  readonly call: number
}

/** One row for each attack: the 99th percentile of `/healthz` and of another workspace's calls while it lasts. */
export const attackRows: Readonly<Record<string, (world: World) => Promise<Line[]>>> = Object.fromEntries(
  Object.entries(ATTACKS).map(([name, attack]) => [`attack-${name}`, (world: World) => underAttack(world, name, attack)]),
)

async function underAttack(world: World, name: string, attack: Attack): Promise<Line[]> {
  const far = startChild("attack/far.ts")
  // The neighbour's server must not be busy with the attacker's bodies.
  const other = startChild("attack/far.ts")
  const caller = startChild("attack/caller.ts")
  try {
    const origin = `http://127.0.0.1:${await far.next()}`
    const neighbour = await neighbourOf(world, `http://127.0.0.1:${await other.next()}`)
    const { key, requests } = await attackerOf(world, attack, origin)
    const { child } = world.hub
    await measured(world, neighbour, 1_000)
    const rest = await measured(world, neighbour, REST_MS)
    const before = peakMb(child.pid ?? 0)
    const run: Run = { origin: world.url, key, requests, atOnce: attack.atOnce, ms: ATTACK_MS, neverReads: attack.neverReads === true }
    const [under, heard] = await Promise.all([pause(200).then(() => measured(world, neighbour, ATTACK_MS - 400)), caller.ask(JSON.stringify(run))])
    console.error(`${name}: ${heard}; memory at most ${Math.round(peakMb(child.pid ?? 0))} MB (${Math.round(before)} MB before)`)
    return lines(attack, under, rest)
  } finally {
    await Promise.all([far.end(), other.end(), caller.end()])
  }
}

const lines = ({ what }: Attack, under: Percentiles, rest: Percentiles): Line[] =>
  (
    [
      ["health", "/healthz"],
      ["call", "another workspace's call"],
    ] as const
  ).map(([kind, title]) => ({
    what: `p99 of ${title} during: ${what}`,
    ours: ms(under[kind]),
    against: `${ms(rest[kind])}, at rest`,
    ratio: (under[kind] / rest[kind]).toFixed(1),
    target: `≤ ${TARGET_MS} ms`,
    met: under[kind] <= TARGET_MS,
  }))

/** A connector of the first workspace with a template, as everybody may have one. */
async function neighbourOf({ call }: World, origin: string): Promise<string> {
  const config = { url: `${origin}/small?q={{ q }}`, records: "items" }
  const { id } = (await call("POST", "/v1/connectors", { name: "neighbour", type: "http", config })) as { id: string }
  return id
}

async function attackerOf({ url, call }: World, attack: Attack, origin: string): Promise<Pick<Run, "key" | "requests">> {
  const { key } = (await call("POST", "/v1/workspaces", { name: "attacker" })) as { key: string }
  const pool = new Pool(url)
  const names: string[] = []
  for (const [index, made] of attack.connectors(origin).entries()) {
    const name = `attack-${index}`
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" }
    const { statusCode, body } = await pool.request({ path: "/v1/connectors", method: "POST", headers, body: JSON.stringify({ name, ...made }) })
    const text = await body.text()
    if (statusCode !== 201) throw new Error(`the connector of an attack was answered ${statusCode}: ${text}`)
    names.push(name)
  }
  await pool.close()
  return { key, requests: attack.requests(names) }
}

/** Sends both kinds of request for the given time; returns the 99th percentile of each, in milliseconds. */
async function measured({ url }: World, neighbour: string, forMs: number): Promise<Percentiles> {
  const pool = new Pool(url, { connections: 4, pipelining: 1, headersTimeout: PATIENCE_MS, bodyTimeout: PATIENCE_MS })
  const headers = { authorization: `Bearer ${KEY}`, "content-type": "application/json" }
  const send = (path: string, body?: string) => async (): Promise<number> => {
    const begun = performance.now()
    try {
      const answer = await pool.request({ path, method: body === undefined ? "GET" : "POST", headers, ...(body === undefined ? {} : { body }) })
      const text = await answer.body.text()
      if (answer.statusCode !== 200) throw new Error(`${path} was answered ${answer.statusCode}: ${text.slice(0, 300)}`)
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "UND_ERR_HEADERS_TIMEOUT")) throw error
    }
    return performance.now() - begun
  }
  const end = performance.now() + forMs
  const [health, call] = await Promise.all([
    timesOf(send("/healthz"), end, 5),
    timesOf(send(`/v1/connectors/${neighbour}/call`, JSON.stringify({ input: { q: "x" } })), end, 20),
  ])
  await pool.destroy()
  return { health: p99(health), call: p99(call) }
}

/** The durations of consecutive requests, with a pause after each; a request that hangs ends with the measurement, and counts. */
async function timesOf(send: () => Promise<number>, end: number, pauseMs: number): Promise<number[]> {
  const times: number[] = []
  while (performance.now() < end) {
    times.push(await send())
    await pause(pauseMs)
  }
  return times
}

const p99 = (times: readonly number[]): number => [...times].sort((a, b) => a - b)[Math.max(0, Math.ceil(times.length * 0.99) - 1)] ?? Number.NaN
