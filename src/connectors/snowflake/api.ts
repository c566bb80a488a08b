import type { Call } from "../../core/call.ts"
import type { Config as Parsed, Secret } from "../../core/fields.ts"
import type { Lease } from "../../core/lease.ts"
import { jwtAuth, jwtSource } from "../shared/http/auth/jwt.ts"
import { fingerprintOf, type keyPairFields, keyPairOf } from "../shared/http/auth/private-key.ts"
import type { HttpAuth } from "../shared/http/auth.ts"
import type { Body } from "../shared/sql/http-api.ts"
import { refused } from "../shared/sql/http-errors.ts"
import { httpStatements } from "../shared/sql/http-statements.ts"
import type { Progress, Submission } from "../shared/sql/statements.ts"
import { firstPart, partOf, type ResultHandle, statementId } from "../shared/sql/text-results.ts"
import type { SqlConnection, SqlWire } from "../shared/sql/wire.ts"
import { type Tunnel, throughTunnel } from "../shared/ssh.ts"
import { readAccount } from "./account.ts"
import { errors, errorsFor } from "./errors.ts"
import { sessionWire } from "./session.ts"
import { type Binding, bindingsOf, parametersOf, secondsOf, touchedBy } from "./statement.ts"
import { types } from "./values.ts"

export interface Snowflake extends SqlConnection<Binding> {
  /** Where statements run, as the request body names it; empty names are left to the user's defaults. */
  readonly place: Readonly<Partial<Record<"warehouse" | "database" | "schema" | "role", string>>>
  /** Returns if the login still holds; absent where each request logs in by itself. */
  alive?(call: Call): Promise<void>
}

interface Config extends Required<Snowflake["place"]> {
  readonly account: string
  readonly user: string
  readonly tunnel: Tunnel
  readonly auth:
    | { readonly kind: "password"; readonly password: Secret }
    | ({ readonly kind: "key_pair" } & Parsed<typeof keyPairFields>)
    | { readonly kind: "token" | "oauth"; readonly token: Secret }
}

/** Tokens live for an hour at most (docs, SQL API, Authenticating); a minute less leaves room for clocks. */
const LIFE_MS = 59 * 60_000
/** The one refusal that comes with a status of success: the result is too large. */
const TOO_LARGE = "391908"
const RESULTS = { types, errors }

/** One account, by the protocol that takes the login. Nothing is sent yet; throws `config_invalid` for a key that cannot be used. */
export function connectSnowflake(config: Config, given: Lease): Snowflake {
  const lease = throughTunnel(given, config.tunnel)
  const { account, user, role, warehouse, database, schema, auth } = config
  const { host, claim } = readAccount(account)
  const place = Object.fromEntries(Object.entries({ warehouse, database, schema, role }).filter(([, value]) => value !== ""))
  if (auth.kind !== "password") return { wire: sqlApi({ ...config, auth }, host, place, lease), place }
  const errors = errorsFor({ host, user, role }, { kind: "password" })
  const wire = sessionWire({ host, account: claim, user, password: auth.password, place, errors }, lease)
  return { wire, place, alive: wire.alive }
}

type Signed = Omit<Config, "auth"> & { readonly auth: Exclude<Config["auth"], { readonly kind: "password" }> }

/** The SQL API (docs, SQL API reference), which takes keys and tokens. */
function sqlApi(config: Signed, host: string, place: Snowflake["place"], lease: Lease): SqlWire<Binding> {
  const { user, role } = config
  const { auth, fingerprint } = loginOf(config)
  const table = errorsFor({ host, user, role }, { kind: config.auth.kind, fingerprint })
  return httpStatements<Binding, ResultHandle>(
    {
      base: `https://${host}/api/v2/statements`,
      // Without a user agent every request is refused (391903).
      headers: { "user-agent": "jackfield/1.0", accept: "application/json" },
      auth,
      errors: table,
      // With `retry` and the same id a statement that ran after all does not run again (docs, Resubmitting a request).
      once: ({ method, json }, requestId, attempt) => (method === "GET" ? {} : { requestId, ...(attempt > 1 && json ? { retry: "true" } : {}) }),
      submit: (statement) => ({ method: "POST", to: `?async=${String(!statement.quick)}`, json: { ...submissionOf(statement), ...place } }),
      next: ({ id, rest }) => ({ method: "GET", to: `statements/${id}${rest === undefined ? "" : `?partition=${rest.part}`}` }),
      cancel: ({ id }) => ({ method: "POST", to: `statements/${id}/cancel` }),
      progress(body, status, from) {
        if (body["code"] === TOO_LARGE) throw refused(table, status, body)
        return from?.rest === undefined ? progressOf(body, status === 202) : partOf(RESULTS, from.id, from.rest, body["data"])
      },
    },
    lease,
  )
}

/** A key pair's token names its issuer `ACCOUNT.USER.SHA256:fingerprint` and its subject `ACCOUNT.USER` (docs, SQL API, Using key-pair authentication). */
export function loginOf({ account, user, auth }: Pick<Signed, "account" | "user" | "auth">): { auth: HttpAuth; fingerprint: string | undefined } {
  const header = (tokenType: string) => ({ "x-snowflake-authorization-token-type": tokenType })
  if (auth.kind !== "key_pair") {
    const { kind, token } = auth
    return { auth: jwtAuth(async () => token.reveal(), header(kind === "oauth" ? "OAUTH" : "PROGRAMMATIC_ACCESS_TOKEN")), fingerprint: undefined }
  }
  const key = keyPairOf(auth, "Snowflake")
  const [subject, fingerprint] = [`${readAccount(account).claim}.${user.toUpperCase()}`, fingerprintOf(key)]
  const claims = { iss: `${subject}.${fingerprint}`, sub: subject }
  return { auth: jwtAuth(jwtSource({ key, algorithm: "RS256", claims, lifeMs: LIFE_MS }), header("KEYPAIR_JWT")), fingerprint }
}

const submissionOf = (statement: Submission<Binding>): object => ({
  statement: statement.sql,
  timeout: secondsOf(statement),
  ...bindingsOf(statement),
  parameters: parametersOf(statement),
})

/** The statement still runs, or its result has come with its first partition. */
function progressOf(body: Body, running: boolean): Progress<ResultHandle> {
  const id = statementId(RESULTS, body["statementHandle"])
  if (running) return { next: { id } }
  const meta = body["resultSetMetaData"] as { rowType?: unknown; partitionInfo?: readonly { rowCount?: unknown }[] } | undefined
  const counts = meta?.partitionInfo?.map(({ rowCount }) => rowCount)
  return { ...firstPart(RESULTS, id, meta?.rowType, counts, body["data"]), touched: touchedBy(body["stats"]) }
}
