import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync, randomBytes, timingSafeEqual } from "node:crypto"
import { createServer, type IncomingMessage, type Server } from "node:http"
import type { AddressInfo } from "node:net"

/**
 * Stand-ins of two key services, written from their documentation and stricter than they are: they have never met the real
 * ones. Vault Transit: developer.hashicorp.com/vault/api-docs/secret/transit; AWS KMS: docs.aws.amazon.com/kms/latest/APIReference.
 */
export interface StandIn {
  readonly url: string
  /** Operations asked for so far, refused ones included. */
  readonly asked: string[]
  /** Answers to give before any other, in order: a status and a body, or nothing at all ("silence"). */
  readonly next: ({ readonly status: number; readonly body: unknown } | "silence" | "redirect")[]
  stop(): Promise<void>
}

type Reply = { readonly status: number; readonly body: unknown }

async function listen(standIn: { asked: string[]; next: StandIn["next"] }, answer: (request: IncomingMessage, body: string) => Reply): Promise<StandIn> {
  const server: Server = createServer(async (request, response) => {
    let body = ""
    for await (const chunk of request) body += String(chunk)
    const reply = answer(request, body)
    const instead = standIn.next.shift()
    if (instead === "silence") return
    if (instead === "redirect") return void response.writeHead(307, { location: `http://127.0.0.1:${(server.address() as AddressInfo).port}/elsewhere` }).end()
    const { status, body: content } = instead ?? reply
    response.writeHead(status, { "content-type": "application/json" }).end(typeof content === "string" ? content : JSON.stringify(content))
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return { ...standIn, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, stop }
}

function seal(key: Buffer, plain: Buffer, bound: string): Buffer {
  const nonce = randomBytes(12)
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(bound))
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

function unseal(key: Buffer, sealed: Buffer, bound: string): Buffer | undefined {
  try {
    const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(0, 12)).setAAD(Buffer.from(bound)).setAuthTag(sealed.subarray(-16))
    return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()])
  } catch {
    return undefined
  }
}

const isBase64 = (value: unknown): value is string => typeof value === "string" && value !== "" && Buffer.from(value, "base64").toString("base64") === value

/** What a test changes of a Transit stand-in. */
export interface TransitState {
  token: string
  namespace?: string
  sealed: boolean
  readonly keys: Map<string, { readonly derived: boolean; readonly versions: Buffer[] }>
}

export async function startTransit(state: TransitState): Promise<StandIn> {
  const asked: string[] = []
  const refuse = (status: number, ...errors: string[]): Reply => ({ status, body: { errors } })
  return await listen({ asked, next: [] }, (request, text) => {
    asked.push(`${request.method} ${request.url}`)
    if (state.sealed) return refuse(503, "Vault is sealed")
    if (request.headers["x-vault-request"] !== "true") return refuse(412, "required 'X-Vault-Request' header is missing")
    if (request.headers["x-vault-namespace"] !== state.namespace) return refuse(404, "no handler for route")
    if (request.headers["x-vault-token"] !== state.token) return refuse(403, "permission denied")
    const [, mount, verb, name = ""] = /^\/v1\/([\w/]+)\/(encrypt|decrypt|rewrap)\/([\w-]+)$/.exec(request.url ?? "") ?? []
    if (mount !== "transit" || verb === undefined) return refuse(404, `no handler for route "${request.url}". route entry not found.`)
    if (request.method !== "POST" && request.method !== "PUT") return refuse(405, "unsupported operation")
    const body = JSON.parse(text) as Record<string, unknown>
    const known = verb === "encrypt" ? ["plaintext", "context"] : ["ciphertext", "context"]
    if (Object.keys(body).some((field) => !known.includes(field))) return refuse(400, `unknown field in ${Object.keys(body).join(", ")}`)
    const key = state.keys.get(name)
    if (key === undefined) return refuse(400, "encryption key not found")
    if (body["context"] !== undefined && !isBase64(body["context"])) return refuse(400, "failed to base64-decode context")
    if (key.derived && body["context"] === undefined)
      return refuse(
        400,
        "missing 'context' for key derivation; the key was created using a derived key, which means additional, per-request information must be included in order to perform operations with the key",
      )
    const derive = (version: Buffer) =>
      key.derived ? Buffer.from(hkdfSync("sha256", version, "", Buffer.from(String(body["context"]), "base64"), 32)) : version
    const encrypt = (plain: Buffer): Reply => {
      const version = key.versions.length
      const ciphertext = `vault:v${version}:${seal(derive(key.versions[version - 1] as Buffer), plain, "").toString("base64")}`
      return {
        status: 200,
        body: {
          request_id: "r",
          lease_id: "",
          renewable: false,
          lease_duration: 0,
          data: { ciphertext, key_version: version },
          wrap_info: null,
          warnings: null,
          auth: null,
        },
      }
    }
    if (verb === "encrypt")
      return isBase64(body["plaintext"]) ? encrypt(Buffer.from(body["plaintext"], "base64")) : refuse(400, "failed to base64-decode plaintext")
    const [, version, sealed] = /^vault:v(\d+):(.+)$/.exec(String(body["ciphertext"])) ?? []
    if (sealed === undefined) return refuse(400, "invalid ciphertext: no prefix")
    const material = key.versions[Number(version) - 1]
    if (material === undefined) return refuse(400, "invalid ciphertext: version is too new")
    const plain = unseal(derive(material), Buffer.from(sealed, "base64"), "")
    if (plain === undefined) return refuse(400, "cipher: message authentication failed")
    return verb === "rewrap" ? encrypt(plain) : { status: 200, body: { data: { plaintext: plain.toString("base64") } } }
  })
}

