import { type Kysely, sql } from "kysely"

/** Adds how a stream is read without proof: the guesses of a file's format, as the connector reported them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table jackfield.catalog_streams add column guesses jsonb`.execute(db)
}
