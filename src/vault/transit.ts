import { readFile } from "node:fs/promises"
import { PlatformError } from "../core/errors.ts"
import type { KeyContext, KeyProvider, WrappedKey } from "./key-provider.ts"
import { type Judgement, KeyService, quote, type Send, type ServiceAnswer } from "./key-service.ts"

/** A key of the Transit engine of HashiCorp Vault or OpenBao; it must be created with `derived=true`. */
export interface TransitSettings {
  /** `https://vault.example.com:8200`, without a path. */
  readonly address: string
  /** Mount and name of the key: `transit/jackfield`. */
  readonly key: string
  /** The file that contains the token; read for every request, because an agent may renew the token. */
  readonly tokenFile: string
  readonly namespace?: string | undefined
  /** A PEM file with an authority to trust instead of the system's. */
  readonly caFile?: string | undefined
}

interface Answered {
  readonly data?: { readonly ciphertext?: unknown; readonly plaintext?: unknown }
  readonly errors?: readonly unknown[]
}

/**
 * Vault's statuses for a temporary problem: 429 standby or quota, 472 and 473 other standbys, 5xx sealed or failing
 * (developer.hashicorp.com/vault/api-docs).
 */
const BUSY = new Set([412, 429, 472, 473, 500, 502, 503, 504])

/**
 * Master keys in Vault Transit (encrypt, decrypt, rewrap of developer.hashicorp.com/vault/api-docs/secret/transit).
 * Workspace and data key are the derivation context, so that a wrapped key opens only for its workspace; the id names
 * the version of the key.
 */
export class Transit implements KeyProvider {
  readonly #settings: TransitSettings
  readonly #service: KeyService
  #bound = false

  constructor(settings: TransitSettings, send: Send) {
    this.#settings = settings
    this.#service = new KeyService(`Vault at ${settings.address}`, send)
  }

  knows(keyId: string): boolean {
    return keyId.startsWith(`vault:${this.#settings.key}:v`)
  }

  async currentKeyId(): Promise<string> {
    return (await this.#encrypt(Buffer.alloc(32), CANARY)).keyId
  }

  async wrap(dataKey: Uint8Array, context: KeyContext): Promise<WrappedKey> {
    if (!this.#bound) await this.#proveBound()
    return await this.#encrypt(dataKey, context)
  }

  async unwrap(keyId: string, wrapped: string, context: KeyContext): Promise<Uint8Array> {
    const refused = (cause?: unknown): PlatformError =>
      new PlatformError(
        "secret_unreadable",
        `Data key ${context.dataKeyId} cannot be decrypted: according to Vault it was not encrypted with ${keyId}, or it was changed in the database.`,
        {
          cause,
        },
      )
    if (!this.knows(keyId) || this.#idOf(wrapped) !== keyId) throw refused()
    const answer = await this.#call("decrypt", { ciphertext: wrapped, context: contextOf(context) })
    if (answer.status === 400) throw refused(new Error(textOf(answer)))
    const key = Buffer.from(String(parse(answer)?.data?.plaintext ?? ""), "base64")
    if (key.length === 32) return key
    throw this.#service.unavailable("answered a decryption with something that is not a data key.")
  }

  async rewrap(keyId: string, wrapped: string, context: KeyContext): Promise<WrappedKey> {
    // From another provider, or another key of this one, only through the hub.
    if (!this.knows(keyId)) throw new PlatformError("secret_unreadable", `Data key ${context.dataKeyId} is not under a key of ${this.#settings.key}.`)
    return this.#wrapped(await this.#call("rewrap", { ciphertext: wrapped, context: contextOf(context) }))
  }

  /** Rejects a key that was created without `derived=true`, because it ignores the context and would bind nothing. */
  async #proveBound(): Promise<void> {
    const { keyId, wrapped } = await this.#encrypt(Buffer.alloc(32), CANARY)
    const elsewhere = { ...CANARY, dataKeyId: "elsewhere" }
    const opened = await this.unwrap(keyId, wrapped, elsewhere).then(
      () => true,
      (error: unknown) => {
        if (error instanceof PlatformError && error.code === "secret_unreadable") return false
        throw error
      },
    )
    if (opened)
      throw this.#service.unavailable(`has ${this.#settings.key} without derivation; make the key with \`vault write -f ${this.#path("keys")} derived=true\`.`)
    this.#bound = true
  }

  async #encrypt(plain: Uint8Array, context: KeyContext): Promise<WrappedKey> {
    return this.#wrapped(await this.#call("encrypt", { plaintext: Buffer.from(plain).toString("base64"), context: contextOf(context) }))
  }

  #wrapped(answer: ServiceAnswer): WrappedKey {
    const wrapped = parse(answer)?.data?.ciphertext
    const keyId = typeof wrapped === "string" ? this.#idOf(wrapped) : undefined
    if (answer.status !== 200 || typeof wrapped !== "string" || keyId === undefined)
      throw this.#service.unavailable(`refuses to encrypt with ${this.#settings.key}: ${textOf(answer)}.`)
    return { keyId, wrapped }
  }