/** What a test changes of a KMS stand-in; `keys` by ARN. */
export interface KmsState {
  readonly accessKeyId: string
  secretAccessKey: string
  sessionToken?: string
  readonly region: string
  readonly aliases: Map<string, string>
  readonly keys: Map<string, Buffer>
}

/** Signature Version 4 of a request as AWS documents its verification (docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html). */
export function signatureV4(
  request: { method: string; path: string; headers: Readonly<Record<string, string>>; signed: readonly string[]; body: string },
  by: { secretAccessKey: string; region: string; service: string },
): string {
  const sha = (text: string) => createHash("sha256").update(text).digest("hex")
  const mac = (key: string | Buffer, text: string) => createHmac("sha256", key).update(text).digest()
  const canonical = [
    request.method,
    request.path,
    "",
    ...request.signed.map((name) => `${name}:${(request.headers[name] ?? "").trim().replace(/ +/g, " ")}`),
    "",
    request.signed.join(";"),
    sha(request.body),
  ].join("\n")
  const at = request.headers["x-amz-date"] ?? ""
  const scope = `${at.slice(0, 8)}/${by.region}/${by.service}/aws4_request`
  const key = [by.region, by.service, "aws4_request"].reduce(mac, mac(`AWS4${by.secretAccessKey}`, at.slice(0, 8)))
  return mac(key, `AWS4-HMAC-SHA256\n${at}\n${scope}\n${sha(canonical)}`).toString("hex")
}

const MUST_BE_SIGNED = ["content-type", "host", "x-amz-date", "x-amz-target"]

export async function startKms(state: KmsState): Promise<StandIn> {
  const asked: string[] = []
  const refuse = (type: string, message?: string, status = 400): Reply => ({ status, body: { __type: type, ...(message === undefined ? {} : { message }) } })
  const authenticate = (request: IncomingMessage, text: string): Reply | undefined => {
    const [, id, day, region, service, names = "", signature = ""] =
      /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
        request.headers.authorization ?? "",
      ) ?? []
    if (id === undefined) return refuse("IncompleteSignatureException", "Authorization header is malformed.")
    if (id !== state.accessKeyId || request.headers["x-amz-security-token"] !== state.sessionToken)
      return refuse("UnrecognizedClientException", "The security token included in the request is invalid.")
    const signed = names.split(";")
    const lacks = [...MUST_BE_SIGNED, ...(state.sessionToken === undefined ? [] : ["x-amz-security-token"])].filter((name) => !signed.includes(name))
    if (lacks.length > 0) return refuse("InvalidSignatureException", `${lacks.join(", ")} must be signed.`)
    const at = String(request.headers["x-amz-date"])
    const time = Date.parse(at.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"))
    if (!(Math.abs(Date.now() - time) < 300_000) || !at.startsWith(String(day))) return refuse("InvalidSignatureException", "Signature expired.")
    if (region !== state.region || service !== "kms") return refuse("InvalidSignatureException", "Credential should be scoped to a valid region and service.")
    const expected = signatureV4(
      { method: String(request.method), path: String(request.url), headers: request.headers as Record<string, string>, signed, body: text },
      { secretAccessKey: state.secretAccessKey, region: state.region, service: "kms" },
    )
    return timingSafeEqual(Buffer.from(expected), Buffer.from(signature))
      ? undefined
      : refuse("InvalidSignatureException", "The request signature we calculated does not match the signature you provided.")
  }
  return await listen({ asked, next: [] }, (request, text) => {
    const target = String(request.headers["x-amz-target"])
    asked.push(target)
    if (request.method !== "POST" || request.url !== "/" || request.headers["content-type"] !== "application/x-amz-json-1.1")
      return refuse("UnknownOperationException")
    const refused = authenticate(request, text)
    if (refused) return refused
    const body = JSON.parse(text) as Record<string, unknown>
    const arn = state.aliases.get(String(body["KeyId"])) ?? String(body["KeyId"])
    const key = state.keys.get(arn)
    if (key === undefined) return refuse("NotFoundException", `Key '${arn}' does not exist`)
    const context = body["EncryptionContext"] as Record<string, string> | undefined
    const bound = JSON.stringify(Object.entries(context ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)))
    if (target === "TrentService.Encrypt") {
      if (!isBase64(body["Plaintext"]) || Buffer.from(body["Plaintext"], "base64").length > 4_096)
        return refuse("ValidationException", "1 validation error detected")
      const blob = Buffer.concat([Buffer.from(`${arn}\n`), seal(key, Buffer.from(body["Plaintext"], "base64"), bound)])
      return { status: 200, body: { CiphertextBlob: blob.toString("base64"), KeyId: arn, EncryptionAlgorithm: "SYMMETRIC_DEFAULT" } }
    }
    if (target !== "TrentService.Decrypt") return refuse("UnknownOperationException")
    const blob = Buffer.from(String(body["CiphertextBlob"]), "base64")
    const end = blob.indexOf("\n")
    if (blob.toString("utf8", 0, Math.max(0, end)) !== arn)
      return refuse("IncorrectKeyException", "The key ID in the request does not identify a CMK that can perform this operation.")
    const plain = unseal(key, blob.subarray(end + 1), bound)
    return plain === undefined
      ? refuse("InvalidCiphertextException")
      : { status: 200, body: { KeyId: arn, Plaintext: plain.toString("base64"), EncryptionAlgorithm: "SYMMETRIC_DEFAULT" } }
  })
}
