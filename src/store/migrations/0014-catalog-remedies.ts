import { type Kysely, sql } from "kysely"

/** What would make a skipped object readable, as the discovery said it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw("alter table jackfield.catalog_skipped add column remedies jsonb not null default '[]'").execute(db)
}
