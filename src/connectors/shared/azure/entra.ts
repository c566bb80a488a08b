import { type Config, choice, secret, text } from "../../../core/fields.ts"
import { oauth2Auth } from "../http/auth/oauth2.ts"
import type { HttpAuth } from "../http/auth.ts"

/** Where Entra gives tokens in each cloud (docs, National clouds). */
export const ENTRA = {
  public: "login.microsoftonline.com",
  government: "login.microsoftonline.us",
  china: "login.partner.microsoftonline.cn",
} as const

export const cloudField = choice("Cloud", ["public", "government", "china"], { default: "public" })

const tenantFault = (tenant: string): string | undefined =>
  /^[a-z0-9][a-z0-9.-]{0,252}$/i.test(tenant) && !tenant.includes("..") ? undefined : "must be a directory's id or domain."

/** A service principal. */
export const entraFields = {
  tenant: text("Directory (tenant)", { maxLength: 253, check: tenantFault, example: "contoso.onmicrosoft.com" }),
  clientId: text("Application (client) id", { login: true, maxLength: 64, example: "11111111-2222-3333-4444-555555555555" }),
  clientSecret: secret("Client secret"),
}

/** Tokens of a service principal for one scope (docs, OAuth 2.0 client credentials flow), asked for by the call that first needs one. */
export function entraAuth({ tenant, clientId, clientSecret }: Config<typeof entraFields>, cloud: keyof typeof ENTRA, scope: string): HttpAuth {
  const tokenUrl = `https://${ENTRA[cloud]}/${encodeURIComponent(tenant)}/oauth2/v2.0/token`
  return oauth2Auth({ tokenUrl, clientId, clientSecret, scope, clientAuth: "post", tokenParameters: [] }, { mode: "verify" })
}
