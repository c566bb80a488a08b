import { createHash, createHmac } from "node:crypto"
import type { HttpRequest } from "../shared/http.ts"
import type { SignedPart } from "./auth-fields.ts"
import type { HttpConfig } from "./fields.ts"

export type HmacAuth = Extract<HttpConfig["auth"], { kind: "hmac" }>

const DEFAULT_PARTS: readonly SignedPart[] = ["timestamp", "method", "path", "query", "body"]
const SEPARATORS: Readonly<Record<HmacAuth["separator"], string>> = { newline: "\n", dot: ".", colon: ":", nothing: "" }

/** The request with the headers of its signature, made for this very moment (RFC 2104). */
export function signed(request: HttpRequest, auth: HmacAuth, now: Date): HttpRequest {
  const timestamp = { seconds: String(Math.floor(now.getTime() / 1_000)), milliseconds: String(now.getTime()), iso: now.toISOString() }[auth.timestamp]
  const parts = auth.parts.length === 0 ? DEFAULT_PARTS : auth.parts.map(({ part }) => part)
  const text = parts.map((part) => partOf(part, request, timestamp)).join(SEPARATORS[auth.separator])
  const key = Buffer.from(auth.key.reveal(), auth.keyEncoding === "text" ? "utf8" : auth.keyEncoding)
  const signature = createHmac(auth.algorithm, key).update(text).digest(auth.encoding)
  return withSignature(request, auth, signature, timestamp)
}

/** The same with a signature that is given. */
export function withSignature(request: HttpRequest, auth: HmacAuth, signature: string, timestamp: string): HttpRequest {
  const own = { [auth.timestampHeader.toLowerCase()]: timestamp, [auth.header.toLowerCase()]: `${auth.prefix ?? ""}${signature}` }
  return { ...request, headers: { ...request.headers, ...own }, private: new Set([...request.private, ...Object.keys(own)]) }
}

function partOf(part: SignedPart, { method, url, body = "" }: HttpRequest, timestamp: string): string {
  switch (part) {
    case "method":
      return method
    case "path":
      return url.pathname
    case "query":
      return url.search.slice(1)
    case "host":
      return url.host
    case "timestamp":
      return timestamp
    case "body":
      return body
    case "body_sha256":
      return createHash("sha256").update(body).digest("hex")
  }
}