  #idOf(wrapped: string): string | undefined {
    const version = /^vault:(v\d+):/.exec(wrapped)?.[1]
    return version === undefined ? undefined : `vault:${this.#settings.key}:${version}`
  }

  #path(verb: string): string {
    const slash = this.#settings.key.lastIndexOf("/")
    return `${this.#settings.key.slice(0, slash)}/${verb}/${this.#settings.key.slice(slash + 1)}`
  }

  async #call(verb: "encrypt" | "decrypt" | "rewrap", body: Readonly<Record<string, string>>): Promise<ServiceAnswer> {
    const { address, tokenFile, namespace, caFile } = this.#settings
    const make = async () => {
      const token = (await this.#read(tokenFile)).trim()
      const headers = { "content-type": "application/json", "x-vault-request": "true", "x-vault-token": token }
      return {
        url: `${address}/v1/${this.#path(verb)}`,
        headers: namespace === undefined ? headers : { ...headers, "x-vault-namespace": namespace },
        body: JSON.stringify(body),
        ca: caFile === undefined ? undefined : await this.#read(caFile),
      }
    }
    return await this.#service.ask(make, (answer) => judge(answer, this.#settings))
  }

  async #read(file: string): Promise<string> {
    return await readFile(file, "utf8").catch((cause: unknown) => {
      throw this.#service.unavailable(`cannot be asked: ${file} cannot be read.`, cause)
    })
  }
}

function judge(answer: ServiceAnswer, { key, tokenFile }: TransitSettings): Judgement {
  if (answer.status === 403)
    return { is: "refusal", why: `refuses the hub's token (403: ${textOf(answer)}); renew the token in ${tokenFile}, or check its policy for ${key}.` }
  if (answer.status === 404) return { is: "refusal", why: `has no ${key} (404: ${textOf(answer)}); check the mount and the name of the key.` }
  if (BUSY.has(answer.status)) return { is: "busy", why: `is temporarily unavailable (${answer.status}: ${textOf(answer)}); unseal it or check its state.` }
  if (answer.status === 200 || answer.status === 400) return { is: "answer" }
  return { is: "refusal", why: `answered ${answer.status}: ${textOf(answer)}.` }
}

function parse(answer: ServiceAnswer): Answered | undefined {
  try {
    return JSON.parse(answer.body) as Answered
  } catch {
    return undefined
  }
}

const textOf = (answer: ServiceAnswer): string => quote(String(parse(answer)?.errors?.[0] ?? "no reason given"))

const CANARY: KeyContext = { workspaceId: "hub", dataKeyId: "canary" }

const contextOf = ({ workspaceId, dataKeyId }: KeyContext): string => Buffer.from(`jackfield/${workspaceId}/${dataKeyId}`).toString("base64")
