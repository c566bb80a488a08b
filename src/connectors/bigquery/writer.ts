import { randomBytes, randomUUID } from "node:crypto"
import { type Line, lastOfEachKey } from "../shared/put.ts"
import { jobIdOf } from "../shared/sql/bigquery-rest/jobs.ts"
import { tableAt, tableIn } from "../shared/sql/bigquery-rest/tables.ts"
import { isDone, isFailure, load, locationFor, run } from "../shared/sql/bigquery-rest/work.ts"
import { listed as list, qualified } from "../shared/sql/dialect.ts"
import type { Typified } from "../shared/sql/googlesql/encode.ts"
import { saidOf } from "../shared/sql/http-errors.ts"
import { attemptOf, MOST_ATTEMPTS, type Named, underName } from "../shared/sql/named.ts"
import { inPieces, type Puts, type Target, type Writer } from "../shared/sql/writer.ts"
import type { BigQuery } from "./api.ts"

type Into = Target<Typified, BigQuery>
type Lines = readonly Line<Typified>[]
type Done = ReturnType<Puts<Typified, BigQuery>>

/** Bytes of rows in one upload, and how long a table in which rows wait is there when its hub dies. */
const MOST_BYTES = 8 * 1_048_576
const WAITS_MS = 86_400_000
const STAGE = "jackfield_stage_"
/** A column of rows that wait: whether the row with its key is removed. */
const GONE = "jackfield_gone"

const sizeOf = ({ values }: Line<Typified>): number => values.reduce((sum, { value }) => sum + Buffer.byteLength(JSON.stringify(value)) + 24, 0)

/** Lines of NDJSON; a value that is not there is NULL, or an empty list. */
const textsOf = ({ columns }: Into, lines: Lines, gone: boolean): string[] =>
  lines.map(({ values, remove }) => {
    const given = columns.flatMap(({ name }, at) => (values[at]?.value == null ? [] : [[name, values[at].value] as const]))
    return JSON.stringify(Object.fromEntries([...given, ...(gone ? [[GONE, remove] as const] : [])]))
  })

/** Loads lines in pieces, each by one job, into the target or a table beside it. */
function loading(path: readonly string[], location: string, gone: boolean): Puts<Typified, BigQuery> {
  const put = async (target: Into, lines: Lines): Promise<number> => {
    const work = (jobId: string) => load(target.client, path, textsOf(target, lines, gone), { jobId, location }, target.call)
    await underName(jobIdOf(randomUUID()), work)
    return lines.length
  }
  return inPieces({ limits: () => ({ bytes: MOST_BYTES }), sizeOf, put, empty: (target) => put(target, []) })
}

/**
 * Loads lines into a table beside the target, where those that BigQuery refuses are found by halving, and takes the others over by one
 * statement. The table is dropped at the end, and by BigQuery itself after a day.
 */
async function byStage(target: Into, lines: Lines, location: string, take: (stage: string) => string): Done {
  const { client, call, stream, columns, dialect, once = randomUUID() } = target
  const path = [...stream.path.slice(0, 2), `${STAGE}${randomBytes(12).toString("hex")}`]
  const fields = (await tableIn(client, stream.path, call))?.schema?.fields ?? []
  const own = fields.filter(({ name }) => columns.some((column) => column.name === name))
  const loose = own.map((field) => ({ ...field, mode: field.mode === "REPEATED" ? "REPEATED" : "NULLABLE" }))
  const [projectId, datasetId, tableId] = path
  const schema = { fields: [...loose, { name: GONE, type: "BOOLEAN" }] }
  const json = { tableReference: { projectId, datasetId, tableId }, schema, expirationTime: String(Date.now() + WAITS_MS) }
  const at = tableAt(path) ?? ""
  await client.api.ask({ method: "POST", to: at.slice(0, at.lastIndexOf("/")), json }, call)
  try {
    const staged = await loading(path, location, true)({ ...target, key: [] }, lines)
    const sql = take(qualified(dialect, path))
    return { ...staged, ...(await underName(jobIdOf(once), (jobId) => run(client, sql, { jobId, location }, call))) }
  } finally {
    await client.api.ask({ method: "DELETE", to: at }, call).catch(() => call.log(`${path.join(".")} could not be dropped; BigQuery drops it after a day`))
  }
}

