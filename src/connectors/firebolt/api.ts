import type { Call } from "../../core/call.ts"
import { PlatformError } from "../../core/errors.ts"
import type { Secret } from "../../core/fields.ts"
import type { HttpAnswer } from "../../core/http/request.ts"
import type { Lease, TlsSpec } from "../../core/lease.ts"
import { oauth2Auth } from "../shared/http/auth/oauth2.ts"
import { type HttpClient, httpClient } from "../shared/http/client.ts"
import { requestTo } from "../shared/http/requests.ts"
import { vendorHost } from "../shared/http/vendor-host.ts"
import { parseJson } from "../shared/json.ts"
import { kept } from "../shared/kept.ts"
import { type Dollar, inlined, namedDollars } from "../shared/sql/dollars.ts"
import { codesOf, type ErrorTable } from "../shared/sql/errors.ts"
import { httpErrors, objectIn, refused, strange } from "../shared/sql/http-errors.ts"
import { type LineMessage, linesWire } from "../shared/sql/http-lines.ts"
import { jsonRows } from "../shared/sql/json-rows.ts"
import type { Submission } from "../shared/sql/statements.ts"
import type { SqlConnection, SqlWire } from "../shared/sql/wire.ts"
import { columnOf, typed } from "./values.ts"

export interface Firebolt extends SqlConnection<Dollar> {
  readonly config: Config
  /** The system engine, which always runs and costs nothing: for metadata. */
  readonly system: SqlWire<Dollar>
  /** Logs in: a token, and where the account's system engine is. Throws `auth_failed` for an account that is not there. */
  enter(call: Call): Promise<unknown>
}

export interface Config {
  readonly clientId: string
  readonly clientSecret: Secret
  readonly account: string
  readonly api: string
  readonly database: string
  readonly engine: string
}

/** Where statements go, and the parameters that go with each (docs, Connecting over HTTP, Sessions). */
interface Session {
  readonly endpoint: URL
  readonly parameters: Readonly<Record<string, string>>
}

const MOST_IN_URL = 3_000
const DOMAINS = [".firebolt.io"] as const
const VERIFY: TlsSpec = { mode: "verify" }
const AUDIENCE = "https://api.firebolt.io"

/** What is wrong with an API endpoint as somebody typed it. Tokens come from its host with `id` in the place of `api`. */
export const apiFault = (text: string): string | undefined =>
  text.startsWith("api.") && vendorHost(text, DOMAINS).domain !== undefined && vendorHost(text, DOMAINS).valid
    ? undefined
    : "must be Firebolt's API endpoint, such as api.app.firebolt.io."

/** The same for an account, which becomes part of a path. */
export const accountFault = (text: string): string | undefined => (/^[\w-]+$/.test(text) ? undefined : "must be letters, digits, hyphens and underscores.")

export const errors: ErrorTable = httpErrors({
  product: "Firebolt",
  login: "service account",
  codes: codesOf({ query_invalid: ["User Error"], remote_failed: ["System Error"], auth_failed: ["HTTP 401"], permission_denied: ["HTTP 403"] }),
  sentences: { auth_failed: "Firebolt refused the service account ({said}); check its id and secret, and that a user is linked to it." },
  // Its errors have no codes that tell a row's fault from the statement's; a statement without rows tells.
  isRowFault: () => false,
  isBatchFault: (said) => said.code !== "User Error" && said.code !== "HTTP 400",
})

/** The REST API of one account (docs, REST API). Nothing is sent yet. */
export function connectFirebolt(config: Config, lease: Lease): Firebolt {
  const { clientId, clientSecret, api, database, engine } = config
  const login = {
    tokenUrl: `https://${api.replace(/^api/, "id").toLowerCase()}/oauth/token`,
    clientId,
    clientSecret,
    audience: AUDIENCE,
    clientAuth: "post" as const,
    tokenParameters: [],
  }
  const client = httpClient(lease.dispatcher(VERIFY), { auth: oauth2Auth(login, VERIFY), redirects: false, judge })
  const entered = kept((call: Call) => enter(client, config, call))
  const used = kept(async (call: Call) => await use(client, await entered(call), config, call))
  const request = async ({ sql, params, maxRows, quick, timeoutMs }: Submission<Dollar>, call: Call) => {
    const { endpoint, parameters } = quick ? await entered(call) : await used(call)
    const named = namedDollars(params)
    // A URL takes few bytes, and the statement takes many.
    const short = encodeURIComponent(named).length <= MOST_IN_URL
    const bound = params.length > 0 && short ? { query_parameters: named } : {}
    const settings = {
      timezone: "UTC",
      standard_conforming_strings: "true",
      statement_timeout: String(Math.max(1, Math.ceil(timeoutMs))),
      cancel_query_on_connection_drop: "all",
      query_label: "jackfield",
      ...(maxRows === undefined ? {} : { max_result_rows: String(Math.ceil(maxRows)) }),
    }
    return statementTo(
      { endpoint, parameters: { ...parameters, database, ...(quick ? {} : { engine, ...parameters, ...settings }), ...bound } },
      short ? sql : inlined(sql, params),
    )
  }
  const how = { product: "Firebolt", client, request, reader }
  return { config, wire: linesWire(how), system: linesWire(how, true), enter: entered }
}

