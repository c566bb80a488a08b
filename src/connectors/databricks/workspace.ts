import type { Secret } from "../../core/fields.ts"
import { oauth2Auth } from "../shared/http/auth/oauth2.ts"
import { bearerAuth, type HttpAuth, type Route } from "../shared/http/auth.ts"
import { vendorHost } from "../shared/http/vendor-host.ts"

/** The vendor's own domains, in all clouds; nothing else is dialled by a workspace's name. */
const AZURE = {
  ".azuredatabricks.net": "microsoftonline.com",
  ".databricks.azure.us": "microsoftonline.us",
  ".databricks.azure.cn": "partner.microsoftonline.cn",
}
const DOMAINS = [".databricks.com", ".databricks.us", ".databricks.mil", ".databricks.cn", ...Object.keys(AZURE)]
/** Databricks' own application in every Entra tenant (docs, Azure, Get Microsoft Entra ID tokens). */
const APPLICATION = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d"

export type Login =
  | { readonly kind: "token"; readonly token: Secret }
  | { readonly kind: "oauth"; readonly clientId: string; readonly clientSecret: Secret }
  | { readonly kind: "entra"; readonly tenant: string; readonly clientId: string; readonly clientSecret: Secret }

/** As it is copied from a browser: `https://adb-1.2.azuredatabricks.net/?o=1`. */
const bare = (text: string): string =>
  text
    .trim()
    .replace(/^https:\/\//i, "")
    .replace(/\/?(\?o=\d+)?$/, "")

/** The host of a workspace, below one of the vendor's domains; undefined for any other text. */
export function workspaceHost(text: string): string | undefined {
  const { name, domain, valid } = vendorHost(bare(text), DOMAINS)
  const home = domain ?? (/^dbc-/i.test(name) ? ".cloud.databricks.com" : /^adb-/i.test(name) ? ".azuredatabricks.net" : undefined)
  return valid && home !== undefined ? `${name}${home}`.toLowerCase() : undefined
}

/** The id of a SQL warehouse, from itself or from its HTTP path. */
export const warehouseId = (text: string): string | undefined => /^(?:\/?sql\/1\.0\/(?:warehouses|endpoints)\/)?([\da-z]{1,64})$/i.exec(text.trim())?.[1]

/** A personal access token is sent as it is; a service principal gets its tokens from the workspace, by the same route, or from Entra. */
export function authOf(host: string, login: Login, route: Route): HttpAuth {
  if (login.kind === "token") return bearerAuth(login.token.reveal())
  const client = { clientId: login.clientId, clientSecret: login.clientSecret, tokenParameters: [] }
  if (login.kind === "oauth")
    return oauth2Auth({ ...client, tokenUrl: `https://${host}/oidc/v1/token`, scope: "all-apis", clientAuth: "basic" }, { mode: "verify" }, route)
  const authority = Object.entries(AZURE).find(([domain]) => host.endsWith(domain))?.[1] ?? AZURE[".azuredatabricks.net"]
  const tokenUrl = `https://login.${authority}/${encodeURIComponent(login.tenant)}/oauth2/v2.0/token`
  return oauth2Auth({ ...client, tokenUrl, scope: `${APPLICATION}/.default`, clientAuth: "post" }, { mode: "verify" })
}
