import type { Call } from "../../../../core/call.ts"
import type { Value } from "../../../../core/values.ts"
import type { Typified } from "../googlesql/encode.ts"
import type { Ask, Body, HttpAsking } from "../http-api.ts"
import { refused, saidOf, strange } from "../http-errors.ts"
import type { Progress, Submission } from "../statements.ts"
import { errors } from "./errors.ts"
import { columnsOf, type Field, rowReader } from "./rows.ts"

/** The API, and for whom it is asked. */
export interface Connection {
  readonly api: HttpAsking
  readonly settings: Settings
  /** The project that pays for jobs, and the one whose tables are read. */
  readonly project: string
  readonly dataProject: string
}

/** What jobs are made with, as a connector says it; empty texts say nothing. */
export interface Settings {
  readonly dataset: string
  readonly location: string
  readonly maximumBytesBilled?: number | undefined
  readonly priority: "interactive" | "batch"
  readonly labels: readonly { readonly name: string; readonly value: string }[]
}

/** A job, and where its result goes on once it has ended. */
export interface Job {
  readonly jobId: string
  readonly location: string
  /** Rows of a page at most. */
  readonly size?: number
  readonly rest?: { readonly page: string; readonly fields: readonly Field[]; readonly seen: number; readonly total: number }
}

export const jobIdOf = (id: string): string => `jackfield_${id.replace(/[^\w-]/g, "")}`

/** The configuration of a statement's job (docs, REST, JobConfigurationQuery). */
export function queryOf({ settings, dataProject }: Connection, { sql, params, timeoutMs, quick }: Submission<Typified>, dryRun = false): object {
  const { maximumBytesBilled: most, priority, dataset } = settings
  return {
    ...(dryRun ? { dryRun } : { jobTimeoutMs: String(Math.max(1_000, Math.ceil(timeoutMs))) }),
    query: {
      query: sql,
      useLegacySql: false,
      ...(dryRun || priority === "interactive" ? {} : { priority: "BATCH" }),
      ...(params.length === 0 ? {} : { parameterMode: "POSITIONAL", queryParameters: params.map(bound) }),
      ...(dataset === "" ? {} : { defaultDataset: { projectId: dataProject, datasetId: dataset } }),
      // The views of a catalog cost at least ten megabytes each, and a dry run costs nothing.
      ...(most === undefined || quick || dryRun ? {} : { maximumBytesBilled: String(most) }),
    },
  }
}

/** `NUMERIC(10, 2)` is a type of columns: a parameter's is NUMERIC. */
function bound({ type, value }: Typified): object {
  const [, elements] = /^ARRAY<(.*)>$/s.exec(type) ?? []
  const text = (each: Value): string | null => (each === null ? null : typeof each === "object" ? JSON.stringify(each) : String(each))
  const bare = (native: string) => ({ type: native.replace(/\(.*\)$/, "") })
  if (elements === undefined) return { parameterType: bare(type), parameterValue: { value: text(value) } }
  const values = Array.isArray(value) ? (value as readonly Value[]) : []
  return { parameterType: { type: "ARRAY", arrayType: bare(elements) }, parameterValue: { arrayValues: values.map((each) => ({ value: text(each) })) } }
}

/** A job's resource: who it is, and what it does. */
export function jobOf({ project, settings }: Connection, { jobId, location }: Pick<Job, "jobId" | "location">, configuration: object): object {
  const { labels } = settings
  const jobReference = { projectId: project, jobId, ...(location === "" ? {} : { location }) }
  const named = labels.length === 0 ? {} : { labels: Object.fromEntries(labels.map(({ name, value }) => [name, value])) }
  return { jobReference, configuration: { ...configuration, ...named } }
}

/** Inserts a job under that id, and waits for the answer also when the caller has gone. `already`: a job of that id is there. */
export async function insertJob(
  { api }: Pick<Connection, "api">,
  { jobId, location }: Pick<Job, "jobId" | "location">,
  ask: Omit<Ask, "method">,
  call: Call,
): Promise<Job & { readonly already: boolean }> {
  try {
    const { body } = await api.send({ method: "POST", repeatable: true, ...ask }, call, new AbortController().signal)
    return { ...jobIn(body, jobId), already: false }
  } catch (error) {
    if (saidOf(error)?.code === "duplicate") return { jobId, location, already: true }
    throw error
  }
}

/** The job in an answer; throws what it failed with. */
export function jobIn(body: Body, jobId: string): Job {
  const { jobReference, status } = body as { jobReference?: { location?: unknown }; status?: { errorResult?: { reason?: string; message?: string } } }
  if (status?.errorResult !== undefined) throw refused(errors, 200, { code: status.errorResult.reason, message: status.errorResult.message })
  const location = jobReference?.location
  if (typeof location !== "string" || !/^[\w-]{1,60}$/.test(location)) throw strange(errors, "has no job with a location")
  return { jobId, location }
}

/** The statement runs on, or a page of its result. */
export function resultIn(body: Body, job: Job, call: Call): Progress<Job> {
  const { jobId, rest } = job
  const { jobComplete, schema, rows = [], pageToken, totalRows, numDmlAffectedRows, totalBytesProcessed } = body as Readonly<Record<string, unknown>>
  if (jobComplete !== true) return { next: job }
  const fields = rest?.fields ?? (schema as { fields?: readonly Field[] } | undefined)?.fields ?? []
  if (!Array.isArray(rows) || !Array.isArray(fields)) throw strange(errors, "has no rows and fields")
  if (rest === undefined) call.log("BigQuery processed", { bytes: Number(totalBytesProcessed ?? 0), job: jobId })
  const [seen, total] = [(rest?.seen ?? 0) + rows.length, rest?.total ?? Number(totalRows ?? 0)]
  if (seen > total || (pageToken !== undefined && rows.length === 0)) throw strange(errors, `leads on behind its ${total} rows`)
  if (pageToken === undefined && seen < total) throw strange(errors, `ends after ${seen} of ${total} rows`)
  return {
    ended: true,
    rows: rows.map(rowReader(fields)),
    ...(rest === undefined ? { columns: columnsOf(fields), touched: Number(numDmlAffectedRows ?? 0) } : {}),
    ...(pageToken === undefined ? {} : { next: { ...job, rest: { page: String(pageToken), fields, seen, total } } }),
  }
}
