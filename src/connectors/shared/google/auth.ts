import { type Config, secret, text, variant } from "../../../core/fields.ts"
import type { TlsSpec } from "../../../core/lease.ts"
import { jwtSource } from "../http/auth/jwt.ts"
import { assertionAuth, oauth2Auth } from "../http/auth/oauth2.ts"
import { bearerAuth, type HttpAuth } from "../http/auth.ts"
import { tokenFault } from "../http/header-rules.ts"
import { impersonating } from "./impersonation.ts"
import { serviceAccountFault, serviceAccountOf } from "./service-account.ts"

/** The only endpoint of tokens; a key that names another one is not followed. */
const TOKEN_URL = "https://oauth2.googleapis.com/token"
const VERIFY: TlsSpec = { mode: "verify" }
/** An assertion lives for an hour at most (docs, Using OAuth 2.0 for server to server applications). */
const LIFE_MS = 3_600_000
const CLOUD = "https://www.googleapis.com/auth/cloud-platform"

const KEY_EXAMPLE = JSON.stringify({
  type: "service_account",
  project_id: "my-project-123",
  private_key_id: "0123456789abcdef",
  private_key: "-----BEGIN PRIVATE KEY-----\n…\n-----END PRIVATE KEY-----\n",
  client_email: "reader@my-project-123.iam.gserviceaccount.com",
})

/** How somebody logs in to a service of Google Cloud. */
export const googleAuthField = variant("Login", {
  oauth_token: {
    title: "OAuth access token",
    fields: { token: secret("Access token", { check: tokenFault, help: "It is not renewed: after an hour it expires." }) },
  },
  service_account: {
    title: "Service account key",
    fields: {
      key: secret("Key", {
        format: "multiline",
        maxLength: 16_384,
        check: serviceAccountFault,
        example: KEY_EXAMPLE,
        help: "The whole JSON file. Its URLs are not used.",
      }),
    },
  },
  oauth_refresh: {
    title: "OAuth refresh token",
    fields: {
      clientId: text("Client id", { login: true, maxLength: 255, example: "1234567890-abc.apps.googleusercontent.com" }),
      clientSecret: secret("Client secret", { maxLength: 255 }),
      refreshToken: secret("Refresh token", { help: "Of a user who allowed the client the scope of the service, or cloud-platform." }),
    },
  },
})

const accountFault = (email: string): string | undefined =>
  /^[A-Za-z0-9-]{1,100}@[a-z0-9.:-]{1,150}\.gserviceaccount\.com$/.test(email) ? undefined : "must be the e-mail address of a service account."

/** A service account in whose name the login acts. */
export const impersonateField = text("Service account to impersonate", {
  default: "",
  login: true,
  maxLength: 255,
  check: accountFault,
  example: "reader@my-project.iam.gserviceaccount.com",
  help: "Empty: the login itself. The login needs the role Service Account Token Creator on it.",
})

export type GoogleLogin = Config<{ auth: typeof googleAuthField }>["auth"]

/** The auth of a login with those scopes, at the pointer `/auth` of the config; throws `config_invalid` for a key that cannot be used. */
export function googleAuth(login: GoogleLogin, impersonate: string, scopes: readonly string[]): HttpAuth {
  if (impersonate === "") return loginOf(login, scopes)
  return impersonating({ login: loginOf(login, [CLOUD]), identity: identityOf(login), account: impersonate, scopes })
}

function identityOf(login: GoogleLogin): string {
  if (login.kind === "service_account") return login.key.reveal()
  return login.kind === "oauth_token" ? login.token.reveal() : JSON.stringify([login.clientId, login.refreshToken.reveal()])
}

function loginOf(login: GoogleLogin, scopes: readonly string[]): HttpAuth {
  if (login.kind === "oauth_token") return bearerAuth(login.token.reveal())
  if (login.kind === "oauth_refresh") return oauth2Auth({ ...login, tokenUrl: TOKEN_URL, clientAuth: "post", tokenParameters: [] }, VERIFY)
  const { email, key, keyId } = serviceAccountOf(login.key, "/auth/key")
  const scope = scopes.join(" ")
  const assertion = jwtSource({ key, algorithm: "RS256", keyId, claims: { iss: email, scope, aud: TOKEN_URL }, lifeMs: LIFE_MS })
  return assertionAuth({ tokenUrl: TOKEN_URL, account: email, key: login.key, scope, assertion }, VERIFY)
}
