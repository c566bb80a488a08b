import { type AgentOptions, type ClientRequestArgs, Agent as HttpAgent } from "node:http"
import { Agent as HttpsAgent } from "node:https"
import type { Duplex } from "node:stream"
import { Agent, type buildConnector, type Dispatcher } from "undici"
import type { Address } from "../core/lease.ts"

type Dial = (to: Address) => Promise<Duplex>

/** The maximum number of open connections of one HTTP client. */
const MOST_CONNECTIONS = 16
const MAX_HEADER_BYTES = 64 * 1_024

const AGENT: AgentOptions = { keepAlive: true, maxSockets: MOST_CONNECTIONS, maxFreeSockets: MOST_CONNECTIONS }

/** `createConnection` may deliver its socket later through the callback; Node's types know only one of its forms. */
type OnSocket = (error: Error | null, socket?: Duplex) => void

function dialFor(dial: Dial, fallback: number) {
  return (options: ClientRequestArgs, done?: OnSocket): undefined => {
    const host = bare(String(options.host ?? options.hostname ?? ""))
    dial({ host, port: Number(options.port ?? fallback) }).then(
      (socket) => done?.(null, socket),
      (error: Error) => done?.(error),
    )
  }
}

/** A `node:http` agent that opens every connection with `dial` and has a pool of its own. */
export function httpAgent(dial: Dial): HttpAgent {
  return Object.assign(new HttpAgent(AGENT), { createConnection: dialFor(dial, 80) })
}

/** A `node:https` agent; `dial` returns sockets that already speak TLS. */
export function httpsAgent(dial: Dial): HttpsAgent {
  return Object.assign(new HttpsAgent(AGENT), { createConnection: dialFor(dial, 443) })
}

/**
 * An undici dispatcher: HTTP/1.1, no pipelining, no redirects, headers of at most 64 KiB; it shares nothing with
 * other leases.
 */
export function dispatcher(dial: Dial, dialTls: Dial, remainingMs: number): Dispatcher {
  const connect: buildConnector.connector = (options, done) => {
    const secure = options.protocol === "https:"
    const to = { host: bare(options.hostname), port: Number(options.port || (secure ? 443 : 80)) }
    ;(secure ? dialTls : dial)(to).then(
      // Undici asks for net.Socket, but uses only members that every Duplex here has.
      (socket) => done(null, socket as Parameters<typeof done>[1] & object),
      (error: Error) => done(error, null),
    )
  }
  const waitMs = Math.max(1, Math.ceil(remainingMs))
  return new Agent({
    connect,
    connections: MOST_CONNECTIONS,
    pipelining: 1,
    allowH2: false,
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: waitMs,
    bodyTimeout: waitMs,
  })
}

const bare = (host: string): string => (host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host)
