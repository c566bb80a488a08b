import { type Kysely, sql } from "kysely"

const TABLES = `
create table jackfield.settings (
  key text primary key,
  value jsonb not null
);
create table jackfield.workspaces (
  id uuid primary key,
  serial integer generated always as identity unique,
  name text not null unique,
  title text not null,
  plan jsonb not null default '{}',
  next_connector_serial integer not null default 1,
  created_at timestamptz not null default now()
);
create table jackfield.users (
  id uuid primary key,
  email text not null unique check (email = lower(email)),
  name text not null,
  password_hash text not null,
  created_at timestamptz not null default now(),
  disabled_at timestamptz
);
create table jackfield.memberships (
  workspace_id uuid not null references jackfield.workspaces on delete cascade,
  user_id uuid not null references jackfield.users on delete cascade,
  role text not null check (role in ('admin', 'editor', 'viewer')),
  created_at timestamptz not null default now(),
  primary key (workspace_id, user_id)
);
create index memberships_user on jackfield.memberships (user_id);
create table jackfield.sessions (
  id uuid primary key,
  user_id uuid not null references jackfield.users on delete cascade,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  revoked_at timestamptz
);
create index sessions_user on jackfield.sessions (user_id);
create index sessions_expires on jackfield.sessions (expires_at);
create table jackfield.api_keys (
  id uuid primary key,
  workspace_id uuid not null references jackfield.workspaces on delete cascade,
  name text not null,
  prefix text not null,
  hash bytea not null unique,
  role text not null check (role in ('admin', 'editor', 'viewer')),
  created_by text,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz
);
create index api_keys_page on jackfield.api_keys (workspace_id, created_at, id);
create table jackfield.connectors (
  id uuid primary key,
  workspace_id uuid not null references jackfield.workspaces on delete cascade,
  serial integer not null,
  name text not null,
  title text not null,
  type text not null,
  description text not null default '',
  labels jsonb not null default '{}',
  purpose text,
  limits jsonb,
  config jsonb not null,
  dialect text,
  document jsonb,
  failures integer not null default 0,
  open_until timestamptz,
  status text not null check (status in ('incomplete', 'untested', 'active', 'error', 'disabled')),
  missing jsonb not null default '[]',
  version integer not null default 1,
  last_test jsonb,
  last_tested_at timestamptz,
  created_by text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (workspace_id, id),
  unique (workspace_id, serial),
  unique (workspace_id, name)
);
create index connectors_type on jackfield.connectors (workspace_id, type, serial);
create index connectors_status on jackfield.connectors (workspace_id, status, serial);
create index connectors_labels on jackfield.connectors using gin (labels jsonb_path_ops);
create table jackfield.data_keys (
  id uuid primary key,
  workspace_id uuid not null references jackfield.workspaces on delete cascade,
  wrapped text not null,
  key_id text not null,
  created_at timestamptz not null default now(),
  retired_at timestamptz,
  unique (workspace_id, id)
);
create unique index data_keys_active on jackfield.data_keys (workspace_id) where retired_at is null;
create table jackfield.connector_secrets (
  workspace_id uuid not null,
  connector_id uuid not null,
  pointer text not null,
  ciphertext text not null,
  fingerprint text not null,
  data_key_id uuid not null,
  primary key (connector_id, pointer),
  foreign key (workspace_id, connector_id) references jackfield.connectors (workspace_id, id) on delete cascade,
  foreign key (workspace_id, data_key_id) references jackfield.data_keys (workspace_id, id)
);
create table jackfield.catalogs (
  workspace_id uuid not null,
  connector_id uuid not null,
  version integer not null,
  discovered_at timestamptz,
  complete boolean not null,
  counts jsonb not null,
  skipped jsonb not null,
  duration_ms integer not null,
  primary key (connector_id, version),
  unique (workspace_id, connector_id, version),
  foreign key (workspace_id, connector_id) references jackfield.connectors (workspace_id, id) on delete cascade
);
create table jackfield.catalog_streams (
  workspace_id uuid not null,
  connector_id uuid not null,
  version integer not null,
  position integer not null,
  path text[] not null,
  kind text not null,
  columns jsonb not null,
  key text[],
  estimated_rows bigint,
  comment text,
  search text not null,
  primary key (connector_id, version, position),
  foreign key (workspace_id, connector_id, version) references jackfield.catalogs (workspace_id, connector_id, version) on delete cascade
);
create index catalog_streams_path on jackfield.catalog_streams (connector_id, version, path);
create table jackfield.egress_rules (
  id uuid primary key,
  cidr text not null,
  port_from integer check (port_from between 1 and 65535),
  port_to integer check (port_to between 1 and 65535),
  note text,
  created_by text,
  created_at timestamptz not null default now(),
  check ((port_from is null) = (port_to is null) and (port_from is null or port_from <= port_to))
);
`

