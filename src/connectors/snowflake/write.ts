import type { Call } from "../../core/call.ts"
import { PlatformError } from "../../core/errors.ts"
import type { Batch, Stream, WriteMode, WriteOptions, WriteReport } from "../../core/streams.ts"
import type { Column } from "../../core/values.ts"
import { withoutZeros } from "../shared/fraction.ts"
import { findStream } from "./catalog.ts"
import type { Snowflake } from "./client.ts"
import { encode, fromText, Unfit } from "./encode.ts"
import { isRowFault } from "./errors.ts"
import { ident, qualified } from "./sql.ts"
import { type Result, run } from "./statements.ts"

interface Rejected {
  readonly index: number
  readonly reason: string
}

/** A row of the batch as a JSON array of texts, by its index; `key` tells rows of one key. */
interface Line {
  readonly index: number
  readonly json: string
  readonly key: string
}

interface Target {
  readonly stream: Stream
  readonly columns: readonly Column[]
  readonly key: readonly string[]
  readonly statement: string
  readonly mode: WriteMode
}

/** Characters of one bind variable at most; Snowflake takes 16 MB. */
const MOST_JSON = 4 * 1_048_576

/**
 * Writes one batch: `append` by INSERT … SELECT, `upsert` by MERGE, both from one JSON bind variable. Each statement
 * commits by itself. Rows that Snowflake refuses are found by halving and reported one by one; the others are written. In
 * an upsert the last of several rows with one key wins, and those before it count as skipped.
 */
export async function write(client: Snowflake, to: Stream, batch: Batch, { mode }: WriteOptions, call: Call): Promise<WriteReport> {
  const target = await findTarget(client, to, batch, mode, call)
  const { lines, rejected } = encodeRows(batch, target)
  const last = new Map(lines.map((line) => [line.key, line]))
  const wanted = mode === "upsert" ? lines.filter((line) => last.get(line.key) === line) : lines
  let written = 0
  const before = rejected.length
  for (const chunk of chunks(wanted)) written += await halve(client, target, chunk, rejected, call)
  const refused = rejected.length - before
  return {
    written,
    rejected: rejected.sort((a, b) => a.index - b.index),
    skipped: lines.length - written - refused,
  }
}

async function findTarget(client: Snowflake, to: Stream, batch: Batch, mode: WriteMode, call: Call): Promise<Target> {
  const stream = await findStream(client, to.path, call)
  const name = stream.path.join(".")
  const columns = batch.columns.map((wanted) => {
    const found = stream.columns.find((column) => column.name === wanted.name)
    if (found) return found
    throw new PlatformError("query_invalid", `${name} has no column ${wanted.name}; its columns are ${stream.columns.map((each) => each.name).join(", ")}.`)
  })
  const key = to.key.length > 0 ? to.key : stream.key
  if (mode === "upsert") {
    if (key.length === 0)
      throw new PlatformError("query_invalid", `${name} has no primary key, so rows cannot be upserted; append them, or give the table a key.`)
    const missing = key.filter((part) => !columns.some((column) => column.name === part))
    if (missing.length > 0) throw new PlatformError("query_invalid", `An upsert into ${name} needs its key; the rows lack ${missing.join(", ")}.`)
  }
  const statement = mode === "append" ? insertSql(stream, columns) : mergeSql(stream, columns, key)
  return { stream, columns, key, statement, mode }
}

/** The rows of the bind variable as columns: one JSON array of arrays, taken apart by FLATTEN. */
const sourceSql = (columns: readonly Column[]): string =>
  `SELECT ${columns.map((column, index) => `${fromText(column, `F.VALUE[${index}]::VARCHAR`)} AS ${ident(column.name)}`).join(", ")} FROM TABLE(FLATTEN(INPUT => PARSE_JSON(?))) F`

const insertSql = (stream: Stream, columns: readonly Column[]): string =>
  `INSERT INTO ${qualified(stream.path)} (${columns.map(({ name }) => ident(name)).join(", ")}) ${sourceSql(columns)}`

