import { isIP } from "node:net"
import { PlatformError } from "../../core/errors.ts"
import { parseDnsServers, parseHosts } from "../../net/resolver.ts"
import { parseEgressRules } from "../../net/rules.ts"
import { type KeySettings, readKeySettings } from "../../vault/key-settings.ts"

/** The settings of the operator's environment, checked. All faults are reported together. */
export interface Settings {
  readonly host: string
  readonly port: number
  readonly dataDir: string
  /** `api` only answers requests; `worker` and `all` also make scheduled checks and send webhooks. */
  readonly role: Role
  readonly databaseUrl: string | undefined
  readonly adminKey: string | undefined
  readonly adminEmail: string
  readonly adminPassword: string | undefined
  readonly keys: KeySettings
  readonly egressAllow: string
  readonly dns: string
  readonly hosts: string
  /** Hosts that serve one compatible API at their root: the API's prefix by host name. */
  readonly compatHosts: ReadonlyMap<string, string>
  /** Addresses and networks of the proxies in front whose `X-Forwarded-For` is trusted; none unless given. */
  readonly trustProxy: readonly string[]
  /** The URL under which people and vendors reach the hub, without a slash at its end; its own listener unless given. */
  readonly publicUrl: string | undefined
  readonly logLevel: string
}

const ROLES = ["api", "worker", "all"] as const
type Role = (typeof ROLES)[number]
const isRole = (text: string): text is Role => (ROLES as readonly string[]).includes(text)
const COMPATIBLE_APIS = ["databar", "aisquared", "kaireon", "databrain"]
const LOG_LEVELS = ["fatal", "error", "warn", "info", "debug", "silent"]

/** Reads the process environment; an empty variable counts as absent. Throws one `config_invalid` that lists all faults. */
export function readSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const faults: { pointer: string; message: string }[] = []
  const get = (name: string): string | undefined => (env[name] === undefined || env[name] === "" ? undefined : env[name])
  const fault = (name: string, message: string): void => {
    faults.push({ pointer: name, message: `${name} ${message}` })
  }

  const port = Number(get("PORT") ?? 7420)
  if (!Number.isInteger(port) || port < 0 || port > 65535) fault("PORT", "must be a whole number from 0 (any free port) to 65535.")
  const host = get("HOST") ?? "127.0.0.1"
  if (isIP(host) === 0 && host !== "localhost") fault("HOST", "must be an IP address to listen on, such as 127.0.0.1 or 0.0.0.0.")
  const role = get("JACKFIELD_ROLE") ?? "all"
  if (!isRole(role)) fault("JACKFIELD_ROLE", "must be api, worker or all.")
  const adminKey = get("JACKFIELD_ADMIN_KEY")
  if (adminKey !== undefined && adminKey.length < 24) fault("JACKFIELD_ADMIN_KEY", "must have at least 24 characters.")
  const adminEmail = get("JACKFIELD_ADMIN_EMAIL") ?? "admin@localhost"
  if (!/^[^\s@]+@[^\s@]+$/.test(adminEmail)) fault("JACKFIELD_ADMIN_EMAIL", "must be an e-mail address.")
  const adminPassword = get("JACKFIELD_ADMIN_PASSWORD")
  if (adminPassword !== undefined && adminPassword.length < 8) fault("JACKFIELD_ADMIN_PASSWORD", "must have at least 8 characters.")
  const databaseUrl = get("DATABASE_URL")
  if (databaseUrl !== undefined && !/^postgres(ql)?:\/\//.test(databaseUrl)) fault("DATABASE_URL", "must start with postgres://.")
  const logLevel = get("JACKFIELD_LOG") ?? "info"
  if (!LOG_LEVELS.includes(logLevel)) fault("JACKFIELD_LOG", `must be one of ${LOG_LEVELS.join(", ")}.`)
  const keys = readKeySettings(get, fault)
  for (const [name, parse] of PARSED) {
    const wrong = faultOf(() => parse(get(name) ?? ""))
    if (wrong !== undefined) fault(name, `is wrong: ${wrong}`)
  }
  const publicUrl = get("JACKFIELD_PUBLIC_URL")?.replace(/\/+$/, "")
  if (publicUrl !== undefined && !isWebUrl(publicUrl)) fault("JACKFIELD_PUBLIC_URL", "must be a URL such as https://hub.example.com, without a query.")
  const trustProxy = (get("JACKFIELD_TRUST_PROXY") ?? "").split(",").flatMap((each) => (each.trim() === "" ? [] : [each.trim()]))
  for (const each of trustProxy)
    if (!isNetwork(each)) fault("JACKFIELD_TRUST_PROXY", `must be addresses or networks of the proxies in front, such as 10.0.0.0/8; "${each}" is none.`)
  const compatHosts = new Map<string, string>()
  for (const pair of (get("JACKFIELD_COMPAT_HOSTS") ?? "").split(",").filter((each) => each.trim() !== "")) {
    const [name = "", api = ""] = pair.trim().toLowerCase().split("=", 2)
    if (!/^[a-z0-9.-]+$/.test(name) || !COMPATIBLE_APIS.includes(api))
      fault(
        "JACKFIELD_COMPAT_HOSTS",
        `must be host=api pairs such as api.example.org=kaireon, with an API of ${COMPATIBLE_APIS.join(", ")}; "${pair}" is not one.`,
      )
    else compatHosts.set(name, `/${api}`)
  }
  if (faults.length > 0) throw new PlatformError("config_invalid", `The environment has faults: ${faults.map((each) => each.message).join(" ")}`, { faults })

  return {
    host,
    port,
    dataDir: get("JACKFIELD_DATA") ?? "data",
    role: isRole(role) ? role : "all",
    databaseUrl,
    adminKey,
    adminEmail,
    adminPassword,
    keys,
    egressAllow: get("JACKFIELD_EGRESS_ALLOW") ?? "",
    dns: get("JACKFIELD_DNS") ?? "",
    hosts: get("JACKFIELD_HOSTS") ?? "",
    compatHosts,
    trustProxy,
    publicUrl,
    logLevel,
  }
}

const isWebUrl = (text: string): boolean => /^https?:\/\/[^\s@?#]+$/.test(text) && URL.canParse(text)

function isNetwork(text: string): boolean {
  const [address = "", bits, ...rest] = text.split("/")
  const most = { 0: -1, 4: 32, 6: 128 }[isIP(address) as 0 | 4 | 6]
  return rest.length === 0 && most >= 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most))
}

/** Variables whose parsers describe the fault themselves. */
const PARSED: readonly (readonly [string, (text: string) => unknown])[] = [
  ["JACKFIELD_EGRESS_ALLOW", parseEgressRules],
  ["JACKFIELD_HOSTS", parseHosts],
  ["JACKFIELD_DNS", (text) => text === "" || parseDnsServers(text)],
]

function faultOf(parse: () => unknown): string | undefined {
  try {
    parse()
    return undefined
  } catch (error) {
    if (!(error instanceof PlatformError)) throw error
    return error.message.replace(/^.*? is wrong: /, "")
  }
}
