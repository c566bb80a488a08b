import { randomInt } from "node:crypto"
import { Socket } from "node:net"
import type { Duplex } from "node:stream"
import { setTimeout as sleep } from "node:timers/promises"
import { PlatformError } from "../core/errors.ts"
import type { Address } from "../core/lease.ts"
import { askOperator, egressRule } from "../core/remedies.ts"
import { classify } from "./address.ts"
import { assertPort, formatTarget, type Host, parseHost } from "./host.ts"
import type { LeaseCore } from "./lease-core.ts"
import type { Policy } from "./policy.ts"
import type { Resolver } from "./resolver.ts"

/** A way to open streams: directly, or through a bastion. `grace` is the one short dial after a cut-off. */
export interface Route {
  dial(to: Address): Promise<Duplex>
  grace(to: Address): Promise<Duplex>
}

/** The parts that a dial needs in addition to its lease. */
export interface DoorParts {
  readonly policy: Policy
  readonly resolver: Resolver
  /** The time limit, in milliseconds, for connecting to one address. */
  readonly connectTimeoutMs: number
}

/** The maximum number of addresses of one name that are tried, in turn. */
const MOST_TRIES = 4
const GRACE_DIAL_MS = 1_000
const KEEP_ALIVE_MS = 30_000
/**
 * The minimum duration of a failed dial for callers who must not distinguish denied from closed, and the maximum of
 * its random addition, in ms.
 */
const FLOOR_MS = 400
const JITTER_MS = 200

/** Codes that everybody except operators sees as "no connection". */
const HIDDEN = new Set(["host_not_found", "dns_failed", "egress_denied", "host_unreachable", "tunnel_failed"])

const ours = new WeakSet<Socket>()

/** Whether the door dialled this socket; the egress suite fails on any other that connects. */
export const dialledByDoor = (socket: Socket): boolean => ours.has(socket)

/**
 * Dials directly: resolves the host, judges every address, connects to one of them, and verifies the address of the
 * connection.
 */
export class DirectRoute implements Route {
  readonly #core: LeaseCore
  readonly #parts: DoorParts
  /** The address at which each target was reached; a grace dial may only go there. */
  readonly #reached = new Map<string, string>()

  constructor(core: LeaseCore, parts: DoorParts) {
    this.#core = core
    this.#parts = parts
  }

  async dial(to: Address): Promise<Duplex> {
    this.#core.assertOpen()
    assertPort(to.port)
    const host = parseHost(to.host)
    const target = formatTarget(to.host, to.port)
    this.#core.aims(to)
    const hide = <T>(work: Promise<T>, since?: number): Promise<T> => conceal(this.#core, work, unreachable(target), since)
    const release = this.#core.reserve()
    try {
      const addresses = await this.#core.stage("resolve", () => hide(this.#parts.resolver.resolve(host, this.#core.signal)), resolved(host))
      const since = performance.now()
      await this.#core.stage(
        "policy",
        () => hide(this.#judge(addresses, to), since),
        (because) => because,
      )
      const { socket, ip } = await this.#core.stage(
        "connect",
        () => hide(this.#connect(addresses.slice(0, MOST_TRIES), to.port, target, release), since),
        (made) => formatTarget(made.ip, to.port),
      )
      this.#reached.set(target, ip)
      this.#core.judged(socket, async () => void (await this.#judge([ip], to)))
      return socket
    } finally {
      release()
    }
  }

  async grace(to: Address): Promise<Duplex> {
    this.#core.assertGrace()
    const target = formatTarget(to.host, to.port)
    const ip = this.#reached.get(target)
    if (ip === undefined) throw new PlatformError("egress_denied", `After the cut-off only the target of this call may be dialled, not ${target}.`)
    return await attempt(this.#core, { ip, port: to.port, target, timeoutMs: GRACE_DIAL_MS })
  }

  /** Denies the dial if any address is denied: a name with both allowed and denied addresses is not trusted. */
  async #judge(addresses: readonly string[], to: Address): Promise<string> {
    let because = ""
    for (const address of addresses) {
      const verdict = await this.#parts.policy.judge(address, to.port)
      if (!verdict.allowed) throw denied(formatTarget(to.host, to.port), address, verdict)
      because ||= verdict.because
    }
    return because
  }

  async #connect(addresses: readonly string[], port: number, target: string, release: () => void): Promise<{ socket: Socket; ip: string }> {
    let last: unknown
    for (const [index, ip] of addresses.entries()) {
      // Slightly more than its share, so that the lease's own deadline, whose message says more, fires first.
      const share = this.#core.remainingMs() / (addresses.length - index)
      try {
        const socket = await attempt(this.#core, { ip, port, target, timeoutMs: Math.min(share + 100, this.#parts.connectTimeoutMs), release })
        return { socket, ip }
      } catch (error) {
        this.#core.assertOpen()
        last = error
      }
    }
    throw last
  }
}

/** Connects to one judged address, and rejects a socket that is connected to any other. */
async function attempt(core: LeaseCore, to: { ip: string; port: number; target: string; timeoutMs: number; release?: () => void }): Promise<Socket> {
  const socket = new Socket()
  ours.add(socket)
  core.adopt(socket, to.target, to.ip)
  to.release?.()
  const timer = setTimeout(() => socket.destroy(Object.assign(new Error("connect timed out"), { code: "ETIMEDOUT" })), to.timeoutMs)
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject)
      socket.once("close", () => reject(core.signal.reason ?? new Error("The socket closed while connecting.")))
      socket.once("connect", resolve)
      socket.connect(to.port, to.ip)
    })
  } catch (cause) {
    socket.destroy()
    throw cause instanceof PlatformError ? cause : refused(to.target, cause)
  } finally {
    clearTimeout(timer)
  }
  socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS)
  const got = classify(socket.remoteAddress ?? "").canonical
  if (got === to.ip) return socket
  socket.destroy()
  throw new PlatformError("egress_denied", `${to.target} is ${to.ip}, but the connection went to ${got}, so it was closed.`)
}

