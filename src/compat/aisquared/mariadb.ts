import { isMask } from "../../core/config.ts"
import { given, type Kind, MASK } from "./kind.ts"
import { portOf, shownMode, tlsOf, VERIFYING } from "./postgresql.ts"

/** The vendor's definition has no key for TLS: without `sslmode`, in the words of its Postgresql, the certificate is verified. */
const shared = {
  name: "MariaDB",
  native: "mysql",
  required: ["host", "port", "username", "password", "database"],
  mapped: ["host", "port", "username", "password", "database", "sslmode"],
  kept: {},
  implied: { sslmode: VERIFYING },
  toNative(configuration, stored) {
    const { host, port, username, password, database } = configuration
    return { host, port: portOf(port), user: username, password: password === MASK ? { set: true } : password, database, ...tlsOf(configuration, stored) }
  },
  toConfiguration(native) {
    const { host, port, user, password, database } = native
    return given({
      ...{ host, port: typeof port === "number" ? String(port) : undefined, username: user },
      password: isMask(password) ? MASK : undefined,
      ...{ database, sslmode: shownMode(native) },
    })
  },
} as const satisfies Partial<Kind>

export const mariadbSource: Kind = { ...shared, side: "source" }
export const mariadbDestination: Kind = { ...shared, side: "destination" }
