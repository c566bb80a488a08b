import { type Kysely, sql } from "kysely"

/**
 * The role `use` between viewer and editor, and keys that are limited to connectors: `scope` is
 * `{ connectors: [id], labels: { key: value } }`, or null for a key without a limit.
 */
const ROLES = `
alter table jackfield.memberships drop constraint memberships_role_check,
  add constraint memberships_role_check check (role in ('admin', 'editor', 'use', 'viewer'));
alter table jackfield.api_keys drop constraint api_keys_role_check,
  add constraint api_keys_role_check check (role in ('admin', 'editor', 'use', 'viewer')),
  add column scope jsonb,
  add constraint api_keys_scope_check check (scope is null or role in ('use', 'viewer'));
drop function jackfield.find_api_key(bytea);
create function jackfield.find_api_key(given bytea)
returns table (id uuid, workspace_id uuid, workspace_serial integer, workspace_name text, operator boolean, name text, role text, scope jsonb,
  created_by text, expires_at timestamptz, revoked_at timestamptz, last_used_at timestamptz)
language sql stable security definer set search_path = '' as $$
  select k.id, k.workspace_id, w.serial, w.name,
    k.role = 'admin' and w.serial = (select min(serial) from jackfield.workspaces), k.name, k.role, k.scope,
    k.created_by, k.expires_at, k.revoked_at, k.last_used_at
  from jackfield.api_keys k join jackfield.workspaces w on w.id = k.workspace_id
  where k.hash = given
$$;
`

/** The role `use`, and the connectors that a key is limited to. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(ROLES).execute(db)
}
