import { randomBytes } from "node:crypto"
import { readFileSync } from "node:fs"
import { request } from "node:http"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { type Certificate, certificate } from "../support/certificates.ts"
import { defineServer } from "../support/servers/server.ts"

/** Today's engine of ClickHouse behind our front of its HTTP interface, with a user for each kind of login. */
export interface ClickhouseEngine {
  /** HTTPS. */
  readonly port: number
  readonly plainPort: number
  /** PEM. */
  readonly ca: string
  /** May do everything. */
  readonly user: string
  readonly password: string
  /** The same user's token and certificate. */
  readonly token: string
  readonly client: Certificate
  /** Runs one statement as the engine's owner. */
  query(sql: string): Promise<unknown[][]>
  /** What the front served: how many requests, and the statements. */
  served(): Promise<{ readonly requests: number; readonly statements: readonly string[] }>
}

const USER = "jackfield"
const FRONT = join(import.meta.dirname, "clickhouse-front.py")

export const clickhouse = defineServer<ClickhouseEngine>({
  name: "ClickHouse engine",
  packages: { pip: ["--no-deps", "chdb-core==26.9.0"] },
  async begin(sandbox, { program }, { tls }) {
    const [password, token] = [`s3cr3t"/'\\ %+=&päss${randomBytes(6).toString("hex")}`, `e30.${randomBytes(24).toString("base64url")}.sig`]
    const clients = certificate({ name: "Test clients", ca: true })
    const client = certificate({ name: USER, issuer: clients })
    const files = {
      cert: sandbox.write("server.pem", tls.cert),
      key: sandbox.write("server.key", tls.key),
      clients: sandbox.write("clients.pem", clients.cert),
    }
    // Python reads it as the server's account.
    const front = sandbox.write("front.py", readFileSync(FRONT, "utf8"))
    return sandbox.onFreePorts(3, async (port, plainPort, seedPort) => {
      const users = {
        [USER]: { password, token, certificate: USER, roles: ["analyst"] },
        "reader one": { password, readonly: 1 },
        "reader two": { password, readonly: 2 },
      }
      const config = sandbox.write("config.json", JSON.stringify({ port, plainPort, seedPort, ...files, users }))
      const owner = (sql: string): Promise<string> => ask(seedPort, sql)
      const query: ClickhouseEngine["query"] = async (sql) => {
        const rows = (await owner(sql)).split("\n").filter((line) => line !== "")
        return rows.map((line) => JSON.parse(line) as unknown[])
      }
      await sandbox.launch("clickhouse", program("python"), [front, join(sandbox.folder, "data"), config], {
        ready: async () => (await query("SELECT 1")).length === 1,
        readyMs: 60_000,
      })
      return { port, plainPort, ca: tls.ca, user: USER, password, token, client, query, served: async () => JSON.parse(await owner("")) }
    })
  },
})

/** The answer to a statement over a connection of its own; throws what the engine said. */
const ask = (port: number, sql: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const asked = request({ host: "127.0.0.1", port, method: "POST", agent: false }, (answer) => {
      text(answer).then((said) => (answer.statusCode === 200 ? resolve(said) : reject(new Error(`${said}: ${sql.slice(0, 200)}`))), reject)
    })
    asked.on("error", reject).end(sql)
  })
