import type { Lease } from "../../../../core/lease.ts"
import type { Typified } from "../googlesql/encode.ts"
import { type StatementApi, wireOver } from "../statements.ts"
import type { SqlWire } from "../wire.ts"
import { paramTypes } from "./dry-run.ts"
import { type Connection, insertJob, type Job, jobIdOf, jobOf, queryOf, resultIn } from "./jobs.ts"

/** An answer without rows comes after so long. */
const POLL_MS = 5_000
const PAGE_ROWS = 10_000

/** Statements as jobs (docs, REST v2, jobs). Nothing is sent yet. */
export const jobsWire = (connection: Connection, lease: Lease): SqlWire<Typified> => ({
  ...wireOver(statementsOf(connection), lease),
  paramTypes: (sql, values, call) => paramTypes(connection, sql, values, call),
})

const statementsOf = (connection: Connection): StatementApi<Typified, Job> => ({
  // The id is ours, so that a job is cancelled before its answer comes, and does not run twice.
  known: ({ id }) => (connection.settings.location === "" ? undefined : { jobId: jobIdOf(id), location: connection.settings.location }),
  async submit(statement, call) {
    const job = { jobId: jobIdOf(statement.id), location: connection.settings.location }
    const json = jobOf(connection, job, queryOf(connection, statement))
    const { jobId, location } = await insertJob(connection, job, { to: "jobs", json }, call)
    return { next: { jobId, location, size: Math.min(PAGE_ROWS, statement.maxRows ?? PAGE_ROWS) } }
  },
  async next(job, call) {
    const { jobId, location, size = PAGE_ROWS, rest } = job
    const query = new URLSearchParams({ "formatOptions.useInt64Timestamp": "true", maxResults: String(size), timeoutMs: String(POLL_MS), location })
    if (rest !== undefined) query.set("pageToken", rest.page)
    return resultIn(await connection.api.ask({ method: "GET", to: `queries/${jobId}?${query}` }, call), job, call)
  },
  cancel: ({ jobId, location }, dial) => connection.api.last({ method: "POST", to: `jobs/${jobId}/cancel?location=${encodeURIComponent(location)}` }, dial),
})
