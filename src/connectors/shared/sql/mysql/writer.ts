import type { Call } from "../../core/call.ts"
import { PlatformError } from "../../core/errors.ts"
import type { Batch, Stream, WriteMode, WriteOptions, WriteReport } from "../../core/streams.ts"
import type { Column } from "../../core/values.ts"
import { ident, type MySql } from "./client.ts"
import { encode, placeholder, Unfit } from "./encode.ts"
import { isRowFault, isServerError, type ServerError, said } from "./errors.ts"
import { type Bound, begin, count, rollback, run } from "./statements.ts"
import { findTarget, type Target } from "./target.ts"

interface Rejected {
  readonly index: number
  readonly reason: string
}

/** A row of the batch as the server takes it, by its index. */
interface Line {
  readonly index: number
  readonly values: readonly Bound[]
  readonly bytes: number
}

/**
 * Writes one batch in one transaction: `append` by INSERT of many rows, `upsert` by INSERT … ON DUPLICATE KEY UPDATE. Rows
 * that the server refuses are found by halving and reported one by one; the others are written. In an upsert the last of
 * several rows with one key wins, and those before it count as skipped; a row that would change another one, which has the
 * same value in another unique key, is refused.
 */
export async function write(client: MySql, to: Stream, batch: Batch, { mode }: WriteOptions, call: Call): Promise<WriteReport> {
  await begin(client, call, "READ WRITE")
  try {
    const target = await findTarget(client, to, batch, mode)
    const { lines, rejected } = encodeRows(batch, target)
    const insert = mode === "append" ? "" : onDuplicate(target)
    for (const part of parts(lines, target)) await halve(client, target, insert, part, rejected)
    const refused = new Set(rejected.map(({ index }) => index))
    const taken = lines.filter(({ index }) => !refused.has(index))
    const written = mode === "append" ? taken.length : await standing(client, target, taken)
    await run(client, "COMMIT")
    return { written, rejected: rejected.sort((a, b) => a.index - b.index), skipped: taken.length - written }
  } catch (error) {
    await rollback(client)
    if (isServerError(error) && DENIED.has(error.errno)) throw grant(target(to), mode, error)
    throw error
  }
}

const DENIED: ReadonlySet<number> = new Set([1142, 1143])
const target = (to: Stream): string => to.path.map(ident).join(".")

const grant = (table: string, mode: WriteMode, cause: ServerError): PlatformError =>
  new PlatformError(
    "permission_denied",
    `The user may not write ${table} (${said(cause)}); GRANT ${mode === "append" ? "INSERT" : "SELECT, INSERT, UPDATE"} ON ${table} TO it.`,
    { cause, details: { errno: cause.errno, sqlstate: cause.sqlState } },
  )

function encodeRows(batch: Batch, { columns, packetMax }: Target): { lines: Line[]; rejected: Rejected[] } {
  const lines: Line[] = []
  const rejected: Rejected[] = []
  for (const [index, row] of batch.rows.entries()) {
    try {
      if (row.length !== columns.length) throw new Unfit(`The row has ${row.length} values for ${columns.length} columns`)
      const values = columns.map((column, position) => encodeAt(row[position] ?? null, column))
      const bytes = values.reduce<number>((sum, value) => sum + sizeOf(value), 0)
      if (bytes > packetMax) throw new Unfit(`The row has ${bytes} bytes, and the server's max_allowed_packet takes ${packetMax}`)
      lines.push({ index, values, bytes })
    } catch (error) {
      if (!(error instanceof Unfit)) throw error
      rejected.push({ index, reason: `${error.message}.` })
    }
  }
  return { lines, rejected }
}

const sizeOf = (value: Bound): number => (typeof value === "string" ? Buffer.byteLength(value) : Buffer.isBuffer(value) ? value.length : 0) + 16

function encodeAt(value: Parameters<typeof encode>[0], column: Column): Bound {
  try {
    return encode(value, column)
  } catch (error) {
    if (error instanceof Unfit) throw new Unfit(`column ${column.name}: ${error.message}`, { cause: error })
    throw error
  }
}

/** Placeholders that one statement may have (MySQL docs, 1390). */
const MOST_PLACEHOLDERS = 65_535
const MOST_ROWS = 1_000

