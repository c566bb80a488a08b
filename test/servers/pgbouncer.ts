import { once } from "node:events"
import { connect } from "node:net"
import { join } from "node:path"
import { defineServer } from "../support/servers/server.ts"

export interface PgBouncer {
  readonly port: number
}

export interface PgBouncerOptions {
  /** Its databases as its configuration has them: `{ shop: "host=127.0.0.1 port=5432 dbname=shop" }`. */
  readonly databases: Readonly<Record<string, string>>
  /** Passwords by user. */
  readonly users: Readonly<Record<string, string>>
  readonly settings?: Readonly<Record<string, string | number>>
}

/** Debian's PgBouncer in transaction mode. */
export const pgbouncer = defineServer<PgBouncer, PgBouncerOptions>({
  name: "PgBouncer",
  packages: { debian: { pgbouncer: ["pgbouncer"] } },
  async begin(sandbox, { program }, { databases, users, settings = {} }) {
    const lines = (entries: Readonly<Record<string, string | number>>): string =>
      Object.entries(entries)
        .map(([name, value]) => `${name} = ${value}\n`)
        .join("")
    const list = sandbox.write(
      "users",
      Object.entries(users)
        .map(([user, password]) => `"${user}" "${password}"\n`)
        .join(""),
    )
    return sandbox.onFreePorts(1, async (port) => {
      const own = { listen_addr: "127.0.0.1", listen_port: port, unix_socket_dir: "", auth_type: "plain", auth_file: list, pool_mode: "transaction" }
      const config = `[databases]\n${lines(databases)}[pgbouncer]\n${lines({ ...own, pidfile: join(sandbox.folder, "pid"), server_login_retry: 1, ...settings })}`
      await sandbox.launch("pgbouncer", program("pgbouncer"), [sandbox.write("pgbouncer.ini", config)], {
        ready: async () => {
          const socket = connect(port, "127.0.0.1")
          await once(socket, "connect")
          socket.destroy()
          return true
        },
      })
      return { port }
    })
  },
})
