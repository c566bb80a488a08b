import { randomBytes } from "node:crypto"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { SERVER_NAME } from "../support/lease.ts"
import { queryPostgres } from "../support/pg.ts"
import { defineServer } from "../support/servers/server.ts"

const USER = "jackfield_seed"
const [INITDB, POSTGRES] = ["/usr/lib/postgresql/*/bin/initdb", "/usr/lib/postgresql/*/bin/postgres"] as const

/** A PostgreSQL as its superuser sees it. */
export interface Postgres {
  readonly port: number
  /** PEM. */
  readonly ca: string
  /** Runs statements in the database "postgres"; the rows of the last one. */
  query(sql: string): Promise<Record<string, unknown>[]>
  /** Replaces pg_hba.conf; `pg_reload_conf()` puts it into effect. */
  configure(lines: string): Promise<void>
}

export interface PostgresOptions {
  /** Locales that the server has beside C, made for it: `de_DE`, as `de_DE.UTF-8`. */
  readonly locales?: readonly string[]
}

/** Debian's PostgreSQL, with TLS. */
export const postgres = defineServer<Postgres, PostgresOptions>({
  name: "PostgreSQL",
  packages: { debian: { postgresql: [INITDB, POSTGRES], locales: ["localedef", "/usr/share/i18n/locales/de_DE"] } },
  async begin(sandbox, { program }, { tls, locales = [] }) {
    const password = randomBytes(18).toString("base64url")
    const data = join(sandbox.folder, "data")
    const passwordFile = sandbox.write("password", password)
    const login = ["-U", USER, "-A", "scram-sha-256", `--pwfile=${passwordFile}`]
    await sandbox.run(program(INITDB), ["-D", data, ...login, "-E", "UTF8", "--no-locale", "--no-sync"])
    for (const locale of locales)
      await sandbox.run(program("localedef"), ["-i", locale, "-f", "UTF-8", "--no-archive", join(sandbox.folder, `${locale}.UTF-8`)])
    const [cert, key] = [sandbox.write("server.pem", tls.cert), sandbox.write("server.key", tls.key)]
    return sandbox.onFreePorts(1, async (port) => {
      const settings = {
        listen_addresses: "127.0.0.1",
        port,
        unix_socket_directories: "",
        ssl: "on",
        ssl_cert_file: cert,
        ssl_key_file: key,
        fsync: "off",
      }
      const args = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])
      const connection = { host: "127.0.0.1", port, user: USER, password, database: "postgres", ssl: { ca: tls.ca, servername: SERVER_NAME } }
      const query: Postgres["query"] = (sql) => queryPostgres(connection, sql)
      await sandbox.launch("postgres", program(POSTGRES), ["-D", data, ...args], {
        env: { LOCPATH: sandbox.folder },
        // A fast shutdown: sessions are ended.
        stopWith: "SIGINT",
        ready: async () => (await query("SELECT 1")).length === 1,
      })
      const configure = (lines: string): Promise<void> => writeFile(join(data, "pg_hba.conf"), lines)
      return { port, ca: tls.ca, query, configure }
    })
  },
})
