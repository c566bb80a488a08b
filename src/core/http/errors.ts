import { PlatformError, platformErrorIn } from "../errors.ts"

const BROKEN: ReadonlySet<string> = new Set([
  "UND_ERR_SOCKET",
  "ECONNRESET",
  "EPIPE",
  "UND_ERR_RES_CONTENT_LENGTH_MISMATCH",
  "UND_ERR_CLOSED",
  "UND_ERR_DESTROYED",
  "UND_ERR_ABORTED",
])

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
  if (error.name === "HTTPParserError" || code.startsWith("HPE_"))
    return new PlatformError("protocol_invalid", "The server's answer is not HTTP; check the URL's scheme and port.", { cause: error })
  if (
    code.startsWith("Z_") ||
    code.startsWith("ERR_BROTLI") ||
    code.startsWith("ZSTD_") ||
    code.startsWith("ERR_ZSTD") ||
    code.startsWith("ERR__ERROR_FORMAT") ||
    code === "ERR_PADDING_1"
  )
    return new PlatformError("response_invalid", "The answer's compression is broken; check what the server sends.", { cause: error })
  if (BROKEN.has(code)) return new PlatformError("connection_lost", "The connection broke before the whole answer had arrived; try again.", { cause: error })
  return undefined
}

/** The error to throw for one of undici's or zlib's: ours where there is one. */
export const explained = (error: unknown): unknown => explainHttp(error) ?? error
