import type { Agent as HttpAgent } from "node:http"
import type { Agent as HttpsAgent } from "node:https"
import type { Duplex } from "node:stream"
import type { TLSSocket } from "node:tls"
import type { Dispatcher } from "undici"
import type { Address, LazySocket, Lease, SocksEndpoint, SshConnection, SshSpec, TlsSpec } from "../core/lease.ts"
import type { StageName } from "../core/trace.ts"
import { DirectRoute, type DoorParts, type Route } from "./dial.ts"
import { dispatcher, httpAgent, httpsAgent } from "./http-faces.ts"
import { DoorSocket } from "./lazy-socket.ts"
import type { LeaseCore } from "./lease-core.ts"
import { openSocks, type SocksServer } from "./socks.ts"
import { loginBySsh, SERVER } from "./ssh.ts"
import { describe, handshake } from "./tls.ts"
import { TunnelRoute } from "./tunnel.ts"

const HTTP1 = ["http/1.1"] as const

/**
 * The public interface of a lease, over one route: direct, or through a bastion. All faces of a lease share its core.
 */
export class LeaseFace implements Lease {
  readonly #core: LeaseCore
  readonly #parts: DoorParts
  readonly #route: Route
  #socks: Promise<SocksServer> | undefined

  constructor(core: LeaseCore, parts: DoorParts, route: Route = new DirectRoute(core, parts)) {
    this.#core = core
    this.#parts = parts
    this.#route = route
  }

  get signal(): AbortSignal {
    return this.#core.signal
  }

  remainingMs(): number {
    return this.#core.remainingMs()
  }

  async dial(to: Address): Promise<Duplex> {
    return await this.#route.dial(to)
  }

  async secure(over: Duplex, host: string, tls: TlsSpec): Promise<TLSSocket> {
    // Over the grace dial: the stages are over, and a server that requires TLS accepts no cancel request without it.
    if (this.signal.aborted) {
      this.#core.assertGrace()
      return this.#core.hold(await handshake(over, host, tls))
    }
    return await this.#core.stage("tls", async () => this.#core.hold(await handshake(over, host, tls)), describe)
  }

  async dialTls(to: Address, tls: TlsSpec): Promise<TLSSocket> {
    const raw = await this.dial(to)
    try {
      return await this.secure(raw, to.host, tls)
    } catch (error) {
      raw.destroy()
      throw error
    }
  }

  socket(open: (to: Address) => Promise<Duplex> = (to) => this.dial(to)): LazySocket {
    return this.#core.hold(new DoorSocket(open))
  }

  httpAgent(): HttpAgent {
    const agent = httpAgent((to) => this.dial(to))
    this.#core.onEnd(() => agent.destroy())
    return agent
  }

  httpsAgent(tls: TlsSpec = { mode: "verify" }): HttpsAgent {
    const agent = httpsAgent((to) => this.dialTls(to, { ...tls, alpn: HTTP1 }))
    this.#core.onEnd(() => agent.destroy())
    return agent
  }

  dispatcher(tls: TlsSpec = { mode: "verify" }): Dispatcher {
    const made = dispatcher(
      (to) => this.dial(to),
      (to) => this.dialTls(to, { ...tls, alpn: HTTP1 }),
      this.remainingMs(),
    )
    this.#core.onEnd(async () => await made.destroy(this.signal.reason as Error))
    return made
  }

  async socks5(): Promise<SocksEndpoint> {
    this.#core.assertOpen()
    this.#socks ??= openSocks((to) => this.dial(to)).then((server) => {
      this.#core.onEnd(() => server.close())
      if (this.signal.aborted) void server.close()
      return server
    })
    const { host, port, username, password } = await this.#core.untilAborted(this.#socks)
    return { host, port, username, password }
  }

  async ssh(to: SshSpec): Promise<SshConnection> {
    return await loginBySsh(this.#core, this.#route, to, SERVER)
  }

  through(tunnel: SshSpec): Lease {
    return this.over(new TunnelRoute(this.#core, this.#parts, this.#route, tunnel))
  }

  /** The same lease over another route. */
  protected over(route: Route): LeaseFace {
    return new LeaseFace(this.#core, this.#parts, route)
  }

  beforeCutOff(cancel: (dial: (to: Address) => Promise<Duplex>) => Promise<void>): () => void {
    return this.#core.beforeCutOff(cancel, (to) => this.#route.grace(to))
  }

  async stage<T>(name: StageName, work: () => Promise<T>): Promise<T> {
    return await this.#core.stage(name, work)
  }
}
