import { PlatformError } from "../../core/errors.ts"
import type { Lease } from "../../core/lease.ts"
import { refused, strange } from "../shared/sql/http-errors.ts"
import { type Ask, type Body, type HttpWire, httpStatements, type Via } from "../shared/sql/http-statements.ts"
import { type ResultLink, resultLinks } from "../shared/sql/result-links.ts"
import { outerType, sparkTypes } from "../shared/sql/spark/types.ts"
import type { Progress, Submission } from "../shared/sql/statements.ts"
import type { ColumnParts } from "../shared/sql/text-types.ts"
import type { SqlConnection } from "../shared/sql/wire.ts"
import { errors } from "./errors.ts"
import { authOf, type Login, warehouseId, workspaceHost } from "./workspace.ts"

/** A parameter: a text, or a text with the type that it is cast to. */
export type Binding = string | null | { readonly type: string; readonly value: string }

export interface Databricks extends SqlConnection<Binding> {
  readonly wire: HttpWire<Binding>
  readonly warehouse: string
  /** Empty: the workspace's default. */
  readonly catalog: string
  readonly schema: string
}

interface Config extends Readonly<Record<"host" | "warehouse" | "catalog" | "schema", string>> {
  readonly auth: Login
}

/** A statement by its id, and the chunk of its result that comes next once it has ended. */
interface Handle {
  readonly id: string
  readonly rest?: { readonly chunk: number; readonly columns: readonly ColumnParts[]; readonly chunks: number }
}

export const types = sparkTypes("Databricks")

/** The Statement Execution API of one workspace (docs, REST API, Statement Execution 2.0). Nothing is sent yet. */
export function connectDatabricks({ host: text, warehouse: path, catalog, schema, auth }: Config, lease: Lease): Databricks {
  const [host = "", warehouse = ""] = [workspaceHost(text), warehouseId(path)]
  const download = resultLinks(lease, errors)
  const place = { warehouse_id: warehouse, ...(catalog === "" ? {} : { catalog }), ...(schema === "" ? {} : { schema }) }
  const wire = httpStatements<Binding, Handle>(
    {
      base: `https://${host}/api/2.0/sql/statements/`,
      headers: { "user-agent": "jackfield/1.0", accept: "application/json" },
      auth: authOf(host, auth),
      errors,
      submit: (statement) => ({ method: "POST", to: "/api/2.0/sql/statements", json: { ...submissionOf(statement), ...place } }),
      next: ({ id, rest }) => (rest === undefined ? { method: "GET", to: id } : chunkOf(id, rest.chunk)),
      cancel: ({ id }) => ({ method: "POST", to: `${id}/cancel`, json: {} }),
      progress: (body, _, from, via) => (from?.rest === undefined ? progressOf(body, via, download) : partOf(body, from.id, from.rest, via, download)),
    },
    lease,
  )
  return { wire, warehouse, catalog, schema }
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

type Download = ReturnType<typeof resultLinks>

interface Answer {
  readonly statement_id?: unknown
  readonly status?: { readonly state?: string; readonly sql_state?: string; readonly error?: { readonly error_code?: string; readonly message?: string } }
  readonly manifest?: { readonly schema?: { readonly columns?: readonly Told[] }; readonly total_chunk_count?: number; readonly truncated?: boolean }
  readonly result?: Chunk
}

type Told = Readonly<{ name: string; type_text: string; type_precision?: number; type_scale?: number }>

interface Chunk {
  readonly data_array?: unknown
  readonly next_chunk_index?: number
  readonly external_links?: readonly External[]
}

type External = Readonly<{
  external_link: string
  expiration: string
  http_headers?: Readonly<Record<string, string>>
  next_chunk_index?: number
  row_count?: number
}>

/** The statement still waits or runs, has failed, or its result has come with its first chunk. */
function progressOf(body: Body, via: Via, download: Download): Progress<Handle> {
  const { statement_id: id, status, manifest, result } = body as Answer
  if (typeof id !== "string" || !/^[\da-f-]{16,64}$/i.test(id)) throw strange(errors, "has no statement id")
  if (status?.state === "PENDING" || status?.state === "RUNNING") return { next: { id } }
  if (status?.state !== "SUCCEEDED") throw failed(status)
  const columns = (manifest?.schema?.columns ?? []).map(({ name, type_text: spelled, type_precision, type_scale }): ColumnParts => {
    const native = spelled.includes("<") ? spelled : spelled.toUpperCase()
    return { name, type: outerType(spelled), spelled: native, precision: type_precision ?? null, scale: type_scale ?? null }
  })
  const first = partOf(result as Body | undefined, id, { chunk: 0, columns, chunks: manifest?.total_chunk_count ?? 0 }, via, download)
  const touched = columns[0]?.name === "num_affected_rows" ? Number(first.rows?.[0]?.[0]) : undefined
  return { ...first, columns: types.columnsOf(columns), ...(touched === undefined ? {} : { touched }) }
}

function failed(status: Answer["status"]): PlatformError {
  const { state = "no state", sql_state, error } = status ?? {}
  if (state === "CLOSED") return new PlatformError("remote_failed", "Databricks closed the statement, so its result is gone; call again.")
  const message = error?.message ?? `the statement is ${state}`
  const [, name] = /^\[([A-Z0-9_]+)[.\]]/.exec(message) ?? []
  return refused(errors, 200, { code: name ?? error?.error_code ?? (state === "CANCELED" ? "CANCELLED" : state), sqlState: sql_state, message })
}

/** One chunk: rows, or a link to them. The next one has the next number. */
function partOf(body: Body | undefined, id: string, rest: NonNullable<Handle["rest"]>, via: Via, download: Download): Progress<Handle> {
  const { chunk, columns, chunks } = rest
  const { data_array: rows, external_links: [link] = [], next_chunk_index: index = link?.next_chunk_index } = (body ?? {}) as Chunk
  if (index !== undefined && (index !== chunk + 1 || index >= chunks)) throw strange(errors, `names chunk ${index} behind chunk ${chunk} of ${chunks}`)
  if (index === undefined && chunk + 1 < chunks) throw strange(errors, `ends with chunk ${chunk} of ${chunks}`)
  const next = index === undefined ? {} : { next: { id, rest: { ...rest, chunk: index } } }
  if (link === undefined) return { rows: types.valuesOf((rows ?? []) as (string | null)[][], columns), ended: true, ...next }
  const again = async (): Promise<ResultLink> => linkIn(((await via.ask(chunkOf(id, chunk))) as Chunk).external_links?.[0])
  const stream = async function* () {
    let many = 0
    for await (const some of download(linkIn(link), again, via.call)) {
      many += some.length
      yield types.valuesOf(some, columns)
    }
    if (link.row_count !== undefined && many !== link.row_count) throw strange(errors, `has ${many} rows in a chunk of ${link.row_count}`)
  }
  return { stream: stream(), ended: true, ...next }
}

function linkIn(external: External | undefined): ResultLink {
  if (typeof external?.external_link !== "string") throw strange(errors, "has no link to its rows")
  return {
    url: external.external_link,
    expiresAt: Date.parse(external.expiration),
    ...(external.http_headers === undefined ? {} : { headers: external.http_headers }),
  }
}
