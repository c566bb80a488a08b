import type { Readable } from "node:stream"
import type { Dispatcher } from "undici"
import { type ErrorCode, PlatformError } from "../../core/errors.ts"
import { follow, type HttpRequest } from "../shared/http.ts"
import type { CsvConfig } from "./fields.ts"

type UrlSource = Extract<CsvConfig["source"], { kind: "url" }>

/** A file's bytes as they come from a server; `mark` is what its headers say of its version, "" when nothing. */
export interface Download {
  readonly mark: string
  readonly bytes: AsyncIterable<Buffer>
}

const MOST_REDIRECTS = 5
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/** Asks for the file, once, and follows redirects as `shared/http.ts` does; the body is read at the pace of the reader. */
export async function download(source: UrlSource, dispatcher: Dispatcher, signal: AbortSignal): Promise<Download> {
  const { request } = await import("undici")
  let current = requestOf(source)
  for (let hop = 0; ; hop++) {
    const { statusCode, headers, body } = await request(current.url, { method: "GET", headers: { ...current.headers }, dispatcher, signal })
    const location = headers["location"]
    if (REDIRECTS.has(statusCode) && typeof location === "string") {
      await body.dump({ limit: 65_536 })
      if (hop === MOST_REDIRECTS)
        throw new PlatformError("remote_failed", `${current.url.origin} redirects more than ${MOST_REDIRECTS} times; give the URL where it ends.`)
      current = follow(current, statusCode, location)
      continue
    }
    if (statusCode !== 200) {
      await body.dump({ limit: 65_536 })
      throw failureOf(current.url, statusCode)
    }
    const coding = String(headers["content-encoding"] ?? "identity").toLowerCase()
    if (!["identity", "", "gzip", "x-gzip"].includes(coding)) {
      cut(body)
      throw new PlatformError(
        "response_invalid",
        `${current.url.origin} sends the file as ${coding.slice(0, 40)} though it was asked not to; have it send it as it is.`,
      )
    }
    const mark = [headers["etag"], headers["last-modified"], headers["content-length"]].map((each) => String(each ?? "")).join("|")
    return { mark: mark === "||" ? "" : mark, bytes: bytesOf(body) }
  }
}

function requestOf({ url, auth }: UrlSource): HttpRequest {
  const accept = { accept: "text/csv, text/plain;q=0.9, */*;q=0.5", "accept-encoding": "identity" }
  const [name, value] =
    auth.kind === "basic"
      ? ["authorization", `Basic ${Buffer.from(`${auth.username}:${auth.password.reveal()}`).toString("base64")}`]
      : auth.kind === "bearer"
        ? ["authorization", `Bearer ${auth.token.reveal()}`]
        : auth.kind === "header"
          ? [auth.name.toLowerCase(), auth.value.reveal()]
          : []
  const own = name === undefined || value === undefined ? {} : { [name]: value }
  return { method: "GET", url: new URL(url), headers: { ...accept, ...own }, private: new Set(Object.keys(own)) }
}

async function* bytesOf(body: Readable): AsyncGenerator<Buffer> {
  let whole = false
  try {
    for await (const piece of body as AsyncIterable<Buffer>) yield piece
    whole = true
  } finally {
    if (!whole) cut(body)
  }
}

const cut = (body: Readable): void => void body.on("error", () => undefined).destroy()

function failureOf(url: URL, status: number): PlatformError {
  const [code, advice] = codeOf(status)
  return new PlatformError(code, `${url.origin} answers ${status} for the file; ${advice}`, { details: { status } })
}

function codeOf(status: number): [ErrorCode, string] {
  if (status === 401 || status === 403) return ["auth_failed", "check the credentials."]
  if (status === 404 || status === 410) return ["stream_not_found", "check the URL's path."]
  if (status === 429) return ["rate_limited", "ask less often."]
  if (status === 408 || status === 504) return ["timed_out", "try again in a moment."]
  if (status === 502 || status === 503) return ["server_unavailable", "try again in a moment."]
  return status >= 500 ? ["remote_failed", "try again in a moment."] : ["query_invalid", "check the URL."]
}
