import type { Address } from "../../src/core/lease.ts"

/** What tests dial on loopback instead of a vendor's hosts: fixtures put their stand-ins here, the test door reads it for each lease. */
export const standIns = new Map<string, Address>()
const authorities = new Set<string>()

/** Puts a stand-in in the place of `hosts`, port 443; the returned function takes it away. `ca` vouches for it. */
export function standIn(hosts: readonly string[], port: number, ca?: string): () => void {
  for (const host of hosts) standIns.set(`${host}:443`, { host: "127.0.0.1", port })
  if (ca !== undefined) authorities.add(ca)
  return () => {
    for (const host of hosts) standIns.delete(`${host}:443`)
    if (ca !== undefined) authorities.delete(ca)
  }
}

/** The authorities of all stand-ins as one PEM; undefined when there is none. */
export const standInCa = (): string | undefined => (authorities.size === 0 ? undefined : [...authorities].join("\n"))
