import { randomBytes, randomUUID } from "node:crypto"
import type { Call } from "../../../../core/call.ts"
import { PlatformError } from "../../../../core/errors.ts"
import { decoded } from "../../../../core/http/codings.ts"
import type { HttpRequest } from "../../../../core/http/request.ts"
import type { Lease, TlsSpec } from "../../../../core/lease.ts"
import type { HttpAuth } from "../../http/auth.ts"
import { httpClient } from "../../http/client.ts"
import { lastRequest } from "../../http/last-request.ts"
import { requestTo } from "../../http/requests.ts"
import { kept } from "../../kept.ts"
import type { ErrorTable } from "../errors.ts"
import { strange } from "../http-errors.ts"
import { pagesOf } from "../statements.ts"
import type { SqlWire } from "../wire.ts"
import { latin } from "./encode.ts"
import { exceptionIn, judgedBy, tooOld } from "./errors.ts"
import { type Greeting, greet, MARKED, PLAIN } from "./greeting.ts"
import { parameterTypes } from "./parameters.ts"
import { type Part, partsOf } from "./rows.ts"
import { CHANGING, COMPRESSION, END, READING, type Settings, WRITING } from "./settings.ts"

/** Where a server is, and how each request to it is made. */
export interface ClickhouseServer {
  /** With the path of a proxy, if there is one. */
  readonly url: URL
  readonly tls: TlsSpec | undefined
  readonly auth: HttpAuth
  readonly errors: ErrorTable
  /** Empty: the user's own. */
  readonly database: string
  /** Settings of the connector's, for every statement. */
  readonly settings: Readonly<Record<string, string>>
  /** Roles to take; empty: the user's own. */
  readonly roles: readonly string[]
}

export interface ClickhouseWire extends SqlWire<string> {
  greeting(call: Call): Promise<Greeting>
  /** Sends rows as TabSeparated, with one character for each byte. */
  insert(statement: string, rows: string, call: Call): Promise<void>
}

const VERIFY: TlsSpec = { mode: "verify" }
/** Bytes of all parameters of a statement at most: they travel in the URL. */
const PARAMS_MAX = 256 * 1_024
const CANCEL_MS = 5_000

