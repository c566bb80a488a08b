import { randomUUID } from "node:crypto"
import { once } from "node:events"
import type { Call } from "../../core/call.ts"
import { PlatformError } from "../../core/errors.ts"
import type { HttpAnswer } from "../../core/http/request.ts"
import type { Lease } from "../../core/lease.ts"
import { retrying } from "../../core/retry.ts"
import { jwtAuth } from "../shared/http/auth/jwt.ts"
import { httpClient } from "../shared/http/client.ts"
import { requestTo } from "../shared/http/requests.ts"
import { type HttpRetries, isPassing, retriesOf } from "../shared/http/retry.ts"
import { readAccount } from "./account.ts"
import { type Asker, refusalOf } from "./errors.ts"
import type { SnowflakeConfig } from "./fields.ts"
import { readLogin } from "./login.ts"

/** Where statements run, as the request body names it; empty names are left to the user's defaults. */
export type Place = Readonly<Partial<Record<"warehouse" | "database" | "schema" | "role", string>>>

/** A success: 200 with a result, or 202 while the statement runs. */
export interface Reply {
  readonly status: 200 | 202
  readonly body: Readonly<Record<string, unknown>>
}

/** The SQL API of one account (docs, SQL API reference). Requests that were not taken are sent again; others throw. */
export interface Snowflake {
  readonly asker: Asker
  readonly place: Place
  /** `path` is below `/api/v2/statements`. A POST carries a request id, so that a repeat does not run twice. */
  ask(method: "GET" | "POST", path: string, body: object | undefined, call: Call): Promise<Reply>
  /** The same for a POST that must be answered: it goes on into the grace of a cut-off, since only the answer says what to cancel. */
  submit(path: string, body: object, call: Call): Promise<Reply>
  /** Cancels that statement when the lease is cut off; the returned function takes it back. */
  cancelAtCutOff(handle: Promise<string | undefined>): () => void
}

const PORT = 443
const TLS = { mode: "verify" } as const
const STATEMENTS = "/api/v2/statements"
/** A partition holds tens of megabytes at most; a larger answer is not read into memory. */
const MAX_BYTES = 256 * 1_048_576
/** Every request may be repeated: a POST has an id. A statement's own timeout is 408, which is final. */
const RETRIES: HttpRetries = { most: 3, statuses: isPassing, repeatable: () => true }

/** The client of a config. Nothing is sent yet; throws `config_invalid` for a key that cannot be used. */
export function connectSnowflake(config: SnowflakeConfig, lease: Lease): Snowflake {
  const account = readAccount(config.account)
  const login = readLogin(config, account)
  const { host } = account
  const { user, role, warehouse, database, schema } = config
  const asker = { host, user, role, warehouse, fingerprint: login.fingerprint }
  const place = Object.fromEntries(Object.entries({ warehouse, database, schema, role }).filter(([, value]) => value !== ""))
  const client = httpClient(lease.dispatcher(TLS), {
    auth: jwtAuth(login.token, { "x-snowflake-authorization-token-type": login.tokenType }),
    maxBytes: MAX_BYTES,
    redirects: false,
    judge: (answer) => (isReply(answer) ? undefined : refusalOf(answer, asker)),
  })
  // Without a user agent every request is refused (391903).
  const headers = { "user-agent": "jackfield/1.0", accept: "application/json" }

  const until = (signal: AbortSignal, method: string, path: string, body: object | undefined, call: Call): Promise<Reply> => {
    const id = `${path.includes("?") ? "&" : "?"}requestId=${randomUUID()}`
    const request = (attempt: number) => {
      // `retry` with the same id: a statement that ran after all does not run again (docs, Resubmitting a request).
      const target = method === "GET" ? path : `${path}${id}${attempt > 1 && path.startsWith("?") ? "&retry=true" : ""}`
      return requestTo(new URL(`https://${host}${STATEMENTS}${target}`), { method, headers, json: body })
    }
    // A wait ends with the call, whatever signal the request itself has.
    const retries = retriesOf(RETRIES, request(1), call)
    return retrying(async (attempt) => replyOf(await client.send(request(attempt), { ...call, signal }), asker), retries)
  }

  return {
    asker,
    place,
    ask: (method, path, body, call) => until(call.signal, method, path, body, call),
    submit: (path, body, call) => until(new AbortController().signal, "POST", path, body, call),
    cancelAtCutOff: (known) =>
      lease.beforeCutOff(async (dial) => {
        const handle = await known
        if (handle === undefined) return
        const proof = { authorization: `Bearer ${await login.token()}`, "x-snowflake-authorization-token-type": login.tokenType }
        await cancelNow(lease, dial, host, handle, { ...headers, ...proof })
      }),
  }
}

const isReply = ({ status }: HttpAnswer): boolean => status === 200 || status === 202

function replyOf(answer: HttpAnswer, asker: Asker): Reply {
  let body: unknown
  try {
    body = JSON.parse(answer.body.toString("utf8"))
  } catch (cause) {
    throw new PlatformError("response_invalid", `${asker.host} answers with a body that is not JSON; check for a proxy between it and the hub.`, { cause })
  }
  const found = typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {}
  if (found["code"] === TOO_LARGE) throw refusalOf(answer, asker)
  return { status: answer.status as Reply["status"], body: found }
}

/** The one refusal that comes with a status of success. */
const TOO_LARGE = "391908"

type Dial = Parameters<Parameters<Lease["beforeCutOff"]>[0]>[0]

/** The one request after a cut-off, by hand: the dispatcher's sockets are about to be destroyed. */
async function cancelNow(lease: Lease, dial: Dial, host: string, handle: string, headers: Readonly<Record<string, string>>): Promise<void> {
  const socket = await lease.secure(await dial({ host, port: PORT }), host, TLS)
  const lines = Object.entries({ ...headers, host, "content-length": "0", connection: "close" }).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(`POST ${STATEMENTS}/${handle}/cancel?requestId=${randomUUID()} HTTP/1.1\r\n${lines.join("")}\r\n`)
  await once(socket.resume(), "close")
}
