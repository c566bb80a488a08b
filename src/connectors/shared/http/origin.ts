import type { Address } from "../../../core/lease.ts"

/** The origin of an HTTP API at a host and a port: `https://[::1]:8443`. The port of the scheme itself is left out, as in all URLs. */
export function originAt({ host, port }: Address, encrypted: boolean): string {
  const named = host.includes(":") && !host.startsWith("[") ? `[${host}]` : host
  return new URL(`${encrypted ? "https" : "http"}://${named}:${port}`).origin
}

/** What is wrong with a URL that shall be an origin alone. */
export function bareOriginFault(url: string): string | undefined {
  const { pathname, search, hash } = new URL(url)
  return pathname === "/" && search === "" && hash === "" ? undefined : "must have no path; the rest is entered in fields of its own."
}
