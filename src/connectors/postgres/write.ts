import type { Call } from "../../core/call.ts"
import { PlatformError } from "../../core/errors.ts"
import type { Batch, Stream, WriteMode, WriteOptions, WriteReport } from "../../core/streams.ts"
import type { ColumnType } from "../../core/values.ts"
import { begin, ident, type Postgres, qualified, rollback } from "./client.ts"
import { copyLine, encode, Unfit } from "./encode.ts"
import { isServerError, type ServerError, said } from "./errors.ts"
import { columnType } from "./values.ts"

interface Rejected {
  readonly index: number
  readonly reason: string
}

/** A row of the batch as a COPY line, by its index. */
interface Line {
  readonly index: number
  readonly text: string
}

/** What a batch goes into, as the server has it now. */
interface Target {
  readonly table: string
  readonly name: string
  readonly columns: readonly { readonly name: string; readonly type: ColumnType }[]
  readonly key: readonly string[]
}

/** Puts lines somewhere in one statement: how many arrived, or the server's error. */
type Put = (lines: readonly Line[]) => Promise<number>

/**
 * Writes one batch in one transaction: `append` by COPY, `upsert` by COPY into a temporary table and INSERT … ON
 * CONFLICT. Rows that the server refuses are found by halving and reported one by one; the others are written. In an
 * upsert the last of several rows with one key wins, and those before it count as skipped.
 */
export async function write(client: Postgres, to: Stream, batch: Batch, { mode }: WriteOptions, call: Call): Promise<WriteReport> {
  await begin(client, call, "READ WRITE")
  try {
    const target = await findTarget(client, to, batch, mode)
    // Deferred constraints would else speak up at COMMIT, when nobody can tell whose fault it is.
    await client.pg.query("SET CONSTRAINTS ALL IMMEDIATE")
    const { lines, rejected } = encodeRows(batch, target)
    const done = mode === "append" ? await append(client, target, lines, rejected) : await upsert(client, target, lines, rejected)
    await client.pg.query("COMMIT")
    return { written: done.written, rejected: rejected.sort((a, b) => a.index - b.index), skipped: done.skipped }
  } catch (error) {
    await rollback(client)
    if (isServerError(error) && error.code === "42501") throw grant(to, mode, error)
    throw error
  }
}

const grant = (to: Stream, mode: WriteMode, cause: ServerError): PlatformError =>
  new PlatformError(
    "permission_denied",
    `The role may not write ${to.path.join(".")} (${said(cause)}); GRANT ${mode === "append" ? "INSERT" : "SELECT, INSERT, UPDATE"} ON ${qualified(to.path)} TO it${mode === "append" ? "" : ", and TEMPORARY on the database"}.`,
    { cause, details: { sqlstate: cause.code } },
  )

const TARGET = `
  SELECT a.attname, CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END::int8, t.typcategory, i.indkey::text, i.indnkeyatts, a.attnum
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped JOIN pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
  WHERE c.relkind IN ('r','p','v','f') AND n.nspname = $1 AND c.relname = $2 ORDER BY a.attnum`

async function findTarget({ pg }: Postgres, to: Stream, batch: Batch, mode: WriteMode): Promise<Target> {
  const name = to.path.join(".")
  const { rows } = await pg.query<[string, string, string, string | null, number | null, number]>({
    text: TARGET,
    values: [to.path[0] ?? "", to.path[1] ?? ""],
    rowMode: "array",
  })
  if (rows.length === 0 || to.path.length !== 2)
    throw new PlatformError("stream_not_found", `There is no table ${name} to write to; the catalog has what there is.`)
  const columns = batch.columns.map((column) => {
    const found = rows.find(([attname]) => attname === column.name)
    if (found === undefined)
      throw new PlatformError("query_invalid", `${name} has no column ${column.name}; its columns are ${rows.map(([attname]) => attname).join(", ")}.`)
    const known = columnType(Number(found[1]))
    return { name: column.name, type: known === "unknown" && found[2] === "A" ? ("array" as const) : known }
  })
  const primary = (rows[0]?.[3]?.split(" ") ?? [])
    .slice(0, rows[0]?.[4] ?? 0)
    .flatMap((number) => rows.filter((row) => String(row[5]) === number).map(([attname]) => attname))
  const key = to.key.length > 0 ? to.key : primary
  if (mode === "upsert") {
    if (key.length === 0)
      throw new PlatformError("query_invalid", `${name} has no primary key, so rows cannot be upserted; append them, or give the table a key.`)
    const missing = key.filter((part) => !columns.some((column) => column.name === part))
    if (missing.length > 0) throw new PlatformError("query_invalid", `An upsert into ${name} needs its key; the rows lack ${missing.join(", ")}.`)
  }
  return { table: qualified(to.path), name, columns, key }
}

function encodeRows(batch: Batch, target: Target): { lines: Line[]; rejected: Rejected[] } {
  const lines: Line[] = []
  const rejected: Rejected[] = []
  for (const [index, row] of batch.rows.entries()) {
    if (row.length !== target.columns.length) {
      rejected.push({ index, reason: `The row has ${row.length} values for ${target.columns.length} columns.` })
      continue
    }
    try {
      lines.push({ index, text: copyLine(target.columns.map((column, position) => encodeAt(row[position] ?? null, column))) })
    } catch (error) {
      if (!(error instanceof Unfit)) throw error
      rejected.push({ index, reason: `${error.message}.` })
    }
  }
  return { lines, rejected }
}

