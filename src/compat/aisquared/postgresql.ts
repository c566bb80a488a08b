import { isMask } from "../../core/config.ts"
import { unfit } from "./errors.ts"
import { given, isGiven, isSettings, type Kind, MASK, type Settings } from "./kind.ts"

/** libpq's words, which the vendor's driver takes; its definition has no key for TLS, so without one the certificate is verified. */
const MODES: Readonly<Record<string, string>> = { disable: "off", require: "require", "verify-ca": "verify", "verify-full": "verify" }
const SHOWN: Readonly<Record<string, string>> = { off: "disable", require: "require" }

const tlsKind = (native: Settings | undefined): unknown => (isSettings(native?.["tls"]) ? native["tls"]["kind"] : undefined)

/** `sslmode` of a native config; undefined for the mode that needs no saying. */
export const shownMode = (native: Settings): string | undefined => SHOWN[String(tlsKind(native))]

/** Modes that say no more than their absence. */
export const VERIFYING = ["verify-ca", "verify-full"] as const

/** TLS is left alone when nothing else is asked for than what holds: a CA that was entered elsewhere stays. */
export function tlsOf(configuration: Settings, stored: Settings | undefined): Record<string, unknown> {
  const mode = configuration["sslmode"]
  if (isGiven(mode) && (typeof mode !== "string" || !Object.hasOwn(MODES, mode))) throw unfit(`sslmode must be one of ${Object.keys(MODES).join(", ")}.`)
  const kind = isGiven(mode) ? MODES[String(mode)] : "verify"
  return tlsKind(stored) === kind ? {} : { tls: { kind } }
}

/** User and password, as several of the vendor's definitions have them. */
export function loginOf(configuration: Settings): { username: unknown; password: unknown } {
  const credentials = configuration["credentials"]
  if (!isGiven(credentials)) return { username: null, password: null }
  if (!isSettings(credentials)) throw unfit("credentials must be an object.")
  const { auth_type: type, username, password } = credentials
  if (isGiven(type) && type !== "username/password") throw unfit("credentials.auth_type must be username/password.")
  if (!isGiven(username)) throw unfit("The property '#/credentials' did not contain a required property of 'username'.")
  if (!isGiven(password)) throw unfit("The property '#/credentials' did not contain a required property of 'password'.")
  return { username, password }
}

/** A port may be a number or its digits. */
export const portOf = (port: unknown): unknown => (typeof port === "string" && /^\d{1,5}$/.test(port) ? Number(port) : port)

const shared = {
  name: "Postgresql",
  native: "postgres",
  mapped: ["host", "port", "database", "credentials", "sslmode"],
  implied: { sslmode: VERIFYING },
  toNative(configuration, stored) {
    const { username, password } = loginOf(configuration)
    const { host, port, database } = configuration
    return { host, port: portOf(port), database, user: username, password: password === MASK ? { set: true } : password, ...tlsOf(configuration, stored) }
  },
  toConfiguration(native) {
    const { host, port, database, user, password } = native
    const credentials = given({ username: user, password: isMask(password) ? MASK : undefined })
    return given({
      credentials: Object.keys(credentials).length === 0 ? undefined : { auth_type: "username/password", ...credentials },
      host,
      port: typeof port === "number" ? String(port) : undefined,
      database: isGiven(database) ? database : user,
      sslmode: shownMode(native),
    })
  },
} as const satisfies Partial<Kind>

/** `data_type` may be left out: earlier versions of the vendor's definition have none. */
export const postgresqlSource: Kind = {
  ...shared,
  side: "source",
  required: ["host", "port", "database", "schema"],
  kept: { data_type: "structured", schema: "public" },
  toNative(configuration, stored) {
    if (isGiven(configuration["data_type"]) && configuration["data_type"] !== "structured")
      throw unfit("data_type must be structured; vectors are not built yet.")
    return shared.toNative(configuration, stored)
  },
}

export const postgresqlDestination: Kind = { ...shared, side: "destination", required: ["host", "port", "database", "schema"], kept: { schema: "public" } }
