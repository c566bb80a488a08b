import { isIP, isIPv6 } from "node:net"
import { PlatformError } from "../core/errors.ts"
import { classify } from "./address.ts"

/**
 * The one meaning of a host text for every parser: an address (canonical), or a lower-case ASCII name without a
 * trailing dot.
 */
export type Host = { readonly kind: "address"; readonly address: string } | { readonly kind: "name"; readonly name: string }

/** Characters that end a host in a URL, or that URL parsers strip, decode or interpret differently. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern rejects control characters.
const FOREIGN = /[\u0000-\u0020\u007f\u00a0\u2028\u2029/\\@%?#,<>^`{|}]/

const NAME = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/

/**
 * Reads a host by the WHATWG URL rules, the only reading that counts: decimal, hexadecimal, octal, short and
 * full-width forms become the address that they denote. Throws `config_invalid` if the text is not a host.
 */
export function parseHost(text: string): Host {
  const bare = text.startsWith("[") && text.endsWith("]") ? text.slice(1, -1) : text
  if (text.length > 255 || text === "" || FOREIGN.test(text)) throw invalid(text)
  if (bare.includes(":")) {
    if (!isIPv6(bare)) throw invalid(text)
    return { kind: "address", address: classify(bare).canonical }
  }
  if (bare !== text || !URL.canParse(`http://${text}/`)) throw invalid(text)
  const { hostname } = new URL(`http://${text}/`)
  const name = hostname.endsWith(".") ? hostname.slice(0, -1) : hostname
  if (isIP(name) !== 0) return { kind: "address", address: classify(name).canonical }
  if (name.length > 253 || !NAME.test(name)) throw invalid(text)
  return { kind: "name", name }
}

/** The host and port as users write them: `db.example.com:5432`, `[2001:db8::1]:5432`. */
export const formatTarget = (host: string, port: number): string => `${host.includes(":") && !host.startsWith("[") ? `[${host}]` : host}:${port}`

/** Throws `config_invalid` unless `port` is a TCP port. */
export function assertPort(port: number): void {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new PlatformError("config_invalid", `${port} is not a valid port; a port is 1 to 65535.`)
}

function invalid(text: string): PlatformError {
  // JSON keeps a control character visible and the message on one line.
  const shown = JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)
  return new PlatformError("config_invalid", `${shown} is not a valid host; give a DNS name or an IP address alone.`)
}
