// A noisy workspace, in a process of its own: a tarpit that takes connections and says nothing, and a thousand tests a second of connectors
// that lead to it, whether or not answers come. The first line says where the tarpit is; then each line of JSON asks for a run, and a line
// answers with how many tests were sent and how they were answered.
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
  // Read, or its end would never be heard.
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
