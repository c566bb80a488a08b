import { type Config, choice, list, optional, secret, text } from "../../../../core/fields.ts"
import type { TlsSpec } from "../../../../core/lease.ts"
import { basicAuth, bearerAuth, type HttpAuth, headerAuth, noAuth, queryAuth } from "../auth.ts"
import { headerNameFault, headerValueFault, PLAIN_NAMES } from "../header-rules.ts"
import { hmacAuth, SIGNED_PARTS } from "./hmac.ts"
import { CLIENT_CREDENTIALS, oauth2Auth } from "./oauth2.ts"

/** The parameters of a token request that have their own fields, with the titles of these fields. */
const OWN: Readonly<Record<string, string>> = {
  client_id: "Client id",
  client_secret: "Client secret",
  refresh_token: "Refresh token",
  scope: "Scope",
  audience: "Audience",
}

function parameterFault(name: string): string | undefined {
  if (name === "grant_type") return "may not be grant_type; enter it as Grant type, or choose OAuth 2.0 refresh token."
  return Object.hasOwn(OWN, name) ? `may not be ${name}; enter it as ${OWN[name]}.` : undefined
}

/** Grant types that start with the login of a person or with a refresh token. */
const OTHER_GRANTS: ReadonlySet<string> = new Set(["authorization_code", "implicit", "refresh_token"])

function grantTypeFault(grantType: string): string | undefined {
  if (OTHER_GRANTS.has(grantType)) return `may not be ${grantType}; log in once, and choose OAuth 2.0 refresh token.`
  return /^[\x21-\x7e]+$/.test(grantType) ? undefined : "must be one word of ASCII characters."
}

const client = {
  tokenUrl: text("Token URL", { format: "url", example: "https://login.example.com/oauth2/token" }),
  clientId: text("Client id", { login: true }),
}
const grantType = text("Grant type", {
  default: CLIENT_CREDENTIALS,
  maxLength: 256,
  check: grantTypeFault,
  help: "Only for providers with another one, such as account_credentials; its parameters go into More parameters of the token request.",
})
const asked = {
  scope: optional(text("Scope", { help: "Separated by blanks." })),
  audience: optional(text("Audience")),
  clientAuth: choice("Client id and secret go", ["basic", "post"], { default: "basic", help: "In the Authorization header, or in the form." }),
  tokenParameters: list(
    "More parameters of the token request",
    {
      name: text("Name", { maxLength: 256, check: parameterFault }),
      value: secret("Value", { plainNames: PLAIN_NAMES }),
    },
    { by: "name", max: 20 },
  ),
}

/** The ways to authenticate, for a type's `variant`; a type uses those that its system supports. */
export const authKinds = {
  none: { title: "None", fields: {} },
  basic: { title: "User and password", fields: { username: text("User"), password: secret("Password") } },
  bearer: { title: "Bearer token", fields: { token: secret("Token", { check: headerValueFault }) } },
  header: { title: "Key in a header", fields: { name: text("Header", { check: headerNameFault }), value: secret("Key", { check: headerValueFault }) } },
  query: { title: "Key in a query parameter", fields: { name: text("Parameter"), value: secret("Key") } },
  oauth2_client: { title: "OAuth 2.0 client credentials", fields: { ...client, clientSecret: secret("Client secret"), grantType, ...asked } },
  oauth2_refresh: {
    title: "OAuth 2.0 refresh token",
    fields: {
      ...client,
      clientSecret: optional(secret("Client secret", { help: "Leave empty for a public client." })),
      refreshToken: secret("Refresh token", {
        help: "When the provider replaces it, the hub keeps the new one; enter another one only after a new login.",
      }),
      ...asked,
    },
  },
  hmac: {
    title: "HMAC signature",
    fields: {
      key: secret("Key"),
      keyEncoding: choice("The key is", ["text", "hex", "base64"], { default: "text" }),
      algorithm: choice("Algorithm", ["sha256", "sha512"], { default: "sha256" }),
      parts: list(
        "Signed parts, in order",
        { part: choice("Part", SIGNED_PARTS) },
        { max: 10, help: "Default: timestamp, method, path, query, body. The query has no question mark; body_sha256 is in hexadecimal." },
      ),
      separator: choice("Between the parts", ["newline", "dot", "colon", "nothing"], { default: "newline" }),
      encoding: choice("The signature is", ["hex", "base64"], { default: "hex" }),
      header: text("Signature header", { check: headerNameFault, default: "X-Signature" }),
      prefix: optional(text("Before the signature", { check: headerValueFault, example: "sha256=" })),
      timestampHeader: text("Timestamp header", { check: headerNameFault, default: "X-Timestamp" }),
      timestamp: choice("The timestamp is", ["seconds", "milliseconds", "iso"], { default: "seconds" }),
    },
  },
} as const

type Kinds = typeof authKinds
/** A parsed config of any of the ways. */
export type AuthConfig = { [K in keyof Kinds]: { readonly kind: K } & Config<Kinds[K]["fields"]> }[keyof Kinds]

/** The auth that a config describes; `tls` is for a token endpoint. */
export function authOf(auth: AuthConfig, tls: TlsSpec): HttpAuth {
  switch (auth.kind) {
    case "none":
      return noAuth
    case "basic":
      return basicAuth(auth.username, auth.password.reveal())
    case "bearer":
      return bearerAuth(auth.token.reveal())
    case "header":
      return headerAuth(auth.name, auth.value.reveal())
    case "query":
      return queryAuth(auth.name, auth.value.reveal())
    case "oauth2_client":
    case "oauth2_refresh":
      return oauth2Auth(auth, tls)
    case "hmac":
      return hmacAuth(auth)
  }
}
