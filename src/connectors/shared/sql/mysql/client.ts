import type { Duplex } from "node:stream"
import type { Connection } from "mysql2"
import type { PlatformError } from "../../core/errors.ts"
import type { Secret } from "../../core/fields.ts"
import type { Address, Lease, TlsSpec } from "../../core/lease.ts"
import { explain } from "./errors.ts"
import { keepOrder, secureByLease, watchPackets } from "./wire.ts"

/** A connection that is logged in, to a MySQL, a MariaDB or what speaks their protocol. */
export interface MySql {
  readonly connection: Connection
  /** As the greeting says: time limits and types are told apart by it. */
  readonly mariadb: boolean
  /** What discovery keeps to; empty: every database. */
  readonly database: string
  readonly encrypted: boolean
  readonly tunnelled: boolean
  /** A row came, or a command begins; see `wire.ts`. */
  readonly rested: () => void
  /** Ends what the connection is running, over a connection of its own; it may be used again then. */
  readonly kill: () => Promise<void>
  /** Takes back what would cancel on the server at the deadline. */
  readonly release: () => void
}

export interface Login {
  readonly address: Address
  readonly user: string
  /** Empty: none is chosen. */
  readonly database: string
  readonly password: Secret | undefined
  readonly tls: TlsSpec | undefined
  readonly tunnelled: boolean
}

type Dial = (to: Address) => Promise<Duplex>

/** Logs in through the lease; the client library never dials, reads no file and no environment, and takes no TLS of its own. */
export async function connectMysql(login: Login, lease: Lease): Promise<MySql> {
  const line = await logIn(login, lease, (to) => lease.dial(to))
  const { connection } = line
  const { threadId } = connection
  const kill = async (dial: Dial): Promise<void> => {
    const other = await logIn(login, lease, dial)
    try {
      await new Promise<void>((resolve, reject) => {
        other.connection.query(`KILL QUERY ${Number(threadId)}`, (error) => (error ? reject(error) : resolve()))
      })
    } finally {
      other.connection.destroy()
    }
  }
  return {
    ...line,
    database: login.database,
    encrypted: login.tls !== undefined,
    tunnelled: login.tunnelled,
    kill: () => kill((to) => lease.dial(to)),
    release: lease.beforeCutOff(kill),
  }
}

async function logIn(login: Login, lease: Lease, dial: Dial): Promise<Pick<MySql, "connection" | "mariadb" | "rested">> {
  const { default: mysql } = await import("mysql2")
  const { address, tls } = login
  const socket = lease.socket(dial)
  const watch = watchPackets(address, tls !== undefined)
  socket.on("data", watch.see)
  const connection = mysql.createConnection({
    host: address.host,
    port: address.port,
    user: login.user,
    ...(login.password === undefined ? {} : { password: login.password.reveal() }),
    ...(login.database === "" ? {} : { database: login.database }),
    stream: () => socket.connect(address.port, address.host),
    ...(tls === undefined ? {} : { ssl: {} }),
    // No files of ours, rows that were not changed are not counted, and names are read as the server reads them.
    flags: ["-LOCAL_FILES", "-FOUND_ROWS", "-IGNORE_SPACE", "-ODBC"],
    charset: "UTF8MB4_GENERAL_CI",
    connectTimeout: 0,
    multipleStatements: false,
    supportBigNumbers: true,
    bigNumberStrings: true,
    dateStrings: true,
    jsonStrings: true,
    rowsAsArray: true,
    disableEval: true,
    maxPreparedStatements: 64,
    connectAttributes: { program_name: "jackfield" },
  })
  // Without a listener a connection that breaks while idle would end the process; whoever asks next gets the error.
  connection.on("error", () => undefined)
  keepOrder(connection, address)
  const watching = tls === undefined ? watch : secureByLease(connection, address, tls, lease)
  try {
    await admit(connection, lease)
  } catch (error) {
    socket.destroy()
    throw error
  } finally {
    forget(connection)
  }
  return { connection, mariadb: isMariadb(connection), rested: watching.rested }
}

/** The server checks the password first and then whether the database exists and may be entered: those are the permission stage. */
async function admit(connection: Connection, lease: Lease): Promise<void> {
  const entered = (): Promise<void> =>
    new Promise<void>((resolve, reject) => {
      connection.once("connect", () => resolve())
      connection.once("error", reject)
    })
  if (lease.signal.aborted) return entered()
  let refused: PlatformError | undefined
  await lease.stage("auth", async () => {
    try {
      await entered()
    } catch (error) {
      const known = explain(error)
      if (known?.code !== "permission_denied" && known?.code !== "database_not_found") throw known ?? error
      refused = known
    }
  })
  if (refused) await lease.stage("permission", () => Promise.reject(refused as PlatformError))
}

/** The library keeps the password for as long as the connection lives, and needs it no more. */
function forget(connection: Connection): void {
  for (const name of ["password", "password1"]) Reflect.set(connection.config, name, undefined)
}

function isMariadb(connection: Connection): boolean {
  const { _handshakePacket: greeting } = connection as unknown as { _handshakePacket: { serverVersion?: string } | null }
  return /mariadb/i.test(greeting?.serverVersion ?? "")
}

/** An SQL name, quoted (MySQL docs, 11.2); holds in every `sql_mode`. */
export const ident = (name: string): string => `\`${name.replaceAll("`", "``")}\``

/** A table's name as SQL. */
export const qualified = (path: readonly string[]): string => path.map(ident).join(".")
