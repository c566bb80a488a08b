import { type Kysely, sql } from "kysely"

/**
 * One row per key that a caller sent with a request. `request` is the SHA-256 of the request; `claim` identifies the
 * execution and is valid while `leased_until` is renewed; `outcome` lists the changes committed under the claim, in
 * the same transactions; the response is sealed. A row is deleted after `expires_at`.
 */
const TABLE = `
create table jackfield.idempotency_keys (
  workspace_id uuid not null references jackfield.workspaces on delete cascade,
  principal text not null,
  key text not null,
  request bytea not null,
  claim uuid not null unique,
  leased_until timestamptz not null,
  outcome jsonb,
  status integer,
  headers jsonb,
  ciphertext text,
  data_key_id uuid,
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null,
  primary key (workspace_id, principal, key),
  foreign key (workspace_id, data_key_id) references jackfield.data_keys (workspace_id, id)
);
create index idempotency_keys_expires on jackfield.idempotency_keys (expires_at);
alter table jackfield.idempotency_keys enable row level security, force row level security;
create policy workspace on jackfield.idempotency_keys using (workspace_id = nullif(current_setting('app.workspace', true), '')::uuid);
create policy owner on jackfield.idempotency_keys to current_user using (true);
`

/**
 * Records the changes of a transaction under a claim; returns false if another execution has taken over the request,
 * and then the transaction must not commit. Claims are random, so only their owner knows them: a change in another
 * workspace than the caller's is recorded too.
 */
const NOTE = `
create function jackfield.idempotency_note(given uuid, done jsonb) returns boolean
language plpgsql volatile security definer set search_path = '' as $$
begin
  update jackfield.idempotency_keys k set outcome = coalesce(k.outcome, '[]') || done where k.claim = given and k.status is null;
  return found;
end
$$;
create function jackfield.idempotency_sweep() returns void
language sql volatile security definer set search_path = '' as $$
  delete from jackfield.idempotency_keys k where k.expires_at < pg_catalog.clock_timestamp()
$$;
`

/** The responses to requests with an Idempotency-Key. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(TABLE + NOTE).execute(db)
}
