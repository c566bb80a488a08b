import { type Kysely, sql } from "kysely"
import { PlatformError } from "../core/errors.ts"
import type { Database } from "./database.ts"
import { migrations } from "./migrations/index.ts"

/** The migrations of this version, in order. */
export const OURS: readonly string[] = Object.keys(migrations).sort()

type Query = (statement: string) => Promise<readonly unknown[]>

/** The migrations that were applied to a database, in order; empty if it contains no hub. */
export async function appliedMigrations(query: Query): Promise<readonly string[]> {
  const there = (await query("select to_regclass('jackfield.kysely_migration') is not null as there")) as { there: boolean }[]
  if (there[0]?.there !== true) return []
  return ((await query("select name from jackfield.kysely_migration order by name")) as { name: string }[]).map((row) => row.name)
}

/** Rejects a schema made by a newer version: PlatformError `store_unavailable` that names both versions. */
export function refuseNewer(applied: readonly string[], what: string): void {
  const unknown = applied.filter((name) => !OURS.includes(name))
  if (unknown.length === 0) return
  const message = `${what} is from a newer version (${unknown.at(-1)}; this one supports up to ${OURS.at(-1)}); use that version or a newer one. Nothing was changed.`
  throw new PlatformError("store_unavailable", message)
}

/** Rejects a database whose schema is not exactly this version's. */
export async function newestSchema(db: Kysely<Database>): Promise<void> {
  const applied = await appliedMigrations(async (statement) => (await sql.raw(statement).execute(db)).rows)
  refuseNewer(applied, "The hub's database")
  if (applied.length === OURS.length) return
  const message = `The hub's database is from an older version (${applied.at(-1) ?? "none"}); start a hub of this version on it once, which migrates it.`
  throw new PlatformError("store_unavailable", message)
}
