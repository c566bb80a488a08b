// The attacker's calls, in a separate process: a line of JSON requests a run, and a line returns the answers by status
// and the bytes that were read.
import { connect } from "node:net"
import { createInterface } from "node:readline"
import { Pool } from "undici"

/** Requests that are repeated until the time is over, so many at once. */
export interface Run {
  readonly origin: string
  readonly key: string
  readonly requests: readonly { readonly method: string; readonly path: string; readonly accept?: string; readonly body?: string }[]
  readonly atOnce: number
  readonly ms: number
  /** Sends each request once over a connection of its own, and reads nothing. */
  readonly neverReads?: boolean
}

async function calls({ origin, key, requests, atOnce, ms }: Run): Promise<object> {
  const pool = new Pool(origin, { connections: atOnce, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 })
  const signal = AbortSignal.timeout(ms)
  const statuses: Record<string, number> = {}
  let bytes = 0
  let sent = 0
  const loop = async (): Promise<void> => {
    while (!signal.aborted) {
      const { method, path, accept = "application/json", body } = requests[sent++ % requests.length] as Run["requests"][number]
      const headers = { authorization: `Bearer ${key}`, accept, ...(body === undefined ? {} : { "content-type": "application/json" }) }
      try {
        const answer = await pool.request({ method: method as "GET", path, headers, signal, ...(body === undefined ? {} : { body }) })
        for await (const chunk of answer.body as AsyncIterable<Buffer>) bytes += chunk.length
        statuses[answer.statusCode] = (statuses[answer.statusCode] ?? 0) + 1
      } catch {
        statuses["none"] = (statuses["none"] ?? 0) + 1
      }
    }
  }
  await Promise.all(Array.from({ length: atOnce }, loop))
  await pool.destroy()
  return { sent, statuses, megabytes: Math.round(bytes / 1_048_576) }
}

async function silence({ origin, key, requests, atOnce, ms }: Run): Promise<object> {
  const { hostname, port, host } = new URL(origin)
  const sockets = Array.from({ length: atOnce }, (_, index) => {
    const { method, path, accept = "application/json", body = "" } = requests[index % requests.length] as Run["requests"][number]
    const head = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer ${key}\r\naccept: ${accept}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n`
    const socket = connect(Number(port), hostname, () => socket.write(head + body))
    socket.on("error", () => undefined).pause()
    return socket
  })
  await new Promise((resolve) => setTimeout(resolve, ms))
  for (const socket of sockets) socket.destroy()
  return { sent: sockets.length }
}

for await (const line of createInterface({ input: process.stdin })) {
  const run = JSON.parse(line) as Run
  process.stdout.write(`${JSON.stringify(await (run.neverReads === true ? silence(run) : calls(run)))}\n`)
}
