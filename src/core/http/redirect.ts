import { PlatformError } from "../errors.ts"
import type { HttpRequest } from "./request.ts"

/** Statuses that name another address (RFC 9110, 15.4). */
export const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])
/** Statuses after which the same request is repeated at the other address, whatever its method (RFC 9110, 15.4.8 and 15.4.9). */
const KEEPING: ReadonlySet<number> = new Set([307, 308])

/**
 * The request that follows a redirect (RFC 9110, 15.4; Fetch, 4.4), always by the same method. After a POST, PUT, PATCH or DELETE, 301 to 303 are errors
 * that name the target: a GET there says nothing about the request, and a DELETE may mean something else there. Private headers are not sent to another
 * origin, only GET and HEAD follow to another origin, and credentials are never sent over plain http after https.
 */
export function follow(from: HttpRequest, status: number, location: string): HttpRequest {
  const { method, url: before } = from
  const url = URL.canParse(location, before.href) ? new URL(location, before) : undefined
  if (url === undefined || (url.protocol !== "http:" && url.protocol !== "https:") || url.username !== "" || url.password !== "")
    throw new PlatformError("remote_failed", `${before.origin} redirects to something that is not a plain http(s) address; give the right URL.`)
  const away = url.origin !== before.origin
  const safe = method === "GET" || method === "HEAD"
  const target = `${url.origin}${url.pathname}`
  if (!safe && (away || !KEEPING.has(status)))
    throw new PlatformError(
      "remote_failed",
      `${before.origin} redirects the ${method} to ${target} (${status}), and nothing was sent there; use that URL if it is the right one.`,
      { details: { status } },
    )
  const secret = Object.keys(from.headers).some((name) => from.private.has(name.toLowerCase()))
  if (before.protocol === "https:" && url.protocol === "http:" && (secret || before.search !== ""))
    throw new PlatformError("remote_failed", `${before.origin} redirects to plain http, where credentials could be read; give a URL that stays with https.`)
  const headers = Object.fromEntries(Object.entries(from.headers).filter(([name]) => !(away && from.private.has(name.toLowerCase()))))
  return { ...from, url, headers }
}
