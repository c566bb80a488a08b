import { createHash } from "node:crypto"
import type { Call } from "../../../core/call.ts"
import { PlatformError } from "../../../core/errors.ts"
import type { HttpClient, StreamedAnswer } from "../http/client.ts"
import { nameOf, requestTo } from "../http/requests.ts"
import { type ByteSource, fileChanged, PastEnd, section } from "./source.ts"

/** The facts about a file that its store already knows. */
export interface Known {
  readonly name: string
  /** The mark in the store's listing for the version in an answer. */
  markOf(headers: StreamedAnswer["headers"]): string
  /** The headers of each request for the file; their names are in lower case. */
  readonly headers?: Readonly<Record<string, string>>
}

/** Asks for the file as it is stored, compressed or not, without a content coding for the transfer. */
const HEADERS = { accept: "text/csv, text/plain;q=0.9, */*;q=0.5", "accept-encoding": "identity" }

/**
 * The file at a URL. It is requested once, and its body is read at the pace of the reader. If the server supports ranges (RFC
 * 9110, 14) and names the version by a strong ETag, parts are requested; each must be of the version that was read first.
 */
export async function urlSource(url: URL, http: HttpClient, call: Call, known?: Known): Promise<ByteSource> {
  const ask = (headers: Readonly<Record<string, string>>): Promise<StreamedAnswer> =>
    http.open(requestTo(url, { headers: { ...HEADERS, ...known?.headers, ...headers } }), call)
  const name = known?.name ?? nameOf(url).replaceAll("\u0000", "").slice(0, 255)
  const first = await call.stage("auth", async () => checked(await ask({}), 200))
  const { etag = "", "content-length": length } = first.headers
  const bytes = length !== undefined && /^\d{1,15}$/.test(length) ? Number(length) : undefined
  const strong = /^"/.test(etag)
  const mark = known?.markOf(first.headers) ?? markOf(first)
  const ranges = bytes !== undefined && first.headers["accept-ranges"] === "bytes" && (strong || known !== undefined)
  const condition = strong ? { "if-range": etag } : {}
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
    const answer = await ask(ranges ? { range: `bytes=${begin}-${end === undefined ? "" : end - 1}`, ...condition } : {})
    const part = answer.status === 206 && answer.headers["content-range"]?.startsWith(`bytes ${begin}-`) === true
    const { headers, body } = checked(answer, part ? 206 : 200)
    const same = known !== undefined ? known.markOf(headers) === mark : part ? headers["etag"] === etag : versionOf(headers) === versionOf(first.headers)
    if (!same) throw closed(answer, fileChanged(name))
    yield* section(body, part ? 0 : begin, end === undefined || !part ? end : end - begin)
  }
  return {
    name,
    bytes,
    ranges,
    contentType: first.headers["content-type"],
    mark,
    open,
    async [Symbol.asyncDispose]() {
      release()
    },
  }
}

/** The headers that name a version of the file; "||" if the server sends none of them. */
const versionOf = (headers: StreamedAnswer["headers"]): string =>
  [headers["etag"], headers["last-modified"], headers["content-length"]].map((each) => each ?? "").join("|")

function markOf({ headers }: Pick<StreamedAnswer, "headers">): string {
  const version = versionOf(headers)
  return version === "||" ? "" : createHash("sha256").update(version).digest("hex")
}

/** The response; fails if it has another success status than the wanted one, or a content coding that was not requested. */
function checked(answer: StreamedAnswer, wanted: number): StreamedAnswer {
  const { status, headers, url } = answer
  const coding = (headers["content-encoding"] ?? "identity").toLowerCase()
  const wrong =
    status !== wanted
      ? `answers with status ${status} and without the requested bytes; check the URL.`
      : ["identity", "", "gzip", "x-gzip"].includes(coding)
        ? undefined
        : `sends the file with the content coding ${coding.slice(0, 40)}, which was not requested; serve the file unencoded, or as a gzip file.`
  if (wrong === undefined) return answer
  throw closed(answer, new PlatformError("response_invalid", `${url.origin} ${wrong}`, { details: { status } }))
}

/** Closes a response whose body will not be read, and returns the error. */
function closed(answer: StreamedAnswer, error: PlatformError): PlatformError {
  answer.close()
  return error
}
