import type { Readable } from "node:stream"
import type { Dispatcher } from "undici"
import { type ErrorCode, PlatformError } from "../../core/errors.ts"
import { cut, exchange, type HttpRequest } from "../shared/http.ts"
import type { CsvConfig } from "./fields.ts"

type UrlSource = Extract<CsvConfig["source"], { kind: "url" }>

/** A file's bytes as they come from a server; `mark` is what its headers say of its version, "" when nothing. */
export interface Download {
  readonly mark: string
  readonly bytes: AsyncIterable<Buffer>
}

/** Asks for the file, once; the body is read at the pace of the reader. */
export async function download(source: UrlSource, dispatcher: Dispatcher, signal: AbortSignal): Promise<Download> {
  const { status, headers, body, url } = await exchange(requestOf(source), { dispatcher, signal })
  if (status !== 200) throw cut(body, failureOf(url, status))
  const coding = (headers["content-encoding"] ?? "identity").toLowerCase()
  if (!["identity", "", "gzip", "x-gzip"].includes(coding))
    throw cut(
      body,
      new PlatformError("response_invalid", `${url.origin} sends the file as ${coding.slice(0, 40)} though it was asked not to; have it send it as it is.`),
    )
  const mark = [headers["etag"], headers["last-modified"], headers["content-length"]].map((each) => each ?? "").join("|")
  return { mark: mark === "||" ? "" : mark, bytes: bytesOf(body) }
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
    if (!whole) cut(body, undefined)
  }
}

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