function refused(target: string, cause: unknown): PlatformError {
  const code = cause instanceof Error ? String(Reflect.get(cause, "code") ?? "") : ""
  const how =
    code === "ECONNREFUSED"
      ? "refused the connection; check that the service runs and listens on this port"
      : code === "ETIMEDOUT"
        ? "did not accept the connection in time; check host, port and firewall"
        : code === "ECONNRESET"
          ? "reset the connection as soon as it was made; check port and firewall"
          : "cannot be reached; check host, port and firewall"
  return new PlatformError("host_unreachable", `${target} ${how}.`, { cause })
}

/** The denial as operators see it. */
export function denied(target: string, address: string, verdict: { readonly reason: string; readonly allowWith?: string }): PlatformError {
  const what = target.startsWith(formatTarget(address, 0).slice(0, -1)) ? target : `${target} (${address})`
  const next = verdict.allowWith === undefined ? "choose another destination" : `allow it with \`jackfield egress allow ${verdict.allowWith}\``
  const details = { address, ...(verdict.allowWith === undefined ? {} : { allowWith: verdict.allowWith }) }
  const remedies = verdict.allowWith === undefined ? [] : [egressRule("Allow this address and port, and nothing else", verdict.allowWith)]
  return new PlatformError("egress_denied", `${what} is ${verdict.reason}; ${next}.`, { details, remedies })
}

const resolved =
  (host: Host) =>
  (addresses: readonly string[]): string =>
    host.kind === "address" ? host.address : `${host.name} → ${addresses.join(", ")}`

/**
 * Hides the cause of a failed dial from users who are not operators: unknown, denied, closed and unreachable
 * destinations give the same error with the same text, after a common minimum time that counts inside the stage, so
 * that neither texts nor stage times distinguish them. The minimum starts at `since`, when the DNS work ended, or at
 * the failure if it is absent: a slow lookup must not use it up for some of the causes.
 */
export async function conceal<T>(core: LeaseCore, work: Promise<T>, shown: (cause: PlatformError) => PlatformError, since?: number): Promise<T> {
  try {
    return await work
  } catch (error) {
    core.assertOpen()
    if (core.operator || !(error instanceof PlatformError) || !HIDDEN.has(error.code)) throw error
    core.concealed = error
    const now = performance.now()
    const waitMs = FLOOR_MS + randomInt(JITTER_MS + 1) - (now - (since ?? now))
    if (waitMs > 0) await sleep(waitMs, undefined, { signal: core.signal }).catch(() => core.assertOpen())
    throw shown(error)
  }
}

/** For callers from whom the cause is hidden. */
export const ASK = [askOperator("Ask an operator of the hub to run a test of the connector; operators see the cause")]

const unreachable =
  (target: string) =>
  (cause: PlatformError): PlatformError =>
    new PlatformError("host_unreachable", `No connection to ${target} could be made, or it is not allowed; check host and port, or ask an operator.`, {
      cause,
      remedies: ASK,
    })
