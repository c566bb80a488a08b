import { type Kysely, sql } from "kysely"
import type { Database } from "../store/database.ts"
import type { SealedTable } from "./sealed-tables.ts"

/** One sealed value, as stored; `key` is its primary key as text, in the order of the table's `key`. */
export interface SealedRow {
  readonly key: readonly string[]
  readonly workspaceId: string
  readonly ciphertext: string
  readonly dataKeyId: string
  /** The binding of the value according to its row, as far as the table has columns for it. */
  readonly bound: Readonly<Record<string, string>> | null
}

interface Asked {
  readonly workspaceId: string
  /** Only values under these data keys. */
  readonly under?: readonly string[]
}

const BATCH = 200

/** The sealed values of a workspace in one table, in batches in the order of the primary key. */
export async function* sealedRows(db: Kysely<Database>, table: SealedTable, asked: Asked): AsyncGenerator<readonly SealedRow[]> {
  const key = sql.join(table.key.map((column) => sql.ref(column)))
  const texts = sql.join(table.key.map((column) => sql`${sql.ref(column)}::text`))
  const under = asked.under === undefined ? sql`` : sql`and data_key_id = any (${asked.under}::uuid[])`
  const pairs = Object.entries(table.bound ?? {}).map(([name, column]) => sql`${name}::text, ${sql.ref(column)}::text`)
  const bound = pairs.length === 0 ? sql`null::jsonb` : sql`jsonb_build_object(${sql.join(pairs)})`
  for (let last: readonly string[] | undefined; ; ) {
    const after = last === undefined ? sql`` : sql`and (${key}) > (${sql.join(last)})`
    const { rows } = await sql<SealedRow>`
      select array[${texts}] as key, workspace_id as "workspaceId", ciphertext, data_key_id as "dataKeyId", ${bound} as bound
      from ${sql.table(`jackfield.${table.name}`)}
      where workspace_id = ${asked.workspaceId} and ciphertext is not null ${under} ${after} order by ${key} limit ${BATCH}`.execute(db)
    if (rows.length > 0) yield rows
    if (rows.length < BATCH) return
    last = rows.at(-1)?.key
  }
}

/** A resealed value, for a row that still contains the old one. */
export interface Resealed {
  readonly row: SealedRow
  readonly ciphertext: string
  readonly dataKeyId: string
  readonly fingerprint: string
}

/**
 * Replaces old values with resealed ones unless a hub has changed them in the meantime; returns the number of rows.
 * Waiting for a row that a hub is writing ends before PostgreSQL looks for deadlocks, so the hub's transaction is
 * never the one that is cancelled.
 */
export async function replaceRows(db: Kysely<Database>, table: SealedTable, changes: readonly Resealed[]): Promise<number> {
  try {
    return await db.transaction().execute(async (tx) => {
      await sql`set local lock_timeout = '400ms'`.execute(tx)
      let replaced = 0
      for (const change of changes) {
        const fingerprint = table.fingerprint ? sql`, fingerprint = ${change.fingerprint}` : sql``
        const key = sql.join(
          table.key.map((column, index) => sql`${sql.ref(column)} = ${change.row.key[index]}`),
          sql` and `,
        )
        const result = await sql`
          update ${sql.table(`jackfield.${table.name}`)} set ciphertext = ${change.ciphertext}, data_key_id = ${change.dataKeyId} ${fingerprint}
          where ${key} and ciphertext = ${change.row.ciphertext}`.execute(tx)
        replaced += Number(result.numAffectedRows ?? 0)
      }
      return replaced
    })
  } catch (error) {
    if ((error as { code?: unknown }).code !== "55P03") throw error
    if (changes.length === 1) return 0
    let replaced = 0
    for (const change of changes) replaced += await replaceRows(db, table, [change])
    return replaced
  }
}
