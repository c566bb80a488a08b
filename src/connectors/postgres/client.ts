import { once } from "node:events"
import type { Client } from "pg"
import type { Call } from "../../core/call.ts"
import type { PlatformError } from "../../core/errors.ts"
import type { Secret } from "../../core/fields.ts"
import type { Address, Lease, TlsSpec } from "../../core/lease.ts"
import { explain } from "./errors.ts"
import { cancelRequest, startTls, watchMessages } from "./wire.ts"

/** A PostgreSQL connection that is logged in. */
export interface Postgres {
  readonly pg: Client
  readonly encrypted: boolean
  readonly tunnelled: boolean
  /** Takes back what would cancel on the server at the deadline. */
  readonly release: () => void
}

export interface Login {
  readonly address: Address
  readonly user: string
  /** Empty: the server's rule, the user's name. */
  readonly database: string
  readonly password: Secret | undefined
  readonly tls: TlsSpec | undefined
  readonly tunnelled: boolean
}

/** Logs in through the lease. TLS is ours (`wire.ts`); `pg` sees one stream and never the environment. */
export async function connectPostgres(login: Login, lease: Lease): Promise<Postgres> {
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
  // Without a listener a connection that breaks while idle would end the process; whoever asks next gets the error.
  client.on("error", () => undefined)
  socket.on("data", watchMessages(address))
  try {
    await logIn(client, lease)
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
  return { pg: client, encrypted: tls !== undefined, tunnelled: login.tunnelled, release }
}

/** PostgreSQL checks the password first and then whether the database exists and may be entered: those are the permission stage. */
async function logIn(client: Client, lease: Lease): Promise<void> {
  let refused: PlatformError | undefined
  await lease.stage("auth", async () => {
    try {
      await client.connect()
    } catch (error) {
      const known = explain(error)
      if (known?.code !== "permission_denied" && known?.code !== "database_not_found") throw known ?? error
      refused = known
    }
  })
  if (refused) await lease.stage("permission", () => Promise.reject(refused as PlatformError))
}

const SETTINGS =
  "SET LOCAL DateStyle = 'ISO, MDY'; SET LOCAL IntervalStyle = 'postgres'; SET LOCAL TimeZone = 'UTC'; SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 1"

export type Transaction = "READ ONLY" | "ISOLATION LEVEL REPEATABLE READ READ ONLY" | "READ WRITE"

/** Begins a transaction whose values come in the spelling of `values.ts` and whose statements the server ends at the deadline. */
export async function begin({ pg }: Postgres, call: Call, kind: Transaction): Promise<void> {
  const timeoutMs = Math.min(Math.max(1, Math.floor(call.remainingMs())), 2_147_483_647)
  await pg.query(`BEGIN ${kind}; ${SETTINGS}; SET LOCAL statement_timeout = ${timeoutMs}`)
}

/** Ends the transaction without a trace; a connection that is already gone has none to end. */
export async function rollback({ pg }: Postgres): Promise<void> {
  await pg.query("ROLLBACK").catch(() => undefined)
}

/** An SQL name, quoted (docs, 4.1.1). */
export const ident = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** A table's name as SQL and as people write it. */
export const qualified = (path: readonly string[]): string => path.map(ident).join(".")
