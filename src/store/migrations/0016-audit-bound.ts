import { type Kysely, sql } from "kysely"

/**
 * `removed_seq` and `removed_hash` are the number and the hash of the last entry that was removed because the workspace keeps
 * only so many; the check of the chain begins after it. `removed_hash` is null as long as nothing was removed.
 */
const REMOVED = `
alter table jackfield.audit_heads add column removed_seq bigint not null default 0, add column removed_hash bytea;
`

/**
 * Removes the oldest entries beyond the number that the workspace's plan keeps, at most 5,000 at once, and the number at which
 * that begins lies 500 above it, so that few appends pay for it. The newest 1,000 always stay.
 */
const TRIM = `
create function jackfield.audit_trim(workspace uuid) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  head jackfield.audit_heads;
  kept bigint;
  last bigint;
begin
  if workspace is distinct from nullif(current_setting('app.workspace', true), '')::uuid then
    raise exception 'permission denied: the audit of another workspace' using errcode = '42501';
  end if;
  select * into head from jackfield.audit_heads h where h.workspace_id = workspace for update;
  select greatest(1000, coalesce((w.plan->>'auditEntries')::bigint, 1000000)) into kept from jackfield.workspaces w where w.id = workspace;
  if head.seq - head.removed_seq <= kept + 500 then return; end if;
  last := least(head.seq - kept, head.removed_seq + 5000);
  update jackfield.audit_heads h set removed_seq = last, removed_hash = e.hash
    from jackfield.audit_entries e where h.workspace_id = workspace and e.workspace_id = workspace and e.seq = last;
  delete from jackfield.audit_entries e where e.workspace_id = workspace and e.seq <= last;
end
$$;
`

/** The append-only tables let go of entries that the head names as removed, and of nothing else. */
const KEEP = `
create or replace function jackfield.audit_keep() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  if tg_op = 'DELETE' then
    if not exists (select from jackfield.workspaces w where w.id = old.workspace_id) then return old; end if;
    if tg_table_name = 'audit_entries'
      and exists (select from jackfield.audit_heads h where h.workspace_id = old.workspace_id and old.seq <= h.removed_seq) then return old; end if;
  elsif tg_op = 'UPDATE' and tg_table_name = 'audit_heads' then
    if new.workspace_id = old.workspace_id and new.seq >= old.seq and new.removed_seq >= old.removed_seq
      and (new.removed_seq = old.removed_seq or new.removed_seq <= new.seq - 1000) then return new; end if;
  end if;
  raise exception 'the audit is append-only' using errcode = '42501';
end
$$;
`

/** Bounds the audit of a workspace by its plan. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw([REMOVED, TRIM, KEEP].join("\n")).execute(db)
}
