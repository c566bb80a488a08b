import { createHash, createHmac } from "node:crypto"
import type { HttpRequest } from "./http/request.ts"

/** An access key of AWS; `sessionToken` belongs to temporary ones. */
export interface AwsCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
}

export interface AwsScope {
  readonly region: string
  /** As it is signed: `s3`, `kms`, `athena`. */
  readonly service: string
}

/** Headers that a proxy or a client library may change on the way. */
const UNSIGNED: ReadonlySet<string> = new Set(["accept-encoding", "connection", "content-length", "expect", "user-agent"])

/**
 * The headers that sign a request for AWS (Signature Version 4; docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html).
 * All headers that arrive as they are sent are signed. S3 alone wants the body's hash in a header, and the path as it is
 * sent; the other services encode it once more and ignore empty parts of it.
 */
export function signV4(request: HttpRequest, credentials: AwsCredentials, { region, service }: AwsScope, now: Date): Record<string, string> {
  const at = now.toISOString().replace(/[:-]|\.\d{3}/g, "")
  const s3 = service === "s3"
  const hash = sha256(request.body ?? "")
  const own = {
    "x-amz-date": at,
    ...(credentials.sessionToken === undefined ? {} : { "x-amz-security-token": credentials.sessionToken }),
    ...(s3 ? { "x-amz-content-sha256": hash } : {}),
  }
  const signed = Object.entries({ ...request.headers, ...own, host: request.url.host })
    .filter(([name]) => !UNSIGNED.has(name))
    .sort(([a], [b]) => order(a, b))
  const names = signed.map(([name]) => name).join(";")
  const canonical = [
    request.method,
    pathOf(request.url, s3),
    canonicalQuery(request.url),
    ...signed.map(([name, value]) => `${name}:${value.trim().replace(/\s+/g, " ")}`),
    "",
    names,
    hash,
  ].join("\n")
  const scope = [at.slice(0, 8), region, service, "aws4_request"]
  const key = scope.reduce<string | Buffer>(hmac, `AWS4${credentials.secretAccessKey}`)
  const signature = hmac(key, ["AWS4-HMAC-SHA256", at, scope.join("/"), sha256(canonical)].join("\n")).toString("hex")
  const credential = `${credentials.accessKeyId}/${scope.join("/")}`
  return { ...own, authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names}, Signature=${signature}` }
}

const sha256 = (data: string | Uint8Array): string => createHash("sha256").update(data).digest("hex")
const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest()
const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** RFC 3986 leaves letters, digits and `-._~` as they are. */
const escaped = (text: string): string => encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)

function pathOf({ pathname }: URL, s3: boolean): string {
  const path = s3 ? pathname : pathname.replace(/\/{2,}/g, "/")
  return path
    .split("/")
    .map((part) => escaped(s3 ? unescaped(part) : part))
    .join("/")
}

function unescaped(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch (error) {
    if (error instanceof URIError) return part
    throw error
  }
}

/** The parameters sorted by name, then by value, both as they are escaped; a URL is sent with this query, so that what is signed is what arrives. */
export const canonicalQuery = (url: URL): string =>
  [...url.searchParams]
    .map(([name, value]) => [escaped(name), escaped(value)] as const)
    .sort(([a, x], [b, y]) => order(a, b) || order(x, y))
    .map(([name, value]) => `${name}=${value}`)
    .join("&")
