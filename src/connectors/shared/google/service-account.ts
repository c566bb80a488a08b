import type { KeyObject } from "node:crypto"
import type { Secret } from "../../../core/fields.ts"
import { openRsaKey } from "../http/auth/private-key.ts"

/** The parts of a service account's key that are used. Its URLs are not: where a token comes from is fixed. */
export interface ServiceAccount {
  readonly email: string
  readonly keyId: string | undefined
  readonly privateKey: string
}

const EMAIL = /^[A-Za-z0-9-]{1,100}@[a-z0-9.:-]{1,150}\.gserviceaccount\.com$/

/** What a text is instead of a service account's key, and what to do. */
const OTHERS: Readonly<Record<string, string>> = {
  authorized_user: "is the login of a user, made by gcloud; choose a login by refresh token, or create a key of a service account.",
  external_account: "is a configuration of workload identity federation, which names files and programs and is not taken; create a key of a service account.",
  external_account_authorized_user: "is a login of workforce identity, which is not taken; create a key of a service account.",
  impersonated_service_account: "impersonates a service account; enter its source as the login, and the account to impersonate in its own field.",
  gdch_service_account: "is a key of Google Distributed Cloud, which is not taken.",
}

/** The key in its JSON text; a text is what is wrong with another one, worded to follow a field's title. */
export function readServiceAccount(text: string): ServiceAccount | string {
  const given = text.trim()
  let parsed: unknown
  try {
    parsed = JSON.parse(given)
  } catch {
    if (given.startsWith("-----BEGIN")) return "is a private key alone; enter the whole JSON file that the key was created with."
    return given.startsWith("MII") ? "is a key in the form P12; create a key in the form JSON." : "must be the JSON text of a service account's key."
  }
  if (typeof parsed !== "object" || parsed === null) return "must be the JSON text of a service account's key."
  const { type, client_email: email, private_key: privateKey, private_key_id: keyId, ...rest } = parsed as Record<string, unknown>
  if (typeof type === "string" && Object.hasOwn(OTHERS, type)) return OTHERS[type] ?? ""
  if ("installed" in rest || "web" in rest) return "is the secret of an OAuth client; create a key of a service account."
  if (type !== "service_account") return "must be a service account's key: the type in it is not service_account."
  if (typeof email !== "string" || !EMAIL.test(email)) return "has no client_email that is a service account's; enter the JSON file as it was created."
  if (typeof privateKey !== "string" || !privateKey.includes("PRIVATE KEY-----")) return "has no private_key; enter the JSON file as it was created."
  const name = (value: unknown): string | undefined => (typeof value === "string" && /^[\w.:-]{1,100}$/.test(value) ? value : undefined)
  return { email, privateKey, keyId: name(keyId) }
}

/** The problem with a key as somebody entered it. */
export function serviceAccountFault(text: string): string | undefined {
  const account = readServiceAccount(text)
  return typeof account === "string" ? account : undefined
}

/** A key that has no fault, and its private key, opened; throws `config_invalid`. */
export function serviceAccountOf(key: Secret, pointer: string): ServiceAccount & { readonly key: KeyObject } {
  const account = readServiceAccount(key.reveal())
  if (typeof account === "string") throw new TypeError("The key was not checked.")
  const fields = { key: pointer, passphrase: pointer }
  return { ...account, key: openRsaKey({ pem: account.privateKey, passphrase: undefined, fields, product: "Google" }) }
}
