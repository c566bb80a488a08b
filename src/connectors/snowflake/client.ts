import { randomUUID } from "node:crypto"
import { once } from "node:events"
import { setTimeout as sleep } from "node:timers/promises"
import type { Call } from "../../core/call.ts"
import { PlatformError } from "../../core/errors.ts"
import type { Lease } from "../../core/lease.ts"
import { explainHttp, type HttpAnswer, send } from "../shared/http.ts"
import { readAccount } from "./account.ts"
import { type Asker, type Refusal, refused } from "./errors.ts"
import type { SnowflakeConfig } from "./fields.ts"
import { readLogin } from "./login.ts"

/** Where statements run, as the request body names it; what is empty is left to the user's defaults. */
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
/** A partition holds tens of megabytes at most; what is larger is not read into memory. */
const MAX_BYTES = 256 * 1_048_576
const TRIES = 4
const FIRST_WAIT_MS = 250

/** The client of a config. Nothing is sent yet; throws `config_invalid` for a key that cannot be used. */
export function connectSnowflake(config: SnowflakeConfig, lease: Lease): Snowflake {
  const account = readAccount(config.account)
  const login = readLogin(config, account)
  const { host } = account
  const { user, role, warehouse, database, schema } = config
  const asker = { host, user, role, warehouse, fingerprint: login.fingerprint }
  const place = Object.fromEntries(Object.entries({ warehouse, database, schema, role }).filter(([, value]) => value !== ""))
  const dispatcher = lease.dispatcher(TLS)

  const headers = (): Record<string, string> => ({
    authorization: `Bearer ${login.token()}`,
    "x-snowflake-authorization-token-type": login.tokenType,
    // Without one every request is refused (391903).
    "user-agent": "jackfield/1.0",
    accept: "application/json",
  })

  const request = async (method: string, path: string, body: object | undefined, signal: AbortSignal): Promise<HttpAnswer> => {
    const whole = {
      method,
      url: new URL(`https://${host}${STATEMENTS}${path}`),
      headers: { ...headers(), "accept-encoding": "gzip", ...(body === undefined ? {} : { "content-type": "application/json" }) },
      private: new Set(["authorization"]),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }
    return await send(whole, { dispatcher, signal, maxBytes: MAX_BYTES, redirects: false })
  }

  const until = async (signal: AbortSignal, method: string, path: string, body: object | undefined, call: Call): Promise<Reply> => {
    const id = `${path.includes("?") ? "&" : "?"}requestId=${randomUUID()}`
    for (let tries = 1; ; tries++) {
      // `retry` with the same id: a statement that ran after all does not run again (docs, Resubmitting a request).
      const target = method === "GET" ? path : `${path}${id}${tries > 1 && path.startsWith("?") ? "&retry=true" : ""}`
      const outcome = await request(method, target, body, signal).catch((error: unknown) => lost(error))
      const error = outcome instanceof PlatformError ? outcome : judge(outcome, asker)
      if (!(error instanceof PlatformError)) return error
      const waitMs = Number(error.details["retryAfterMs"] ?? FIRST_WAIT_MS * 2 ** (tries - 1) * (0.5 + Math.random()))
      const again = error.code === "connection_lost" || AGAIN.has(Number(error.details["status"]))
      if (!again || tries === TRIES || waitMs >= call.remainingMs()) throw error
      await sleep(waitMs, undefined, { signal: call.signal })
    }
  }

  return {
    asker,
    place,
    ask: (method, path, body, call) => until(call.signal, method, path, body, call),
    submit: (path, body, call) => until(new AbortController().signal, "POST", path, body, call),
    cancelAtCutOff: (known) =>
      lease.beforeCutOff(async (dial) => {
        const handle = await known
        if (handle !== undefined) await cancelNow(lease, dial, host, handle, headers())
      }),
  }
}

/** Not taken, or not known whether taken, which is why a POST has an id. A statement's own timeout is 408. */
const AGAIN: ReadonlySet<number> = new Set([429, 502, 503, 504])

/** A connection that broke may be tried again; whatever else went wrong is thrown on. */
function lost(error: unknown): PlatformError {
  const known = explainHttp(error)
  if (known?.code === "connection_lost") return known
  throw error
}

function judge({ status, headers, body }: HttpAnswer, asker: Asker): Reply | PlatformError {
  const text = body.toString("utf8")
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (cause) {
    if (status === 200 || status === 202)
      return new PlatformError("response_invalid", `${asker.host} answers something that is not JSON; what stands between it and the hub?`, { cause })
  }
  const found = typeof parsed === "object" && parsed !== null ? (parsed as Record<string, unknown>) : {}
  const refusal: Refusal = { code: textOf(found["code"]), sqlState: textOf(found["sqlState"]), message: textOf(found["message"]) }
  if ((status === 200 || status === 202) && refusal.code !== "391908") return { status, body: found }
  const seconds = Number(headers["retry-after"] ?? Number.NaN)
  return refused(status, refusal, asker, Number.isFinite(seconds) ? seconds * 1_000 : undefined)
}

const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined)

type Dial = Parameters<Parameters<Lease["beforeCutOff"]>[0]>[0]

/** The one request after a cut-off, by hand: the dispatcher's sockets are about to be destroyed. */
async function cancelNow(lease: Lease, dial: Dial, host: string, handle: string, headers: Readonly<Record<string, string>>): Promise<void> {
  const socket = await lease.secure(await dial({ host, port: PORT }), host, TLS)
  const lines = Object.entries({ ...headers, host, "content-length": "0", connection: "close" }).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(`POST ${STATEMENTS}/${handle}/cancel?requestId=${randomUUID()} HTTP/1.1\r\n${lines.join("")}\r\n`)
  await once(socket.resume(), "close")
}
