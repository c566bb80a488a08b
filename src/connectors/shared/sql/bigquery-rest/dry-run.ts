import type { Call } from "../../../../core/call.ts"
import { PlatformError } from "../../../../core/errors.ts"
import type { Value } from "../../../../core/values.ts"
import { parameter, type Typified } from "../googlesql/encode.ts"
import { typedIn } from "../googlesql/types.ts"
import type { ParamType } from "../wire.ts"
import { type Connection, queryOf } from "./jobs.ts"
import { type Field, nativeOf } from "./rows.ts"

/** What a statement would do, and read. */
export interface DryRun {
  readonly statementType: string
  readonly bytes: number
  /** The types of parameters that have none, in their order. */
  readonly params: readonly Field[]
}

/** Validates a statement, which costs nothing and reads nothing (docs, Dry run). */
export async function dryRun(connection: Connection, sql: string, params: readonly Typified[], call: Call): Promise<DryRun> {
  const { api, project, settings } = connection
  const statement = { id: "", sql, params, timeoutMs: 0, maxRows: undefined, quick: false }
  const reference = settings.location === "" ? {} : { jobReference: { projectId: project, location: settings.location } }
  const body = await api.ask(
    { method: "POST", to: "jobs", json: { ...reference, configuration: queryOf(connection, statement, true) }, repeatable: true },
    call,
  )
  const { statistics } = body as { statistics?: { totalBytesProcessed?: string; query?: { statementType?: string; undeclaredQueryParameters?: unknown } } }
  const told = statistics?.query?.undeclaredQueryParameters
  return {
    statementType: statistics?.query?.statementType ?? "",
    bytes: Number(statistics?.totalBytesProcessed ?? 0),
    params: Array.isArray(told) ? (told as { parameterType: Told }[]).map(({ parameterType }) => fieldOf(parameterType)) : [],
  }
}

type Told = Readonly<{ type: string; arrayType?: { type: string } }>
const fieldOf = ({ type, arrayType }: Told): Field => (arrayType === undefined ? { name: "", type } : { name: "", type: arrayType.type, mode: "REPEATED" })

/**
 * The types of a caller's parameters. The text of the statement says that it reads, and here BigQuery says so itself. A statement that
 * cannot be understood without its parameters is sent once more, with the types that the values have.
 */
export async function paramTypes(connection: Connection, sql: string, values: readonly Value[], call: Call): Promise<readonly ParamType[] | undefined> {
  const bound = values.map((value) => parameter(value, undefined))
  const { statementType, params } = await dryRun(connection, sql, [], call).catch((error: unknown) => {
    if (values.length === 0 || !(error instanceof PlatformError) || error.code !== "query_invalid") throw error
    return dryRun(connection, sql, bound, call)
  })
  if (statementType !== "SELECT")
    throw new PlatformError("query_invalid", `Only reading statements are taken; for BigQuery this one is ${statementType || "of no type that it names"}.`)
  return params.length === values.length ? params.map((field) => typedIn(nativeOf(field))) : undefined
}
