import { type Kysely, sql } from "kysely"

const TABLE = `
create table jackfield.recent_calls (
  workspace_id uuid not null references jackfield.workspaces on delete cascade,
  name text not null,
  calls timestamptz[] not null default '{}',
  primary key (workspace_id, name)
);
alter table jackfield.recent_calls enable row level security, force row level security;
create policy workspace on jackfield.recent_calls using (workspace_id = nullif(current_setting('app.workspace', true), '')::uuid);
create policy owner on jackfield.recent_calls to current_user using (true);
`

/** The times of a workspace's recent calls of each kind that is limited in a sliding window. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(TABLE).execute(db)
}
