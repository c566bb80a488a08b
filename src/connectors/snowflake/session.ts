import { randomUUID } from "node:crypto"
import type { Call } from "../../core/call.ts"
import type { Lease } from "../../core/lease.ts"
import type { Value } from "../../core/values.ts"
import type { ErrorTable } from "../shared/sql/errors.ts"
import type { Body } from "../shared/sql/http-api.ts"
import { refused, strange } from "../shared/sql/http-errors.ts"
import { httpStatements, type Via } from "../shared/sql/http-statements.ts"
import { type ResultLink, resultLinks } from "../shared/sql/result-links.ts"
import type { Progress, Submission } from "../shared/sql/statements.ts"
import type { ColumnParts } from "../shared/sql/text-types.ts"
import type { SqlWire } from "../shared/sql/wire.ts"
import { requestIds, SESSION_HEADERS, type SessionLogin, sessionLogin } from "./session-login.ts"
import { type Binding, bindingsOf, parametersOf, secondsOf } from "./statement.ts"
import { types } from "./values.ts"

/** A statement by the id of its request; while it runs, `result` is where its result will be. */
interface Handle {
  readonly id: string
  readonly result?: string
}

/** The statement waits or runs (as the vendor's drivers have it). */
const RUNNING = ["333333", "333334"]

/**
 * The protocol of the vendor's own drivers, which takes a password (gosnowflake and snowflake-connector-nodejs, as published). Results come with
 * the answer and in chunks from the cloud's storage. No state of the session is used, so a new login can replace it at any time.
 */
export function sessionWire(login: SessionLogin, lease: Lease): SqlWire<Binding> & { alive(call: Call): Promise<void> } {
  const { errors } = login
  const auth = sessionLogin(login, lease)
  const download = resultLinks(lease, errors, "list")
  let sequence = 0
  const wire = httpStatements<Binding, Handle>(
    {
      base: `https://${login.host}/`,
      headers: SESSION_HEADERS,
      auth,
      errors,
      // A request with the same id does not run its statement again.
      once: (_, __, attempt) => (attempt > 1 ? { retryCount: String(attempt - 1), retryReason: "0" } : {}),
      submit: (statement) => ({ method: "POST", to: `/queries/v1/query-request?${requestIds(statement.id)}`, json: submissionOf(statement, ++sequence) }),
      known: ({ id }) => (auth.isOpen() ? { id } : undefined),
      next: ({ result = "" }) => ({ method: "GET", to: result }),
      cancel: ({ id }) => ({ method: "POST", to: `/queries/v1/abort-request?${requestIds()}`, json: { requestId: id } }),
      progress: (body, _, from, via) => progressOf(errors, download, body, from, via),
    },
    lease,
  )
  const alive = async (call: Call): Promise<void> => {
    resultIn(errors, await wire.ask({ method: "POST", to: `/session/heartbeat?${requestIds()}`, json: {} }, call))
  }
  return { ...wire, alive, close: () => auth.close() }
}

const submissionOf = (statement: Submission<Binding>, sequenceId: number): object => ({
  sqlText: statement.sql,
  asyncExec: false,
  sequenceId,
  querySubmissionTime: Date.now(),
  isInternal: false,
  describeOnly: false,
  parameters: { ...parametersOf(statement), STATEMENT_TIMEOUT_IN_SECONDS: String(secondsOf(statement)) },
  ...bindingsOf(statement),
})

/** The `data` of an answer. */
interface Result {
  readonly getResultUrl?: unknown
  readonly queryId?: unknown
  readonly sqlState?: string
  readonly rowtype?: unknown
  readonly rowset?: unknown
  readonly queryResultFormat?: string
  readonly total?: number
  readonly returned?: number
  readonly chunks?: readonly Chunk[]
  readonly chunkHeaders?: Readonly<Record<string, string>>
  readonly qrmk?: string
}

type Chunk = Readonly<{ url?: unknown; rowCount?: number }>

type Download = ReturnType<typeof resultLinks>

