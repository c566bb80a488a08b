// A noisy workspace, in a separate process: a tarpit that accepts connections and never answers, and a thousand tests
// a second of connectors that point to it, whether or not responses arrive. The first line is the tarpit's port; then
// each line of JSON requests a run, and a line returns the number of tests and their statuses.
import { createServer, type Socket } from "node:net"
import { createInterface } from "node:readline"
import { Pool } from "undici"

interface Run {
  readonly origin: string
  readonly key: string
  readonly names: readonly string[]
  readonly perSecond: number
  readonly ms: number
}

const TICK_MS = 10
const CONNECTIONS = 256

let open = 0
let most = 0
const tarpit = createServer((socket: Socket) => {
  most = Math.max(most, ++open)
  socket.on("error", () => undefined)
  // Read the data, or the end of the connection would not be noticed.
  socket.resume()
  socket.once("close", () => open--)
})

async function run({ origin, key, names, perSecond, ms }: Run): Promise<object> {
  const pool = new Pool(origin, { connections: CONNECTIONS, pipelining: 1 })
  const statuses: Record<string, number> = {}
  const answers = new Set<Promise<void>>()
  const begun = performance.now()
  let sent = 0
  most = 0
  const send = (): void => {
    const path = `/v1/connectors/${names[sent++ % names.length]}/test`
    const answer = pool
      .request({ path, method: "POST", headers: { authorization: `Bearer ${key}` } })
      .then(async ({ statusCode, body }) => {
        await body.dump()
        statuses[statusCode] = (statuses[statusCode] ?? 0) + 1
      })
      .catch(() => {
        statuses["cut off"] = (statuses["cut off"] ?? 0) + 1
      })
      .finally(() => answers.delete(answer))
    answers.add(answer)
  }
  while (performance.now() - begun < ms) {
    const dueNow = Math.floor(((performance.now() - begun) * perSecond) / 1_000)
    while (sent < dueNow) send()
    await new Promise((resolve) => setTimeout(resolve, TICK_MS))
  }
  await pool.destroy()
  await Promise.all(answers)
  return { sent, statuses, mostConnections: most }
}

await new Promise<void>((resolve) => tarpit.listen(0, "127.0.0.1", resolve))
const address = tarpit.address()
process.stdout.write(`${typeof address === "object" && address !== null ? address.port : 0}\n`)
for await (const line of createInterface({ input: process.stdin })) process.stdout.write(`${JSON.stringify(await run(JSON.parse(line) as Run))}\n`)
