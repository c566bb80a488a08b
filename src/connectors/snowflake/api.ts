import { randomUUID } from "node:crypto"
import { PlatformError } from "../../core/errors.ts"
import type { Secret } from "../../core/fields.ts"
import type { HttpAnswer } from "../../core/http/request.ts"
import type { Lease } from "../../core/lease.ts"
import { retrying } from "../../core/retry.ts"
import { jwtAuth, jwtSource } from "../shared/http/auth/jwt.ts"
import { fingerprintOf, openRsaKey } from "../shared/http/auth/private-key.ts"
import type { HttpAuth } from "../shared/http/auth.ts"
import type { HttpCall } from "../shared/http/call.ts"
import { httpClient } from "../shared/http/client.ts"
import { lastRequest } from "../shared/http/last-request.ts"
import { requestTo } from "../shared/http/requests.ts"
import { type HttpRetries, isPassing, retriesOf } from "../shared/http/retry.ts"
import type { ErrorTable } from "../shared/sql/errors.ts"
import { objectIn, refusalIn } from "../shared/sql/http-errors.ts"
import { type Progress, type StatementApi, type Submission, wireOver } from "../shared/sql/statements.ts"
import type { SqlConnection } from "../shared/sql/wire.ts"
import { readAccount } from "./account.ts"
import { errorsFor } from "./errors.ts"
import { columnsOf, type RowType, valuesOf } from "./values.ts"

/** A bind variable (docs, SQL API, Using bind variables): TEXT, or a text with another type. */
export type Binding = string | null | { readonly type: "FIXED" | "REAL" | "BOOLEAN"; readonly value: string }

export type Place = Readonly<Partial<Record<"warehouse" | "database" | "schema" | "role", string>>>

export interface Snowflake extends SqlConnection<Binding> {
  /** Where statements run, as the request body names it; empty names are left to the user's defaults. */
  readonly place: Place
}

interface Config extends Required<Place> {
  readonly account: string
  readonly user: string
  readonly auth:
    | { readonly kind: "key_pair"; readonly privateKey: Secret; readonly passphrase: Secret | undefined }
    | { readonly kind: "token" | "oauth"; readonly token: Secret }
}

/** A statement, and which partition of its result comes next once it has ended. */
interface Handle {
  readonly id: string
  readonly rest?: { readonly rowType: readonly RowType[]; readonly partition: number; readonly partitions: number }
}

type Body = Readonly<Record<string, unknown>>

const TLS = { mode: "verify" } as const
/** Without a user agent every request is refused (391903). */
const HEADERS = { "user-agent": "jackfield/1.0", accept: "application/json" }
/** A partition holds tens of megabytes at most; a larger answer is not read into memory. */
const MAX_BYTES = 256 * 1_048_576
/** Every request may be repeated: a POST has an id. A statement's own timeout is 408, which is final. */
const RETRIES: HttpRetries = { most: 3, statuses: isPassing, repeatable: () => true }
/** The longest that Snowflake lets a statement run. */
const MOST_S = 604_800
const CANCEL_MS = 5_000
/** Tokens live for an hour at most (docs, SQL API, Authenticating); a minute less leaves room for clocks. */
const LIFE_MS = 59 * 60_000
/** The one refusal that comes with a status of success: the result is too large. */
const TOO_LARGE = "391908"

/** The SQL API of one account (docs, SQL API reference). Nothing is sent yet; throws `config_invalid` for a key that cannot be used. */
export function connectSnowflake(config: Config, lease: Lease): Snowflake {
  const { user, role, warehouse, database, schema } = config
  const { host } = readAccount(config.account)
  const { auth, fingerprint } = loginOf(config)
  const table = errorsFor({ host, user, role, fingerprint })
  const place = Object.fromEntries(Object.entries({ warehouse, database, schema, role }).filter(([, value]) => value !== ""))
  const judge = (answer: HttpAnswer) => (answer.status === 200 || answer.status === 202 ? undefined : refusalIn(table, answer))
  const client = httpClient(lease.dispatcher(TLS), { auth, maxBytes: MAX_BYTES, redirects: false, judge })

  const requestOf = (method: "GET" | "POST", path: string, body?: object) =>
    requestTo(new URL(`https://${host}/api/v2/statements${path}`), { method, headers: HEADERS, json: body })
  /** `signal` may outlive the call's, but a wait between two tries ends with the call. */
  const send = (method: "GET" | "POST", path: string, call: HttpCall, body?: object, signal = call.signal): Promise<Body> => {
    const id = method === "GET" ? "" : `${path.includes("?") ? "&" : "?"}requestId=${randomUUID()}`
    return retrying(
      // `retry` with the same id: a statement that ran after all does not run again (docs, Resubmitting a request).
      async (attempt) => {
        const again = attempt > 1 && path.startsWith("?") ? "&retry=true" : ""
        return successOf(await client.send(requestOf(method, `${path}${id}${again}`, body), { ...call, signal }), host, table)
      },
      retriesOf(RETRIES, requestOf(method, path), call),
    )
  }

  const api: StatementApi<Binding, Handle> = {
    async submit(statement, call) {
      const path = `?async=${String(!statement.quick)}`
      return progressOf(await send("POST", path, call, submissionOf(statement, place), statement.quick ? call.signal : new AbortController().signal))
    },
    async next({ id, rest }, call) {
      if (rest === undefined) return progressOf(await send("GET", `/${id}`, call))
      return partitionOf(id, rest, await send("GET", `/${id}?partition=${rest.partition}`, call))
    },
    async cancel({ id }, dial) {
      const call = { signal: AbortSignal.timeout(CANCEL_MS), remainingMs: () => CANCEL_MS }
      if (dial === undefined) await send("POST", `/${id}/cancel`, call)
      else await lastRequest(lease, dial, await auth.sign(requestOf("POST", `/${id}/cancel?requestId=${randomUUID()}`), call), TLS)
    },
  }
  return { wire: wireOver(api, lease), place }
}

