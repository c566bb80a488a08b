import { PlatformError } from "../../../core/errors.ts"
import { decoded } from "../../../core/http/codings.ts"
import type { HttpAnswer } from "../../../core/http/request.ts"
import type { Lease, TlsSpec } from "../../../core/lease.ts"
import type { HttpCall } from "../http/call.ts"
import { type HttpClient, httpClient, type StreamedAnswer } from "../http/client.ts"
import { requestTo } from "../http/requests.ts"
import type { ErrorTable } from "./errors.ts"
import { strange } from "./http-errors.ts"

/** A part of a result in a cloud's storage, by a link that carries its own credentials for some minutes. */
export interface ResultLink {
  readonly url: string
  /** Headers that the storage asks for: the key of encrypted data. */
  readonly headers?: Readonly<Record<string, string>>
  /** Milliseconds since 1970. */
  readonly expiresAt?: number
}

type Texts = readonly (readonly (string | null)[])[]

const VERIFY: TlsSpec = { mode: "verify" }
/** A link is asked for anew so long before it ends. */
const MARGIN_MS = 30_000
/** One row at most. */
const MOST_BYTES = 64 * 1_048_576
const [QUOTE, BACKSLASH, OPEN, CLOSE] = [34, 92, 91, 93] as const

/**
 * Reads rows of texts, a JSON array of arrays, from links as they arrive. Links lead to other hosts, which the door judges: over https
 * alone, on its own port, and without the connector's login. A `list` is an array without its brackets. A link that has ended, or that the storage refuses, is asked for anew once.
 */
export function resultLinks(lease: Lease, errors: Pick<ErrorTable, "product">, form: "array" | "list" = "array") {
  // The storage may repeat the link's own credentials in what it says.
  const judge = ({ status, url }: Pick<HttpAnswer, "status" | "url">) =>
    status === 200
      ? undefined
      : new PlatformError("remote_failed", `${url.host}, where ${errors.product} keeps the result, answers ${status}; call again.`, { details: { status } })
  // One for all links: each has connections of its own, of which a call may hold only some.
  let client: HttpClient | undefined
  const open = async ({ url: text, headers = {} }: ResultLink, call: HttpCall): Promise<StreamedAnswer> => {
    const url = URL.parse(text)
    if (url?.protocol !== "https:" || url.port !== "" || url.username !== "" || url.password !== "") throw strange(errors, "has a link that is not https")
    const unwanted = Object.keys(headers).find((name) => !/^x-[a-z0-9-]+$/i.test(name))
    if (unwanted !== undefined) throw strange(errors, `asks for the header ${unwanted.slice(0, 40)} at its storage`)
    client ??= httpClient(lease.dispatcher(VERIFY), { redirects: false, judge })
    return await client.open(requestTo(url, { headers: { "accept-encoding": "identity, gzip", ...headers } }), call)
  }
  return async function* rows(link: ResultLink, again: () => Promise<ResultLink>, call: HttpCall): AsyncGenerator<Texts> {
    const { expiresAt = Number.POSITIVE_INFINITY } = link
    const first = expiresAt - Date.now() > MARGIN_MS ? link : await again()
    const answer = await open(first, call).catch(async (error: unknown) => {
      if (first !== link || !(error instanceof PlatformError) || ![400, 403, 404].includes(Number(error.details["status"]))) throw error
      return await open(await again(), call)
    })
    const body = decoded(answer.body, answer.headers["content-encoding"] ?? "")
    yield* rowTexts(form === "array" ? body : bracketed(body), errors)
  }
}

async function* bracketed(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield Buffer.from("[")
  yield* pieces
  yield Buffer.from("]")
}

/** The rows in a JSON array of arrays of texts, as many at a time as a piece of it completes. */
export async function* rowTexts(pieces: AsyncIterable<Buffer>, errors: Pick<ErrorTable, "product">): AsyncGenerator<Texts> {
  let parts: Buffer[] = []
  let [length, depth, inString, escaped, some] = [0, 0, false, false, false]
  for await (const piece of pieces) {
    let whole = 0
    for (let at = 0; at < piece.length; at++) {
      const byte = piece[at]
      if (inString) {
        if (escaped) escaped = false
        else if (byte === BACKSLASH) escaped = true
        else if (byte === QUOTE) inString = false
      } else if (byte === QUOTE) inString = true
      else if (byte === OPEN) depth++
      else if (byte === CLOSE && --depth === 1) whole = at + 1
    }
    if (whole > 0) {
      // Before the rows stands the bracket of the array, or a comma.
      const text = Buffer.concat([...parts, piece.subarray(0, whole)])
        .toString("utf8")
        .replace(some ? /^\s*,/ : /^\s*\[/, "")
      yield textsIn(text, errors)
      ;[parts, length, some] = [[], 0, true]
    }
    parts.push(piece.subarray(whole))
    length += piece.length - whole
    if (length > MOST_BYTES) throw new PlatformError("response_too_large", `A row of ${errors.product}'s result is larger than 64 MiB; ask for less of it.`)
  }
  if (Buffer.concat(parts).toString().trim() !== (some ? "]" : "[]")) throw strange(errors, "ends in the middle of a result")
}

function textsIn(text: string, errors: Pick<ErrorTable, "product">): Texts {
  try {
    return textRows(JSON.parse(`[${text}]`), errors)
  } catch (error) {
    if (error instanceof SyntaxError) throw strange(errors, "has rows in a form of their own")
    throw error
  }
}

/** Rows of texts; throws `response_invalid` for a value of another form. */
export function textRows(rows: unknown, errors: Pick<ErrorTable, "product">): Texts {
  if (Array.isArray(rows) && rows.every((row) => Array.isArray(row) && row.every((cell) => cell === null || typeof cell === "string"))) return rows as Texts
  throw strange(errors, "has rows in a form of their own")
}
