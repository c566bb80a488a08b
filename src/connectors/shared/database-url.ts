import type { Address } from "../../core/lease.ts"
import { decodedParts, isUrlFault, type UrlConfig, type UrlFault, type UrlForm } from "../../core/url-form.ts"

/** TLS as a database's own clients spell it in a URL: the parameters for the mode and for the CA's file, and the modes. */
export interface TlsSpelling {
  readonly mode: string
  readonly ca: string
  readonly modes: Readonly<Record<"off" | "require" | "verify", string>>
}

/** `scheme://user:password@host:port/database`, with TLS in that spelling as its only parameters. */
export function databaseUrl(schemes: readonly [string, ...string[]], port: number, spelling: TlsSpelling): UrlForm {
  const { mode, ca, modes } = spelling
  return {
    schemes,
    example: `${schemes[0]}://user@host:${port}/database`,
    tls: { off: `${mode}=${modes.off}`, require: `${mode}=${modes.require}`, ca },
    read(url) {
      if (url.hash !== "") return { fault: "has a part after #", next: "Percent-encode # in user and password as %23." }
      const tls = tlsOf(url, spelling)
      if (isUrlFault(tls)) return tls
      const parts = decodedParts({ database: url.pathname.replace(/^\//, ""), user: url.username, password: url.password })
      if (isUrlFault(parts)) return parts
      const given = Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== ""))
      const config = { host: url.hostname.replace(/^\[(.*)\]$/, "$1"), ...(url.port === "" ? {} : { port: Number(url.port) }), ...given, ...tls.config }
      return { ...tls, config, ...(parts.password === "" ? { lacks: "/password" } : {}) }
    },
  }
}

/** The encryption that the parameters ask for. A parameter that is not known is refused by name: ignoring it would connect to something else. */
function tlsOf(url: URL, { mode: modeName, ca: caName, modes }: TlsSpelling): UrlConfig | UrlFault {
  const given = new Map<string, string>()
  for (const [name, value] of url.searchParams) {
    if (name !== modeName && name !== caName)
      return { fault: `has the parameter "${name.slice(0, 60)}", which is not known`, next: `Leave it out; the known ones are ${modeName} and ${caName}.` }
    if (given.has(name)) return { fault: `has the parameter "${name}" twice`, next: "Leave one of them." }
    given.set(name, value)
  }
  const [mode, ca] = [given.get(modeName), given.get(caName)]
  const kind = Object.entries(modes).find(([, spelled]) => spelled === mode)?.[0] ?? (ca === undefined ? undefined : "verify")
  if (mode !== undefined && !Object.values(modes).includes(mode))
    return {
      fault: `has a value of ${modeName} that is not supported`,
      next: `Use ${Object.values(modes).join(", ")}; modes that fall back to no encryption, or verify only in part, are not offered.`,
    }
  if (ca !== undefined && kind !== "verify")
    return { fault: `has ${caName}, which needs ${modeName}=${modes.verify}`, next: `Write ${modeName}=${modes.verify}, or leave ${caName} out.` }
  return { config: kind === undefined ? {} : { tls: { kind } }, ...(ca === undefined || ca === "system" ? {} : { caFile: ca }) }
}

/** The address of a config with `host` and `port`. */
export const hostAndPort = ({ host, port }: Readonly<Record<string, unknown>>): Address | undefined =>
  typeof host === "string" && typeof port === "number" ? { host, port } : undefined
