import type { Duplex } from "node:stream"
import type { Connection } from "mysql2"
import type { PlatformError } from "../../../../core/errors.ts"
import type { Address, Lease } from "../../../../core/lease.ts"
import { explainBy } from "../errors.ts"
import { mendedBy } from "../grants.ts"
import type { Encryption, Login } from "../login.ts"
import type { SqlConnection } from "../wire.ts"
import type { MysqlBound } from "./encode.ts"
import { mysqlErrors } from "./errors.ts"
import { type MysqlLine, run } from "./pages.ts"
import { isClosing, keepOrder, secureByLease, watchPackets } from "./protocol.ts"
import { databaseRight } from "./rights.ts"
import { mysqlWire } from "./wire.ts"

/** A logged-in connection to MySQL, MariaDB, or a system that speaks their protocol. */
export interface MysqlClient extends SqlConnection<MysqlBound>, Encryption {
  readonly line: MysqlLine
  /** The database that was chosen; empty: none. */
  readonly database: string
  /**
   * Logs in once more on the same connection (MySQL docs, COM_CHANGE_USER): the server forgets everything that the session kept, as
   * variables, user locks, temporary tables, prepared statements, database and role. Throws when the login is refused by now.
   */
  logInAgain(): Promise<void>
  /**
   * The client that may run LOAD DATA LOCAL, on a connection of its own, since a login alone decides whether the server may ask for data.
   * It is closed with this one, and when this one logs in again.
   */
  loader(): Promise<MysqlClient>
}

type Dial = (to: Address) => Promise<Duplex>

/** Logs in through the lease. The client library never dials, reads no file and no environment, and has no TLS of its own. */
export async function connectMysql(login: Login, lease: Lease): Promise<MysqlClient> {
  const { line, release } = await enter(login, lease, false)
  const loaders = new Loaders(() => enterToLoad(login, lease))
  const wire = mysqlWire(line, release)
  const close = async (): Promise<void> => {
    await loaders.close()
    await wire.close()
  }
  const again = async (): Promise<void> => {
    await loaders.close()
    await logInAgain(line, login)
  }
  return { ...clientOf(line, login), wire: { ...wire, close }, logInAgain: again, loader: () => loaders.get() }
}

async function enterToLoad(login: Login, lease: Lease): Promise<MysqlClient> {
  const { line, release } = await enter(login, lease, true)
  const client = { ...clientOf(line, login), wire: mysqlWire(line, release), logInAgain: () => logInAgain(line, login), loader: async () => client }
  return client
}

const clientOf = (line: MysqlLine, { database, tls, tunnelled }: Login): Pick<MysqlClient, "line" | "database" | "encrypted" | "tunnelled"> => ({
  line,
  database,
  encrypted: tls !== undefined,
  tunnelled,
})

/** The client that loads, made when it is first asked for and again when its connection is gone. */
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

/** A connection that is logged in, whose statement is killed at the lease's deadline unless that is released. */
async function enter(login: Login, lease: Lease, loads: boolean): Promise<{ readonly line: MysqlLine; readonly release: () => void }> {
  const entered = await logIn(login, lease, (to) => lease.dial(to), loads)
  const { threadId } = entered.connection
  const kill = async (dial: Dial): Promise<void> => {
    const other = await logIn(login, lease, dial, false)
    try {
      await new Promise<void>((resolve, reject) => {
        other.connection.query(`KILL QUERY ${Number(threadId)}`, (error) => (error ? reject(error) : resolve()))
      })
    } finally {
      other.connection.destroy()
    }
  }
  return { line: { ...entered, kill: () => kill((to) => lease.dial(to)) }, release: lease.beforeCutOff(kill) }
}

async function logInAgain(line: MysqlLine, { password }: Login): Promise<void> {
  const { connection, mariadb, rested } = line
  // A role that a function of MariaDB took on outlives the login; the default role comes back with it.
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
    // The server counts changed rows only, reads names as they are written, and may not ask for data except where bytes are written.
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
  // Without a listener, a connection that breaks while idle would end the process. The next statement gets the error.
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

/** The server checks the password first, and then whether the database exists and may be entered: those two are the permission stage. */
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

/** The library keeps the password for as long as the connection lives, though it is not needed after the login. */
function forget(connection: Connection): void {
  for (const name of ["password", "password1"]) Reflect.set(connection.config, name, undefined)
}

function isMariadb(connection: Connection): boolean {
  const { _handshakePacket: greeting } = connection as unknown as { _handshakePacket: { serverVersion?: string } | null }
  return /mariadb/i.test(greeting?.serverVersion ?? "")
}
