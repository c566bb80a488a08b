import { createHash, createHmac } from "node:crypto"
import type { Secret } from "../../../../core/fields.ts"
import { type HttpRequest, withPrivate } from "../../../../core/http/request.ts"
import { type HttpAuth, SECRET } from "../auth.ts"

export const SIGNED_PARTS = ["method", "path", "query", "timestamp", "body", "body_sha256", "host"] as const
export type SignedPart = (typeof SIGNED_PARTS)[number]

/** The settings of an HMAC signature (RFC 2104), as in the config: the key, the signed parts, and the headers. */
export interface HmacLogin {
  readonly key: Secret
  readonly keyEncoding: "text" | "hex" | "base64"
  readonly algorithm: "sha256" | "sha512"
  /** If empty: timestamp, method, path, query, body. */
  readonly parts: readonly { readonly part: SignedPart }[]
  readonly separator: "newline" | "dot" | "colon" | "nothing"
  readonly encoding: "hex" | "base64"
  readonly header: string
  readonly prefix?: string | undefined
  /** If absent, the time is not sent. */
  readonly timestampHeader?: string | undefined
  readonly timestamp: "seconds" | "milliseconds" | "iso"
}

const DEFAULT_PARTS: readonly SignedPart[] = ["timestamp", "method", "path", "query", "body"]
const SEPARATORS: Readonly<Record<HmacLogin["separator"], string>> = { newline: "\n", dot: ".", colon: ":", nothing: "" }

/** Signs parts of the request and the time of sending. Path and query are signed as they are sent. */
export const hmacAuth = (login: HmacLogin, now: () => Date = () => new Date()): HttpAuth => ({
  sign(request) {
    const timestamp = timestampOf(now(), login.timestamp)
    return withSignature(request, login, signatureOf(request, login, timestamp), timestamp)
  },
  show: (request) => withSignature(request, login, SECRET, "[now]"),
})

function signatureOf(request: HttpRequest, login: HmacLogin, timestamp: string): string {
  const parts = login.parts.length === 0 ? DEFAULT_PARTS : login.parts.map(({ part }) => part)
  const hmac = createHmac(login.algorithm, Buffer.from(login.key.reveal(), login.keyEncoding === "text" ? "utf8" : login.keyEncoding))
  for (const [index, part] of parts.entries()) {
    if (index > 0) hmac.update(SEPARATORS[login.separator])
    hmac.update(partOf(part, request, timestamp))
  }
  return hmac.digest(login.encoding)
}

const withSignature = (request: HttpRequest, login: HmacLogin, signature: string, timestamp: string): HttpRequest =>
  withPrivate(request, {
    ...(login.timestampHeader === undefined ? {} : { [login.timestampHeader.toLowerCase()]: timestamp }),
    [login.header.toLowerCase()]: `${login.prefix ?? ""}${signature}`,
  })

const timestampOf = (now: Date, form: HmacLogin["timestamp"]): string =>
  ({ seconds: String(Math.floor(now.getTime() / 1_000)), milliseconds: String(now.getTime()), iso: now.toISOString() })[form]

function partOf(part: SignedPart, { method, url, body = "" }: HttpRequest, timestamp: string): string | Uint8Array {
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
