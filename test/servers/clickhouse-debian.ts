import { createHash, randomBytes } from "node:crypto"
import { mkdirSync } from "node:fs"
import { request } from "node:http"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { giveToServer } from "../support/servers/account.ts"
import { defineServer } from "../support/servers/server.ts"

/** Debian's ClickHouse server, 18.16: old, and the product itself. */
export interface ClickhouseServer {
  /** HTTPS. */
  readonly port: number
  readonly plainPort: number
  /** PEM. */
  readonly ca: string
  /** May do everything; "reader" has the profile `readonly = 1`, "two" `readonly = 2`, and "narrow" sees the database `open` alone. All have the same password. */
  readonly user: string
  readonly password: string
  /** Runs one statement as another user, over a connection of its own; the answer as TabSeparated. */
  query(sql: string): Promise<string>
  /** The server's process. */
  readonly pid: number
}

const USER = "jackfield"

export const clickhouseDebian = defineServer<ClickhouseServer>({
  name: "ClickHouse",
  packages: { debian: { "clickhouse-server": ["clickhouse-server"] } },
  async begin(sandbox, { program }, { tls }) {
    const [password, seedPassword] = [`s3cr3t"/'\\ %+=&${randomBytes(6).toString("hex")}`, randomBytes(18).toString("hex")]
    const [cert, key] = [sandbox.write("server.pem", tls.cert), sandbox.write("server.key", tls.key)]
    const users = sandbox.write("users.xml", usersXml(password, seedPassword))
    for (const name of ["data", "tmp"]) {
      mkdirSync(join(sandbox.folder, name))
      giveToServer(join(sandbox.folder, name))
    }
    return sandbox.onFreePorts(4, async (port, plainPort, tcpPort, interPort) => {
      const config = sandbox.write(
        "config.xml",
        `<yandex>
  <logger><level>warning</level><console>1</console></logger>
  <http_port>${plainPort}</http_port><https_port>${port}</https_port><tcp_port>${tcpPort}</tcp_port><interserver_http_port>${interPort}</interserver_http_port>
  <listen_host>127.0.0.1</listen_host>
  <openSSL><server><certificateFile>${cert}</certificateFile><privateKeyFile>${key}</privateKeyFile><verificationMode>none</verificationMode>
    <cacheSessions>true</cacheSessions><disableProtocols>sslv2,sslv3</disableProtocols></server></openSSL>
  <path>${join(sandbox.folder, "data")}/</path><tmp_path>${join(sandbox.folder, "tmp")}/</tmp_path>
  <users_config>${users}</users_config><default_profile>default</default_profile><default_database>default</default_database>
  <mark_cache_size>67108864</mark_cache_size><timezone>UTC</timezone>
</yandex>`,
      )
      const query = (sql: string): Promise<string> => ask(plainPort, seedPassword, sql)
      const server = await sandbox.launch("clickhouse", program("clickhouse-server"), [`--config-file=${config}`], {
        ready: async () => (await query("SELECT 1")) === "1\n",
      })
      return { port, plainPort, ca: tls.ca, user: USER, password, query, pid: server.pid }
    })
  },
})

function usersXml(password: string, seedPassword: string): string {
  const hash = (given: string): string => createHash("sha256").update(given).digest("hex")
  const user = (name: string, given: string, profile: string, more = ""): string =>
    `<${name}><password_sha256_hex>${hash(given)}</password_sha256_hex><networks><ip>127.0.0.1</ip></networks><profile>${profile}</profile><quota>default</quota>${more}</${name}>`
  return `<yandex>
  <profiles><default></default><one><readonly>1</readonly></one><two><readonly>2</readonly></two></profiles>
  <users>
    ${user(USER, password, "default")}
    ${user("reader", password, "one")}
    ${user("two", password, "two")}
    ${user("narrow", password, "default", "<allow_databases><database>open</database></allow_databases>")}
    ${user("seed", seedPassword, "default")}
  </users>
  <quotas><default></default></quotas>
</yandex>`
}

/** The answer over a connection of its own; throws what the server said. */
const ask = (port: number, password: string, sql: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const headers = { "x-clickhouse-user": "seed", "x-clickhouse-key": password }
    const asked = request({ host: "127.0.0.1", port, method: "POST", agent: false, headers }, (answer) => {
      text(answer).then((said) => (answer.statusCode === 200 ? resolve(said) : reject(new Error(`${said}: ${sql.slice(0, 200)}`))), reject)
    })
    asked.on("error", reject).end(sql)
  })
