import type { Duplex } from "node:stream"
import { PlatformError } from "../core/errors.ts"
import type { Address } from "../core/lease.ts"
import { classify } from "./address.ts"
import type { Route } from "./dial.ts"
import { formatTarget, parseHost } from "./host.ts"

/**
 * Local stand-ins for systems on the internet, by the target that they replace (`host:port`, lower case); only for
 * tests and the playground, never set by `main.ts`. A stand-in is on loopback, and a dial to it is judged like any
 * other.
 */
export type StandIns = ReadonlyMap<string, Address>

/**
 * Throws `config_invalid` unless every stand-in is a loopback address, so that no other system can replace a public
 * name.
 */
export function assertStandIns(standIns: StandIns): void {
  for (const [target, { host, port }] of standIns)
    if (classify(host).class !== "loopback")
      throw new PlatformError("config_invalid", `The stand-in for ${target} is ${formatTarget(host, port)}; only a loopback address can be one.`)
}

/** Whether the host has a stand-in on any port. */
export const standsIn = (standIns: StandIns, host: string): boolean => [...standIns.keys()].some((target) => target.startsWith(`${nameOf(host)}:`))

/**
 * A route that dials the stand-in of a target that has one; everything else, grace dials included, takes the given
 * route.
 */
export class StandInRoute implements Route {
  readonly #route: Route
  readonly #standIns: StandIns

  constructor(route: Route, standIns: StandIns) {
    this.#route = route
    this.#standIns = standIns
  }

  async dial(to: Address): Promise<Duplex> {
    return await this.#route.dial(this.#instead(to))
  }

  async grace(to: Address): Promise<Duplex> {
    return await this.#route.grace(this.#instead(to))
  }

  #instead(to: Address): Address {
    return this.#standIns.get(formatTarget(nameOf(to.host), to.port)) ?? to
  }
}

/** The canonical name of a target. Text that is not a host is returned unchanged, and the dial rejects it. */
function nameOf(host: string): string {
  try {
    const parsed = parseHost(host)
    return parsed.kind === "name" ? parsed.name : parsed.address
  } catch (error) {
    if (error instanceof PlatformError) return host
    throw error
  }
}
