import { createHash, createPrivateKey, createPublicKey, type KeyObject } from "node:crypto"
import { PlatformError } from "../../../../core/errors.ts"
import { type Config, optional, secret } from "../../../../core/fields.ts"

/** The fields of a login by key pair, for a kind of a type's variant `auth`. */
export const keyPairFields = {
  privateKey: secret("Private key", {
    format: "pem",
    help: "RSA, at least 2,048 bits, in PKCS#8 (as `openssl genrsa | openssl pkcs8 -topk8` writes it).",
  }),
  passphrase: optional(secret("Passphrase", { maxLength: 1_024 })),
}

/** Opens the key of those fields. */
export const keyPairOf = ({ privateKey, passphrase }: Config<typeof keyPairFields>, product: string): KeyObject =>
  openRsaKey({
    pem: privateKey.reveal(),
    passphrase: passphrase?.reveal(),
    fields: { key: "/auth/privateKey", passphrase: "/auth/passphrase" },
    product,
  })

/** An RSA private key as a user pasted it, and the form fields that contain it. */
export interface PastedKey {
  readonly pem: string
  readonly passphrase: string | undefined
  /** The JSON pointers of the two fields. */
  readonly fields: { readonly key: string; readonly passphrase: string }
  /** The name of the system that uses the key, for messages. */
  readonly product: string
}

const LEAST_BITS = 2_048

/** Opens the key; the error `config_invalid` names the field to correct. */
export function openRsaKey({ pem, passphrase, fields, product }: PastedKey): KeyObject {
  let key: KeyObject
  try {
    key = createPrivateKey({ key: pem, format: "pem", ...(passphrase === undefined ? {} : { passphrase }) })
  } catch (cause) {
    if (!pem.includes("ENCRYPTED")) throw invalid(fields.key, "The private key cannot be read; paste the whole PEM text of an RSA key in PKCS#8.", cause)
    throw passphrase === undefined
      ? invalid(fields.passphrase, "The private key is encrypted, and the connector has no passphrase; enter it.", cause)
      : invalid(fields.passphrase, "The private key does not open with this passphrase; check both.", cause)
  }
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0
  if (key.asymmetricKeyType === "rsa" && bits >= LEAST_BITS) return key
  const is = `${key.asymmetricKeyType ?? "another"} ${bits || ""}`.trim()
  throw invalid(fields.key, `${product} requires an RSA key of at least 2,048 bits, but this one is ${is}; create another key.`)
}

/** `SHA256:…` of the key's public half, in base64 (RFC 5280's SubjectPublicKeyInfo). */
export const fingerprintOf = (key: KeyObject): string =>
  `SHA256:${createHash("sha256")
    .update(createPublicKey(key).export({ type: "spki", format: "der" }))
    .digest("base64")}`

const invalid = (pointer: string, message: string, cause?: unknown): PlatformError =>
  new PlatformError("config_invalid", message, { faults: [{ pointer, message }], ...(cause === undefined ? {} : { cause }) })
