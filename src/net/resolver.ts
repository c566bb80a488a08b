import { promises as dns, NODATA, NOTFOUND } from "node:dns"
import { isIP } from "node:net"
import { type Fault, PlatformError } from "../core/errors.ts"
import { classify } from "./address.ts"
import { type Host, parseHost } from "./host.ts"

export interface ResolverOptions {
  /** `ip[:port]` each; the system's servers by default. */
  readonly servers?: readonly string[]
  /** Fixed addresses by canonical name. */
  readonly hosts?: ReadonlyMap<string, readonly string[]>
  /** The time limit, in milliseconds, for all DNS work of one name; 5,000 by default. */
  readonly deadlineMs?: number
}

/** The maximum number of addresses of one name; a name with more is rejected as a flood. */
const MOST_ANSWERS = 32

/**
 * Resolves a host to its current addresses: A and AAAA of the whole name (no search list, no hosts file), fixed names
 * first, `localhost` by RFC 6761. Single-label names exist only as fixed names. Throws `host_not_found` and
 * `dns_failed`.
 */
export class Resolver {
  readonly #options: ResolverOptions

  constructor(options: ResolverOptions = {}) {
    this.#options = options
  }

  /** Canonical addresses, IPv4 first; never empty. `signal` cancels the DNS work. */
  async resolve(host: Host, signal?: AbortSignal): Promise<readonly string[]> {
    if (host.kind === "address") return [host.address]
    const { name } = host
    if (name === "localhost" || name.endsWith(".localhost")) return ["127.0.0.1"]
    const fixed = this.#options.hosts?.get(name)
    if (fixed) return fixed
    if (!name.includes("."))
      throw new PlatformError("host_not_found", `${name} is a single-label name; give the full name, or fix its address with JACKFIELD_HOSTS.`)
    const addresses = await this.#ask(name, signal)
    if (addresses.length > MOST_ANSWERS)
      throw new PlatformError("host_not_found", `${name} has ${addresses.length} addresses; more than ${MOST_ANSWERS} are not accepted.`)
    return [...new Set(addresses.map((address) => classify(address).canonical))]
  }

  async #ask(name: string, signal: AbortSignal | undefined): Promise<string[]> {
    const deadlineMs = this.#options.deadlineMs ?? 5_000
    // One channel per name, so that a cancellation does not affect other lookups.
    const resolver = new dns.Resolver({ timeout: Math.max(250, Math.ceil(deadlineMs / 3)), tries: 2 })
    if (this.#options.servers) resolver.setServers(this.#options.servers)
    const cancel = (): void => resolver.cancel()
    const timer = setTimeout(cancel, deadlineMs)
    signal?.addEventListener("abort", cancel, { once: true })
    try {
      const [v4, v6] = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)])
      const found = [v4, v6].flatMap((each) => (each.status === "fulfilled" ? each.value : []))
      if (found.length === 0) throw notFound(name, [v4, v6], deadlineMs)
      return found
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener("abort", cancel)
    }
  }
}

function notFound(name: string, outcomes: readonly PromiseSettledResult<unknown>[], deadlineMs: number): PlatformError {
  const cause = outcomes.flatMap((each) => (each.status === "rejected" ? [each.reason as unknown] : []))[0]
  const codes = outcomes.map((each) => (each.status === "rejected" ? String((each.reason as { code?: unknown }).code) : ""))
  if (codes.includes(NOTFOUND)) return new PlatformError("host_not_found", `${name} does not exist in DNS; check the name.`, { cause })
  if (codes.every((code) => code === NODATA)) return new PlatformError("host_not_found", `${name} has no address in DNS; check the name.`, { cause })
  const how = codes.some((code) => code === "ECANCELLED" || code === "ETIMEOUT")
    ? `did not answer within ${deadlineMs / 1_000} s`
    : `failed (${codes.join(", ")})`
  return new PlatformError("dns_failed", `The DNS server ${how} when asked for ${name}; check the name and JACKFIELD_DNS.`, { cause })
}

/** Reads `JACKFIELD_HOSTS`: `name=ip[|ip]`, comma-separated. Throws `config_invalid` with one fault per wrong entry. */
export function parseHosts(text: string): Map<string, readonly string[]> {
  const hosts = new Map<string, readonly string[]>()
  const faults: Fault[] = []
  for (const entry of entries(text)) {
    const at = entry.indexOf("=")
    const addresses = entry
      .slice(at + 1)
      .split("|")
      .map((each) => each.trim())
    const name = at < 1 ? undefined : nameOf(entry.slice(0, at).trim())
    if (name === undefined || !addresses.every((each) => isIP(each) !== 0 && !each.includes("%")))
      faults.push({ pointer: "", message: `"${entry}": an entry is name=ip[|ip], such as db.internal=10.0.0.5.` })
    else
      hosts.set(
        name,
        addresses.map((each) => classify(each).canonical),
      )
  }
  if (faults.length === 0) return hosts
  throw new PlatformError("config_invalid", `JACKFIELD_HOSTS is wrong: ${faults.map((fault) => fault.message).join(" ")}`, { faults })
}

function nameOf(text: string): string | undefined {
  try {
    const host = parseHost(text)
    return host.kind === "name" ? host.name : undefined
  } catch (error) {
    if (error instanceof PlatformError) return undefined
    throw error
  }
}

/** Reads `JACKFIELD_DNS`: `ip[:port]`, comma-separated, IPv6 in brackets when a port follows. Throws `config_invalid`. */
export function parseDnsServers(text: string): string[] {
  const servers = entries(text)
  try {
    new dns.Resolver().setServers(servers)
  } catch (cause) {
    throw new PlatformError("config_invalid", `JACKFIELD_DNS is wrong: "${text}"; an entry is ip[:port], such as 10.0.0.2 or [fd00::2]:53.`, { cause })
  }
  return servers
}

const entries = (text: string): string[] =>
  text
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "")
