import { isIP } from "node:net"
import ipaddr from "ipaddr.js"

/**
 * The kind of an address. Only `public` may be dialled without a rule; `metadata` is a cloud's credential service,
 * `embedded` an IPv6 form that contains an IPv4 address (mapped, compatible, NAT64, 6to4, Teredo, SIIT).
 */
export type AddressClass =
  | "public"
  | "private"
  | "loopback"
  | "link-local"
  | "metadata"
  | "cgnat"
  | "documentation"
  | "benchmarking"
  | "reserved"
  | "multicast"
  | "unspecified"
  | "embedded"

/** An address's class and its canonical spelling: dotted decimal, or RFC 5952. */
export interface Classified {
  readonly class: AddressClass
  readonly canonical: string
}

/** A block of addresses: every address that shares its first `prefix` bits. */
export interface Block {
  readonly bytes: readonly number[]
  readonly prefix: number
}

/** Classes that no allow-list can open, because no tenant's system has such an address. */
export const NEVER: readonly AddressClass[] = ["metadata", "unspecified", "multicast", "embedded"]

/**
 * The IANA special-purpose registries (RFC 6890, as of 2026), preceded by cloud metadata services and followed by the
 * rest; the first block that contains the address decides. In IPv6 only 2000::/3 is global unicast (RFC 4291).
 */
const TABLE: readonly (readonly [AddressClass, readonly string[]])[] = [
  // AWS, GCP, Azure, Oracle, DigitalOcean and OpenStack use 169.254.169/24, ECS and EKS .170/24; Tencent; Alibaba;
  // Azure's wire server; Oracle classic.
  ["metadata", ["169.254.169.0/24", "169.254.170.0/24", "169.254.0.23/32", "100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32"]],
  ["metadata", ["fd00:ec2::/48", "fd20:ce::254/128"]],
  ["unspecified", ["0.0.0.0/8", "::/128"]],
  ["loopback", ["127.0.0.0/8", "::1/128"]],
  ["private", ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"]],
  ["link-local", ["169.254.0.0/16", "fe80::/10"]],
  ["cgnat", ["100.64.0.0/10"]],
  ["documentation", ["192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20"]],
  ["benchmarking", ["198.18.0.0/15"]],
  ["multicast", ["224.0.0.0/4", "255.255.255.255/32", "ff00::/8"]],
  ["reserved", ["192.0.0.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.175.48.0/24", "240.0.0.0/4"]],
  ["embedded", ["::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16"]],
  ["reserved", ["2001::/23", "2620:4f:8000::/48"]],
  ["public", ["0.0.0.0/0", "2000::/3"]],
  ["reserved", ["::/0"]],
]

const BLOCKS = TABLE.flatMap(([name, blocks]) => blocks.map((text) => ({ name, block: parseBlock(text) })))

/**
 * The class of an IP literal. Any other text (a zone id, a short form, a name) is `reserved`, which no caller may
 * dial.
 */
export function classify(address: string): Classified {
  const bytes = bytesOf(address)
  if (bytes === undefined) return { class: "reserved", canonical: address }
  const found = BLOCKS.find(({ block }) => holds(block, bytes))
  return { class: found?.name ?? "reserved", canonical: spell(bytes) }
}

/** The 4 or 16 bytes of an IP literal; undefined for anything else, zone ids included. */
export function bytesOf(address: string): readonly number[] | undefined {
  if (isIP(address) === 0 || address.includes("%")) return undefined
  return ipaddr.parse(address).toByteArray()
}

/** Whether the address lies in the block; an IPv4 address never lies in an IPv6 block. */
export function holds(block: Block, bytes: readonly number[]): boolean {
  if (block.bytes.length !== bytes.length) return false
  const whole = block.prefix >> 3
  for (let index = 0; index < whole; index++) if (block.bytes[index] !== bytes[index]) return false
  const rest = block.prefix & 7
  if (rest === 0) return true
  const mask = (0xff << (8 - rest)) & 0xff
  return ((block.bytes[whole] ?? 0) & mask) === ((bytes[whole] ?? 0) & mask)
}

/** Dotted decimal, or RFC 5952 entirely in hexadecimal. */
export function spell(bytes: readonly number[]): string {
  if (bytes.length === 4) return bytes.join(".")
  return (ipaddr.fromByteArray([...bytes]) as ipaddr.IPv6).toRFC5952String()
}

function parseBlock(text: string): Block {
  const [address = "", prefix = ""] = text.split("/")
  return { bytes: bytesOf(address) ?? [], prefix: Number(prefix) }
}
