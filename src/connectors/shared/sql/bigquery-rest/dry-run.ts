import type { Call } from "../../../../core/call.ts"
import type { DryRun } from "../../../../core/connector.ts"
import { PlatformError } from "../../../../core/errors.ts"
import type { Value } from "../../../../core/values.ts"
import { parameter, type Typified } from "../googlesql/encode.ts"
import { typedIn } from "../googlesql/types.ts"
import { strange } from "../http-errors.ts"
import type { ParamType } from "../wire.ts"
import { errors } from "./errors.ts"
import { type Connection, queryOf } from "./jobs.ts"
import { columnsOf, type Field, nativeOf } from "./rows.ts"

/** What BigQuery says of a statement that it does not run. */
interface Validated {
  readonly statementType: string
  readonly bytes: number | undefined
  readonly accuracy: DryRun["accuracy"]
  readonly fields: readonly Field[]
  /** Tables that it reads, those behind views too. */
  readonly tables: number
  /** The types of parameters that have none, in their order. */
  readonly params: readonly Field[]
}

const ACCURACIES: Readonly<Record<string, DryRun["accuracy"]>> = { PRECISE: "exact", UPPER_BOUND: "at most", LOWER_BOUND: "at least" }

/** Validates a statement, which costs nothing and reads nothing (docs, Dry run; REST, JobStatistics2). */
export async function validate(connection: Connection, sql: string, params: readonly Typified[], call: Call): Promise<Validated> {
  const { api, project, settings } = connection
  const statement = { id: "", sql, params, timeoutMs: 0, maxRows: undefined, quick: false }
  const reference = settings.location === "" ? {} : { jobReference: { projectId: project, location: settings.location } }
  const body = await api.ask(
    { method: "POST", to: "jobs", json: { ...reference, configuration: queryOf(connection, statement, true) }, repeatable: true },
    call,
  )
  const { statistics } = body as { statistics?: { totalBytesProcessed?: string; query?: Statistics } }
  const { statementType = "", totalBytesProcessedAccuracy, schema, referencedTables, undeclaredQueryParameters: told } = statistics?.query ?? {}
  return {
    statementType,
    bytes: bytesIn(statistics?.totalBytesProcessed),
    accuracy: ACCURACIES[totalBytesProcessedAccuracy ?? ""],
    fields: schema?.fields ?? [],
    tables: Array.isArray(referencedTables) ? referencedTables.length : 0,
    params: Array.isArray(told) ? (told as { parameterType: Told }[]).map(({ parameterType }) => fieldOf(parameterType)) : [],
  }
}

interface Statistics {
  readonly statementType?: string
  readonly totalBytesProcessedAccuracy?: string
  readonly schema?: { readonly fields?: readonly Field[] }
  readonly referencedTables?: unknown
  readonly undeclaredQueryParameters?: unknown
}

/** A count of bytes, which is text. No cost is shown that the server did not say. */
function bytesIn(text: unknown): number | undefined {
  if (text === undefined) return undefined
  if (typeof text !== "string" || !/^\d{1,18}$/.test(text)) throw strange(errors, "does not say how many bytes the statement reads")
  return Number(text)
}

type Told = Readonly<{ type: string; arrayType?: { type: string } }>
const fieldOf = ({ type, arrayType }: Told): Field => (arrayType === undefined ? { name: "", type } : { name: "", type: arrayType.type, mode: "REPEATED" })

/**
 * The types of a caller's parameters. The text of the statement says that it reads, and here BigQuery says so itself. A statement that
 * cannot be understood without its parameters is sent once more, with the types that the values have.
 */
export async function paramTypes(connection: Connection, sql: string, values: readonly Value[], call: Call): Promise<readonly ParamType[] | undefined> {
  const bound = values.map((value) => parameter(value, undefined))
  const { statementType, params } = await validate(connection, sql, [], call).catch((error: unknown) => {
    if (values.length === 0 || !(error instanceof PlatformError) || error.code !== "query_invalid") throw error
    return validate(connection, sql, bound, call)
  })
  if (statementType !== "SELECT")
    throw new PlatformError("query_invalid", `Only reading statements are taken; for BigQuery this one is ${statementType || "of no type that it names"}.`)
  return params.length === values.length ? params.map((field) => typedIn(nativeOf(field))) : undefined
}

/** What a reading statement would read, with its parameters. A limit of bytes billed is compared here, so that the answer tells how far off it is. */
export async function dryRun(connection: Connection, sql: string, params: readonly Typified[], call: Call): Promise<DryRun> {
  const { maximumBytesBilled: most } = connection.settings
  const { statementType, bytes, accuracy, fields, tables } = await validate(connection, sql, params, call)
  const warning = `The statement would read ${bytes} bytes, and the connector allows ${most} to be billed, so BigQuery would refuse it; ask for less, or raise the limit.`
  return {
    ...(bytes === undefined ? {} : { bytes }),
    ...(accuracy === undefined ? {} : { accuracy }),
    columns: columnsOf(fields),
    details: { statement: statementType, tables, maximumBytesBilled: most ?? "none" },
    ...(bytes === undefined || most === undefined || bytes <= most ? {} : { warnings: [warning] }),
  }
}
