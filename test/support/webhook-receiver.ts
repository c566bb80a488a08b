import { createServer, type IncomingMessage, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { type Verified, verifyWebhook } from "./standard-webhook.ts"

/** A delivery as it arrived; `verified` is what an independent verifier says of it. */
export interface Received {
  readonly headers: IncomingMessage["headers"]
  readonly body: string
  readonly verified: Verified
}

/** A real HTTP server on loopback that takes webhooks. `answer` decides the status of each. */
export interface Receiver {
  readonly url: string
  readonly received: readonly Received[]
  answer: (delivery: Received) => number
  secret: string
  close(): Promise<void>
}

export async function startReceiver(port = 0): Promise<Receiver> {
  const received: Received[] = []
  const receiver = { received, answer: () => 204, secret: "", url: "", close: async () => undefined } as Receiver & { url: string; close(): Promise<void> }
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on("data", (chunk: Buffer) => chunks.push(chunk))
    request.on("end", () => {
      const body = Buffer.concat(chunks).toString("utf8")
      const delivery = { headers: request.headers, body, verified: verifyWebhook(receiver.secret, request.headers, body) }
      received.push(delivery)
      response.writeHead(receiver.answer(delivery), { location: "http://127.0.0.1:1/" }).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve))
  Object.assign(receiver, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  })
  return receiver
}
