import { chown, readFile, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { chooseRunAs, findBinaries, type RunAs, reachableBinaries } from "../../src/store/binaries.ts"
import { freePort, initCluster, OWNER, randomPassword, spawnServer, stopServer } from "../../src/store/cluster.ts"
import type { Certificate } from "./certificates.ts"
import { keepFolder } from "./keeper.ts"
import { queryPostgres } from "./pg.ts"
import { template } from "./template.ts"

/** A real PostgreSQL of a test's own, on 127.0.0.1. `user` is a superuser; `database` is "postgres". */
export interface TestDatabase {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  readonly database: string
  readonly url: string
  /** The config of a connector that logs in there as the superuser, without TLS. */
  readonly config: Readonly<Record<string, unknown>>
  readonly pid: number
  readonly folder: string
  /** Runs statements as the superuser on a connection of their own, in `database` ("postgres"); rows of the last one. */
  query(sql: string, values?: readonly unknown[], database?: string): Promise<Record<string, unknown>[]>
  /** Ends the server and removes its folder. */
  stop(): Promise<void>
}

export interface TestDatabaseOptions {
  /** A free one unless given. */
  readonly port?: number
  readonly password?: string
  /** The server then offers TLS by this certificate. */
  readonly ssl?: Certificate
  /** Settings as for `postgres -c`. fsync is off unless given: the data is thrown away. */
  readonly settings?: Readonly<Record<string, string>>
  /** With `ssl`: refuse logins without TLS. */
  readonly requireSsl?: boolean
}

/** The password of every cluster that is a copy. */
const PASSWORD = randomPassword()
const copyCluster = template(async (folder) => {
  const as = await chooseRunAs(dirname(folder))
  await initCluster((await reachable(as)).binaries, folder, PASSWORD, as)
})
const reachable = async (as: RunAs | undefined) => await reachableBinaries(await findBinaries(), as, ["/var/lib/jackfield", "/var/tmp/jackfield"])

/** Starts a throw-away PostgreSQL from the npm binaries, in a copy of a cluster that is made once; `stop()` removes every trace. */
export async function startTestDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const kept = keepFolder("test-pg")
  const home = kept.path
  const as = await chooseRunAs(home)
  const { binaries } = await reachable(as)
  const password = options.password ?? PASSWORD
  const folder = join(home, "cluster")
  if (options.password === undefined) await copyCluster(folder)
  else await initCluster(binaries, folder, password, as)
  const ssl = options.ssl ? await installCertificate(options.ssl, folder, as) : {}
  if (options.requireSsl) await requireSsl(folder)
  const logFile = join(home, "server.log")
  const port = options.port ?? (await freePort())
  const { pid } = await spawnServer(binaries, { folder, port, logFile, as, settings: { fsync: "off", ...ssl, ...options.settings } })
  const connection = { host: "127.0.0.1", port, user: OWNER, password, database: "postgres", ssl: options.ssl ? { rejectUnauthorized: false } : false }
  const query: TestDatabase["query"] = (sql, values, database = connection.database) => queryPostgres({ ...connection, database }, sql, values)
  kept.holdsPostgres(folder)
  const stop = async () => {
    await stopServer(binaries, folder, pid, 30_000)
    await kept.close()
  }
  await waitUntilReady(query, logFile)
  const { ssl: _, ...address } = connection
  const config = { ...address, tls: { kind: "off" } }
  return { ...address, config, url: `postgres://${OWNER}:${encodeURIComponent(password)}@127.0.0.1:${port}/postgres`, pid, folder, query, stop }
}

async function waitUntilReady(query: (sql: string) => Promise<unknown>, logFile: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await query("select 1")
      return
    } catch (cause) {
      if (attempt === 300) throw new Error(`the test's PostgreSQL did not start: ${await readFile(logFile, "utf8")}`, { cause })
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

async function installCertificate(own: Certificate, folder: string, as: { uid: number; gid: number } | undefined) {
  const [cert, key] = [join(folder, "server.crt"), join(folder, "server.key")]
  await writeFile(cert, own.cert)
  await writeFile(key, own.key, { mode: 0o600 })
  if (as) for (const path of [cert, key]) await chown(path, as.uid, as.gid)
  return { ssl: "on", ssl_cert_file: cert, ssl_key_file: key }
}

async function requireSsl(folder: string): Promise<void> {
  await writeFile(join(folder, "pg_hba.conf"), "hostssl all all 127.0.0.1/32 scram-sha-256\nhostssl all all ::1/128 scram-sha-256\n")
}
