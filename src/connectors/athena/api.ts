import { randomUUID } from "node:crypto"
import type { Config } from "../../core/fields.ts"
import type { Lease } from "../../core/lease.ts"
import { awsCredentials } from "../shared/aws/credentials.ts"
import { serviceHost } from "../shared/aws/endpoints.ts"
import { type Answer, type JsonApi, jsonApi } from "../shared/aws/json-api.ts"
import type { HttpCall } from "../shared/http/call.ts"
import { refused, strange } from "../shared/sql/http-errors.ts"
import { withoutEnd } from "../shared/sql/lexis.ts"
import { type Progress, type StatementApi, type Submission, wireOver } from "../shared/sql/statements.ts"
import { reading } from "../shared/sql/trino/dialect.ts"
import { type Bound, literalOf, spliced } from "../shared/sql/trino/literals.ts"
import { columnsOfTexts, type TextColumn, valuesOfTexts } from "../shared/sql/trino/texts.ts"
import type { SqlConnection } from "../shared/sql/wire.ts"
import { throughTunnel } from "../shared/ssh.ts"
import { errors } from "./errors.ts"
import type { fields } from "./fields.ts"

export type Settings = Config<typeof fields>

export interface Athena extends SqlConnection<Bound> {
  readonly api: JsonApi
  readonly settings: Settings
}

interface Handle {
  readonly id: string
  /** Once the statement has succeeded: the rows of a SELECT begin with their names. */
  readonly result?: { readonly named: boolean; readonly merged: boolean; readonly page?: string }
}

/** An execution parameter has at most so many characters (docs, Athena API, StartQueryExecution). */
const MOST_IN_PARAMETER = 1_024
const PAGE_ROWS = 1_000

/** The API of Athena in a region, over HTTPS. Nothing is sent yet. */
export function connectAthena(settings: Settings, given: Lease): Athena {
  const lease = throughTunnel(given, settings.tunnel)
  const { region, auth } = settings
  const credentials = awsCredentials(auth, settings)
  const api = jsonApi(
    {
      host: serviceHost("athena", settings),
      region,
      service: "athena",
      target: "AmazonAthena",
      credentials,
      product: "Athena",
      refused: (...said) => refused(errors, ...said),
    },
    lease,
  )
  return { api, settings, wire: wireOver(statements(api, settings), lease) }
}

const statements = (api: JsonApi, settings: Settings): StatementApi<Bound, Handle> => ({
  pollMs: { first: 50, most: 1_000 },
  async submit(statement, call) {
    // Only the answer says what to cancel, so it is waited for also when the caller has gone.
    const answer = await api.ask("StartQueryExecution", startOf(settings, statement), { ...call, signal: new AbortController().signal })
    const id = answer["QueryExecutionId"]
    if (typeof id !== "string" || !/^[\w-]{1,128}$/.test(id)) throw strange(errors, "has no id of a query")
    return { next: { id } }
  },
  next: (from, call) => (from.result === undefined ? state(api, from.id, call) : page(api, from.id, from.result, call)),
  async cancel({ id }, dial) {
    if (dial !== undefined) return await api.last("StopQueryExecution", { QueryExecutionId: id }, dial)
    const signal = AbortSignal.timeout(5_000)
    await api.ask("StopQueryExecution", { QueryExecutionId: id }, { signal, remainingMs: () => 5_000 })
  },
})

