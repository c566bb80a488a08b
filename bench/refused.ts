import { readFileSync } from "node:fs"
import { Pool } from "undici"
import { interleaved, type Line, ms } from "./measure.ts"
import { KEY, type World } from "./world.ts"

const ROUNDS = 5
const REQUESTS = 3_000
/** CPU time is counted in ticks of a hundredth of a second. */
const TICK_MS = 10
const READS = 400
const TESTS_PER_SECOND = 1_000

/** What refused requests cost the hub's process, and what another workspace has of them. */
export async function refused({ hub, url, config, call }: World): Promise<Line[]> {
  const { workspace } = (await call("GET", "/v1/me")) as { workspace: { id: string } }
  await call("PATCH", `/v1/workspaces/${workspace.id}`, { plan: { tests: { perMinute: 10 } } })
  const { key } = (await call("POST", "/v1/workspaces", { name: "other", title: "Other" })) as { key: string }
  const read = (await hub.call("POST", "/v1/connectors", { name: "mine", type: "postgres", config }, { key })).body as { id: string }
  const pid = hub.child.pid ?? 0
  const pool = new Pool(url, { connections: 64 })
  let made = 0
  // No two are equal: equal tests share one.
  const otherTest = (): string => JSON.stringify({ type: "postgres", config: { ...config, database: `db${++made}` } })
  const ask = async (method: "GET" | "POST", path: string, who: string): Promise<number> => {
    const headers = { authorization: `Bearer ${who}`, "content-type": "application/json" }
    const answer = await pool.request({ path, method, headers, ...(method === "POST" ? { body: otherTest() } : {}) })
    await answer.body.dump({ limit: 16_777_216 })
    return answer.statusCode
  }
  const cpuOf = async (path: string, method: "GET" | "POST", who: string, status: number): Promise<number> => {
    const begun = cpuMs(pid)
    const statuses = new Map<number, number>()
    let sent = 0
    const loop = async (): Promise<void> => {
      while (sent < REQUESTS) {
        sent++
        const answered = await ask(method, path, who)
        statuses.set(answered, (statuses.get(answered) ?? 0) + 1)
      }
    }
    await Promise.all(Array.from({ length: 32 }, loop))
    if ((statuses.get(status) ?? 0) < 0.9 * REQUESTS) throw new Error(`${method} ${path} answered ${JSON.stringify([...statuses])}`)
    return (cpuMs(pid) - begun) / REQUESTS
  }
  const lines: Line[] = []
  const test = "/v1/connectors/test"
  for (const [what, path, method, who, status] of [
    ["a test beyond the workspace's limit: processor time of the hub", test, "POST", KEY, 429],
    ["a request with a key that is not valid", `/v1/connectors/${read.id}`, "GET", `${KEY}-wrong`, 401],
  ] as const) {
    await cpuOf(path, method, who, status).catch(() => 0)
    const found = await cpuOf(path, method, who, status)
    lines.push({ what, ours: `${found.toFixed(3)} ms`, against: "", ratio: "", target: "≤ 0.15 ms", met: found <= 0.15 })
  }
  const p99 = async (): Promise<number> => {
    const times: number[] = []
    for (let each = 0; each < READS; each++) {
      const begun = performance.now()
      await ask("GET", `/v1/connectors/${read.id}`, key)
      times.push(performance.now() - begun)
    }
    return times.sort((a, b) => a - b)[Math.floor(0.99 * READS)] ?? 0
  }
  const beside = async (): Promise<number> => {
    const sending = setInterval(() => {
      for (let each = 0; each < TESTS_PER_SECOND / 100; each++) void ask("POST", test, KEY).catch(() => undefined)
    }, 10)
    try {
      return await p99()
    } finally {
      clearInterval(sending)
    }
  }
  const found = await interleaved(ROUNDS, beside, p99)
  await pool.close()
  lines.push({
    what: "p99 of another workspace's reads beside 1,000 tests a second",
    ours: ms(found.ours),
    against: `${ms(found.theirs)}, the same alone`,
    ratio: found.ratio.toFixed(2),
    target: "≤ 1.5",
    met: found.ratio <= 1.5,
  })
  return lines
}

/** The processor time that a process has used so far, in milliseconds. */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ")
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS
}
