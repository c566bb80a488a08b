import type { Config } from "../../core/fields.ts"
import type { Lease } from "../../core/lease.ts"
import { STORAGE_VERSION, storageAuth } from "../shared/azure/storage.ts"
import { judge } from "../shared/azure/storage-errors.ts"
import { urlPath } from "../shared/files/url-paths.ts"
import { type HttpClient, httpClient } from "../shared/http/client.ts"
import { httpsSpec } from "../shared/http/https.ts"
import { RETRIES } from "../shared/http/retry.ts"
import { throughTunnel } from "../shared/ssh.ts"
import type { fields } from "./fields.ts"

type Settings = Config<typeof fields>

/** The container's API (docs, Blob service REST API). */
export interface Container {
  readonly http: HttpClient
  /** The URL of a file, or of the container itself. */
  url(path: string, query: Readonly<Record<string, string>>): URL
  /** Headers of every request, and of those that write. */
  readonly headers: Readonly<Record<string, string>>
  readonly writing: Readonly<Record<string, string>>
}

/** Of a page of 1,000 files. */
const MAX_BYTES = 8 * 1_048_576
const DOMAINS = { public: "core.windows.net", government: "core.usgovcloudapi.net", china: "core.chinacloudapi.cn" } as const

/** The container of a config. Nothing is sent yet. */
export function connectContainer(settings: Settings, given: Lease): Container {
  const { account, container, encryptionScope, endpoint } = settings
  const lease = throughTunnel(given, settings.tunnel)
  const spec = endpoint.kind === "custom" ? httpsSpec(endpoint.tls) : ({ mode: "verify" } as const)
  const base = `${originOf(settings)}${endpoint.kind === "custom" && endpoint.style === "path" ? `/${account}` : ""}/${container}`
  return {
    http: httpClient(lease.dispatcher(spec), {
      auth: storageAuth(account, settings.auth, endpoint.kind === "standard" ? endpoint.cloud : "public"),
      maxBytes: MAX_BYTES,
      redirects: false,
      retries: RETRIES,
      judge: judge(container),
    }),
    url(path, query) {
      const url = new URL(path === "" ? base : `${base}/${urlPath(path)}`)
      for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
      return url
    },
    headers: { "x-ms-version": STORAGE_VERSION },
    writing: encryptionScope === undefined ? {} : { "x-ms-encryption-scope": encryptionScope },
  }
}

/** Where the account's files are. */
export const originOf = ({ account, endpoint }: Pick<Settings, "account" | "endpoint">): string =>
  endpoint.kind === "custom" ? new URL(endpoint.url).origin : `https://${account}.blob.${DOMAINS[endpoint.cloud]}`
