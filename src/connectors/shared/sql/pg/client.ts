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
import { cancelRequest, letsIn, type Peer, startTls, watchMessages } from "./protocol.ts"
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
  const peer = { ...address, product: system.errors.product }
  const open = async () => {
    const raw = await lease.dial(address)
    return tls === undefined ? raw : startTls(raw, peer, tls, lease)
  }
  const socket = lease.socket(open)
  const client = new pg.Client({
    host: address.host,
    port: address.port,
    user: login.user,
    database: login.database || login.user,
    // A function, because with an empty string `pg` would use PGPASSWORD and ~/.pgpass.
    password: () => login.password?.reveal() ?? "",
    stream: () => socket as never,
    ssl: false,
    application_name: "jackfield",
    connectionTimeoutMillis: 0,
    ...{ sslnegotiation: "postgres" },
  })
  // Exactly these, without PGOPTIONS, PGREPLICATION and PGAPPNAME from the environment.
  Object.assign(client, { getStartupConf: () => ({ user: login.user, database: login.database || login.user, application_name: "jackfield" }) })
  // Without a listener, a connection that breaks while idle would end the process. The next statement gets the error.
  client.on("error", () => undefined)
  socket.on("data", watchMessages(peer))
  try {
    await logIn(client, lease, system, login.user, tls === undefined && (() => letsInByTls(login, peer, lease)))
    if (system.session !== undefined) await client.query(system.session)
  } catch (error) {
    socket.destroy()
    throw error
  }
  const { processID, secretKey } = client as Client & { processID: number | null; secretKey: number | null }
  const release = lease.beforeCutOff(async (dial) => {
    if (processID === null || secretKey === null) return
    const raw = await dial(address)
    const stream = tls === undefined ? raw : await startTls(raw, peer, tls, lease)
    stream.resume().end(cancelRequest(processID, secretKey))
    await once(stream, "close")
  })
  return { pg: client, wire: pgWire(client, system, release), encrypted: tls !== undefined, tunnelled: login.tunnelled }
}

/**
 * Whether the server accepts the login over TLS after it refused one without TLS. The refusal itself does not tell, and its text is in
 * the server's language. Sends no password.
 */
async function letsInByTls({ user, database }: Login, peer: Peer, lease: Lease): Promise<boolean> {
  const secured = await startTls(await lease.dial({ host: peer.host, port: peer.port }), peer, { mode: "require" }, lease)
  return await letsIn(secured, { user, database: database || user }, peer.product)
}

/** The code for a login that the server refuses from this address, whatever the password. */
const NOT_FROM_HERE = "28000"

/** The error for a refused login without TLS; `tls_required` if the server accepts the login over TLS. */
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