/** Rows without a value that the table needs, or in their key, are known before they are sent. */
const whole =
  (puts: Puts<Typified, BigQuery>): Puts<Typified, BigQuery> =>
  async (target, lines) => {
    const needed = ({ name, nullable, type }: Into["columns"][number], remove: boolean): boolean =>
      target.key.includes(name) || (!remove && !nullable && type !== "array")
    const missing = ({ values, remove }: Line<Typified>) => target.columns.find((column, at) => values[at]?.value == null && needed(column, remove))
    const fit = lines.filter((line) => missing(line) === undefined)
    const { rejected, ...done } = await puts(target, fit)
    const faults = lines.flatMap((line) => (fit.includes(line) ? [] : [{ index: line.index, reason: `column ${missing(line)?.name}: a value is needed.` }]))
    return { ...done, rejected: [...rejected, ...faults] }
  }

/** One load job for all rows, whose id is the commit's; if it fails for some of them, the others are taken over from a table beside it. */
const append: Puts<Typified, BigQuery> = async (target, lines) => {
  const { once, dialect, columns, table, client, stream, call } = target
  const location = await locationFor(client, stream.path, call)
  if (once === undefined) return await loading(stream.path, location, false)(target, lines)
  const none = (jobId: string) => run(client, "SELECT 1", { jobId, location }, call)
  if (lines.length === 0) return { written: 0, rejected: [], ...(await underName(jobIdOf(once), none)) }
  if (lines.reduce((sum, line) => sum + sizeOf(line), 0) <= MOST_BYTES) {
    const { already, failure } = await load(client, stream.path, textsOf(target, lines, false), { jobId: jobIdOf(once), location }, call)
    if (failure === undefined) return { written: lines.length, rejected: [], ...(already ? { already } : {}) }
    if (!already && saidOf(failure)?.code !== "invalid") throw failure
  }
  const names = list(dialect, columns)
  return await byStage(target, lines, location, (stage) => `INSERT INTO ${table} (${names}) SELECT ${names} FROM ${stage}`)
}

const upsert: Puts<Typified, BigQuery> = async (target, lines) => {
  const { columns, key, dialect, table, client, stream, call } = target
  const names = columns.map(({ name }) => dialect.ident(name))
  const others = columns.filter(({ name }) => !key.includes(name)).map(({ name }) => dialect.ident(name))
  const same = key.map((name) => `T.${dialect.ident(name)} = S.${dialect.ident(name)}`).join(" AND ")
  const update = others.length === 0 ? "" : ` WHEN MATCHED THEN UPDATE SET ${others.map((name) => `${name} = S.${name}`).join(", ")}`
  const take = (stage: string): string =>
    `MERGE INTO ${table} T USING ${stage} S ON ${same} WHEN MATCHED AND S.${GONE} THEN DELETE${update}
      WHEN NOT MATCHED AND NOT S.${GONE} THEN INSERT (${names.join(", ")}) VALUES (${names.map((name) => `S.${name}`).join(", ")})`
  return await byStage(target, lastOfEachKey(lines, columns, key), await locationFor(client, stream.path, call), take)
}

/** Rows by load jobs; those that are merged wait in a table beside the target. */
export const writer: Writer<Typified, BigQuery> = { append: whole(append), upsert: whole(upsert), deletes: true }

/** A commit is the id of the job that writes its rows; a project takes no id twice, and knows them for six months (docs, REST, JobReference). */
export const named: Named<BigQuery> = {
  async isDone(client, path, name, call) {
    const location = await locationFor(client, path, call)
    for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt++)
      try {
        return await isDone(client, { jobId: jobIdOf(attemptOf(name, attempt)), location }, call)
      } catch (error) {
        if (saidOf(error)?.code === "notFound" && !isFailure(error)) return false
        if (!isFailure(error)) throw error
      }
    return false
  },
}
