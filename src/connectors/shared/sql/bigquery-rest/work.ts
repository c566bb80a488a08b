import { randomUUID } from "node:crypto"
import { setTimeout as sleep } from "node:timers/promises"
import type { Call } from "../../../../core/call.ts"
import type { Ask } from "../http-api.ts"
import { saidOf, statusOf } from "../http-errors.ts"
import type { Attempt } from "../named.ts"
import { type Connection, insertJob, jobIn, jobOf, queryOf } from "./jobs.ts"

const POLL_MS = { first: 100, most: 2_000 }

/** A job that is waited for, under an id that is taken once. */
export interface Work {
  readonly jobId: string
  /** Where the tables are. */
  readonly location: string
}

/** Where jobs on a table run: as the connector says, or where its dataset is. */
export async function locationFor({ api, settings }: Connection, [project = "", dataset = ""]: readonly string[], call: Call): Promise<string> {
  if (settings.location !== "") return settings.location
  const { location } = await api.ask(
    { method: "GET", to: `/bigquery/v2/projects/${encodeURIComponent(project)}/datasets/${encodeURIComponent(dataset)}` },
    call,
  )
  return typeof location === "string" ? location : ""
}

/** Loads lines of NDJSON into a table, all of them or none, by a load job, which costs nothing (docs, Loading JSON data; REST, Uploads). */
export function load(client: Connection, path: readonly string[], lines: readonly string[], work: Work, call: Call): Promise<Attempt> {
  const [projectId, datasetId, tableId] = path
  const into = { destinationTable: { projectId, datasetId, tableId }, createDisposition: "CREATE_NEVER", writeDisposition: "WRITE_APPEND" }
  const mark = `jackfield_${randomUUID()}`
  const part = (type: string, text: string): string => `--${mark}\r\ncontent-type: ${type}\r\n\r\n${text}\r\n`
  const json = JSON.stringify(jobOf(client, work, { load: { ...into, sourceFormat: "NEWLINE_DELIMITED_JSON" } }))
  const text = `${part("application/json; charset=UTF-8", json)}${part("application/octet-stream", lines.join("\n"))}--${mark}--\r\n`
  const to = `/upload/bigquery/v2/projects/${client.project}/jobs?uploadType=multipart`
  return ended(client, work, { to, text, type: `multipart/related; boundary=${mark}` }, call)
}

/** Runs a statement that changes tables. */
export function run(client: Connection, sql: string, work: Work, call: Call): Promise<Attempt> {
  const statement = { id: "", sql, params: [], timeoutMs: call.longestMs(), maxRows: undefined, quick: false }
  return ended(client, work, { to: "jobs", json: jobOf(client, work, queryOf(client, statement)) }, call)
}

/** Inserts a job and waits for its end. A job that failed did nothing; what else goes wrong is thrown, since then the job may still run. */
async function ended(client: Connection, work: Work, ask: Omit<Ask, "method">, call: Call): Promise<Attempt> {
  let already = false
  try {
    const inserted = await insertJob(client, work, ask, call)
    already = inserted.already
    for (let waitMs = POLL_MS.first; !(await isDone(client, { ...work, location: inserted.location }, call)); waitMs = Math.min(POLL_MS.most, waitMs * 1.5))
      await sleep(waitMs, undefined, { signal: call.signal })
    return { already }
  } catch (failure) {
    if (!isFailure(failure)) throw failure
    return { already, failure }
  }
}

/** Whether the job has ended well; throws what it failed with. */
export async function isDone({ api }: Connection, { jobId, location }: Work, call: Call): Promise<boolean> {
  const body = await api.ask({ method: "GET", to: `jobs/${jobId}?${new URLSearchParams({ location })}` }, call)
  jobIn(body, jobId)
  return (body as { status?: { state?: unknown } }).status?.state === "DONE"
}

/** Whether an error is what a job failed with, and not the refusal of a request. */
export function isFailure(error: unknown): boolean {
  const said = saidOf(error)
  return said !== undefined && statusOf(said) === 200
}
