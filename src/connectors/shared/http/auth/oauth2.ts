import type { Secret } from "../../../../core/fields.ts"
import { type HttpRequest, withPrivate } from "../../../../core/http/request.ts"
import type { TlsSpec } from "../../../../core/lease.ts"
import type { HttpAuth, Route } from "../auth.ts"
import { requestTo } from "../requests.ts"
import { tokenAuth } from "./token.ts"

/** A client of an OAuth 2.0 provider. With a refresh token it acts for the user who logged in; without one, for itself. */
export interface OAuthLogin {
  readonly tokenUrl: string
  readonly clientId: string
  readonly clientSecret?: Secret | undefined
  readonly refreshToken?: Secret | undefined
  readonly scope?: string | undefined
  readonly audience?: string | undefined
  /** The grant type if there is no refresh token; `client_credentials` by default. */
  readonly grantType?: string | undefined
  readonly clientAuth: "basic" | "post"
  readonly tokenParameters: readonly { readonly name: string; readonly value: Secret }[]
}

export const CLIENT_CREDENTIALS = "client_credentials"

/** Client credentials (RFC 6749, 4.4) or another grant type without a person, or a refresh token (RFC 6749, 6). Stored refresh tokens remain usable when the secret or the scope changes. */
export function oauth2Auth(login: OAuthLogin, tls: TlsSpec, route?: Route): HttpAuth {
  const { tokenUrl, clientId, scope = "", audience = "", grantType = CLIENT_CREDENTIALS, tokenParameters } = login
  const [secret, refreshToken] = [login.clientSecret?.reveal(), login.refreshToken?.reveal()]
  const values = tokenParameters.map(({ name, value }) => [name, value.reveal()] as const)
  const terms = JSON.stringify([secret ?? null, scope, audience, values, ...(grantType === CLIENT_CREDENTIALS ? [] : [grantType])])
  const client = JSON.stringify([tokenUrl, clientId, refreshToken ?? null])
  return tokenAuth(
    {
      identity: refreshToken === undefined ? client + terms : client,
      terms,
      refreshToken,
      secrets: [secret ?? "", ...values.map(([, value]) => value)],
      request: (refresh) => requestOf(login, refresh),
    },
    tls,
    route,
  )
}

function requestOf(login: OAuthLogin, refreshToken: string | undefined): HttpRequest {
  const form = new URLSearchParams(
    refreshToken === undefined ? { grant_type: login.grantType ?? CLIENT_CREDENTIALS } : { grant_type: "refresh_token", refresh_token: refreshToken },
  )
  if (login.scope) form.set("scope", login.scope)
  if (login.audience) form.set("audience", login.audience)
  for (const { name, value } of login.tokenParameters) form.append(name, value.reveal())
  const secret = login.clientSecret?.reveal()
  if (secret !== undefined && login.clientAuth === "basic") {
    const proof = Buffer.from(`${formEncoded(login.clientId)}:${formEncoded(secret)}`).toString("base64")
    return withPrivate(tokenRequest(login.tokenUrl, form), { authorization: `Basic ${proof}` })
  }
  form.set("client_id", login.clientId)
  if (secret !== undefined) form.set("client_secret", secret)
  return tokenRequest(login.tokenUrl, form)
}

/** RFC 6749, 2.3.1: both are form-encoded before they become a Basic login. */
const formEncoded = (text: string): string => new URLSearchParams([["", text]]).toString().slice(1)

const tokenRequest = (tokenUrl: string, form: URLSearchParams): HttpRequest => requestTo(new URL(tokenUrl), { form, headers: { accept: "application/json" } })

/** A service account that exchanges a signed assertion for an access token (RFC 7523, 2.1), as Google's do. */
export interface AssertionLogin {
  readonly tokenUrl: string
  /** Identifies the account, also after its key was replaced: the account's e-mail address. */
  readonly account: string
  readonly key: Secret
  readonly scope: string
  assertion(): Promise<string>
}

export const assertionAuth = ({ tokenUrl, account, key, scope, assertion }: AssertionLogin, tls: TlsSpec): HttpAuth =>
  tokenAuth(
    {
      identity: JSON.stringify([tokenUrl, account, key.reveal(), scope]),
      terms: scope,
      secrets: [key.reveal()],
      async request() {
        const grant = { grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion: await assertion() }
        return tokenRequest(tokenUrl, new URLSearchParams(grant))
      },
    },
    tls,
  )