function mergeSql(stream: Stream, columns: readonly Column[], key: readonly string[]): string {
  const names = columns.map(({ name }) => ident(name))
  const others = columns.filter(({ name }) => !key.includes(name)).map(({ name }) => ident(name))
  const same = key.map((part) => `T.${ident(part)} = S.${ident(part)}`).join(" AND ")
  const update = others.length === 0 ? "" : ` WHEN MATCHED THEN UPDATE SET ${others.map((name) => `${name} = S.${name}`).join(", ")}`
  const values = names.map((name) => `S.${name}`).join(", ")
  return `MERGE INTO ${qualified(stream.path)} T USING (${sourceSql(columns)}) S ON ${same}${update} WHEN NOT MATCHED THEN INSERT (${names.join(", ")}) VALUES (${values})`
}

function encodeRows(batch: Batch, { columns, key }: Target): { lines: Line[]; rejected: Rejected[] } {
  const lines: Line[] = []
  const rejected: Rejected[] = []
  const positions = key.map((part) => columns.findIndex(({ name }) => name === part))
  for (const [index, row] of batch.rows.entries()) {
    if (row.length !== columns.length) {
      rejected.push({ index, reason: `The row has ${row.length} values for ${columns.length} columns.` })
      continue
    }
    try {
      const texts = columns.map((column, position) => encodeAt(row[position] ?? null, column))
      lines.push({
        index,
        json: JSON.stringify(texts),
        key: JSON.stringify(positions.map((position) => canonical(texts[position] ?? null, columns[position]))),
      })
    } catch (error) {
      if (!(error instanceof Unfit)) throw error
      rejected.push({ index, reason: `${error.message}.` })
    }
  }
  return { lines, rejected }
}

function encodeAt(value: Batch["rows"][number][number], column: Column): string | null {
  try {
    return encode(value, column.type)
  } catch (error) {
    if (error instanceof Unfit) throw new Unfit(`column ${column.name}: ${error.message}`, { cause: error })
    throw error
  }
}

/** `01` and `1.0` are one number, and so one key. Other spellings of one value meet in Snowflake, which halving resolves. */
const canonical = (text: string | null, column: Column | undefined): string | null =>
  text !== null && (column?.type === "integer" || column?.type === "decimal") ? withoutZeros(text.replace(/^(-?)0+(?=\d)/, "$1")) : text

function chunks(lines: readonly Line[]): Line[][] {
  const all: Line[][] = []
  let size = Number.POSITIVE_INFINITY
  for (const line of lines) {
    if (size + line.json.length > MOST_JSON) {
      all.push([])
      size = 0
    }
    all.at(-1)?.push(line)
    size += line.json.length + 1
  }
  return all
}

/** Writes as large pieces as Snowflake takes; a single row that it refuses is rejected with its reason. */
async function halve(client: Snowflake, target: Target, lines: readonly Line[], rejected: Rejected[], call: Call): Promise<number> {
  if (lines.length === 0) return 0
  try {
    const value = `[${lines.map(({ json }) => json).join(",")}]`
    return written(await run(client, target.statement, { bindings: [{ type: "TEXT", value }] }, call), target, lines.length)
  } catch (error) {
    if (!isRowFault(error)) throw error
    const [only] = lines
    if (lines.length === 1 && only) {
      rejected.push({ index: only.index, reason: error.message })
      return 0
    }
    const middle = lines.length >> 1
    return (await halve(client, target, lines.slice(0, middle), rejected, call)) + (await halve(client, target, lines.slice(middle), rejected, call))
  }
}

/** Rows of ours that are there now, by Snowflake's own count. Where a key is there twice, one row of ours changes two. */
function written({ stats, first }: Result, { mode, columns, key }: Target, sent: number): number {
  const counts = first[0] ?? []
  const inserted = stats["numRowsInserted"] ?? Number(counts[0] ?? 0)
  const updated = mode === "append" ? 0 : (stats["numRowsUpdated"] ?? Number(counts[1] ?? 0))
  // A row of keys alone that is there already is as it should be, though there was nothing to change.
  if (mode === "upsert" && columns.length === key.length) return sent
  return Math.min(sent, inserted + updated)
}
