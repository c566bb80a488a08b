import { type Kysely, sql } from "kysely"
import { PlatformError } from "../core/errors.ts"
import type { Database } from "./database.ts"
import { migrations } from "./migrations/index.ts"

/** The migrations that this version brings, in order. */
export const OURS: readonly string[] = Object.keys(migrations).sort()

type Query = (statement: string) => Promise<readonly unknown[]>

/** The migrations that a database has been through, in order; none when it has no hub. */
export async function appliedMigrations(query: Query): Promise<readonly string[]> {
  const there = (await query("select to_regclass('jackfield.kysely_migration') is not null as there")) as { there: boolean }[]
  if (there[0]?.there !== true) return []
  return ((await query("select name from jackfield.kysely_migration order by name")) as { name: string }[]).map((row) => row.name)
}

/** Refuses a schema that a newer version made: PlatformError `store_unavailable` that names both. */
export function refuseNewer(applied: readonly string[], what: string): void {
  const unknown = applied.filter((name) => !OURS.includes(name))
  if (unknown.length === 0) return
  const message = `${what} is of a newer version (${unknown.at(-1)}; this one knows up to ${OURS.at(-1)}); use that version or a newer one. Nothing was changed.`
  throw new PlatformError("store_unavailable", message)
}

/** Refuses a database whose schema is not exactly this version's. */
export async function newestSchema(db: Kysely<Database>): Promise<void> {
  const applied = await appliedMigrations(async (statement) => (await sql.raw(statement).execute(db)).rows)
  refuseNewer(applied, "The hub's database")
  if (applied.length === OURS.length) return
  const message = `The hub's database is of an older version (${applied.at(-1) ?? "none"}); start this version's hub on it once, which brings it up to date.`
  throw new PlatformError("store_unavailable", message)
}
