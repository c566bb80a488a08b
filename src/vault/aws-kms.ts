import { readFile } from "node:fs/promises"
import { PlatformError } from "../core/errors.ts"
import { type AwsCredentials, signV4 } from "../core/sigv4.ts"
import type { KeyContext, KeyProvider, WrappedKey } from "./key-provider.ts"
import { type Judgement, KeyService, quote, type Send, type ServiceAnswer } from "./key-service.ts"

/** A symmetric key of AWS KMS. */
export interface KmsSettings {
  readonly region: string
  /** Key id, ARN or alias. */
  readonly key: string
  /**
   * A file in the format of `aws configure`, of which `[default]` is used; read for every request, because session
   * tokens expire.
   */
  readonly credentialsFile: string
  /** An address that replaces `https://kms.<region>.amazonaws.com`, such as a VPC endpoint. */
  readonly endpoint?: string | undefined
}

interface Answered {
  readonly KeyId?: unknown
  readonly CiphertextBlob?: unknown
  readonly Plaintext?: unknown
  readonly __type?: unknown
  readonly message?: unknown
  readonly Message?: unknown
}

/**
 * Transient errors (docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html and the errors of each operation).
 */
const BUSY = new Set([
  "ThrottlingException",
  "LimitExceededException",
  "DependencyTimeoutException",
  "KMSInternalException",
  "KeyUnavailableException",
  "ServiceUnavailable",
])
/** Errors that mean that the ciphertext is not the stored one, or belongs to another context. */
const UNREADABLE = new Set(["InvalidCiphertextException", "IncorrectKeyException"])

/**
 * Master keys in AWS KMS (Encrypt and Decrypt of docs.aws.amazon.com/kms/latest/APIReference, signed with Signature
 * Version 4). Workspace and data key are the encryption context; the id is the key's ARN, under which KMS may rotate
 * its key material invisibly.
 */
export class AwsKms implements KeyProvider {
  readonly #settings: KmsSettings
  readonly #service: KeyService

  constructor(settings: KmsSettings, send: Send) {
    this.#settings = settings
    this.#service = new KeyService(`AWS KMS at ${endpointOf(settings)}`, send)
  }

  knows(keyId: string): boolean {
    return keyId.startsWith("aws:")
  }

  async currentKeyId(): Promise<string> {
    return (await this.wrap(Buffer.alloc(32), { workspaceId: "hub", dataKeyId: "canary" })).keyId
  }

  async wrap(dataKey: Uint8Array, context: KeyContext): Promise<WrappedKey> {
    const answer = await this.#call("Encrypt", {
      KeyId: this.#settings.key,
      Plaintext: Buffer.from(dataKey).toString("base64"),
      EncryptionContext: contextOf(context),
    })
    const { KeyId, CiphertextBlob } = parse(answer) ?? {}
    if (answer.status !== 200 || typeof KeyId !== "string" || typeof CiphertextBlob !== "string")
      throw this.#service.unavailable(`refuses to encrypt: ${textOf(answer)}.`)
    return { keyId: `aws:${KeyId}`, wrapped: CiphertextBlob }
  }

  async unwrap(keyId: string, wrapped: string, context: KeyContext): Promise<Uint8Array> {
    const answer = await this.#call("Decrypt", { KeyId: keyId.replace(/^aws:/, ""), CiphertextBlob: wrapped, EncryptionContext: contextOf(context) })
    if (UNREADABLE.has(typeOf(answer))) {
      const message = `Data key ${context.dataKeyId} cannot be decrypted: according to AWS KMS it was not encrypted with ${keyId}, or it was changed in the database.`
      throw new PlatformError("secret_unreadable", message, { cause: new Error(textOf(answer)) })
    }
    const key = Buffer.from(String(parse(answer)?.Plaintext ?? ""), "base64")
    if (answer.status === 200 && key.length === 32) return key
    throw this.#service.unavailable(`refuses to decrypt: ${textOf(answer)}.`)
  }

  async #call(operation: "Encrypt" | "Decrypt", content: Readonly<Record<string, unknown>>): Promise<ServiceAnswer> {
    const url = new URL(endpointOf(this.#settings))
    const body = JSON.stringify(content)
    const headers = { "content-type": "application/x-amz-json-1.1", "x-amz-target": `TrentService.${operation}` }
    const scope = { region: this.#settings.region, service: "kms" }
    const make = async () => {
      const signature = signV4({ method: "POST", url, headers, private: new Set(), body }, await this.#credentials(), scope, new Date())
      return { url: url.href, headers: { ...headers, ...signature }, body }
    }
    return await this.#service.ask(make, (answer) => judge(answer, this.#settings))
  }

  async #credentials(): Promise<AwsCredentials> {
    const file = this.#settings.credentialsFile
    const text = await readFile(file, "utf8").catch((cause: unknown) => {
      throw this.#service.unavailable(`cannot be asked: ${file} cannot be read.`, cause)
    })
    const section = /(?:^|\n)\s*\[default\]([^[]*)/.exec(text)?.[1] ?? ""
    const value = (name: string): string | undefined => new RegExp(`(?:^|\\n)\\s*${name}\\s*=\\s*(\\S+)`).exec(section)?.[1]
    const [accessKeyId, secretAccessKey, sessionToken] = [value("aws_access_key_id"), value("aws_secret_access_key"), value("aws_session_token")]
    if (accessKeyId === undefined || secretAccessKey === undefined)
      throw this.#service.unavailable(`cannot be asked: ${file} has no [default] with aws_access_key_id and aws_secret_access_key.`)
    return { accessKeyId, secretAccessKey, sessionToken }
  }
}

const endpointOf = ({ endpoint, region }: KmsSettings): string => endpoint ?? `https://kms.${region}.amazonaws.com`

function judge(answer: ServiceAnswer, { credentialsFile }: KmsSettings): Judgement {
  if (answer.status === 200 || UNREADABLE.has(typeOf(answer))) return { is: "answer" }
  if (answer.status >= 500 || answer.status === 429 || BUSY.has(typeOf(answer)))
    return { is: "busy", why: `is temporarily unavailable (${answer.status} ${textOf(answer)}); check its state.` }
  return { is: "refusal", why: `refuses the hub (${answer.status} ${textOf(answer)}); check ${credentialsFile}, the key and its policy.` }
}

function parse(answer: ServiceAnswer): Answered | undefined {
  try {
    return JSON.parse(answer.body) as Answered
  } catch {
    return undefined
  }
}

/** The error's name, without the namespace that some responses put before it. */
const typeOf = (answer: ServiceAnswer): string => String(parse(answer)?.__type ?? "").replace(/^.*#/, "")

const textOf = (answer: ServiceAnswer): string => quote(`${typeOf(answer)} ${String(parse(answer)?.message ?? parse(answer)?.Message ?? "")}`)

const contextOf = ({ workspaceId, dataKeyId }: KeyContext) => ({ "jackfield:workspace": workspaceId, "jackfield:data-key": dataKeyId })
