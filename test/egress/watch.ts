import dgram from "node:dgram"
import dns from "node:dns"
import { syncBuiltinESMExports } from "node:module"
import { isIP, Socket } from "node:net"
import { dialledByDoor } from "../../src/net/dial.ts"

/** Connection attempts during the watch: through the egress check, and past it. */
export interface Watch extends Disposable {
  /** Targets of sockets that the hub's dialer opened. */
  readonly byDoor: readonly string[]
  /** All other attempts: sockets, UDP, look-ups by the system. Must be empty. */
  readonly past: readonly string[]
}

/**
 * Watches every way in which JavaScript can leave the process, until disposed. A socket that the dialer did not open, or
 * that would leave this machine, is recorded and never connects.
 */
export function watchSockets(): Watch {
  const byDoor: string[] = []
  const past: string[] = []
  const { connect } = Socket.prototype
  Socket.prototype.connect = function (this: Socket, ...args: unknown[]) {
    const target = targetOf(args)
    const stays = /^(127\.|::1:|\[::1\])/.test(target)
    ;(dialledByDoor(this) ? byDoor : past).push(target)
    if (dialledByDoor(this) && stays) return Reflect.apply(connect, this, args) as Socket
    process.nextTick(() => this.destroy(new Error(`The watch stopped a socket to ${target}.`)))
    return this
  } as typeof connect
  const restore = [
    () => {
      Socket.prototype.connect = connect
    },
    instead(dns, "lookup", past),
    instead(dns.promises, "lookup", past),
    instead(dns, "resolve", past),
    instead(dns, "resolve4", past),
    instead(dgram, "createSocket", past),
  ]
  syncBuiltinESMExports()
  return {
    byDoor,
    past,
    [Symbol.dispose]: () => {
      for (const undo of restore) undo()
      syncBuiltinESMExports()
    },
  }
}

/** Records and rejects each call of `owner[name]`; returns a function that restores the original. */
function instead<T extends object>(owner: T, name: keyof T & string, seen: string[]): () => void {
  const original = owner[name]
  const refuse = (...args: unknown[]): never => {
    seen.push(`${name}(${String(args[0])})`)
    throw new Error(`The watch stopped ${name}(${String(args[0])}).`)
  }
  Object.assign(owner, { [name]: refuse })
  return () => Object.assign(owner, { [name]: original })
}

/** Reads the arguments of a connect: `net` passes an array of options and callback, other callers pass options, or port and host. */
function targetOf(args: readonly unknown[]): string {
  const first = Array.isArray(args[0]) ? (args[0][0] as unknown) : args[0]
  if (typeof first !== "object" || first === null) return typeof first === "number" ? `${String(args[1] ?? "localhost")}:${first}` : `path ${String(first)}`
  const { path, host = "localhost", port } = first as { path?: unknown; host?: string; port?: number }
  if (typeof path === "string") return `path ${path}`
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`
}
