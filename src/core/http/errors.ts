import { PlatformError, platformErrorIn } from "../errors.ts"

const BROKEN: ReadonlySet<string> = new Set(["UND_ERR_SOCKET", "ECONNRESET", "EPIPE", "UND_ERR_CLOSED", "UND_ERR_DESTROYED", "UND_ERR_ABORTED"])

/** The codes of zlib's errors. */
const BROKEN_CODING = /^(Z_|ZSTD_|ERR_ZSTD|ERR_BROTLI|ERR__ERROR_FORMAT|ERR_PADDING_1$)/

/** An error of undici or zlib as ours; undefined for any other. */
export function explainHttp(error: unknown): PlatformError | undefined {
  if (!(error instanceof Error)) return undefined
  const own = platformErrorIn(error)
  if (own) return own
  const code = "code" in error ? String(error.code) : ""
  if (code === "UND_ERR_HEADERS_TIMEOUT" || code === "UND_ERR_BODY_TIMEOUT" || code === "UND_ERR_CONNECT_TIMEOUT")
    return new PlatformError("timed_out", "The server did not answer in time; allow more time, or ask for less.", { cause: error })
  if (code === "UND_ERR_HEADERS_OVERFLOW" || code === "HPE_HEADER_OVERFLOW")
    return new PlatformError("response_too_large", "The answer's headers are larger than 64 KiB, which is the most that the hub takes.", { cause: error })
  if (error.name === "HTTPParserError" || code.startsWith("HPE_")) return malformed(error)
  // llhttp counts the bytes itself, so this error means that undici interprets the header differently.
  if (code === "UND_ERR_RES_CONTENT_LENGTH_MISMATCH") return notReadable("has a malformed header: Content-Length twice, or beside Transfer-Encoding", error)
  const interim = code === "UND_ERR_SOCKET" ? INTERIM[error.message] : undefined
  if (interim !== undefined) return notReadable(interim, error)
  if (BROKEN_CODING.test(code))
    return new PlatformError("response_invalid", "The answer's compression is broken; check what the server sends.", { cause: error })
  if (BROKEN.has(code)) return new PlatformError("connection_lost", "The connection broke before the whole answer had arrived; try again.", { cause: error })
  return undefined
}

/** The messages of undici for an unexpected interim response (RFC 9110, 15.2), and our words for them. */
const INTERIM: Readonly<Record<string, string>> = {
  "bad response": "starts with an unexpected 100 Continue",
  "bad upgrade": "switches the protocol unexpectedly (101)",
}

/** Reasons of llhttp that suggest another protocol. Any other reason means malformed HTTP. */
const NO_HTTP = /^(Expected HTTP|Invalid HTTP version|Expected space after version|Response overflow)/
const FAULTS: readonly (readonly [RegExp, string])[] = [
  [/^Invalid header token/, "has a malformed header: a blank or another invalid character in its name"],
  [/^Invalid header value/, "has a malformed header: a control character in its value"],
  [/^Unexpected whitespace after header value/, "has a malformed header: a value that continues on a second line"],
  [/Content-Length/, "has a malformed header: Content-Length is not one number"],
  [/Transfer-Encoding/, "has a malformed header: Transfer-Encoding"],
  [/expected CR|expected LF/i, "has malformed lines: they end without a carriage return and a line feed"],
  [/chunk/, "has a malformed body: the size of a chunk"],
]

/** The error for a response that llhttp could not parse; undici puts the reason in parentheses at the end of its message. */
function malformed(error: Error): PlatformError {
  const reason = /\(([^()]*)\)$/.exec(error.message)?.[1] ?? error.message
  if (NO_HTTP.test(reason)) return new PlatformError("protocol_invalid", "The server's answer is not HTTP; check the URL's scheme and port.", { cause: error })
  return notReadable(FAULTS.find(([pattern]) => pattern.test(reason))?.[1] ?? `is malformed HTTP: ${reason.slice(0, 100)}`, error)
}

const notReadable = (fault: string, cause: Error): PlatformError =>
  new PlatformError("response_invalid", `The server's answer ${fault}; check the server, or the proxy in front of it.`, { cause })

/** The error to throw for one of undici's or zlib's: ours where there is one. */
export const explained = (error: unknown): unknown => explainHttp(error) ?? error
