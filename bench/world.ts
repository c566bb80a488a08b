import { randomBytes } from "node:crypto"
import { type DataFolder, makeDataFolder } from "../test/support/data-folder.ts"
import { startTestDatabase, type TestDatabase } from "../test/support/embedded.ts"
import { type HubProcess, startHubProcess } from "../test/support/hub-process.ts"

export const KEY = "the-first-admin-key-of-the-bench"

/** The setup of the benchmark: a hub over its own database, and a second server that the hub's connectors reach. */
export interface World {
  readonly hub: HubProcess
  readonly url: string
  readonly store: TestDatabase
  readonly target: TestDatabase
  /** The config of a connector to the target. */
  readonly config: Readonly<Record<string, unknown>>
  /** Sends a request with the admin's key; throws unless it succeeds. */
  // biome-ignore lint/suspicious/noExplicitAny: the rows read the answer's fields.
  call(method: string, path: string, body?: unknown): Promise<any>
  close(): Promise<void>
}

export async function makeWorld(): Promise<World> {
  const store = await startTestDatabase()
  const target = await startTestDatabase({
    settings: { shared_preload_libraries: "pg_stat_statements", max_locks_per_transaction: "2000", autovacuum: "off", synchronous_commit: "off" },
  })
  await target.query("create extension pg_stat_statements")
  const data: DataFolder = makeDataFolder()
  const env = { DATABASE_URL: store.url, JACKFIELD_ADMIN_KEY: KEY, JACKFIELD_MASTER_KEY: randomBytes(32).toString("base64"), JACKFIELD_LOG: "info" }
  const nodeArgs = process.env["BENCH_NODE_ARGS"]?.split(" ") ?? []
  const hub = startHubProcess(data.dir, { env, nodeArgs })
  const url = await hub.ready
  const config = { host: target.host, port: target.port, database: target.database, user: target.user, password: target.password, tls: { kind: "off" } }
  return {
    hub,
    url,
    store,
    target,
    config,
    call: async (method, path, body) => {
      const answer = await hub.call(method, path, body, { key: KEY })
      if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`)
      return answer.body
    },
    close: async () => {
      // A hub that hangs does not hear a signal that it could handle.
      const hung = setTimeout(() => void hub.end("SIGKILL"), 15_000)
      await hub.end()
      clearTimeout(hung)
      await Promise.all([data.remove(), store.stop(), target.stop()])
    },
  }
}
