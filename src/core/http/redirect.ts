import { PlatformError } from "../errors.ts"
import type { HttpRequest } from "./request.ts"

/** Statuses that name another address (RFC 9110, 15.4). */
export const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/**
 * The request that a redirect asks for (RFC 9110, 15.4; Fetch, 4.4). Private headers stay with the origin that they were
 * meant for, a body goes to no other origin, and credentials do not go on in the clear.
 */
export function follow(from: HttpRequest, status: number, location: string): HttpRequest {
  const url = URL.canParse(location, from.url.href) ? new URL(location, from.url) : undefined
  if (url === undefined || (url.protocol !== "http:" && url.protocol !== "https:") || url.username !== "" || url.password !== "")
    throw new PlatformError("remote_failed", `${from.url.origin} redirects to something that is not a plain http(s) address; give the right URL.`)
  const toGet = (status === 303 && from.method !== "HEAD") || ((status === 301 || status === 302) && from.method === "POST")
  const away = url.origin !== from.url.origin
  const secret = Object.keys(from.headers).some((name) => from.private.has(name.toLowerCase()))
  if (away && from.body !== undefined && !toGet)
    throw new PlatformError("remote_failed", `${from.url.origin} redirects the ${from.method} to ${url.origin}; give that URL instead.`)
  if (from.url.protocol === "https:" && url.protocol === "http:" && (secret || from.url.search !== ""))
    throw new PlatformError("remote_failed", `${from.url.origin} redirects to plain http, where credentials could be read; give a URL that stays with https.`)
  const headers = Object.fromEntries(
    Object.entries(from.headers).filter(([name]) => !(away && from.private.has(name.toLowerCase())) && !(toGet && name.toLowerCase() === "content-type")),
  )
  const { body, ...rest } = from
  return { ...rest, url, headers, method: toGet ? "GET" : from.method, ...(body === undefined || toGet ? {} : { body }) }
}
