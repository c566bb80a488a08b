import type { Server as HttpServer } from "node:http"
import { type AddressInfo, createServer, type Server, type Socket } from "node:net"
import type { Server as TlsServer } from "node:tls"

/** A server on a random loopback port. `hits` counts the connections that it accepted. */
export interface Loopback extends AsyncDisposable {
  readonly port: number
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
  return {
    port: (server.address() as AddressInfo).port,
    get hits() {
      return hits
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** A server that hands each connection to `serve`; without it, one that accepts and says nothing. */
export const listenRaw = (serve: (socket: Socket) => void = () => undefined, host = "127.0.0.1"): Promise<Loopback> => listen(createServer(serve), host)

/** A loopback port on which nothing listens. */
export async function closedPort(): Promise<number> {
  const server = await listenRaw()
  await server.close()
  return server.port
}