// Lookups that come before the workspace is known. They run as the owner, whose policy sees all rows, and return only
// what a login needs.
const LOOKUPS = `
create function jackfield.find_api_key(given bytea)
returns table (id uuid, workspace_id uuid, workspace_serial integer, workspace_name text, operator boolean, name text, role text,
  created_by text, expires_at timestamptz, revoked_at timestamptz, last_used_at timestamptz)
language sql stable security definer set search_path = '' as $$
  select k.id, k.workspace_id, w.serial, w.name,
    k.role = 'admin' and w.serial = (select min(serial) from jackfield.workspaces), k.name, k.role,
    k.created_by, k.expires_at, k.revoked_at, k.last_used_at
  from jackfield.api_keys k join jackfield.workspaces w on w.id = k.workspace_id
  where k.hash = given
$$;
create function jackfield.touch_api_key(given uuid) returns void
language sql volatile security definer set search_path = '' as $$
  update jackfield.api_keys set last_used_at = pg_catalog.now()
  where id = given and (last_used_at is null or last_used_at < pg_catalog.now() - interval '1 minute')
$$;
create function jackfield.find_session(given uuid)
returns table (id uuid, user_id uuid, email text, name text, disabled_at timestamptz, expires_at timestamptz, revoked_at timestamptz)
language sql stable security definer set search_path = '' as $$
  select s.id, u.id, u.email, u.name, u.disabled_at, s.expires_at, s.revoked_at
  from jackfield.sessions s join jackfield.users u on u.id = s.user_id
  where s.id = given
$$;
create function jackfield.find_user(given text)
returns table (id uuid, email text, name text, password_hash text, disabled_at timestamptz)
language sql stable security definer set search_path = '' as $$
  select u.id, u.email, u.name, u.password_hash, u.disabled_at from jackfield.users u where u.email = pg_catalog.lower(given)
$$;
create function jackfield.memberships_of(given uuid)
returns table (workspace_id uuid, workspace_serial integer, workspace_name text, workspace_title text, role text, operator boolean)
language sql stable security definer set search_path = '' as $$
  select w.id, w.serial, w.name, w.title, m.role, m.role = 'admin' and w.serial = (select min(serial) from jackfield.workspaces)
  from jackfield.memberships m join jackfield.workspaces w on w.id = m.workspace_id
  where m.user_id = given order by m.created_at, w.serial
$$;
create function jackfield.all_workspaces()
returns table (id uuid, serial integer, name text, title text, plan jsonb, created_at timestamptz)
language sql stable security definer set search_path = '' as $$
  select w.id, w.serial, w.name, w.title, w.plan, w.created_at from jackfield.workspaces w order by w.serial
$$;
create function jackfield.any_data_keys(most integer)
returns table (id uuid, workspace_id uuid, wrapped text, key_id text)
language sql stable security definer set search_path = '' as $$
  select k.id, k.workspace_id, k.wrapped, k.key_id from jackfield.data_keys k order by k.created_at desc limit most
$$;
`

/** Tables that belong to a workspace, and the column that names it. */
const SCOPED: readonly (readonly [table: string, column: string])[] = [
  ["workspaces", "id"],
  ["memberships", "workspace_id"],
  ["api_keys", "workspace_id"],
  ["connectors", "workspace_id"],
  ["connector_secrets", "workspace_id"],
  ["data_keys", "workspace_id"],
  ["catalogs", "workspace_id"],
  ["catalog_streams", "workspace_id"],
]

/**
 * Row-level security: a transaction sees and writes only the rows of its `app.workspace`, and none without one; the
 * owner sees all rows, for migrations and lookups.
 */
const secured = (table: string, column: string): string => `
alter table jackfield.${table} enable row level security, force row level security;
create policy workspace on jackfield.${table} using (${column} = nullif(current_setting('app.workspace', true), '')::uuid);
create policy owner on jackfield.${table} to current_user using (true);
`

/** The first tables: users, keys, connectors with their secrets and catalogs, egress rules. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const statements = [TABLES, ...SCOPED.map(([table, column]) => secured(table, column)), LOOKUPS]
  await sql.raw(statements.join("\n")).execute(db)
}