/** A key pair's token names its issuer `ACCOUNT.USER.SHA256:fingerprint` and its subject `ACCOUNT.USER` (docs, SQL API, Using key-pair authentication). */
export function loginOf({ account, user, auth }: Pick<Config, "account" | "user" | "auth">): { auth: HttpAuth; fingerprint: string | undefined } {
  const header = (tokenType: string) => ({ "x-snowflake-authorization-token-type": tokenType })
  if (auth.kind !== "key_pair")
    return {
      auth: jwtAuth(async () => auth.token.reveal(), header(auth.kind === "oauth" ? "OAUTH" : "PROGRAMMATIC_ACCESS_TOKEN")),
      fingerprint: undefined,
    }
  const fields = { key: "/auth/privateKey", passphrase: "/auth/passphrase" }
  const key = openRsaKey({ pem: auth.privateKey.reveal(), passphrase: auth.passphrase?.reveal(), fields, product: "Snowflake" })
  const [subject, fingerprint] = [`${readAccount(account).claim}.${user.toUpperCase()}`, fingerprintOf(key)]
  const claims = { iss: `${subject}.${fingerprint}`, sub: subject }
  return { auth: jwtAuth(jwtSource({ key, algorithm: "RS256", claims, lifeMs: LIFE_MS }), header("KEYPAIR_JWT")), fingerprint }
}

const submissionOf = ({ sql, params, timeoutMs, maxRows }: Submission<Binding>, place: Place): object => ({
  statement: sql,
  timeout: Math.min(MOST_S, Math.max(1, Math.ceil(timeoutMs / 1_000))),
  ...place,
  ...(params.length === 0 ? {} : { bindings: Object.fromEntries(params.map((binding, index) => [String(index + 1), boundOf(binding)])) }),
  parameters: {
    // An account may allow more than one by default.
    MULTI_STATEMENT_COUNT: "1",
    TIMEZONE: "UTC",
    QUERY_TAG: "jackfield",
    ...(maxRows === undefined ? {} : { ROWS_PER_RESULTSET: String(maxRows) }),
  },
})

const boundOf = (binding: Binding): object => (typeof binding === "object" && binding !== null ? binding : { type: "TEXT", value: binding })

function successOf(answer: HttpAnswer, host: string, table: ErrorTable): Body {
  const body = objectIn(answer)
  if (body === undefined) throw new PlatformError("response_invalid", `${host} answers with a body that is not JSON; check for a proxy between it and the hub.`)
  if (body["code"] === TOO_LARGE) throw refusalIn(table, answer)
  return { ...body, running: answer.status === 202 }
}

/** The statement still runs, or its result has come with its first partition. */
function progressOf(body: Body): Progress<Handle> {
  const id = body["statementHandle"]
  // It becomes part of a path.
  if (typeof id !== "string" || !/^[0-9a-f-]{36}$/i.test(id)) throw invalid("has no statement handle")
  if (body["running"] === true) return { next: { id } }
  const meta = body["resultSetMetaData"] as { rowType?: unknown; partitionInfo?: unknown } | undefined
  if (!Array.isArray(meta?.rowType)) throw invalid("names no columns")
  const rowType = meta.rowType as RowType[]
  const { numRowsInserted = 0, numRowsUpdated = 0 } = (body["stats"] ?? {}) as Readonly<Record<string, number>>
  const partitions = Array.isArray(meta.partitionInfo) ? meta.partitionInfo.length : 1
  const first = partitionOf(id, { rowType, partition: 0, partitions }, body)
  return { ...first, columns: columnsOf(rowType), touched: numRowsInserted + numRowsUpdated }
}

function partitionOf(id: string, rest: NonNullable<Handle["rest"]>, { data }: Body): Progress<Handle> {
  if (!Array.isArray(data)) throw invalid("has no rows")
  const { rowType, partition, partitions } = rest
  const next = partition + 1 < partitions ? { next: { id, rest: { ...rest, partition: partition + 1 } } } : {}
  return { rows: valuesOf(data as (string | null)[][], rowType), ended: true, ...next }
}

const invalid = (how: string): PlatformError => new PlatformError("response_invalid", `Snowflake's answer ${how}; check for a proxy between it and the hub.`)
