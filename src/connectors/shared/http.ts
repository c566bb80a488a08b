import type { Readable } from "node:stream"
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib"
import type { Dispatcher } from "undici"
import { PlatformError, platformErrorIn } from "../../core/errors.ts"

/** One HTTP request. `private` names (in lower case) the headers that may not follow a redirect to another origin. */
export interface HttpRequest {
  readonly method: string
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly private: ReadonlySet<string>
  readonly body?: string
}

/** An answer, its body decompressed. `url` is where it came from in the end. */
export interface HttpAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  readonly url: URL
}

export interface SendOptions {
  readonly dispatcher: Dispatcher
  readonly signal: AbortSignal
  /** Bytes of the answer's body at most, after decompression. */
  readonly maxBytes: number
  /** False: a redirect is an answer like any other, and nothing else is dialled. */
  readonly redirects?: boolean
}

const MOST_REDIRECTS = 5
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/** Sends a request as `exchange` does, and reads its answer's body, decompressed. */
export async function send(request: HttpRequest, options: SendOptions): Promise<HttpAnswer> {
  const { status, headers, body, url } = await exchange(request, options)
  return { status, headers, body: await readBody(body, request.method, headers, options.maxBytes), url }
}

/** An answer whose body is still to be read, as it was sent, or destroyed. */
export interface OpenAnswer extends Omit<HttpAnswer, "body"> {
  readonly body: Readable
}

/**
 * Sends a request and follows at most five redirects by hand: each hop is dialled anew and so judged by the door,
 * secrets stay with the origin that they were meant for, and none goes on in the clear.
 */
export async function exchange(request: HttpRequest, options: Omit<SendOptions, "maxBytes">): Promise<OpenAnswer> {
  const { request: once } = await import("undici")
  let current = request
  for (let hop = 0; ; hop++) {
    const { method, url, headers, body } = current
    const answer = await once(url, {
      method: method as Dispatcher.HttpMethod,
      headers: { ...headers },
      body: body ?? null,
      dispatcher: options.dispatcher,
      signal: options.signal,
    })
    const flat = flatten(answer.headers)
    const location = flat["location"]
    if (options.redirects === false || !REDIRECTS.has(answer.statusCode) || location === undefined)
      return { status: answer.statusCode, headers: flat, body: answer.body, url }
    await answer.body.dump({ limit: 65_536 })
    if (hop === MOST_REDIRECTS)
      throw new PlatformError("redirected_too_often", `${url.origin} redirects more than ${MOST_REDIRECTS} times; give the URL where it ends.`)
    current = follow(current, answer.statusCode, location)
  }
}

/** The next request (RFC 9110, 15.4; Fetch, 4.4). */
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

const flatten = (headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name.toLowerCase(), Array.isArray(value) ? value.join(", ") : value]])),
  )

const DECODERS: Readonly<Record<string, () => NodeJS.ReadWriteStream>> = {
  gzip: createGunzip,
  "x-gzip": createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
}

/** Reads a body through its content codings and stops at the cap, compressed or not, so that a small bomb stays small. */
async function readBody(body: Readable, method: string, headers: Readonly<Record<string, string>>, maxBytes: number): Promise<Buffer> {
  const codings = (headers["content-encoding"] ?? "")
    .toLowerCase()
    .split(",")
    .map((coding) => coding.trim())
    .filter((coding) => coding !== "" && coding !== "identity")
    .reverse()
  if (method === "HEAD") return Buffer.concat(await body.toArray())
  if (codings.length > 2 || codings.some((coding) => DECODERS[coding] === undefined))
    throw cut(
      body,
      new PlatformError(
        "response_invalid",
        `The answer is encoded as ${codings.join(", ").slice(0, 60)}, which cannot be read; ask the server for gzip, deflate or br.`,
      ),
    )
  let stream: NodeJS.ReadableStream = body
  for (const coding of codings) {
    const decoder = DECODERS[coding]?.() as NodeJS.ReadWriteStream
    const source = stream
    source.once("error", (error: Error) => (decoder as unknown as Readable).destroy(error))
    stream = source.pipe(decoder)
  }
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      length += chunk.length
      if (length > maxBytes) throw new PlatformError("response_too_large", `The answer is larger than ${Math.floor(maxBytes / 1_048_576)} MiB; ask for less.`)
      chunks.push(chunk)
    }
  } catch (error) {
    throw cut(body, error)
  }
  return Buffer.concat(chunks)
}

/** Gives up a body; the error again, to be thrown. */
export function cut(body: Readable, error: unknown): unknown {
  body.on("error", () => undefined).destroy()
  return error
}

/** Undici's and zlib's errors as ours. */
export function explainHttp(error: unknown): PlatformError | undefined {
  if (!(error instanceof Error)) return undefined
  const own = platformErrorIn(error)
  if (own) return own
  const code = "code" in error ? String(error.code) : ""
  if (code === "UND_ERR_HEADERS_TIMEOUT" || code === "UND_ERR_BODY_TIMEOUT" || code === "UND_ERR_CONNECT_TIMEOUT")
    return new PlatformError("timed_out", "The server did not answer in time; allow more time, or ask for less.", { cause: error })
  if (code === "UND_ERR_HEADERS_OVERFLOW" || code === "HPE_HEADER_OVERFLOW")
    return new PlatformError("response_too_large", "The answer's headers are larger than 64 KiB; no such answer is taken.", { cause: error })
  if (error.name === "HTTPParserError" || code.startsWith("HPE_"))
    return new PlatformError("protocol_invalid", "What answers does not speak HTTP; check the URL's scheme and port.", { cause: error })
  if (code.startsWith("Z_") || code.startsWith("ERR_BROTLI") || code.startsWith("ERR__ERROR_FORMAT") || code === "ERR_PADDING_1")
    return new PlatformError("response_invalid", "The answer's compression is broken; see what the server sends.", { cause: error })
  if (["UND_ERR_SOCKET", "ECONNRESET", "EPIPE", "UND_ERR_RES_CONTENT_LENGTH_MISMATCH", "UND_ERR_CLOSED", "UND_ERR_DESTROYED", "UND_ERR_ABORTED"].includes(code))
    return new PlatformError("connection_lost", "The connection broke before the answer was whole; try again.", { cause: error })
  return undefined
}
