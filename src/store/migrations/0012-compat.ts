import { type Kysely, sql } from "kysely"

/** Renames the column: "dialect" now means a dialect of SQL, and the API of another product is a compatible API. */
const COLUMN = "alter table jackfield.connectors rename column dialect to compat;"

/** Renames it in versions too, which store the connector under its column names and each change by its pointer. */
const VERSIONS = `
update jackfield.connector_versions set
  state = state - 'dialect' || jsonb_build_object('compat', state -> 'dialect'),
  changes = (
    select coalesce(jsonb_agg(case each ->> 'pointer' when '/dialect' then each || '{"pointer": "/compat"}' else each end order by place), '[]')
    from jsonb_array_elements(changes) with ordinality as list (each, place)
  )
where state ? 'dialect';
`

/** Renames the column and the key that hold a connector's compatible API. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(COLUMN + VERSIONS).execute(db)
}
