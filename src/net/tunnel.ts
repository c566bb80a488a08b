import type { Duplex } from "node:stream"
import type { Client } from "ssh2"
import { PlatformError } from "../core/errors.ts"
import type { Address, SshSpec } from "../core/lease.ts"
import type { Remedy } from "../core/remedies.ts"
import { ASK, conceal, type DoorParts, denied, type Route } from "./dial.ts"
import { assertPort, formatTarget, parseHost } from "./host.ts"
import { DoorSocket } from "./lazy-socket.ts"
import type { LeaseCore } from "./lease-core.ts"
import { BASTION, loginBySsh } from "./ssh.ts"

/** Names of metadata services that serve credentials in clouds; a bastion would resolve them itself. */
const METADATA_NAMES =
  /^(metadata|metadata\.google\.internal|instance-data(\..*)?|metadata\.tencentyun\.com|metadata\.packet\.net|metadata\.platformequinix\.com|rancher-metadata(\..*)?)$/

/**
 * Dials through an SSH bastion: connects to the bastion through `outer`, checks its pinned host key, and judges the
 * target before the bastion sees it. No agent, no shell, no files, no local port. Throws the `tunnel_…` codes and
 * `host_key_mismatch`.
 */
export class TunnelRoute implements Route {
  readonly #core: LeaseCore
  readonly #parts: DoorParts
  readonly #outer: Route
  readonly #spec: SshSpec
  readonly #reached = new Set<string>()
  #client: Promise<Client> | undefined

  constructor(core: LeaseCore, parts: DoorParts, outer: Route, spec: SshSpec) {
    this.#core = core
    this.#parts = parts
    this.#outer = outer
    this.#spec = spec
  }

  async dial(to: Address): Promise<Duplex> {
    this.#core.assertOpen()
    assertPort(to.port)
    const target = formatTarget(to.host, to.port)
    const bastion = formatTarget(this.#spec.host, this.#spec.port)
    const channel = await this.#core.stage(
      "tunnel",
      async () => {
        this.#client ??= loginBySsh(this.#core, this.#outer, this.#spec, BASTION).then(({ client }) => client)
        const client = await this.#client
        this.#core.aims(to)
        const addresses = await this.#known(parseHost(to.host))
        const work = this.#judge(to, addresses).then(() => this.#forward(client, to))
        const opened = await conceal(this.#core, work, (cause) => unopened(bastion, target, "", cause, ASK), performance.now())
        this.#core.judged(opened, () => this.#judge(to, addresses))
        return opened
      },
      () => `${target} by ${bastion}`,
    )
    this.#reached.add(target)
    return channel
  }

  async grace(to: Address): Promise<Duplex> {
    this.#core.assertGrace()
    const target = formatTarget(to.host, to.port)
    if (!this.#reached.has(target) || !this.#client)
      throw new PlatformError("egress_denied", `After the cut-off only the target of this call may be dialled, not ${target}.`)
    return await this.#forward(await this.#client, to)
  }

  async #judge(to: Address, addresses: readonly string[]): Promise<void> {
    const host = parseHost(to.host)
    const target = formatTarget(to.host, to.port)
    if (host.kind === "name" && METADATA_NAMES.test(host.name))
      throw denied(target, host.name, { reason: "a name of a cloud's metadata service, which is never allowed" })
    for (const address of addresses) {
      const verdict = await this.#parts.policy.judgeBehindBastion(address, to.port)
      if (!verdict.allowed) throw denied(target, address, verdict)
    }
  }

  /** The target's addresses as far as the hub can know them: a literal, or the result of the hub's own resolver. */
  async #known(host: ReturnType<typeof parseHost>): Promise<readonly string[]> {
    try {
      return await this.#parts.resolver.resolve(host, this.#core.signal)
    } catch (error) {
      // A name in the bastion's private network, which only the bastion can resolve.
      if (error instanceof PlatformError && (error.code === "host_not_found" || error.code === "dns_failed")) return []
      throw error
    }
  }

  async #forward(client: Client, to: Address): Promise<Duplex> {
    const bastion = formatTarget(this.#spec.host, this.#spec.port)
    const host = parseHost(to.host)
    const name = host.kind === "address" ? host.address : host.name
    const open = (): Promise<Duplex> =>
      new Promise((resolve, reject) => {
        client.forwardOut("127.0.0.1", 0, name, to.port, (error, channel) => {
          if (error) reject(unopened(bastion, formatTarget(to.host, to.port), forwardReason(error), error))
          else resolve(this.#core.hold(channel))
        })
      })
    // Client libraries set timeouts and keep-alive on their socket; an SSH channel supports neither.
    const socket = this.#core.hold(new DoorSocket(open))
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve)
      socket.once("error", reject)
      socket.connect(to.port, name)
    })
    return socket
  }
}

/** RFC 4254 §5.1: 1 administratively prohibited, 2 connect failed. */
function forwardReason(error: Error): string {
  const reason: unknown = Reflect.get(error, "reason")
  return reason === 1 ? " (forwarding is prohibited there)" : reason === 2 ? " (the connection failed there)" : ""
}

function unopened(bastion: string, target: string, why: string, cause: unknown, remedies: readonly Remedy[] = []): PlatformError {
  const next = "check that the bastion can reach the host and port, and that it allows forwarding"
  return new PlatformError("tunnel_failed", `The bastion ${bastion} could not reach ${target}${why}; ${next}.`, { cause, remedies })
}
