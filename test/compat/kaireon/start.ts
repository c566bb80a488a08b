import type { Answer } from "../../support/ask.ts"
import { startTestDatabase, type TestDatabase } from "../../support/embedded.ts"
import { startHub, type TestHub } from "../../support/hub.ts"

/** A hub, a PostgreSQL that its connectors may reach, and KaireonAI's paths on it. */
export interface Kaireon {
  readonly hub: TestHub
  readonly database: TestDatabase
  /** The config and authConfig of the database. */
  readonly config: Readonly<Record<string, unknown>>
  readonly authConfig: Readonly<Record<string, unknown>>
  /** `path` continues `/kaireon/api/v1/connectors`. */
  call(method: string, path: string, body?: unknown, options?: Parameters<TestHub["call"]>[3]): Promise<Answer>
  create(body: object): Promise<Answer>
  put(body: object): Promise<Answer>
  test(id: string): Promise<Answer>
  stop(): Promise<void>
}

export const ROOT = "/kaireon/api/v1/connectors"

/** `nowhere.example` and similar names exist only in this hub, so that no test uses a resolver. */
const HOSTS = "nowhere.example=127.0.0.9,db.example.com=127.0.0.9,api.example.com=127.0.0.9"

export async function startKaireon(password: string, allow: (database: TestDatabase) => string = ({ port }) => `127.0.0.1/32:${port}`): Promise<Kaireon> {
  const database = await startTestDatabase({ password })
  const hub = await startHub({ JACKFIELD_EGRESS_ALLOW: allow(database), JACKFIELD_HOSTS: HOSTS })
  const call: Kaireon["call"] = (method, path, body, options) => hub.call(method, ROOT + path, body, options)
  return {
    hub,
    database,
    config: { host: "127.0.0.1", port: database.port, database: "postgres", sslMode: "disable" },
    authConfig: { username: database.user, password },
    call,
    create: (body) => call("POST", "", body),
    put: (body) => call("PUT", "", body),
    test: (id) => call("POST", "/test", { id }),
    stop: async () => {
      await hub.stop()
      await database.stop()
    },
  }
}

/** The status and code of an error envelope; checks that the message is readable. */
export const errorOf = (answer: Answer): unknown[] => [answer.status, answer.body.error?.code, answer.body.error?.status]
