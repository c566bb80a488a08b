import { createHash, createPrivateKey, createPublicKey, type KeyObject } from "node:crypto"
import { PlatformError } from "../../core/errors.ts"
import { jwtSource } from "../shared/http/auth/jwt.ts"
import type { Account } from "./account.ts"
import type { SnowflakeConfig } from "./fields.ts"

/** How requests prove who sends them to Snowflake. */
export interface Login {
  /** For the `X-Snowflake-Authorization-Token-Type` header. */
  readonly tokenType: "KEYPAIR_JWT" | "PROGRAMMATIC_ACCESS_TOKEN" | "OAUTH"
  /** `SHA256:…` of the public key, as `DESC USER` shows it; key pairs alone have one. */
  readonly fingerprint: string | undefined
  /** A token that is good for some minutes at least. */
  token(): Promise<string>
}

/** Snowflake takes tokens that live for an hour at most (docs, SQL API, Authenticating); a minute less leaves room for clocks. */
const LIFE_MS = 59 * 60_000

/** Reads the login of a config; throws `config_invalid` for a key that cannot be used. */
export function readLogin({ user, auth }: Pick<SnowflakeConfig, "user" | "auth">, account: Account): Login {
  if (auth.kind === "key_pair") return keyPair(openKey(auth.privateKey.reveal(), auth.passphrase?.reveal()), `${account.claim}.${user.toUpperCase()}`)
  return { tokenType: auth.kind === "oauth" ? "OAUTH" : "PROGRAMMATIC_ACCESS_TOKEN", fingerprint: undefined, token: async () => auth.token.reveal() }
}

/** `iss` is `ACCOUNT.USER.SHA256:fingerprint`, `sub` is `ACCOUNT.USER` (docs, SQL API, Authenticating, Using key-pair authentication). */
function keyPair(key: KeyObject, subject: string): Login {
  const spki = createPublicKey(key).export({ type: "spki", format: "der" })
  const fingerprint = `SHA256:${createHash("sha256").update(spki).digest("base64")}`
  const claims = { iss: `${subject}.${fingerprint}`, sub: subject }
  return { tokenType: "KEYPAIR_JWT", fingerprint, token: jwtSource({ key, algorithm: "RS256", claims, lifeMs: LIFE_MS }) }
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
