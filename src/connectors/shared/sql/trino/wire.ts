import { PlatformError } from "../../../../core/errors.ts"
import type { Lease, TlsSpec } from "../../../../core/lease.ts"
import type { HttpAuth } from "../../http/auth.ts"
import { parseJson } from "../../json.ts"
import type { ErrorTable } from "../errors.ts"
import type { Body } from "../http-api.ts"
import { refused, strange } from "../http-errors.ts"
import { httpStatements } from "../http-statements.ts"
import { withoutEnd } from "../lexis.ts"
import { writeFault } from "../reading.ts"
import type { Progress } from "../statements.ts"
import type { SqlWire } from "../wire.ts"
import { reading } from "./dialect.ts"
import { type Bound, bind } from "./literals.ts"
import { describedBy } from "./values.ts"

/** Where a coordinator is, and what every request to it says. */
export interface TrinoServer {
  /** `https://host:port`. */
  readonly origin: string
  readonly tls: TlsSpec | undefined
  readonly auth: HttpAuth
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly errors: ErrorTable
}

/** The server holds a question open for a second until it has an answer, so that asking again at once costs nothing. */
const POLL_MS = { first: 1, most: 100 }

/** Every answer's path begins with it. */
const PATH = "/v1/statement"

/** The protocol of Trino's own clients (docs, Trino client REST API): a statement is posted, each answer links to the next, and deleting the link cancels. */
export const trinoWire = ({ origin, tls, auth, headers, errors }: TrinoServer, lease: Lease): SqlWire<Bound> =>
  httpStatements<Bound, string>(
    {
      base: origin,
      // Without the capability, times have three decimals. The protocol of spooled results is not offered: its links lead to other hosts.
      headers: { ...headers, "x-trino-source": "jackfield", "x-trino-time-zone": "UTC", "x-trino-client-capabilities": "PARAMETRIC_DATETIME" },
      auth,
      tls,
      errors,
      parse: parseJson,
      pollMs: POLL_MS,
      submit: ({ sql, params }) => ({
        method: "POST",
        to: PATH,
        text: bind(withoutEnd(sql, reading.lexis), params),
        repeatable: writeFault(sql, reading) === undefined,
      }),
      next: (link) => ({ method: "GET", to: link }),
      cancel: (link) => ({ method: "DELETE", to: link }),
      progress(body) {
        const error = body["error"]
        if (typeof error === "object" && error !== null) throw refusalOf(errors, error as Body)
        return progressOf(errors, origin, body)
      },
    },
    lease,
  )

function refusalOf(errors: ErrorTable, error: Body): PlatformError {
  const text = (name: string): string | undefined => (typeof error[name] === "string" ? (error[name] as string) : undefined)
  return refused(errors, 200, { code: text("errorName"), message: text("message"), details: { kind: text("errorType") } })
}

function progressOf(errors: ErrorTable, origin: string, { columns, data, nextUri, updateCount }: Body): Progress<string> {
  const described = Array.isArray(columns) ? describedBy(columns) : undefined
  if (Array.isArray(data) && described === undefined) throw strange(errors, "has rows and names no columns")
  return {
    ...(described === undefined ? {} : { columns: described.columns }),
    ...(Array.isArray(data) && described !== undefined ? { rows: described.rows(data as unknown[][]) } : {}),
    ...(typeof updateCount === "number" ? { touched: updateCount } : {}),
    ...(nextUri === undefined ? {} : { next: linkOf(errors, origin, nextUri) }),
  }
}

/** The next link, which leads to the same server: the hub follows it nowhere else. */
function linkOf({ product }: ErrorTable, origin: string, link: unknown): string {
  const url = typeof link === "string" && URL.canParse(link) ? new URL(link) : undefined
  if (url?.origin === origin && url.pathname.startsWith(`${PATH}/`)) return url.href
  const to = url === undefined ? "nowhere" : `${url.origin}${url.pathname.slice(0, 40)}`
  throw new PlatformError(
    "response_invalid",
    `${product}'s answer leads to ${to}, and not to ${origin}${PATH}/…; if a proxy stands before it, let the proxy send X-Forwarded-Host and X-Forwarded-Proto, and set http-server.process-forwarded=true in ${product}.`,
  )
}
