import { createServer as createHttpServer, type Server as HttpServer, type RequestListener } from "node:http"
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net"
import type { Server as TlsServer } from "node:tls"

/** A server on a random loopback port. `hits` counts the connections that it accepted. */
export interface Loopback extends AsyncDisposable {
  readonly port: number
  /** `http://127.0.0.1:…`, without a slash at the end. */
  readonly url: string
  readonly hits: number
  close(): Promise<void>
}

/** Starts a server on 127.0.0.1 (or another loopback address) and ends it with all of its connections. */
export async function listen(server: Server | HttpServer | TlsServer, host = "127.0.0.1", port = 0): Promise<Loopback> {
  const sockets = new Set<Socket>()
  let hits = 0
  server.on("connection", (socket: Socket) => {
    hits++
    sockets.add(socket)
    socket.on("error", () => undefined)
    socket.once("close", () => sockets.delete(socket))
  })
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject)
    server.listen(port, host, resolve)
  })
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  }
  const { port: given } = server.address() as AddressInfo
  return {
    port: given,
    url: `http://${host}:${given}`,
    get hits() {
      return hits
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** An HTTP server that answers as `handle` does. */
export const listenHttp = (handle: RequestListener): Promise<Loopback> => listen(createHttpServer(handle))

/** A server that hands each connection to `serve`; without it, one that accepts and says nothing. */
export const listenRaw = (serve: (socket: Socket) => void = () => undefined, host = "127.0.0.1"): Promise<Loopback> => listen(createServer(serve), host)

/** The first bytes that a listener of 127.0.0.1 sends on its own; empty when there is none. */
export const greetingOf = (port: number): Promise<string> =>
  new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port, timeout: 2_000 })
    const done = (text: string): void => {
      socket.destroy()
      resolve(text)
    }
    socket.once("data", (bytes) => done(bytes.toString("latin1")))
    socket.once("error", () => done(""))
    socket.once("timeout", () => done(""))
  })

/** So many different ports of 127.0.0.1 on which nothing listened a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const held = await Promise.all(Array.from({ length: count }, () => listenRaw()))
  await Promise.all(held.map((each) => each.close()))
  return held.map(({ port }) => port)
}

/** A loopback port on which nothing listens. */
export async function closedPort(): Promise<number> {
  const [port = 0] = await freePorts(1)
  return port
}