function progressOf(errors: ErrorTable, download: Download, body: Body, from: Handle | undefined, via: Via): Progress<Handle> {
  const result = resultIn(errors, body)
  if (RUNNING.includes(String(body["code"]))) {
    if (typeof result.getResultUrl !== "string") throw strange(errors, "does not say where the result will be")
    return { next: { id: from?.id ?? randomUUID(), result: result.getResultUrl } }
  }
  if (result.queryResultFormat !== undefined && result.queryResultFormat !== "json")
    throw strange(errors, `has its result as ${result.queryResultFormat.slice(0, 40)} and not as JSON`)
  if (!Array.isArray(result.rowtype)) throw strange(errors, "names no columns")
  const columns = result.rowtype as ColumnParts[]
  const rows = textsIn(errors, result.rowset ?? [])
  const { chunks = [] } = result
  if (chunks.length === 0) complete(errors, result, rows.length)
  return {
    columns: types.columnsOf(columns),
    rows: types.valuesOf(rows, columns),
    touched: touchedIn(columns, rows[0]),
    ended: true,
    ...(chunks.length === 0 ? {} : { stream: chunksOf(errors, download, { ...result, chunks }, columns, rows.length, via) }),
  }
}

/** The drivers count by the row that a DML statement answers: `number of rows inserted` and `number of rows updated`. */
const touchedIn = (columns: readonly ColumnParts[], row: readonly (string | null)[] = []): number =>
  columns.reduce((sum, { name }, at) => (/^number of rows (inserted|updated)$/i.test(name) ? sum + Number(row[at]) : sum), 0)

/** Throws for a refusal, which comes with the status 200. The refusal of a statement gets the status that the SQL API gives it. */
function resultIn(errors: ErrorTable, { success, code, message, data }: Body): Result {
  const result = (data ?? {}) as Result
  if (success === true) return result
  if (success !== false) throw strange(errors, "does not say whether it is a success")
  const ofStatement = result.sqlState !== undefined && !/^39/.test(String(code))
  throw refused(errors, ofStatement ? 422 : 200, { code: String(code), sqlState: result.sqlState, message: typeof message === "string" ? message : "" })
}

function textsIn(errors: ErrorTable, rows: unknown): readonly (readonly (string | null)[])[] {
  if (Array.isArray(rows) && rows.every((row) => Array.isArray(row) && row.every((cell) => cell === null || typeof cell === "string"))) return rows
  throw strange(errors, "has rows in a form of their own")
}

/** The rest of a result, chunk by chunk; fails unless it has as many rows as Snowflake said. */
async function* chunksOf(
  errors: ErrorTable,
  download: Download,
  result: Result & Required<Pick<Result, "chunks">>,
  columns: readonly ColumnParts[],
  before: number,
  { ask, call }: Via,
): AsyncGenerator<Value[][]> {
  let all = before
  for (const [at, chunk] of result.chunks.entries()) {
    // The links end after some hours, and the result gives others.
    const again = async (): Promise<ResultLink> => {
      const fresh = resultIn(errors, await ask({ method: "GET", to: `/queries/${encodeURIComponent(String(result.queryId))}/result` }))
      return linkIn(errors, fresh, fresh.chunks?.[at])
    }
    let many = 0
    for await (const rows of download(linkIn(errors, result, chunk), again, call)) {
      many += rows.length
      yield types.valuesOf(rows, columns)
    }
    if (many !== chunk.rowCount) throw strange(errors, `has ${many} rows in a chunk of ${chunk.rowCount}`)
    all += many
  }
  complete(errors, result, all)
}

function complete(errors: ErrorTable, { total, returned = total }: Result, rows: number): void {
  if (returned !== undefined && returned !== rows) throw strange(errors, `has ${rows} rows of ${returned}`)
}

/** Without headers of their own, the storage asks for the key of the result. */
function linkIn(errors: ErrorTable, { chunkHeaders, qrmk }: Result, chunk: Chunk | undefined): ResultLink {
  if (typeof chunk?.url !== "string") throw strange(errors, "has no link to its rows")
  const key = { "x-amz-server-side-encryption-customer-algorithm": "AES256", "x-amz-server-side-encryption-customer-key": qrmk ?? "" }
  const headers = chunkHeaders ?? (qrmk === undefined ? undefined : key)
  return { url: chunk.url, ...(headers === undefined ? {} : { headers }) }
}
