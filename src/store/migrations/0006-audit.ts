import { type Kysely, sql } from "kysely"

/**
 * `body` is the canonical JSON of an entry; `hash` covers it together with its number, its time and the previous
 * hash. The columns after it repeat the values that lists filter by. `audit_heads` holds the end of each workspace's
 * chain; a transaction that appends locks its row.
 */
const TABLES = `
create table jackfield.audit_heads (
  workspace_id uuid primary key references jackfield.workspaces on delete cascade,
  seq bigint not null default 0,
  at timestamptz not null default '-infinity',
  hash bytea not null
);
create table jackfield.audit_entries (
  workspace_id uuid not null references jackfield.workspaces on delete cascade,
  seq bigint not null,
  at timestamptz not null,
  previous bytea not null,
  hash bytea not null,
  body text not null,
  action text not null,
  actor_id text not null,
  actor_name text not null,
  target_id text,
  target_name text,
  primary key (workspace_id, seq)
);
create index audit_entries_at on jackfield.audit_entries (workspace_id, at);
create index audit_entries_action on jackfield.audit_entries (workspace_id, action, seq);
create index audit_entries_actor on jackfield.audit_entries (workspace_id, actor_id, seq);
create index audit_entries_target on jackfield.audit_entries (workspace_id, target_id, seq);
`

/**
 * Appends entries to the chain of the transaction's own workspace and returns the last number. It runs as the owner,
 * so that the hub's login needs no right to write either table. It locks the workspace's row before the head's: the
 * foreign keys would lock it afterwards, and a transaction that holds the workspace and waits for the head would
 * deadlock with one that holds the head.
 */
const APPEND = `
create function jackfield.audit_append(workspace uuid, bodies text[]) returns bigint
language plpgsql volatile security definer set search_path = '' as $$
declare
  head jackfield.audit_heads;
  content text;
  entry jsonb;
  next_hash bytea;
  next_at timestamptz;
begin
  if workspace is distinct from nullif(current_setting('app.workspace', true), '')::uuid then
    raise exception 'permission denied: the audit of another workspace' using errcode = '42501';
  end if;
  perform from jackfield.workspaces w where w.id = workspace for key share;
  select * into head from jackfield.audit_heads h where h.workspace_id = workspace for update;
  if not found then
    insert into jackfield.audit_heads (workspace_id, hash)
      values (workspace, sha256(convert_to('jackfield audit 1' || chr(10) || workspace, 'UTF8'))) on conflict do nothing;
    select * into strict head from jackfield.audit_heads h where h.workspace_id = workspace for update;
  end if;
  next_at := greatest(head.at, date_trunc('milliseconds', clock_timestamp()));
  foreach content in array bodies loop
    entry := content::jsonb;
    next_hash := sha256(convert_to(concat_ws(chr(10), 'jackfield audit 1', head.seq + 1,
      to_char(next_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), encode(head.hash, 'hex'), content), 'UTF8'));
    insert into jackfield.audit_entries (workspace_id, seq, at, previous, hash, body, action, actor_id, actor_name, target_id, target_name)
      values (workspace, head.seq + 1, next_at, head.hash, next_hash, content, entry->>'action', entry#>>'{actor,id}', entry#>>'{actor,name}',
        entry#>>'{target,id}', entry#>>'{target,name}');
    head.seq := head.seq + 1;
    head.hash := next_hash;
  end loop;
  update jackfield.audit_heads h set seq = head.seq, hash = head.hash, at = next_at where h.workspace_id = workspace;
  return head.seq;
end
$$;
`

/**
 * Makes the audit permanent: while the workspace exists, even the owner cannot change or remove entries without
 * dropping these triggers.
 */
const KEEP = `
create function jackfield.audit_keep() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  if tg_op = 'DELETE' then
    if not exists (select from jackfield.workspaces w where w.id = old.workspace_id) then return old; end if;
  elsif tg_op = 'UPDATE' and tg_table_name = 'audit_heads' then
    if new.workspace_id = old.workspace_id and new.seq >= old.seq then return new; end if;
  end if;
  raise exception 'the audit is append-only' using errcode = '42501';
end
$$;
create trigger keep before update or delete on jackfield.audit_entries for each row execute function jackfield.audit_keep();
create trigger keep_all before truncate on jackfield.audit_entries for each statement execute function jackfield.audit_keep();
create trigger keep before update or delete on jackfield.audit_heads for each row execute function jackfield.audit_keep();
create trigger keep_all before truncate on jackfield.audit_heads for each statement execute function jackfield.audit_keep();
`

const secured = (table: string): string => `
alter table jackfield.${table} enable row level security, force row level security;
create policy workspace on jackfield.${table} using (workspace_id = nullif(current_setting('app.workspace', true), '')::uuid);
create policy owner on jackfield.${table} to current_user using (true);
`

/** The audit of each workspace, append-only and hash-chained. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw([TABLES, secured("audit_heads"), secured("audit_entries"), APPEND, KEEP].join("\n")).execute(db)
}