/** The wire of ClickHouse's HTTP interface. Statements that the hub cuts off are killed on the server. */
export function clickhouseWire(server: ClickhouseServer, lease: Lease): ClickhouseWire {
  const { errors, tls = VERIFY, auth } = server
  const client = httpClient(lease.dispatcher(tls), { auth, redirects: false, judge: judgedBy(errors) })
  const greeting = kept((call: Call) => greet(server.url, client, (parameters, sql) => requestOf({ ...server, database: "" }, parameters, sql), call))

  /** Runs a request; its statement is killed on the server when the lease is cut off before the end. */
  async function* killed<T>(id: string, work: () => AsyncIterable<T>, call: Call): AsyncGenerator<T> {
    call.signal.throwIfAborted()
    const kill = requestOf(server, { query_id: randomUUID() }, `KILL QUERY WHERE query_id = '${id}' ASYNC`)
    const last = { signal: AbortSignal.timeout(CANCEL_MS), remainingMs: () => CANCEL_MS }
    const release = lease.beforeCutOff(async (dial) => await lastRequest(lease, dial, await auth.sign(kill, last), tls))
    try {
      yield* work()
    } finally {
      release()
    }
  }

  async function* reading(sql: string, params: readonly string[], timeoutMs: number, call: Call): AsyncGenerator<Part> {
    const known = await greeting(call)
    if (known.readonly === 1) throw readOnlyProfile()
    if (params.length > 0 && !known.whole) throw tooOld(known.version, "takes no parameters")
    const [id, end] = [randomUUID(), known.whole ? `end ${randomBytes(12).toString("hex")}` : undefined]
    const { readonly: _, ...others } = READING
    const settings = {
      ...server.settings,
      ...known.only({ ...(known.readonly === 0 ? READING : others), [COMPRESSION]: "1", ...(end === undefined ? {} : { [END]: end }) }),
      ...known.timeLimit(timeoutMs, server.settings),
    }
    const form = { end, iso: Object.hasOwn(settings, "date_time_output_format"), refusal: (text: string) => exceptionIn(text, 200, errors) }
    const format = known.whole ? MARKED : PLAIN
    const request = requestOf(server, { query_id: id, default_format: format, ...settings, ...named(params) }, sql)
    const work = async function* () {
      const answer = await client.open(request, call)
      try {
        const { "x-clickhouse-format": given = format, "content-type": type = "" } = answer.headers
        if (type.startsWith("text/html")) throw strange(errors, "is a page of HTML")
        if (given !== format)
          throw new PlatformError("query_invalid", `The statement asks for the format ${given.slice(0, 60)}; leave FORMAT out, the hub chooses its own.`)
        yield* partsOf(decoded(answer.body, answer.headers["content-encoding"] ?? ""), form)
      } finally {
        answer.close()
      }
    }
    yield* killed(id, work, call)
  }

  /** A statement that changes something; its answer has no rows. */
  const changing = async (body: string | Uint8Array, settings: Settings, params: readonly string[], call: Call): Promise<void> => {
    const known = await greeting(call)
    const id = randomUUID()
    const all = { ...server.settings, ...known.only(settings), ...known.timeLimit(call.remainingMs(), server.settings), ...named(params) }
    const work = async function* () {
      yield await client.send(requestOf(server, { query_id: id, ...all }, body), call)
    }
    for await (const _ of killed(id, work, call));
  }

  return {
    greeting,
    pages: (sql, params, limits, call) => pagesOf<never>(reading(sql, params, call.longestMs(), call), limits),
    async run(sql, params, call) {
      if (!/^\s*(SELECT|SHOW|EXISTS)\b/i.test(sql)) {
        await changing(sql, CHANGING, params, call)
        return { columns: [], rows: [], touched: 0 }
      }
      let columns: Part["columns"] = []
      const rows: Part["rows"][number][] = []
      for await (const part of reading(sql, params, call.remainingMs(), call)) {
        columns = part.columns
        for (const row of part.rows) rows.push(row)
      }
      return { columns, rows, touched: 0 }
    },
    insert: (statement, rows, call) => changing(Buffer.from(`${latin(statement)}\n${rows}`, "latin1"), WRITING, [], call),
    paramTypes: async (sql, values) => parameterTypes(sql, values),
    close: () => Promise.resolve(),
  }
}

/** A request with settings and parameters in its URL, of which each character is a byte. */
function requestOf({ url: base, database, roles }: ClickhouseServer, parameters: Settings, body: string | Uint8Array): HttpRequest {
  const all = [
    ...(database === "" ? [] : [["database", latin(database)] as const]),
    ...roles.map((role) => ["role", latin(role)] as const),
    ...Object.entries(parameters),
  ]
  const url = new URL(base)
  url.search = all.map(([name, value]) => `${name}=${percent(value)}`).join("&")
  const own = { accept: "*/*", "accept-encoding": "zstd, gzip", "content-type": "text/plain; charset=utf-8" }
  return requestTo(url, { method: "POST", headers: { ...own }, body })
}

/** Parameters by their names in a statement: `{p1:String}`. */
function named(params: readonly string[]): Settings {
  if (params.reduce((sum, value) => sum + value.length, 0) > PARAMS_MAX)
    throw new PlatformError("query_invalid", `The parameters take more than ${PARAMS_MAX / 1_024} KiB, and they travel in a URL; send fewer or shorter ones.`)
  return Object.fromEntries(params.map((value, index) => [`param_p${index + 1}`, value]))
}

const readOnlyProfile = (): PlatformError =>
  new PlatformError(
    "permission_denied",
    "The profile of this user has readonly = 1, so the hub cannot choose how values are written; set it to 2, or give the user SELECT alone.",
  )
const percent = (bytes: string): string => bytes.replace(/[^\w.~-]/g, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`)
