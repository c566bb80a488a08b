// The load of the read benchmark, in a separate process: a line of JSON requests a run, and a line returns the
// requests per second.
import { createInterface } from "node:readline"
import { Pool } from "undici"

interface Run {
  readonly origin: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly connections: number
  readonly ms: number
}

async function run({ origin, path, headers, connections, ms }: Run): Promise<number> {
  const pool = new Pool(origin, { connections, pipelining: 1 })
  const begun = performance.now()
  let done = 0
  const loop = async (): Promise<void> => {
    while (performance.now() - begun < ms) {
      const { statusCode, body } = await pool.request({ path, method: "GET", headers: { ...headers } })
      await body.dump({ limit: 16_777_216 })
      if (statusCode !== 200) throw new Error(`${path} answered ${statusCode}`)
      done++
    }
  }
  await Promise.all(Array.from({ length: connections }, loop))
  const perSecond = (done * 1000) / (performance.now() - begun)
  await pool.close()
  return perSecond
}

for await (const line of createInterface({ input: process.stdin })) process.stdout.write(`${await run(JSON.parse(line) as Run)}\n`)
