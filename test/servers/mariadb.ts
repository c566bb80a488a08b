import { randomBytes } from "node:crypto"
import { join } from "node:path"
import { type ConnectionOptions, createConnection } from "mysql2"
import { defineServer } from "../support/servers/server.ts"

const USER = "jackfield_seed"

/** A MariaDB as its first user sees it, who may do everything from 127.0.0.1. */
export interface MariaDb {
  readonly port: number
  /** PEM. */
  readonly ca: string
  readonly user: string
  readonly password: string
  /** Runs statements; the rows of the last one. */
  query(sql: string): Promise<Record<string, unknown>[]>
}

const mariadbWith = (name: string, options: readonly string[]) =>
  defineServer<MariaDb>({
    name,
    packages: { debian: { "mariadb-server": ["mariadbd", "mariadb-install-db"] } },
    async begin(sandbox, { program }, { tls }) {
      const password = randomBytes(18).toString("base64url")
      const data = join(sandbox.folder, "data")
      const account = `'${USER}'@'127.0.0.1'`
      const init = sandbox.write(
        "init.sql",
        `CREATE OR REPLACE USER ${account} IDENTIFIED BY '${password}';\nGRANT ALL ON *.* TO ${account} WITH GRANT OPTION;\n`,
      )
      const installer = ["--no-defaults", `--datadir=${data}`, "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"]
      await sandbox.run(program("mariadb-install-db"), installer)
      const files = {
        "ssl-cert": sandbox.write("server.pem", tls.cert),
        "ssl-key": sandbox.write("server.key", tls.key),
        "ssl-ca": sandbox.write("ca.pem", tls.ca),
      }
      return sandbox.onFreePorts(1, async (port) => {
        const settings = {
          ...files,
          datadir: data,
          "bind-address": "127.0.0.1",
          port,
          socket: join(sandbox.folder, "sock"),
          "pid-file": join(sandbox.folder, "pid"),
          "init-file": init,
          "innodb-buffer-pool-size": "32M",
          "innodb-flush-log-at-trx-commit": 0,
          // A host that failed a few times is else locked out, and the tests send wrong passwords.
          "max-connect-errors": 1_000_000,
        }
        const args = ["--no-defaults", "--skip-name-resolve", ...Object.entries(settings).map(([setting, value]) => `--${setting}=${value}`), ...options]
        const login = { host: "127.0.0.1", port, user: USER, password, ssl: { ca: tls.ca } }
        const query: MariaDb["query"] = (sql) => queryMariaDb(login, sql)
        await sandbox.launch("mariadbd", program("mariadbd"), args, { ready: async () => (await query("SELECT 1")).length === 1 })
        return { port, ca: tls.ca, user: USER, password, query }
      })
    },
  })

/** Debian's MariaDB, with TLS. */
export const mariadb = mariadbWith("MariaDB", [])

/** The same as it is on Windows and in old installations: names in lower case, and each login in the server's own character set. */
export const oddMariadb = mariadbWith("MariaDB", ["--lower-case-table-names=1", "--skip-character-set-client-handshake", "--character-set-server=latin1"])

/** Runs statements on a connection of their own; the rows of the last one. */
async function queryMariaDb(login: ConnectionOptions, sql: string): Promise<Record<string, unknown>[]> {
  const connection = createConnection({ ...login, multipleStatements: true })
  try {
    return await new Promise((resolve, reject) => {
      connection.once("error", reject)
      connection.query(sql, (error, rows) => {
        if (error) return reject(error)
        const results: unknown[] = Array.isArray(rows) ? rows : []
        const last = results.at(-1)
        resolve((Array.isArray(last) ? last : results) as Record<string, unknown>[])
      })
    })
  } finally {
    connection.destroy()
  }
}
