import type { Config as Parsed, Secret } from "../../core/fields.ts"
import type { Lease } from "../../core/lease.ts"
import { jwtAuth, jwtSource } from "../shared/http/auth/jwt.ts"
import { fingerprintOf, type keyPairFields, keyPairOf } from "../shared/http/auth/private-key.ts"
import type { HttpAuth } from "../shared/http/auth.ts"
import { refused } from "../shared/sql/http-errors.ts"
import { type Body, httpStatements } from "../shared/sql/http-statements.ts"
import type { Progress, Submission } from "../shared/sql/statements.ts"
import { firstPart, partOf, type ResultHandle, statementId } from "../shared/sql/text-results.ts"
import type { SqlConnection } from "../shared/sql/wire.ts"
import { readAccount } from "./account.ts"
import { errors, errorsFor } from "./errors.ts"
import { types } from "./values.ts"

/** A bind variable (docs, SQL API, Using bind variables): TEXT, or a text with another type. */
export type Binding = string | null | { readonly type: "FIXED" | "REAL" | "BOOLEAN"; readonly value: string }

export interface Snowflake extends SqlConnection<Binding> {
  /** Where statements run, as the request body names it; empty names are left to the user's defaults. */
  readonly place: Readonly<Partial<Record<"warehouse" | "database" | "schema" | "role", string>>>
}

interface Config extends Required<Snowflake["place"]> {
  readonly account: string
  readonly user: string
  readonly auth: ({ readonly kind: "key_pair" } & Parsed<typeof keyPairFields>) | { readonly kind: "token" | "oauth"; readonly token: Secret }
}

/** The longest that Snowflake lets a statement run. */
const MOST_S = 604_800
/** Tokens live for an hour at most (docs, SQL API, Authenticating); a minute less leaves room for clocks. */
const LIFE_MS = 59 * 60_000
/** The one refusal that comes with a status of success: the result is too large. */
const TOO_LARGE = "391908"
const RESULTS = { types, errors }

/** The SQL API of one account (docs, SQL API reference). Nothing is sent yet; throws `config_invalid` for a key that cannot be used. */
export function connectSnowflake(config: Config, lease: Lease): Snowflake {
  const { user, role, warehouse, database, schema } = config
  const { host } = readAccount(config.account)
  const { auth, fingerprint } = loginOf(config)
  const table = errorsFor({ host, user, role }, fingerprint)
  const place = Object.fromEntries(Object.entries({ warehouse, database, schema, role }).filter(([, value]) => value !== ""))
  const wire = httpStatements<Binding, ResultHandle>(
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
  return { wire, place }
}

/** A key pair's token names its issuer `ACCOUNT.USER.SHA256:fingerprint` and its subject `ACCOUNT.USER` (docs, SQL API, Using key-pair authentication). */
export function loginOf({ account, user, auth }: Pick<Config, "account" | "user" | "auth">): { auth: HttpAuth; fingerprint: string | undefined } {
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

const submissionOf = ({ sql, params, timeoutMs, maxRows }: Submission<Binding>): object => ({
  statement: sql,
  timeout: Math.min(MOST_S, Math.max(1, Math.ceil(timeoutMs / 1_000))),
  ...(params.length === 0 ? {} : { bindings: Object.fromEntries(params.map((binding, index) => [String(index + 1), boundOf(binding)])) }),
  // By its own defaults an account may take several statements, cut results, and send bytes in base64, which may look like hexadecimal digits.
  parameters: { MULTI_STATEMENT_COUNT: "1", TIMEZONE: "UTC", QUERY_TAG: "jackfield", ROWS_PER_RESULTSET: String(maxRows ?? 0), BINARY_OUTPUT_FORMAT: "HEX" },
})

const boundOf = (binding: Binding): object => (typeof binding === "object" && binding !== null ? binding : { type: "TEXT", value: binding })

/** The statement still runs, or its result has come with its first partition. */
function progressOf(body: Body, running: boolean): Progress<ResultHandle> {
  const id = statementId(RESULTS, body["statementHandle"])
  if (running) return { next: { id } }
  const meta = body["resultSetMetaData"] as { rowType?: unknown; partitionInfo?: readonly unknown[] } | undefined
  const { numRowsInserted = 0, numRowsUpdated = 0 } = (body["stats"] ?? {}) as Readonly<Record<string, number>>
  return { ...firstPart(RESULTS, id, meta?.rowType, meta?.partitionInfo?.length, body["data"]), touched: numRowsInserted + numRowsUpdated }
}
