import type { Duplex } from "node:stream"
import type { Address, Lease, TlsSpec } from "../../core/connector.ts"
import { PlatformError } from "../../core/errors.ts"

const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f])

/**
 * Asks for TLS and upgrades the stream (PostgreSQL docs, 55.2.11). The answer is one byte; whatever else comes before
 * the handshake could have been put there by somebody in between (CVE-2021-23222) and is refused.
 */
export async function startTls(raw: Duplex, to: Address, tls: TlsSpec, lease: Lease): Promise<Duplex> {
  raw.write(SSL_REQUEST)
  const answer = await firstChunk(raw)
  if (answer.length === 1 && answer[0] === 0x53) return lease.secure(raw, to.host, tls)
  raw.destroy()
  if (answer.length === 1 && answer[0] === 0x4e)
    return lease.stage("tls", () =>
      Promise.reject(new PlatformError("tls_unsupported", `The server at ${to.host}:${to.port} does not offer TLS; switch it on there, or choose TLS off.`)),
    )
  throw new PlatformError("protocol_invalid", `What answers at ${to.host}:${to.port} does not speak PostgreSQL's protocol; check host and port.`)
}

function firstChunk(raw: Duplex): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const settle = (work: () => void): void => {
      raw.off("data", onData).off("error", onError).off("close", onClose).off("end", onClose)
      work()
    }
    const onData = (chunk: Buffer): void => settle(() => resolve(chunk))
    const onError = (error: Error): void => settle(() => reject(error))
    const onClose = (): void =>
      settle(() => reject(new PlatformError("protocol_invalid", "The server closed the connection when asked for TLS; check that a PostgreSQL listens there.")))
    raw.on("data", onData).on("error", onError).on("close", onClose).on("end", onClose)
  })
}

/** The first byte of anything a PostgreSQL says after the startup message: authentication, error, notice, version negotiation. */
export const greets = (first: number | undefined): boolean => first !== undefined && [0x52, 0x45, 0x4e, 0x76].includes(first)

/** CancelRequest: ends what the session of that key is running (PostgreSQL docs, 55.2.8). */
export function cancelRequest(processId: number, secretKey: number): Buffer {
  const message = Buffer.alloc(16)
  message.writeInt32BE(16, 0)
  message.writeInt32BE(80_877_102, 4)
  message.writeInt32BE(processId, 8)
  message.writeInt32BE(secretKey, 12)
  return message
}