/** Lines as statements take them: by rows, placeholders and bytes. One at a time where a statement that fails is not undone. */
function* parts(lines: readonly Line[], { columns, packetMax, transactional }: Target): Generator<Line[]> {
  const most = transactional ? Math.max(1, Math.min(MOST_ROWS, Math.floor(MOST_PLACEHOLDERS / Math.max(1, columns.length)))) : 1
  let part: Line[] = []
  let bytes = 0
  for (const line of lines) {
    if (part.length >= most || (part.length > 0 && bytes + line.bytes > packetMax)) {
      yield part
      part = []
      bytes = 0
    }
    part.push(line)
    bytes += line.bytes
  }
  if (part.length > 0) yield part
}

/** Beside the key everything takes the new value. The key stays; where another row is met by another unique key, its NULL is an error. */
function onDuplicate({ columns, key }: Target): string {
  const changes = columns.map(({ name }) => {
    const column = ident(name)
    return key.includes(name) ? `${column} = IF(${column} <=> VALUES(${column}), ${column}, NULL)` : `${column} = VALUES(${column})`
  })
  return ` ON DUPLICATE KEY UPDATE ${changes.join(", ")}`
}

const insertOf = ({ table, columns }: Target, rows: number): string => {
  const row = `(${columns.map(() => "?").join(", ")})`
  return `INSERT INTO ${table} (${columns.map(({ name }) => ident(name)).join(", ")}) VALUES ${Array.from({ length: rows }, () => row).join(", ")}`
}

/**
 * Puts the rows in as large pieces as the server takes; a single row that it refuses is rejected with the server's reason. A
 * statement that fails leaves nothing of itself behind, so nothing need be taken back (MySQL docs, InnoDB Error Handling).
 */
async function halve(client: MySql, target: Target, more: string, lines: readonly Line[], rejected: Rejected[]): Promise<void> {
  const [only] = lines
  if (only === undefined) return
  try {
    await run(
      client,
      insertOf(target, lines.length) + more,
      lines.flatMap(({ values }) => values),
    )
  } catch (error) {
    if (!isServerError(error) || !isRowFault(error)) throw error
    if (lines.length === 1) {
      rejected.push({ index: only.index, reason: await reasonOf(client, target, only, error) })
      return
    }
    const middle = lines.length >> 1
    await halve(client, target, more, lines.slice(0, middle), rejected)
    await halve(client, target, more, lines.slice(middle), rejected)
  }
}

const NOT_NULL = 1048

/** The server's words; for a row that met another one by another unique key, those of a plain INSERT, which name that key. */
async function reasonOf(client: MySql, target: Target, line: Line, error: ServerError): Promise<string> {
  const whole = target.key.every((name) => line.values[target.columns.findIndex((column) => column.name === name)] !== null)
  if (error.errno === NOT_NULL && target.key.length > 0 && whole && target.transactional) {
    try {
      await run(client, insertOf(target, 1), line.values)
    } catch (other) {
      if (isServerError(other)) return `${said(other)}.`
      throw other
    }
  }
  return `${said(error)}.`
}

const MOST_KEYS = 500

/** How many rows of the table have the keys that were written: as many as there are different keys by the server's own comparison. */
async function standing(client: MySql, { table, columns, key }: Target, lines: readonly Line[]): Promise<number> {
  const parts = key.flatMap((name) => columns.filter((column) => column.name === name))
  const positions = parts.map((column) => columns.indexOf(column))
  const one = `(${parts.map((column) => `${ident(column.name)} = ${placeholder(column)}`).join(" AND ")})`
  const names = parts.map(({ name }) => ident(name)).join(", ")
  const found = new Set<string>()
  for (let at = 0; at < lines.length; at += MOST_KEYS) {
    const some = lines.slice(at, at + MOST_KEYS)
    const values = some.flatMap((line) => positions.map((position) => line.values[position] ?? null))
    const { rows } = await run(client, `SELECT ${names} FROM ${table} WHERE ${some.map(() => one).join(" OR ")}`, values)
    for (const row of rows) found.add(JSON.stringify(row.map((value) => (Buffer.isBuffer(value) ? value.toString("hex") : value))))
  }
  return count(found.size)
}
