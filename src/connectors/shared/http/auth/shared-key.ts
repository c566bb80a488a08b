import { createHmac } from "node:crypto"
import { type HttpRequest, withPrivate } from "../../../../core/http/request.ts"
import { type HttpAuth, SECRET } from "../auth.ts"

/** Headers whose values are signed in this order (learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key). */
const SIGNED = [
  "content-encoding",
  "content-language",
  "content-length",
  "content-md5",
  "content-type",
  "date",
  "if-modified-since",
  "if-match",
  "if-none-match",
  "if-unmodified-since",
  "range",
] as const

/** The version of Azure Storage's API that the requests are written for, unless they name one. */
const VERSION = "2021-12-02"

/** Shared Key of an Azure Storage account, for blobs, queues and files. `key` is the account's, in base64. */
export const sharedKeyAuth = (account: string, key: string, now: () => Date = () => new Date()): HttpAuth => ({
  sign(request) {
    const headers = { "x-ms-version": VERSION, ...request.headers, "x-ms-date": now().toUTCString() }
    const signature = createHmac("sha256", Buffer.from(key, "base64"))
      .update(stringToSign({ ...request, headers }, account))
      .digest("base64")
    return withPrivate({ ...request, headers }, { authorization: `SharedKey ${account}:${signature}` })
  },
  show: (request) => withPrivate(request, { authorization: `SharedKey ${account}:${SECRET}` }),
})

/** The text that is signed, for API versions of 2015-02-21 and later. */
export function stringToSign(request: HttpRequest, account: string): string {
  const length = Buffer.byteLength(request.body ?? "")
  const headers: Readonly<Record<string, string>> = { ...request.headers, "content-length": length === 0 ? "" : String(length) }
  const own = Object.keys(headers)
    .filter((name) => name.startsWith("x-ms-"))
    .sort()
    .map((name) => `${name}:${(headers[name] ?? "").trim().replace(/\s+/g, " ")}\n`)
  return `${[request.method, ...SIGNED.map((name) => headers[name] ?? "")].join("\n")}\n${own.join("")}${resourceOf(request.url, account)}`
}

/** The account and the path as it is sent, then each parameter on a line: its name in lower case, its values sorted. */
function resourceOf(url: URL, account: string): string {
  const parameters = new Map<string, string[]>()
  for (const [name, value] of url.searchParams) parameters.set(name.toLowerCase(), [...(parameters.get(name.toLowerCase()) ?? []), value])
  const lines = [...parameters.keys()].sort().map((name) => `\n${name}:${(parameters.get(name) ?? []).sort().join(",")}`)
  return `/${account}${url.pathname}${lines.join("")}`
}