function encodeAt(value: Parameters<typeof encode>[0], column: { name: string; type: ColumnType }): string | null {
  try {
    return encode(value, column.type)
  } catch (error) {
    if (error instanceof Unfit) throw new Unfit(`column ${column.name}: ${error.message}`, { cause: error })
    throw error
  }
}

const names = (columns: Target["columns"]): string => columns.map((column) => ident(column.name)).join(", ")

async function append(client: Postgres, target: Target, lines: readonly Line[], rejected: Rejected[]): Promise<{ written: number; skipped: number }> {
  const put: Put = (some) => copy(client, `COPY ${target.table} (${names(target.columns)}) FROM STDIN`, some.map((line) => line.text).join(""))
  const before = rejected.length
  const written = await halve(client, lines, put, rejected)
  // A row that a trigger swallowed was not written.
  return { written, skipped: lines.length - written - (rejected.length - before) }
}

const ORDINAL = "jackfield ordinal"

async function upsert(client: Postgres, target: Target, lines: readonly Line[], rejected: Rejected[]): Promise<{ written: number; skipped: number }> {
  const { pg } = client
  const stage = `pg_temp.${ident("jackfield stage")}`
  const ordinal = ident(ORDINAL)
  const columns = names(target.columns)
  await pg.query(`CREATE TEMPORARY TABLE ${stage} ON COMMIT DROP AS SELECT 0::int8 AS ${ordinal}, ${columns} FROM ${target.table} WITH NO DATA`)
  const arrived = await halve(
    client,
    lines,
    (some) => copy(client, `COPY ${stage} (${ordinal}, ${columns}) FROM STDIN`, some.map((line) => `${line.index}\t${line.text}`).join("")),
    rejected,
  )
  const same = target.key.map((part) => `later.${ident(part)} = s.${ident(part)}`).join(" AND ")
  const { rowCount: superseded } = await pg.query(`DELETE FROM ${stage} s USING ${stage} later WHERE ${same} AND later.${ordinal} > s.${ordinal}`)
  const { rows } = await pg.query<[string]>({ text: `SELECT ${ordinal} FROM ${stage} ORDER BY 1`, rowMode: "array" })
  const staged = rows.map(([index]) => ({ index: Number(index), text: "" }))
  const others = target.columns.filter((column) => !target.key.includes(column.name))
  const change = others.length === 0 ? "DO NOTHING" : `DO UPDATE SET ${others.map(({ name }) => `${ident(name)} = EXCLUDED.${ident(name)}`).join(", ")}`
  const insert = `INSERT INTO ${target.table} (${columns}) OVERRIDING SYSTEM VALUE SELECT ${columns} FROM ${stage} WHERE ${ordinal} BETWEEN $1 AND $2 ORDER BY ${ordinal} ON CONFLICT (${target.key.map(ident).join(", ")}) ${change}`
  const put: Put = async (some) => (await pg.query(insert, [some[0]?.index ?? 0, some.at(-1)?.index ?? -1])).rowCount ?? 0
  const before = rejected.length
  const touched = await halve(client, staged, put, rejected)
  const refused = rejected.length - before
  // A row of keys alone that is there already is as it should be: written, though the server had nothing to change.
  const written = others.length === 0 ? staged.length - refused : touched
  return { written, skipped: (superseded ?? arrived - staged.length) + (staged.length - refused - written) }
}

/** Puts the rows in as large pieces as the server takes; a single row that it refuses is rejected with the server's reason. */
async function halve(client: Postgres, lines: readonly Line[], put: Put, rejected: Rejected[]): Promise<number> {
  if (lines.length === 0) return 0
  await client.pg.query("SAVEPOINT jackfield")
  try {
    const written = await put(lines)
    await client.pg.query("RELEASE SAVEPOINT jackfield")
    return written
  } catch (error) {
    if (!isServerError(error) || !isRowFault(error.code)) throw error
    await client.pg.query("ROLLBACK TO SAVEPOINT jackfield; RELEASE SAVEPOINT jackfield")
    const [only] = lines
    if (lines.length === 1 && only) {
      rejected.push({ index: only.index, reason: reasonOf(error) })
      return 0
    }
    const middle = lines.length >> 1
    return (await halve(client, lines.slice(0, middle), put, rejected)) + (await halve(client, lines.slice(middle), put, rejected))
  }
}

/** Data, constraint, trigger: what another row need not suffer from (SQLSTATE classes 22, 23, 44 and P0). */
const isRowFault = (code: string): boolean => /^(22|23|44|P0)/.test(code) && code !== "22P04"

/** Their detail names the key in question; that of the others repeats the whole row. */
const KEYED: ReadonlySet<string> = new Set(["23503", "23505", "23P01"])

const reasonOf = (error: ServerError): string => `${said(error)}${KEYED.has(error.code) && error.detail ? ` (${error.detail})` : ""}.`

async function copy({ pg }: Postgres, statement: string, data: string): Promise<number> {
  const { from } = await import("pg-copy-streams")
  const stream = pg.query(from(statement))
  await new Promise<void>((resolve, reject) => {
    stream.on("error", reject).on("finish", resolve).end(data)
  })
  return stream.rowCount
}
