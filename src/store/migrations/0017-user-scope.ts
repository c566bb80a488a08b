import { type Kysely, sql } from "kysely"

/** The connectors that a user is limited to in a workspace, in the same form as a key's; null for a user without a limit. */
const SCOPE = `
alter table jackfield.memberships add column scope jsonb,
  add constraint memberships_scope_check check (scope is null or role in ('use', 'viewer'));
drop function jackfield.memberships_of(uuid);
create function jackfield.memberships_of(given uuid)
returns table (workspace_id uuid, workspace_serial integer, workspace_name text, workspace_title text, role text, operator boolean, scope jsonb)
language sql stable security definer set search_path = '' as $$
  select w.id, w.serial, w.name, w.title, m.role, m.role = 'admin' and w.serial = (select min(serial) from jackfield.workspaces), m.scope
  from jackfield.memberships m join jackfield.workspaces w on w.id = m.workspace_id
  where m.user_id = given order by m.created_at, w.serial
$$;
`

/** Users that are limited to connectors. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(SCOPE).execute(db)
}
