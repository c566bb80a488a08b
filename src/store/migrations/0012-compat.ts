import { type Kysely, sql } from "kysely"

/** A dialect is a dialect of SQL; the API of another product that a document came through is a compatible API. */
const COLUMN = "alter table jackfield.connectors rename column dialect to compat;"

/** Versions keep the connector as it was, under the names of its columns, and name each change by its pointer. */
const VERSIONS = `
update jackfield.connector_versions set
  state = state - 'dialect' || jsonb_build_object('compat', state -> 'dialect'),
  changes = (
    select coalesce(jsonb_agg(case each ->> 'pointer' when '/dialect' then each || '{"pointer": "/compat"}' else each end order by place), '[]')
    from jsonb_array_elements(changes) with ordinality as list (each, place)
  )
where state ? 'dialect';
`

/** The column and the key that name a connector's compatible API. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(COLUMN + VERSIONS).execute(db)
}
