import { type Kysely, sql } from "kysely"

/**
 * `connector_versions.state` is the connector as that version left it, without secrets. A secret is `current`, `past`
 * (in use from `from_version` until `to_version`, which replaced it), or `staged`: entered as the next one when the
 * connector was at `from_version`.
 */
const TABLES = `
create table jackfield.connector_versions (
  workspace_id uuid not null,
  connector_id uuid not null,
  version integer not null,
  kind text not null check (kind in ('recorded', 'created', 'changed', 'restored', 'switched', 'rolled_back')),
  of_version integer,
  author text,
  author_name text,
  changes jsonb not null,
  state jsonb not null,
  at timestamptz not null default now(),
  primary key (connector_id, version),
  foreign key (workspace_id, connector_id) references jackfield.connectors (workspace_id, id) on delete cascade
);
create table jackfield.staged_credentials (
  connector_id uuid primary key,
  workspace_id uuid not null,
  id uuid not null,
  fields text[] not null,
  plain jsonb not null,
  kept text[] not null,
  author text not null,
  author_name text not null,
  at timestamptz not null default now(),
  test jsonb,
  tested_at timestamptz,
  foreign key (workspace_id, connector_id) references jackfield.connectors (workspace_id, id) on delete cascade
);
alter table jackfield.connectors
  add column refused_at timestamptz,
  add column rollback_version integer,
  add column rollback_fields text[];
alter table jackfield.connector_secrets
  drop constraint connector_secrets_pkey,
  add column id uuid not null default gen_random_uuid() primary key,
  add column state text not null default 'current' check (state in ('current', 'past', 'staged')),
  add column from_version integer not null default 1,
  add column to_version integer,
  add check ((state = 'past') = (to_version is not null)),
  add check (to_version > from_version);
create unique index connector_secrets_current on jackfield.connector_secrets (connector_id, pointer) where state = 'current';
create unique index connector_secrets_staged on jackfield.connector_secrets (connector_id, pointer) where state = 'staged';
create index connector_secrets_past on jackfield.connector_secrets (connector_id, to_version);
`

/** The current state becomes the first version that can be restored. */
const FIRST_VERSIONS = `
update jackfield.connector_secrets s set from_version = c.version from jackfield.connectors c where c.id = s.connector_id;
insert into jackfield.connector_versions (workspace_id, connector_id, version, kind, author, changes, state, at)
select workspace_id, id, version, case version when 1 then 'created' else 'recorded' end, case version when 1 then created_by end, '[]',
  jsonb_build_object('name', name, 'title', title, 'type', type, 'description', description, 'labels', labels, 'purpose', purpose, 'limits', limits,
    'config', config, 'missing', missing, 'enabled', status <> 'disabled', 'dialect', dialect, 'document', document),
  case version when 1 then created_at else updated_at end
from jackfield.connectors;
`

const secured = (table: string): string => `
alter table jackfield.${table} enable row level security, force row level security;
create policy workspace on jackfield.${table} using (workspace_id = nullif(current_setting('app.workspace', true), '')::uuid);
create policy owner on jackfield.${table} to current_user using (true);
`

/** Every state of a connector with the secrets of that time, and a second slot for the next credentials. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw([TABLES, FIRST_VERSIONS, ...["connector_versions", "staged_credentials"].map(secured)].join("\n")).execute(db)
}
