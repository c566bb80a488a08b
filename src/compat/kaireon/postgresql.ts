import type { Fault } from "../../core/errors.ts"
import type { Kind, Other, Settings } from "./kind.ts"

const MODES: Readonly<Record<string, string>> = {
  disable: "off",
  require: "require",
  "verify-ca": "verify",
  "verify-full": "verify",
  true: "verify",
  false: "off",
}
const SHOWN: Readonly<Record<string, string>> = { off: "disable", require: "require" }

/** `ssl: true|false` or libpq's `sslmode`; without either the server's certificate is verified. */
const ssl: Other = {
  keys: ["sslMode", "sslmode", "ssl"],
  field: "tls",
  toNative(config) {
    const key = ["sslMode", "sslmode", "ssl"].find((each) => config[each] !== undefined) ?? "ssl"
    const kind = MODES[String(config[key])]
    if (kind !== undefined) return { value: { kind } }
    return { fault: { pointer: `/config/${key}`, message: `config.${key} must be true, false, disable, require, verify-ca or verify-full.` } }
  },
  toConfig(native) {
    const mode = SHOWN[String((native as Settings | undefined)?.["kind"])]
    return mode === undefined ? {} : { sslMode: mode }
  },
}

/** `postgres://user:password@host:port/database?sslmode=…`; no other parameter is taken, since none may reach a driver unread. */
export const connectionString = (schemes: RegExp, example: string, port: number): NonNullable<Kind["compound"]> => ({
  key: "connectionString",
  parse: (text) => parse(text, schemes, example, port),
})

function parse(text: string, schemes: RegExp, example: string, port: number): { config: Settings; credentials: Settings } | Fault {
  const fault = (message: string): Fault => ({ pointer: "/config/connectionString", message: `config.connectionString ${message}` })
  if (!schemes.test(text) || !URL.canParse(text)) return fault(`must be ${example}.`)
  const url = new URL(text)
  const unread = [...url.searchParams.keys()].filter((name) => name !== "sslmode")
  if (unread.length > 0) return fault("may have the parameter sslmode alone; give the rest in config.")
  try {
    const [username, password, database] = [url.username, url.password, url.pathname.slice(1)].map(decodeURIComponent)
    const sslMode = url.searchParams.get("sslmode") ?? undefined
    const host = url.hostname.replace(/^\[|\]$/g, "")
    const config = { host, port: url.port === "" ? port : Number(url.port), database, ...(sslMode === undefined ? {} : { sslMode }) }
    return { config: present(config), credentials: present({ username, password }) }
  } catch (error) {
    if (error instanceof URIError) return fault("has a percent sign that encodes nothing.")
    throw error
  }
}

const present = (settings: Settings): Settings => Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== "" && value !== undefined))

export const postgresql: Kind = {
  type: "postgresql",
  native: "postgres",
  required: ["host", "port", "database"],
  settings: { host: { field: "host" }, port: { field: "port" }, database: { field: "database" } },
  implied: { port: 5432 },
  credentials: { username: { field: "user" }, user: { field: "user" }, password: { field: "password", secret: true } },
  compound: connectionString(/^postgres(ql)?:\/\//, "postgres://user:password@host:port/database", 5432),
  others: [ssl],
  reach: ({ host, port }) => (typeof host === "string" && typeof port === "number" ? { host, port } : undefined),
}
