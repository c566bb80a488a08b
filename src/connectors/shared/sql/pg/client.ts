import { once } from "node:events"
import type { Client } from "pg"
import { PlatformError } from "../../../../core/errors.ts"
import type { Lease } from "../../../../core/lease.ts"
import { explainBy } from "../errors.ts"
import { mendedBy } from "../grants.ts"
import { type Encryption, type Login, loginOf, type ServerConfig } from "../login.ts"
import type { SqlConnection } from "../wire.ts"
import type { PgBound } from "./encode.ts"
import { duringLogin } from "./errors.ts"
import { cancelRequest, letsIn, startTls, watchMessages } from "./protocol.ts"
import { connectRight } from "./spelling.ts"
import { type PgSystem, pgWire } from "./wire.ts"

/** A logged-in connection to PostgreSQL, or to a system that speaks its protocol. */
export interface PgClient extends SqlConnection<PgBound>, Encryption {
  readonly pg: Client
}

/** A type's `connect`: logs in by the fields of a database server. */
export const connectPgBy =
  (system: PgSystem) =>
  (config: ServerConfig, lease: Lease): Promise<PgClient> => {
    const { login, lease: way } = loginOf(config, lease)
    return connectPg(login, way, system)
  }

/** Logs in through the lease. TLS is ours (`protocol.ts`); `pg` sees one stream and never the environment. */
export async function connectPg(login: Login, lease: Lease, system: PgSystem): Promise<PgClient> {
  const { default: pg } = await import("pg")
  const { address, tls } = login
  const open = async () => {
    const raw = await lease.dial(address)
    return tls === undefined ? raw : startTls(raw, address, tls, lease)
  }
  const socket = lease.socket(open)
  const client = new pg.Client({
    host: address.host,
    port: address.port,
    user: login.user,
    database: login.database || login.user,
    // A function: with an empty string `pg` would look into PGPASSWORD and ~/.pgpass.
    password: () => login.password?.reveal() ?? "",
    stream: () => socket as never,
    ssl: false,
    application_name: "jackfield",
    connectionTimeoutMillis: 0,
    ...{ sslnegotiation: "postgres" },
  })
  // Exactly these and no PGOPTIONS, PGREPLICATION or PGAPPNAME of the environment.
  Object.assign(client, { getStartupConf: () => ({ user: login.user, database: login.database || login.user, application_name: "jackfield" }) })
  // Without a listener, a connection that breaks while idle would end the process. The next statement gets the error.
  client.on("error", () => undefined)
  socket.on("data", watchMessages(address))
  try {
    await logIn(client, lease, system, login.user, tls === undefined && (() => letsInByTls(login, lease)))
    if (system.session !== undefined) await client.query(system.session)
  } catch (error) {
    socket.destroy()
    throw error
  }
  const { processID, secretKey } = client as Client & { processID: number | null; secretKey: number | null }
  const release = lease.beforeCutOff(async (dial) => {
    if (processID === null || secretKey === null) return
    const raw = await dial(address)
    const stream = tls === undefined ? raw : await startTls(raw, address, tls, lease)
    stream.resume().end(cancelRequest(processID, secretKey))
    await once(stream, "close")
  })
  return { pg: client, wire: pgWire(client, system, release), encrypted: tls !== undefined, tunnelled: login.tunnelled }
}

/**
 * Whether the server asks for the login over TLS, where it refused one without. The message with which it refuses says neither, and
 * comes in the server's language. No password is sent.
 */
async function letsInByTls({ address, user, database }: Login, lease: Lease): Promise<boolean> {
  const secured = await startTls(await lease.dial(address), address, { mode: "require" }, lease)
  return await letsIn(secured, { user, database: database || user })
}

/** Code of a login that the server does not take from here, for any password. */
const NOT_FROM_HERE = "28000"

/** A login without TLS that was refused, as an error that says whether TLS would help. */
async function refusedPlain(error: PlatformError, byTls: () => Promise<boolean>): Promise<PlatformError> {
  // Where TLS cannot be tried, the refusal stays as it is.
  if (error.details?.["sqlstate"] !== NOT_FROM_HERE || !(await byTls().catch(() => false))) return error
  return new PlatformError("tls_required", "The server takes this login over TLS only: it refused it without, and asks for the password over TLS.", {
    cause: error,
    details: error.details,
  })
}

/** The server checks the password first, and then whether the database exists and may be entered: those two are the permission stage. */
async function logIn(client: Client, lease: Lease, { errors }: PgSystem, user: string, byTls: false | (() => Promise<boolean>)): Promise<void> {
  const explain = explainBy(duringLogin(errors))
  let refused: PlatformError | undefined
  await lease.stage("auth", async () => {
    try {
      await client.connect()
    } catch (error) {
      const known = explain(error)
      if (known?.code === "auth_failed" && byTls !== false) throw await refusedPlain(known, byTls)
      if (known?.code !== "permission_denied" && known?.code !== "database_not_found") throw known ?? error
      refused = mendedBy(known, connectRight(error, user))
    }
  })
  if (refused) await lease.stage("permission", () => Promise.reject(refused as PlatformError))
}