/** A result is never one that an earlier query left. Long parameters become part of the statement. */
function startOf({ workgroup, catalog, database, ...where }: Settings, { sql, params }: Submission<Bound>): object {
  const literals = params.map(literalOf)
  const fit = literals.every((each) => each.length <= MOST_IN_PARAMETER)
  // The statements of DDL are ours, and Hive's: names have other quotation marks there.
  const statement = /^(CREATE|ALTER) TABLE `/.test(sql) ? sql : withoutEnd(sql, reading.lexis)
  const { kind, ...key } = where.encryption
  const result = {
    ...(where.output === "" ? {} : { OutputLocation: where.output }),
    ...(where.bucketOwner === "" ? {} : { ExpectedBucketOwner: where.bucketOwner }),
    ...(kind === "none" ? {} : { EncryptionConfiguration: { EncryptionOption: kind, ...("kmsKey" in key ? { KmsKey: key.kmsKey } : {}) } }),
  }
  const context = { ...(catalog === "" ? {} : { Catalog: catalog }), ...(database === "" ? {} : { Database: database }) }
  return {
    ClientRequestToken: randomUUID(),
    QueryString: fit ? statement : spliced(statement, params),
    ...(fit && literals.length > 0 ? { ExecutionParameters: literals } : {}),
    ...(Object.keys(context).length === 0 ? {} : { QueryExecutionContext: context }),
    ...(Object.keys(result).length === 0 ? {} : { ResultConfiguration: result }),
    ResultReuseConfiguration: { ResultReuseByAgeConfiguration: { Enabled: false } },
    WorkGroup: workgroup,
  }
}

async function state(api: JsonApi, id: string, call: HttpCall & { log?(message: string, facts?: object): void }): Promise<Progress<Handle>> {
  const { QueryExecution: execution } = await api.ask("GetQueryExecution", { QueryExecutionId: id }, call)
  const { Status, StatementType, SubstatementType, Statistics } = (execution ?? {}) as Readonly<Record<string, unknown>>
  const { State, StateChangeReason, AthenaError } = (Status ?? {}) as { State?: string; StateChangeReason?: string; AthenaError?: Answer }
  if (State === "QUEUED" || State === "RUNNING") return { next: { id } }
  if (State === "SUCCEEDED") {
    const { DataScannedInBytes: scanned } = (Statistics ?? {}) as Answer
    call.log?.("Athena scanned", { bytes: Number(scanned ?? 0), query: id })
    return { ended: true, next: { id, result: { named: StatementType === "DML", merged: SubstatementType === "MERGE" } } }
  }
  if (State !== "FAILED" && State !== "CANCELLED") throw strange(errors, "has no state of the query")
  const [, name, rest] = /^([A-Z][A-Z0-9_]{3,60}): (.*)$/s.exec(StateChangeReason ?? "") ?? []
  const kind = Number(AthenaError?.["ErrorCategory"]) === 2 ? "USER_ERROR" : "INTERNAL_ERROR"
  throw refused(errors, 200, { code: name ?? State, message: rest ?? StateChangeReason ?? State, details: { kind } })
}

async function page(api: JsonApi, id: string, result: NonNullable<Handle["result"]>, call: HttpCall): Promise<Progress<Handle>> {
  const input = { QueryExecutionId: id, MaxResults: PAGE_ROWS, ...(result.page === undefined ? {} : { NextToken: result.page }) }
  const { ResultSet: set, NextToken: next, UpdateCount: updated } = await api.ask("GetQueryResults", input, call)
  const { Rows: rows, ResultSetMetadata: about } = (set ?? {}) as { Rows?: unknown; ResultSetMetadata?: { ColumnInfo?: unknown } }
  const info = about?.ColumnInfo
  if (!Array.isArray(rows) || !Array.isArray(info)) throw strange(errors, "has no rows and columns")
  if (next === result.page && next !== undefined) throw strange(errors, "leads to the same page again and again")
  const columns = (info as Answer[]).map(columnOf)
  const texts = (rows as { Data?: readonly { VarCharValue?: string }[] }[]).map(({ Data = [] }) => Data.map(({ VarCharValue: text = null }) => text))
  const first = result.page === undefined
  // A MERGE tells no number of rows: it is done for all of them.
  const touched = typeof updated === "number" ? updated : result.merged ? Number.MAX_SAFE_INTEGER : 0
  return {
    ended: true,
    ...(first ? { columns: columnsOfTexts(columns), touched } : {}),
    rows: valuesOfTexts(columns, first && result.named ? texts.slice(1) : texts, "Athena"),
    ...(typeof next === "string" && next !== "" ? { next: { id, result: { ...result, page: next } } } : {}),
  }
}

/** A result calls `real` by its other name. */
const columnOf = ({ Name, Type, Precision, Scale }: Answer): TextColumn => {
  const type = String(Type).toLowerCase()
  return { name: String(Name), type: type === "float" ? "real" : type, precision: Number(Precision ?? 0), scale: Number(Scale ?? 0) }
}
