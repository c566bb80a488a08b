import { randomUUID } from "node:crypto"
import { PlatformError } from "../../core/errors.ts"
import type { Secret } from "../../core/fields.ts"
import { type HttpAnswer, type HttpRequest, withPrivate } from "../../core/http/request.ts"
import type { Lease, TlsSpec } from "../../core/lease.ts"
import { type HttpAuth, SECRET } from "../shared/http/auth.ts"
import type { HttpCall } from "../shared/http/call.ts"
import { httpClient } from "../shared/http/client.ts"
import { requestTo } from "../shared/http/requests.ts"
import { isPassing } from "../shared/http/retry.ts"
import { kept } from "../shared/kept.ts"
import type { ErrorTable } from "../shared/sql/errors.ts"
import { objectIn, refusalIn, refused, strange } from "../shared/sql/http-errors.ts"

export interface SessionLogin {
  readonly host: string
  /** As the account names itself, without its region. */
  readonly account: string
  readonly user: string
  readonly password: Secret
  readonly place: Readonly<Partial<Record<"warehouse" | "database" | "schema" | "role", string>>>
  readonly errors: ErrorTable
}

/** A session of the driver protocol: requests carry `token`, and `master` gets the next one. */
interface Tokens {
  readonly token: string
  readonly master: string | undefined
}

const VERIFY: TlsSpec = { mode: "verify" }
/** The token has expired (390112), or the session is gone (390103, 390104, 390111). */
const ENDED = ["390103", "390104", "390111", "390112"]
const CLOSE_MS = 2_000
/** A refusal is short. */
const REFUSAL_BYTES = 8_192
/** As every request of the vendor's drivers has it. */
export const SESSION_HEADERS = { "user-agent": "JavaScript/2.3.1 jackfield/1.0", accept: "application/snowflake" }

/**
 * The login of the vendor's drivers with user and password, which is sent when the first request is signed. A token that has expired is
 * renewed once per request: by the master token, or by a new login.
 */
export function sessionLogin(login: SessionLogin, lease: Lease): HttpAuth & { isOpen(): boolean; close(): Promise<void> } {
  const { host, errors } = login
  const client = httpClient(lease.dispatcher(VERIFY), {
    redirects: false,
    judge: (answer) => (answer.status < 300 ? undefined : refusalIn(errors, answer)),
    // A login or a renewal that did not get through may be repeated.
    retries: { most: 2, statuses: isPassing, repeatable: () => true },
  })
  const ask = async (path: string, json: object, token: string | undefined, call: HttpCall): Promise<unknown> => {
    const request = requestTo(new URL(path, `https://${host}`), { method: "POST", headers: SESSION_HEADERS, json })
    const answer = await client.send(token === undefined ? request : signed(request, token), call)
    return dataOf(errors, answer)
  }
  let tokens: Tokens | undefined
  const logIn = async (call: HttpCall): Promise<Tokens> => tokensIn(errors, await ask(loginPath(login), loginBody(login), undefined, call))
  const renewed = async ({ token, master }: Tokens, call: HttpCall): Promise<Tokens> => {
    if (master === undefined) return await logIn(call)
    try {
      const next = await ask(`/session/token-request?${requestIds()}`, { oldSessionToken: token, requestType: "RENEW" }, master, call)
      return tokensIn(errors, next, "sessionToken", master)
    } catch (error) {
      // The master token has expired too, or the session is gone.
      if (error instanceof PlatformError && /^390/.test(String(error.details["code"]))) return await logIn(call)
      throw error
    }
  }
  let current = kept(logIn)
  const enter = async (call: HttpCall): Promise<Tokens> => {
    tokens = await current(call)
    return tokens
  }
  return {
    sign: async (request, call) => signed(request, (await enter(call)).token),
    refuses: ({ status, body }) => status === 401 || (body !== undefined && body.length < REFUSAL_BYTES && ENDED.includes(codeIn(body))),
    async renew(request, call) {
      const old = tokens
      // Another request may have renewed it in the meantime.
      if (old !== undefined && request.headers["authorization"] === authorization(old.token)) {
        tokens = undefined
        current = kept((by: HttpCall) => renewed(old, by))
      }
      return signed(request, (await enter(call)).token)
    },
    show: (request) => signed(request, SECRET),
    isOpen: () => tokens !== undefined,
    async close() {
      if (tokens === undefined || lease.signal.aborted) return
      const { token } = tokens
      tokens = undefined
      await ask(`/session?delete=true&${requestIds()}`, {}, token, { signal: AbortSignal.timeout(CLOSE_MS), remainingMs: () => CLOSE_MS })
    },
  }
}

export const requestIds = (id: string = randomUUID()): string => `requestId=${id}&request_guid=${randomUUID()}`

const authorization = (token: string): string => `Snowflake Token="${token}"`

const signed = (request: HttpRequest, token: string): HttpRequest => withPrivate(request, { authorization: authorization(token) })

function loginPath({ place: { warehouse, database, schema, role } }: SessionLogin): string {
  const names = Object.entries({ warehouse, databaseName: database, schemaName: schema, roleName: role })
  const given = names.flatMap(([name, value]) => (value === undefined ? [] : [`&${name}=${encodeURIComponent(value)}`]))
  return `/session/v1/login-request?request_id=${randomUUID()}&request_guid=${randomUUID()}${given.join("")}`
}

/** As the vendor's driver for Node sends it: a client of that name gets results as JSON, never as Arrow. */
const loginBody = ({ account, user, password }: SessionLogin): object => ({
  data: {
    CLIENT_APP_ID: "JavaScript",
    CLIENT_APP_VERSION: "2.3.1",
    ACCOUNT_NAME: account,
    LOGIN_NAME: user,
    PASSWORD: password.reveal(),
    CLIENT_ENVIRONMENT: { APPLICATION: "jackfield" },
    // A query whose hub has gone ends five minutes later.
    SESSION_PARAMETERS: { CLIENT_SESSION_KEEP_ALIVE: false, ABORT_DETACHED_QUERY: true },
  },
})

/** What an answer carries; throws for a refusal, which comes with the status 200. */
function dataOf(errors: ErrorTable, answer: HttpAnswer): unknown {
  const { success, code, message, data } = objectIn(answer) ?? {}
  if (success === true) return data
  if (success !== false) throw strange(errors, "is not the one of a login")
  throw refused(errors, answer.status, { code: String(code), message: typeof message === "string" ? message : "" })
}

function tokensIn(errors: ErrorTable, data: unknown, name = "token", before?: string): Tokens {
  const { [name]: token, masterToken: master = before } = (data ?? {}) as Readonly<Record<string, unknown>>
  if (typeof token !== "string" || !/^[\x21\x23-\x7e]+$/.test(token)) throw strange(errors, "has no session token")
  return { token, master: typeof master === "string" ? master : undefined }
}

function codeIn(body: Buffer): string {
  const [, code = ""] = /"code"\s*:\s*"(\d{6})"/.exec(body.toString("latin1")) ?? []
  return code
}
