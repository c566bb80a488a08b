import { PlatformError } from "../../../../core/errors.ts"
import type { Lease } from "../../../../core/lease.ts"
import type { HttpAuth } from "../../http/auth.ts"
import type { ErrorTable } from "../errors.ts"
import type { Ask, Body } from "../http-api.ts"
import { refused, strange } from "../http-errors.ts"
import { type HttpWire, httpStatements, type Via } from "../http-statements.ts"
import { type ResultLink, resultLinks, textRows } from "../result-links.ts"
import { type Binding, outerType, type sparkTypes, spelledType } from "../spark/types.ts"
import type { Progress, Submission } from "../statements.ts"
import type { ColumnParts } from "../text-types.ts"

/** One SQL warehouse of one workspace. */
export interface StatementExecution {
  readonly host: string
  readonly auth: HttpAuth
  readonly errors: ErrorTable
  readonly types: ReturnType<typeof sparkTypes>
  /** With each statement: `warehouse_id`, and `catalog` and `schema` for names without theirs. */
  readonly place: Readonly<Record<string, string>>
}

/** Results are cut off at 100 GiB, by the system's own count; a result that is cut at a number of rows is cut as it was asked for. */
const MOST_BYTES = 99 * 1_024 ** 3

/** A statement by its id, and the chunk of its result that comes next once it has ended. */
interface Handle {
  readonly id: string
  readonly rest?: { readonly chunk: number; readonly columns: readonly ColumnParts[]; readonly chunks: number }
}

/** The Statement Execution API 2.0 (docs.databricks.com, REST API). Nothing is sent yet. */
export function statementExecution({ host, auth, errors, types, place }: StatementExecution, lease: Lease): HttpWire<Binding> {
  const told: Telling = { errors, types, download: resultLinks(lease, errors) }
  return httpStatements<Binding, Handle>(
    {
      base: `https://${host}/api/2.0/sql/statements/`,
      headers: { "user-agent": "jackfield/1.0", accept: "application/json" },
      auth,
      errors,
      submit: (statement) => ({ method: "POST", to: "/api/2.0/sql/statements", json: { ...submissionOf(statement), ...place } }),
      next: ({ id, rest }) => (rest === undefined ? { method: "GET", to: id } : chunkOf(id, rest.chunk)),
      cancel: ({ id }) => ({ method: "POST", to: `${id}/cancel`, json: {} }),
      progress: (body, _, from, via) => (from?.rest === undefined ? progressOf(told, body, via) : partOf(told, body, from.id, from.rest, via)),
    },
    lease,
  )
}

/** How answers are read. */
interface Telling extends Pick<StatementExecution, "errors" | "types"> {
  readonly download: ReturnType<typeof resultLinks>
}

const chunkOf = (id: string, chunk: number): Ask => ({ method: "GET", to: `${id}/result/chunks/${chunk}` })

/** Results of ours are small and come with the answer; others come by links, since inline ones end at 25 MiB. */
const submissionOf = ({ sql, params, maxRows, quick, large }: Submission<Binding>): object => ({
  statement: sql,
  ...(params.length === 0 ? {} : { parameters: params.map((binding, index) => ({ name: `p${index + 1}`, ...boundOf(binding) })) }),
  wait_timeout: quick ? "30s" : "0s",
  ...(quick ? { on_wait_timeout: "CONTINUE" } : {}),
  disposition: large ? "EXTERNAL_LINKS" : "INLINE",
  format: "JSON_ARRAY",
  ...(maxRows === undefined ? {} : { row_limit: maxRows }),
})

const boundOf = (binding: Binding): object => (typeof binding === "object" && binding !== null ? binding : { type: "STRING", value: binding })

interface Answer {
  readonly statement_id?: unknown
  readonly status?: {
    readonly state?: string
    readonly sql_state?: string | null
    readonly error?: { readonly error_code?: string; readonly message?: string } | null
  }
  readonly manifest?: {
    readonly schema?: { readonly columns?: readonly Told[] }
    readonly total_chunk_count?: number
    readonly total_byte_count?: number | null
    readonly truncated?: boolean
  }
  readonly result?: Chunk
}

type Told = Readonly<{ name: string; type_text: string }>

interface Chunk {
  readonly data_array?: unknown
  readonly next_chunk_index?: number | null
  readonly external_links?: readonly External[] | null
}

