import { type Kysely, sql } from "kysely"

const TABLE = `
create table jackfield.oauth_tokens (
  workspace_id uuid not null references jackfield.workspaces on delete cascade,
  identity text not null,
  connector_id uuid,
  generation integer not null default 0,
  ciphertext text,
  data_key_id uuid,
  terms text,
  granted_at timestamptz,
  expires_at timestamptz,
  holder uuid,
  held_until timestamptz,
  failure jsonb,
  failed_at timestamptz,
  used_at timestamptz not null default now(),
  primary key (workspace_id, identity),
  foreign key (workspace_id, connector_id) references jackfield.connectors (workspace_id, id) on delete set null (connector_id),
  foreign key (workspace_id, data_key_id) references jackfield.data_keys (workspace_id, id)
);
create index oauth_tokens_connector on jackfield.oauth_tokens (workspace_id, connector_id);
alter table jackfield.oauth_tokens enable row level security, force row level security;
create policy workspace on jackfield.oauth_tokens using (workspace_id = nullif(current_setting('app.workspace', true), '')::uuid);
create policy owner on jackfield.oauth_tokens to current_user using (true);
`

/** The tokens of OAuth 2.0 logins, sealed, and the node that is currently fetching one. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(TABLE).execute(db)
}
