import type { Answer } from "../../support/ask.ts"
import { startTestDatabase, type TestDatabase } from "../../support/embedded.ts"
import { startHub, type TestHub } from "../../support/hub.ts"

/** A hub, a PostgreSQL that its connectors may reach at `db.example.com:5432` and by address, and DataBrain's paths on it. */
export interface DataBrain {
  readonly hub: TestHub
  readonly database: TestDatabase
  /** Working credentials, without the name. */
  readonly credentials: Readonly<Record<string, unknown>>
  call(method: string, path: string, body?: unknown, options?: Parameters<TestHub["call"]>[3]): Promise<Answer>
  /** Creates a postgres datasource with that name, with changed or removed (`undefined`) credentials. */
  create(name: unknown, more?: object, options?: Parameters<TestHub["call"]>[3]): Promise<Answer>
  /** Whether a connector with that name is stored, in upper or lower case, with its secrets. */
  stored(name: string): Promise<boolean>
  stop(): Promise<void>
}

const HOSTS = "nowhere.example=127.0.0.9,bastion.example=127.0.0.1"

/** `dbuser` may log in with `password`, in the database `analytics`. */
export async function startDataBrain(password: string, allow: readonly number[] = []): Promise<DataBrain> {
  const database = await startTestDatabase()
  await database.query(`create role dbuser login password '${password.replaceAll("'", "''")}'`)
  await database.query("create database analytics owner dbuser")
  await database.query("create table public.orders (id int primary key, note text); create view public.big as select * from orders", [], "analytics")
  await database.query("grant select on all tables in schema public to dbuser", [], "analytics")
  const rules = [database.port, ...allow].map((port) => `127.0.0.1/32:${port}`).join(",")
  const hub = await startHub(
    { JACKFIELD_EGRESS_ALLOW: rules, JACKFIELD_HOSTS: HOSTS },
    { door: { standIns: new Map([["db.example.com:5432", { host: "127.0.0.1", port: database.port }]]) } },
  )
  const credentials = { host: "127.0.0.1", port: database.port, username: "dbuser", password, database: "analytics", schema: "public" }
  const call: DataBrain["call"] = (method, path, body, options) => hub.call(method, `/databrain/api/v2/datasource${path}`, body, options)
  return {
    hub,
    database,
    credentials,
    call,
    create: (name, more = {}, options) => call("POST", "", { datasourceType: "postgres", credentials: { ...credentials, name, ...more } }, options),
    stored: async (name) => (await hub.call("GET", `/v1/connectors/${name}`)).status === 200,
    stop: async () => {
      await hub.stop()
      await database.stop()
    },
  }
}

/** The status, and the code in both of its places. */
export const errorOf = ({ status, body }: Answer): unknown[] => [
  status,
  body.error?.code,
  body.code === body.error?.code && body.message === body.error?.message,
]
