import { randomUUID } from "node:crypto"
import { readFileSync } from "node:fs"
import { request } from "node:https"
import { json } from "node:stream/consumers"
import { fileURLToPath } from "node:url"
import { defineServer } from "../support/servers/server.ts"

/** A fakesnow behind a front of ours (`fakesnow/front.py`): Snowflake's session protocol and its SQL over DuckDB, with one login. */
export interface FakeSnow {
  readonly port: number
  /** Runs Snowflake's SQL in the database and schema, which are made when they are not there. */
  run(place: { readonly database: string; readonly schema: string }, statements: readonly string[]): Promise<void>
  /** TCP connections that are open now. */
  connections(): Promise<number>
}

export interface FakeSnowLogin {
  readonly account: string
  readonly user: string
  readonly password: string
}

type Body = Readonly<Record<string, unknown>>

export const fakesnow = defineServer<FakeSnow, { readonly login: FakeSnowLogin }>({
  name: "fakesnow",
  // The vendor's driver 5 lacks a module that fakesnow imports.
  packages: { pip: ["fakesnow[server]==0.12.1", "snowflake-connector-python==4.8.1", "duckdb==2.0.1", "pyarrow==26.0.1", "sqlglot==30.22.0"] },
  async begin(sandbox, { program }, { tls, login }) {
    const known = sandbox.write("login.json", JSON.stringify(login))
    const front = sandbox.write("front.py", readFileSync(FRONT, "utf8"))
    const files = [sandbox.write("server.pem", tls.cert), sandbox.write("server.key", tls.key), known]
    return sandbox.onFreePorts(1, async (port) => {
      const ask = asker(port, tls.ca)
      const connections = async (): Promise<number> => Number((await ask("/front/connections"))["connections"])
      await sandbox.launch("fakesnow", program("python"), [front, String(port), ...files], { ready: async () => (await connections()) >= 0, readyMs: 60_000 })
      return { port, connections, run: (place, statements) => run(ask, login, place, statements) }
    })
  },
})

const FRONT = fileURLToPath(new URL("fakesnow/front.py", import.meta.url))

type Ask = (path: string, body?: object, token?: string) => Promise<Body>

async function run(
  ask: Ask,
  login: FakeSnowLogin,
  place: { readonly database: string; readonly schema: string },
  statements: readonly string[],
): Promise<void> {
  const data = { ACCOUNT_NAME: login.account, LOGIN_NAME: login.user, PASSWORD: login.password, SESSION_PARAMETERS: {} }
  const names = new URLSearchParams({ databaseName: place.database, schemaName: place.schema })
  const { data: session } = await ask(`/session/v1/login-request?${names}`, { data })
  const { token } = session as { token: string }
  for (const sqlText of statements) {
    const answer = await ask(`/queries/v1/query-request?requestId=${randomUUID()}`, { sqlText }, token)
    if (answer["success"] !== true) throw new Error(`fakesnow does not run ${sqlText}: ${String(answer["message"])}`)
  }
  await ask("/session?delete=true", {}, token)
}

const asker =
  (port: number, ca: string): Ask =>
  (path, body, token) =>
    new Promise((resolve, reject) => {
      const headers = { "content-type": "application/json", ...(token === undefined ? {} : { authorization: `Snowflake Token="${token}"` }) }
      const method = body === undefined ? "GET" : "POST"
      const options = { host: "127.0.0.1", port, path, ca, method, headers, agent: false as const, checkServerIdentity: () => undefined }
      const sent = request(options, (response) => void json(response).then((value) => resolve(value as Body), reject))
      sent.once("error", reject).end(body === undefined ? undefined : JSON.stringify(body))
    })
