import type { Duplex } from "node:stream"
import type { Connection } from "mysql2"
import type { PlatformError } from "../../../../core/errors.ts"
import type { Address, Lease } from "../../../../core/lease.ts"
import { explainBy } from "../errors.ts"
import { mendedBy } from "../grants.ts"
import { type Encryption, type Login, loginOf, type ServerConfig } from "../login.ts"
import { withReplay } from "../replay.ts"
import type { SqlConnection } from "../wire.ts"
import { mysqlDialect } from "./dialect.ts"
import type { MysqlBound } from "./encode.ts"
import { mysqlErrors } from "./errors.ts"
import { type MysqlLine, run } from "./pages.ts"
import { isClosing, keepOrder, secureByLease, watchPackets } from "./protocol.ts"
import { databaseRight } from "./rights.ts"
import type { MysqlSystem } from "./system.ts"
import { mysqlWire } from "./wire.ts"

/** A logged-in connection to MySQL, MariaDB, or a system that speaks their protocol. */
export interface MysqlClient extends SqlConnection<MysqlBound>, Encryption {
  readonly line: MysqlLine
  /** The chosen database; empty if none was chosen. */
  readonly database: string
  /**
   * Logs in again on the same connection (MySQL docs, COM_CHANGE_USER). The server discards the session's state: variables, user locks,
   * temporary tables, prepared statements, database and role. Throws if the server now refuses the login.
   */
  logInAgain(): Promise<void>
  /** Discards the session's state without a new login, for systems that document no other way. */
  clean(): Promise<void>
  /**
   * The client that may run LOAD DATA LOCAL. It has a connection of its own, because the login decides whether the server may request
   * data. It is closed together with this client, and when this client logs in again.
   */
  loader(): Promise<MysqlClient>
}

type Dial = (to: Address) => Promise<Duplex>

/** A type's `connect`: logs in by the fields of a database server. */
export const connectMysqlBy =
  (system: MysqlSystem) =>
  (config: ServerConfig, lease: Lease): Promise<MysqlClient> => {
    const { login, lease: way } = loginOf(config, lease)
    return connectMysql(login, way, system)
  }

/** Logs in through the lease. The client library opens no connection and does no TLS itself, and reads neither files nor the environment. */
async function connectMysql(login: Login, lease: Lease, system: MysqlSystem): Promise<MysqlClient> {
  const { line, release } = await enter(login, lease, system, false)
  const loaders = new Loaders(() => enterToLoad(login, lease, system))
  const own = mysqlWire(line, system, release)
  const wire = system.replays === true ? withReplay(own) : own
  const close = async (): Promise<void> => {
    await loaders.close()
    await wire.close()
  }
  const again = async (): Promise<void> => {
    await loaders.close()
    await logInAgain(line, login)
  }
  return { ...clientOf(line, login), wire: { ...wire, close }, logInAgain: again, clean: () => clean(line, login), loader: () => loaders.get() }
}

async function enterToLoad(login: Login, lease: Lease, system: MysqlSystem): Promise<MysqlClient> {
  const { line, release } = await enter(login, lease, system, true)
  const client = {
    ...clientOf(line, login),
    wire: mysqlWire(line, system, release),
    logInAgain: () => logInAgain(line, login),
    clean: () => clean(line, login),
    loader: async () => client,
  }
  return client
}

const clientOf = (line: MysqlLine, { database, tls, tunnelled }: Login): Pick<MysqlClient, "line" | "database" | "encrypted" | "tunnelled"> => ({
  line,
  database,
  encrypted: tls !== undefined,
  tunnelled,
})

/** The client that loads data. It is created on first use, and again after its connection has closed. */
class Loaders {
  readonly #enter: () => Promise<MysqlClient>
  #current: Promise<MysqlClient> | undefined

  constructor(enter: () => Promise<MysqlClient>) {
    this.#enter = enter
  }

  async get(): Promise<MysqlClient> {
    const client = await this.#current?.catch(() => undefined)
    if (client !== undefined && !isClosing(client.line.connection)) return client
    this.#current = this.#enter()
    return await this.#current
  }

  async close(): Promise<void> {
    const client = await this.#current?.catch(() => undefined)
    this.#current = undefined
    await client?.wire.close()
  }
}

/** Logs in. At the lease's deadline the running statement is killed, unless `release` was called. */
async function enter(login: Login, lease: Lease, system: MysqlSystem, loads: boolean): Promise<{ readonly line: MysqlLine; readonly release: () => void }> {
  const entered = await logIn(login, lease, (to) => lease.dial(to), loads)
  const statement =
    (await system.kill?.((sql) => run({ ...entered, kill: async () => undefined }, sql, []))) ?? `KILL QUERY ${Number(entered.connection.threadId)}`
  const kill = async (dial: Dial): Promise<void> => {
    const other = await logIn(login, lease, dial, false)
    try {
      await new Promise<void>((resolve, reject) => {
        other.connection.query(statement, (error) => (error ? reject(error) : resolve()))
      })
    } finally {
      other.connection.destroy()
    }
  }
  return { line: { ...entered, kill: () => kill((to) => lease.dial(to)) }, release: lease.beforeCutOff(kill) }
}

async function logInAgain(line: MysqlLine, { password }: Login): Promise<void> {
  const { connection, mariadb, rested } = line
  // A role that was set in a MariaDB function survives the new login; the login then restores the default role.
  if (mariadb) await run(line, "SET ROLE NONE", [])
  rested()
  try {
    await new Promise<void>((resolve, reject) => {
      connection.once("error", reject)
      connection.changeUser(password === undefined ? {} : { password: password.reveal() }, (error) => {
        connection.off("error", reject)
        if (error) reject(error)
        else resolve()
      })
    })
  } finally {
    forget(connection)
  }
}

/** Discards the session's state without the password (MySQL docs, COM_RESET_CONNECTION), and chooses the database again. */
async function clean({ connection, rested, ...line }: MysqlLine, { database }: Login): Promise<void> {
  rested()
  await new Promise<void>((resolve, reject) => {
    connection.once("error", reject)
    connection.reset((error) => {
      connection.off("error", reject)
      if (error) reject(error)
      else resolve()
    })
  })
  if (database !== "") await run({ connection, rested, ...line }, `USE ${mysqlDialect.ident(database)}`, [])
}

async function logIn(login: Login, lease: Lease, dial: Dial, loads: boolean): Promise<Omit<MysqlLine, "kill">> {
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
    // The server counts only changed rows, takes names literally, and may request data only on the connection that writes bytes.
    flags: [...(loads ? [] : ["-LOCAL_FILES"]), "-FOUND_ROWS", "-IGNORE_SPACE", "-ODBC"],
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
  // Without a listener, a connection that breaks while idle would end the process. The next statement reports the error.
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
  return { connection, mariadb: isMariadb(connection), rested: watching.rested, numbers: mysql.TypedParameter }
}

const explain = explainBy(mysqlErrors)

/** The server first checks the password, and then whether the database exists and is accessible. The second check is the permission stage. */
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
      refused = mendedBy(known, databaseRight(error))
    }
  })
  if (refused) await lease.stage("permission", () => Promise.reject(refused as PlatformError))
}

/** Removes the password, which the library would keep for the lifetime of the connection. It is not needed after the login. */
function forget(connection: Connection): void {
  for (const name of ["password", "password1"]) Reflect.set(connection.config, name, undefined)
}

function isMariadb(connection: Connection): boolean {
  const { _handshakePacket: greeting } = connection as unknown as { _handshakePacket: { serverVersion?: string } | null }
  return /mariadb/i.test(greeting?.serverVersion ?? "")
}
