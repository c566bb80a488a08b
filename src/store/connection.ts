import { readFileSync } from "node:fs"
import type { ConnectionOptions } from "node:tls"
import pg from "pg"
import { PlatformError } from "../core/errors.ts"

/**
 * The address and login of a PostgreSQL server; always fields, never a URL, because drivers interpret more parts of a
 * URL than we check.
 */
export interface Connection {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  readonly database: string
  readonly ssl: false | ConnectionOptions
}

const SSL_MODES = ["disable", "require", "verify-ca", "verify-full"]

/** Parameters that other clients put into such a URL and that have no effect here. */
const IGNORED = ["application_name", "channel_binding", "connect_timeout", "gssencmode", "target_session_attrs"]

/**
 * Parses DATABASE_URL into fields:
 * `postgres://user:password@host:port/database?sslmode=disable|require|verify-ca|verify-full&sslrootcert=file`.
 * Without sslmode, TLS is off. Anything else is a PlatformError whose message never contains the URL, because the URL
 * contains the password.
 */
export function parseDatabaseUrl(text: string): Connection {
  const refuse = (what: string, cause?: unknown): never => {
    const message = `DATABASE_URL ${what}; it must be postgres://user:password@host:port/database?sslmode=…`
    throw new PlatformError("store_unavailable", message, { cause })
  }
  if (!URL.canParse(text)) return refuse("is not a URL")
  const url = new URL(text)
  if (url.protocol !== "postgres:" && url.protocol !== "postgresql:") refuse("does not begin with postgres://")
  if (url.hostname === "") refuse("names no host")
  const database = decode(url.pathname.slice(1), refuse)
  const user = decode(url.username, refuse)
  if (database === "" || user === "") refuse(database === "" ? "names no database" : "names no user")
  for (const name of url.searchParams.keys()) {
    if (name !== "sslmode" && name !== "sslrootcert" && !IGNORED.includes(name)) refuse(`has the unknown parameter "${name.slice(0, 40)}"`)
  }
  const mode = url.searchParams.get("sslmode") ?? "disable"
  if (!SSL_MODES.includes(mode)) refuse(`has an sslmode other than ${SSL_MODES.join(", ")}`)
  return {
    host: decode(url.hostname, refuse).replace(/^\[(.*)\]$/, "$1"),
    port: url.port === "" ? 5432 : Number(url.port),
    user,
    password: decode(url.password, refuse),
    database,
    ssl: mode === "disable" ? false : tlsOptions(mode, url.searchParams.get("sslrootcert"), refuse),
  }
}

type Refuse = (what: string, cause?: unknown) => never

function decode(part: string, refuse: Refuse): string {
  try {
    return decodeURIComponent(part)
  } catch (cause) {
    return refuse("is not percent-encoded correctly", cause)
  }
}

function tlsOptions(mode: string, rootFile: string | null, refuse: Refuse): ConnectionOptions {
  if (mode === "require") return { rejectUnauthorized: false }
  let ca: { ca?: string } = {}
  if (rootFile !== null && rootFile !== "system") {
    try {
      ca = { ca: readFileSync(rootFile, "utf8") }
    } catch (cause) {
      refuse(`has an sslrootcert that cannot be read, ${rootFile}`, cause)
    }
  }
  return { rejectUnauthorized: true, ...ca, ...(mode === "verify-ca" && { checkServerIdentity: () => undefined }) }
}

/** Connects; PlatformError `store_unavailable` if no server answers within 5 s or the login is refused. */
export async function connect(connection: Connection, applicationName = "jackfield"): Promise<pg.Client> {
  const client = new pg.Client({ ...connection, application_name: applicationName, connectionTimeoutMillis: 5_000, keepAlive: true })
  // Without a listener, an error between two queries would end the process; the next query fails anyway.
  client.on("error", () => undefined)
  try {
    await client.connect()
    return client
  } catch (cause) {
    await client.end().catch(() => undefined)
    throw unavailable(cause, ` at ${connection.host}:${connection.port}`)
  }
}

/**
 * SQLSTATE classes and codes that mean "not now", whatever the statement: connection, resources, shutdown and
 * startup, login.
 */
const GONE = /^(08...|53...|57P0[1-5]|28...|3D000)$/

/** Whether an error of the driver means that the database is unavailable, rather than that a statement was wrong. */
export function isConnectionFailure(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return GONE.test(error.code ?? "")
  if (!(error instanceof Error)) return false
  const code = (error as NodeJS.ErrnoException).code
  if (typeof code === "string" && /^(E[A-Z]+|ERR_(TLS|SSL|SOCKET).*)$/.test(code)) return true
  return /connection terminated|timeout exceeded when trying to connect|query read timeout|not queryable|client was closed|connection has been discarded|cannot use a pool/i.test(
    error.message,
  )
}

/**
 * Converts a connection failure to `store_unavailable`, with the driver's error as its cause. `where` is for
 * operators; API callers do not see it.
 */
export function unavailable(cause: unknown, where = ""): PlatformError {
  const refused = cause instanceof pg.DatabaseError ? cause : undefined
  const said = refused === undefined ? "" : ` It reported: ${refused.message}.`
  return new PlatformError("store_unavailable", `The hub's database${where} ${meaningOf(refused?.code)}${said}`, { cause })
}

/** What the database's error means for the hub, and what to do about it. */
function meaningOf(state: string | undefined): string {
  if (state?.startsWith("28") === true) return "refuses the hub's login; check the user and the password in DATABASE_URL."
  if (state === "3D000") return "does not have the database that DATABASE_URL names; create it, or correct the URL."
  if (state?.startsWith("53") === true) return "has no connections or resources left; try again shortly, or raise its limits."
  return "does not answer; try again shortly."
}
