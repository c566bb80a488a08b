import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from "node:crypto"
import { PlatformError } from "../../core/errors.ts"
import type { Account } from "./account.ts"
import type { SnowflakeConfig } from "./fields.ts"

/** How requests prove who sends them. */
export interface Login {
  /** For the `X-Snowflake-Authorization-Token-Type` header. */
  readonly tokenType: "KEYPAIR_JWT" | "PROGRAMMATIC_ACCESS_TOKEN" | "OAUTH"
  /** `SHA256:…` of the public key, as `DESC USER` shows it; key pairs alone have one. */
  readonly fingerprint: string | undefined
  /** A token that is good for some minutes at least. */
  token(): string
}

/** Snowflake takes tokens that live for an hour at most (docs, SQL API, Authenticating); a minute less leaves room for clocks. */
const LIFE_S = 59 * 60
const RENEW_S = 10 * 60

/** Reads the login of a config; throws `config_invalid` for a key that cannot be used. */
export function readLogin({ user, auth }: Pick<SnowflakeConfig, "user" | "auth">, account: Account): Login {
  if (auth.kind === "key_pair") return keyPair(openKey(auth.privateKey.reveal(), auth.passphrase?.reveal()), `${account.claim}.${user.toUpperCase()}`)
  return { tokenType: auth.kind === "oauth" ? "OAUTH" : "PROGRAMMATIC_ACCESS_TOKEN", fingerprint: undefined, token: () => auth.token.reveal() }
}

/** `iss` is `ACCOUNT.USER.SHA256:fingerprint`, `sub` is `ACCOUNT.USER` (docs, SQL API, Authenticating, Using key-pair authentication). */
function keyPair(key: KeyObject, subject: string): Login {
  const spki = createPublicKey(key).export({ type: "spki", format: "der" })
  const fingerprint = `SHA256:${createHash("sha256").update(spki).digest("base64")}`
  let current = { token: "", until: 0 }
  const token = (): string => {
    const now = Math.floor(Date.now() / 1_000)
    if (current.until - now < RENEW_S) {
      const claims = { iss: `${subject}.${fingerprint}`, sub: subject, iat: now, exp: now + LIFE_S }
      current = { token: jwt(claims, key), until: claims.exp }
    }
    return current.token
  }
  return { tokenType: "KEYPAIR_JWT", fingerprint, token }
}

/** RS256 (RFC 7515, RFC 7518). */
function jwt(claims: Readonly<Record<string, string | number>>, key: KeyObject): string {
  const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString("base64url")
  const signed = `${encode({ alg: "RS256", typ: "JWT" })}.${encode(claims)}`
  return `${signed}.${sign("RSA-SHA256", Buffer.from(signed), key).toString("base64url")}`
}

function openKey(pem: string, passphrase: string | undefined): KeyObject {
  let key: KeyObject
  try {
    key = createPrivateKey({ key: pem, format: "pem", ...(passphrase === undefined ? {} : { passphrase }) })
  } catch (cause) {
    const encrypted = pem.includes("ENCRYPTED")
    if (encrypted && passphrase === undefined)
      throw invalid("passphrase", "The private key is encrypted, and the connector has no passphrase; enter it.", cause)
    if (encrypted) throw invalid("passphrase", "The private key does not open with this passphrase; check both.", cause)
    throw invalid("privateKey", "The private key cannot be read; paste the whole PEM text of an RSA key in PKCS#8.", cause)
  }
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0
  if (key.asymmetricKeyType !== "rsa" || bits < 2_048)
    throw invalid(
      "privateKey",
      `Snowflake takes RSA keys of 2,048 bits and more, and this one is ${key.asymmetricKeyType ?? "another"} ${bits || ""}; make another one.`,
    )
  return key
}

const invalid = (field: string, message: string, cause?: unknown): PlatformError =>
  new PlatformError("config_invalid", message, { faults: [{ pointer: `/auth/${field}`, message }], ...(cause === undefined ? {} : { cause }) })
