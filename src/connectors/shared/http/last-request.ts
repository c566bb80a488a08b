import { once } from "node:events"
import type { Duplex } from "node:stream"
import type { HttpRequest } from "../../../core/http/request.ts"
import type { Address, Lease, TlsSpec } from "../../../core/lease.ts"

/** Sends one request over a separate socket, for use at a cut-off, when the dispatcher's sockets are about to be destroyed. The answer is not read. */
export async function lastRequest(lease: Pick<Lease, "secure">, dial: (to: Address) => Promise<Duplex>, request: HttpRequest, tls: TlsSpec): Promise<void> {
  const { method, url, headers, body = "" } = request
  const host = url.hostname.replace(/^\[|\]$/g, "")
  const isPlain = url.protocol === "http:"
  const dialled = await dial({ host, port: Number(url.port || (isPlain ? 80 : 443)) })
  const socket = isPlain ? dialled : await lease.secure(dialled, host, tls)
  const all = { ...headers, host: url.host, "content-length": String(Buffer.byteLength(body)), connection: "close" }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(`${method} ${url.pathname}${url.search} HTTP/1.1\r\n${lines.join("")}\r\n`)
  if (body.length > 0) socket.write(body)
  await once(socket.resume(), "close")
}