const HEADERS = { accept: "application/json", "accept-encoding": "identity", "content-type": "text/plain; charset=utf-8", "firebolt-protocol-version": "2.4" }

function statementTo({ endpoint, parameters }: Session, sql: string) {
  const url = new URL(endpoint)
  for (const [name, value] of Object.entries({ ...parameters, output_format: "JSONLines_Compact" })) url.searchParams.set(name, value)
  return requestTo(url, { method: "POST", headers: HEADERS, body: sql })
}

/** The account's system engine. */
async function enter(client: HttpClient, { api, account }: Config, call: Call): Promise<Session> {
  const url = new URL(`/web/v3/account/${encodeURIComponent(account)}/engineUrl`, `https://${api.toLowerCase()}`)
  const answer = await client.send(requestTo(url, { headers: { accept: "application/json" } }), call).catch((error: unknown) => {
    if (!(error instanceof PlatformError) || error.details?.["status"] !== 404) throw error
    throw new PlatformError(
      "auth_failed",
      `There is no account ${account}, or the service account may not use it; check the name, and that a user of it is linked.`,
      { cause: error },
    )
  })
  const engineUrl = objectIn(answer)?.["engineUrl"]
  if (typeof engineUrl !== "string") throw strange(errors, "names no engine")
  const { endpoint, parameters } = sessionAt(engineUrl)
  return { endpoint: new URL("/query", endpoint), parameters }
}

/** The engine of the connector. Its address and parameters come in headers (docs, USE ENGINE; vendor's drivers). */
async function use(client: HttpClient, session: Session, { database, engine }: Config, call: Call): Promise<Session> {
  const use = `USE ENGINE "${engine.replaceAll('"', '""')}"`
  const answer = await client.send(statementTo({ ...session, parameters: { ...session.parameters, database } }, use), call)
  const [updated, endpoint] = [answer.headers["firebolt-update-parameters"] ?? "", answer.headers["firebolt-update-endpoint"]]
  const moved = endpoint === undefined ? session : sessionAt(endpoint)
  const pairs = updated.split(",").flatMap((pair) => {
    const [, name, value] = /^\s*([a-z_]{1,40})=(.{0,500}?)\s*$/.exec(pair) ?? []
    return name === undefined || value === undefined ? [] : [[name, value] as const]
  })
  return { endpoint: moved.endpoint, parameters: { ...session.parameters, ...moved.parameters, ...Object.fromEntries(pairs) } }
}

/** An address that the server gives, which must be Firebolt's own; throws `response_invalid` for any other. */
function sessionAt(text: string): Session {
  const given = /^https?:\/\//.test(text) ? text : `https://${text}`
  const url = URL.canParse(given) ? new URL(given) : undefined
  const { domain, valid } = vendorHost(url?.hostname ?? "", DOMAINS)
  if (url === undefined || url.protocol !== "https:" || url.port !== "" || url.username !== "" || url.password !== "" || domain === undefined || !valid)
    throw strange(errors, `leads to ${url?.origin ?? "no address"}, which is not Firebolt's`)
  return { endpoint: new URL(url.pathname, url.origin), parameters: Object.fromEntries(url.searchParams) }
}

type Json = Readonly<Record<string, unknown>>

/** An error as Firebolt lists it, in an answer of any status. */
function refusalOf(status: number, body: Json | undefined, text: string): PlatformError {
  const [first] = Array.isArray(body?.["errors"]) ? (body["errors"] as Json[]) : []
  const word = (name: string): string | undefined => (typeof first?.[name] === "string" ? first[name] : undefined)
  const said = [word("description"), word("resolution")].filter((each) => each !== undefined).join(" ") || text.slice(0, 300)
  return refused(errors, status, { code: word("source") ?? (first === undefined ? undefined : "User Error"), message: said })
}

function judge(answer: HttpAnswer): PlatformError | undefined {
  const body = objectIn(answer)
  if (answer.status < 300 && body?.["errors"] === undefined) return undefined
  return refusalOf(answer.status, body, answer.body.toString("utf8").trim())
}

/** Reads the messages of one statement after the other: START, DATA and FINISH, or a whole document of JSON. */
function reader(): (text: string) => LineMessage {
  let read = jsonRows([])
  return (text) => {
    const body = parseJson(text) as Json
    if (Array.isArray(body["errors"]) && body["errors"].length > 0) throw refusalOf(200, body, "")
    const described = body["result_columns"] ?? body["meta"]
    const parts = Array.isArray(described) ? (described as { name: string; type: string }[]) : undefined
    if (parts !== undefined) read = jsonRows(parts.map(({ type }) => typed(String(type))))
    const data = body["data"]
    return {
      ...(parts === undefined ? {} : { columns: parts.map(columnOf) }),
      ...(Array.isArray(data) ? { rows: (data as unknown[][]).map(read) } : {}),
      complete: body["message_type"] === "FINISH_SUCCESSFULLY" || body["meta"] !== undefined,
    }
  }
}
