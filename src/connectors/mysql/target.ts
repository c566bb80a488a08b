import { PlatformError } from "../../core/errors.ts"
import type { Batch, Stream, WriteMode } from "../../core/streams.ts"
import type { Column } from "../../core/values.ts"
import { type MySql, qualified } from "./client.ts"
import { count, run } from "./statements.ts"
import { columnType } from "./values.ts"

/** What a batch goes into, as the server has it now. */
export interface Target {
  readonly table: string
  readonly columns: readonly Column[]
  /** Empty when rows are appended. */
  readonly key: readonly string[]
  /** Bytes that one statement may have. */
  readonly packetMax: number
  /** False: a statement that fails midway leaves rows behind (MyISAM, Aria, MEMORY). */
  readonly transactional: boolean
}

const TABLE = `
  SELECT t.TABLE_TYPE, e.TRANSACTIONS, @@max_allowed_packet
  FROM information_schema.TABLES t LEFT JOIN information_schema.ENGINES e ON e.ENGINE = t.ENGINE WHERE t.TABLE_SCHEMA = ? AND t.TABLE_NAME = ?`
const COLUMNS =
  "SELECT COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, IS_NULLABLE FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION"
const UNIQUE = `
  SELECT INDEX_NAME, COLUMN_NAME, NULLABLE FROM information_schema.STATISTICS
  WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND NON_UNIQUE = 0 ORDER BY INDEX_NAME, SEQ_IN_INDEX`

/** Of a packet, what rows may take; the rest is for the statement's own text. */
const SHARE = 0.75

/** The table and what the batch needs of it; throws `stream_not_found` or `query_invalid`, and nothing is written. */
export async function findTarget(client: MySql, to: Stream, batch: Batch, mode: WriteMode): Promise<Target> {
  const name = to.path.join(".")
  const path = [to.path[0] ?? "", to.path[1] ?? ""]
  const [found] = (await run(client, TABLE, path)).rows
  if (found === undefined || to.path.length !== 2)
    throw new PlatformError("stream_not_found", `There is no table ${name} to write to that the user may see; the catalog has what there is.`)
  const [type, transactions, packet] = found
  const { rows } = await run(client, COLUMNS, path)
  const columns = batch.columns.map(({ name: wanted, type: given }): Column => {
    const row = rows.find(([column]) => column === wanted)
    if (row === undefined)
      throw new PlatformError(
        "query_invalid",
        `${name} has no column ${wanted} that the user may see; its columns are ${rows.map(([column]) => column).join(", ")}.`,
      )
    const [, dataType, nativeType, nullable] = row.map(String)
    const own = columnType((dataType ?? "").toLowerCase())
    // MariaDB has JSON as a text; what comes as JSON goes into a text as JSON.
    return { name: wanted, type: own === "string" && given === "json" ? "json" : own, nativeType: nativeType ?? "", nullable: nullable === "YES" }
  })
  const key = mode === "append" ? [] : await keyOf(client, to, path)
  const missing = key.filter((part) => !columns.some((column) => column.name === part))
  if (missing.length > 0) throw new PlatformError("query_invalid", `An upsert into ${name} needs its key; the rows lack ${missing.join(", ")}.`)
  const packetMax = Math.floor(count(packet) * SHARE)
  return { table: qualified(to.path), columns, key, packetMax, transactional: type === "VIEW" || transactions === "YES" }
}

/** The key that rows are told apart by: the primary one, or that of the stream when a unique index without NULLs holds it. */
async function keyOf(client: MySql, to: Stream, path: readonly string[]): Promise<readonly string[]> {
  const name = to.path.join(".")
  const indexes = new Map<string, string[]>()
  const nullable = new Set<string>()
  for (const [index, column, nulls] of (await run(client, UNIQUE, [...path])).rows) {
    indexes.set(String(index), [...(indexes.get(String(index)) ?? []), String(column)])
    if (nulls === "YES") nullable.add(String(index))
  }
  const wanted = to.key.length > 0 ? [...to.key].sort().join("\0") : undefined
  const found = [...indexes].find(([index, columns]) =>
    wanted === undefined ? index === "PRIMARY" : !nullable.has(index) && [...columns].sort().join("\0") === wanted,
  )
  if (found !== undefined) return found[1]
  throw new PlatformError(
    "query_invalid",
    wanted === undefined
      ? `${name} has no primary key, so rows cannot be upserted; append them, or give the table a key.`
      : `${name} has no unique key on ${to.key.join(", ")} without NULLs, so rows cannot be upserted by it; append them, or give the table such a key.`,
  )
}