type External = Readonly<{
  external_link: string
  expiration?: string | null
  http_headers?: Readonly<Record<string, string>> | null
  next_chunk_index?: number | null
  row_count?: number | null
}>

/** The statement still waits or runs, has failed, or its result has come with its first chunk. */
function progressOf(told: Telling, body: Body, via: Via): Progress<Handle> {
  const { errors, types } = told
  const { statement_id: id, status, manifest, result } = body as Answer
  if (typeof id !== "string" || !/^[\da-f-]{16,64}$/i.test(id)) throw strange(errors, "has no statement id")
  if (status?.state === "PENDING" || status?.state === "RUNNING") return { next: { id } }
  if (status?.state !== "SUCCEEDED") throw failed(errors, status)
  if (manifest?.truncated === true && (manifest.total_byte_count ?? 0) > MOST_BYTES)
    throw new PlatformError("response_too_large", `The result is larger than 100 GiB, where ${errors.product} cuts it off; ask for less.`)
  const columns = (manifest?.schema?.columns ?? []).map((column) => columnIn(column, errors))
  const first = partOf(told, result as Body | undefined, id, { chunk: 0, columns, chunks: manifest?.total_chunk_count ?? 0 }, via)
  const touched = columns[0]?.name === "num_affected_rows" ? Number(first.rows?.[0]?.[0]) : undefined
  return { ...first, columns: types.columnsOf(columns), ...(touched === undefined ? {} : { touched }) }
}

function columnIn({ name, type_text: native }: Told, errors: ErrorTable): ColumnParts {
  if (typeof name !== "string" || typeof native !== "string") throw strange(errors, "describes a column without a name or a type")
  return { name, type: outerType(native), spelled: spelledType(native) }
}

function failed(errors: ErrorTable, status: Answer["status"]): PlatformError {
  const { state = "no state", sql_state, error } = status ?? {}
  if (state === "CLOSED") return new PlatformError("remote_failed", `${errors.product} closed the statement, so its result is gone; call again.`)
  const message = error?.message ?? `the statement is ${state}`
  const [, name] = /^\[([A-Z0-9_]+)[.\]]/.exec(message) ?? []
  return refused(errors, 200, { code: name ?? error?.error_code ?? (state === "CANCELED" ? "CANCELLED" : state), sqlState: sql_state ?? undefined, message })
}

/** A chunk with its rows, or links to them and to those of chunks right behind it. The next chunk has the next number. */
function partOf({ errors, types, download }: Telling, body: Body | undefined, id: string, rest: NonNullable<Handle["rest"]>, via: Via): Progress<Handle> {
  const { chunk, columns, chunks } = rest
  const { data_array: rows, external_links, next_chunk_index: told } = (body ?? {}) as Chunk
  const links = external_links ?? []
  const index = told ?? links.at(-1)?.next_chunk_index ?? undefined
  const end = chunk + Math.max(1, links.length)
  if (index !== undefined && (index !== end || index >= chunks)) throw strange(errors, `names chunk ${index} behind chunk ${end - 1} of ${chunks}`)
  if (index === undefined && end < chunks) throw strange(errors, `ends with chunk ${end - 1} of ${chunks}`)
  const next = index === undefined ? {} : { next: { id, rest: { ...rest, chunk: index } } }
  if (links.length === 0) return { rows: types.valuesOf(textRows(rows ?? [], errors), columns), ended: true, ...next }
  const stream = async function* () {
    for (const [at, link] of links.entries()) {
      const again = async (): Promise<ResultLink> => linkIn(errors, ((await via.ask(chunkOf(id, chunk + at))) as Chunk).external_links?.[0])
      let many = 0
      for await (const some of download(linkIn(errors, link), again, via.call)) {
        many += some.length
        yield types.valuesOf(some, columns)
      }
      if (typeof link.row_count === "number" && many !== link.row_count) throw strange(errors, `has ${many} rows in a chunk of ${link.row_count}`)
    }
  }
  return { stream: stream(), ended: true, ...next }
}

function linkIn(errors: ErrorTable, external: External | undefined): ResultLink {
  const { external_link: url, expiration, http_headers: headers } = external ?? {}
  if (typeof url !== "string") throw strange(errors, "has no link to its rows")
  const expiresAt = Date.parse(expiration ?? "")
  return { url, ...(Number.isNaN(expiresAt) ? {} : { expiresAt }), ...(headers ? { headers } : {}) }
}
