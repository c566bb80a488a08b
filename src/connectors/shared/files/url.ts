import { createHash } from "node:crypto"
import type { Readable } from "node:stream"
import type { Dispatcher } from "undici"
import type { Call } from "../../../core/call.ts"
import { type ErrorCode, PlatformError } from "../../../core/errors.ts"
import type { Secret } from "../../../core/fields.ts"
import { cut, exchange, type HttpRequest, type OpenAnswer } from "../http.ts"
import { type ByteSource, fileChanged, PastEnd, section } from "./source.ts"

/** Where a file is, and the credentials that its server asks for. */
export interface FileUrl {
  readonly url: string
  readonly auth:
    | { readonly kind: "none" }
    | { readonly kind: "basic"; readonly username: string; readonly password: Secret }
    | { readonly kind: "bearer"; readonly token: Secret }
    | { readonly kind: "header"; readonly name: string; readonly value: Secret }
}

/**
 * The file at a URL, asked for once; its body is read at the pace of the reader. A server that offers ranges (RFC 9110, 14)
 * and names the version by a strong ETag is asked for parts; each of them must be of the version that came first.
 */
export async function urlSource(from: FileUrl, dispatcher: Dispatcher, call: Call): Promise<ByteSource> {
  const ask = asker(from, dispatcher, call)
  const name = fileNameIn(new URL(from.url))
  const first = await call.stage("auth", async () => checked(await ask({}), 200))
  const { etag = "", "content-length": length } = first.headers
  const bytes = length !== undefined && /^\d{1,15}$/.test(length) ? Number(length) : undefined
  const ranges = bytes !== undefined && first.headers["accept-ranges"] === "bytes" && /^"/.test(etag)
  let unread = true
  const release = (): void => {
    if (unread) first.close()
    unread = false
  }
  async function* open(begin = 0, end?: number): AsyncGenerator<Buffer> {
    if (unread && (!ranges || begin === 0)) {
      unread = false
      return yield* section(first.body, begin, end)
    }
    release()
    if (bytes !== undefined && begin > bytes) throw new PastEnd(`The file has ${bytes} bytes, fewer than ${begin}.`)
    if (begin === bytes) return
    await call.turn()
    const answer = await ask(ranges ? { range: `bytes=${begin}-${end === undefined ? "" : end - 1}`, "if-range": etag } : {})
    const part = answer.status === 206 && answer.headers["content-range"]?.startsWith(`bytes ${begin}-`) === true
    const { headers, body } = checked(answer, part ? 206 : 200)
    if (part ? headers["etag"] !== etag : versionOf(headers) !== versionOf(first.headers)) throw closed(answer, fileChanged(name))
    yield* section(body, part ? 0 : begin, end === undefined || !part ? end : end - begin)
  }
  return {
    name,
    bytes,
    ranges,
    mark: markOf(first),
    open,
    async [Symbol.asyncDispose]() {
      release()
    },
  }
}

/** The last part of a URL's path, or its host. */
export function fileNameIn(url: URL): string {
  const last = url.pathname.split("/").findLast((part) => part !== "") ?? ""
  try {
    return decodeURIComponent(last).replaceAll("\u0000", "").slice(0, 255) || url.hostname
  } catch {
    return last.slice(0, 255)
  }
}

/** The headers that name a version of the file; "||" when the server sends none of them. */
const versionOf = (headers: OpenAnswer["headers"]): string =>
  [headers["etag"], headers["last-modified"], headers["content-length"]].map((each) => each ?? "").join("|")

function markOf({ headers }: Pick<OpenAnswer, "headers">): string {
  const version = versionOf(headers)
  return version === "||" ? "" : createHash("sha256").update(version).digest("hex")
}

/** The answer, unless it has another status or a coding that was not asked for. */
function checked(answer: Answer, wanted: number): Answer {
  const { status, headers, url } = answer
  if (status !== wanted) throw closed(answer, failureOf(url, status))
  const coding = (headers["content-encoding"] ?? "identity").toLowerCase()
  if (["identity", "", "gzip", "x-gzip"].includes(coding)) return answer
  const message = `${url.origin} sends the file with the content coding ${coding.slice(0, 40)}, which was not asked for; serve it as it is, or as gzip.`
  throw closed(answer, new PlatformError("response_invalid", message))
}

/** The error for an answer whose body is not read. */
function closed(answer: Answer, error: PlatformError): PlatformError {
  answer.close()
  return error
}

/** An answer whose body is still to be read, or closed. */
interface Answer extends Omit<OpenAnswer, "body"> {
  readonly body: AsyncIterable<Buffer>
  close(): void
}

function asker(from: FileUrl, dispatcher: Dispatcher, call: Call): (headers: Readonly<Record<string, string>>) => Promise<Answer> {
  const request = requestOf(from)
  return async (headers) => {
    const { body, ...answer } = await exchange({ ...request, headers: { ...request.headers, ...headers } }, { dispatcher, signal: call.signal })
    return { ...answer, body: bodyOf(body), close: () => void cut(body, undefined) }
  }
}

function requestOf({ url, auth }: FileUrl): HttpRequest {
  const accept = { accept: "text/csv, text/plain;q=0.9, */*;q=0.5", "accept-encoding": "identity" }
  const own = credentialsOf(auth)
  return { method: "GET", url: new URL(url), headers: { ...accept, ...own }, private: new Set(Object.keys(own)) }
}

function credentialsOf(auth: FileUrl["auth"]): Readonly<Record<string, string>> {
  switch (auth.kind) {
    case "none":
      return {}
    case "basic":
      return { authorization: `Basic ${Buffer.from(`${auth.username}:${auth.password.reveal()}`).toString("base64")}` }
    case "bearer":
      return { authorization: `Bearer ${auth.token.reveal()}` }
    case "header":
      return { [auth.name.toLowerCase()]: auth.value.reveal() }
  }
}

async function* bodyOf(body: Readable): AsyncGenerator<Buffer> {
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
