import { type Kysely, sql } from "kysely"

/**
 * `health_checks`: the schedules of connector checks and their results; a row belongs to one node while
 * `leased_until` is in the future; `stopped_version` is the version of the connector whose login was refused.
 * `webhook_deliveries` is an outbox: rows are written in the transaction of their event. `admissions` and
 * `admission_nodes`: the starts of the last minute, and the number of open items on each node.
 */
const TABLES = `
create table jackfield.health_checks (
  workspace_id uuid not null,
  connector_id uuid primary key,
  every_ms integer not null check (every_ms >= 60000),
  timeout_ms integer not null,
  state text not null default 'unknown' check (state in ('unknown', 'up', 'down')),
  since timestamptz not null default now(),
  failures integer not null default 0,
  checked_at timestamptz,
  next_at timestamptz not null default now(),
  stopped_code text,
  stopped_version integer,
  leased_until timestamptz,
  leased_by uuid,
  created_by text,
  created_at timestamptz not null default now(),
  foreign key (workspace_id, connector_id) references jackfield.connectors (workspace_id, id) on delete cascade
);
create index health_checks_due on jackfield.health_checks (next_at);
create table jackfield.health_results (
  id bigint generated always as identity primary key,
  workspace_id uuid not null,
  connector_id uuid not null,
  at timestamptz not null default now(),
  version integer not null,
  state text not null,
  changed boolean not null,
  report jsonb not null,
  foreign key (workspace_id, connector_id) references jackfield.connectors (workspace_id, id) on delete cascade
);
create index health_results_connector on jackfield.health_results (connector_id, id);
create table jackfield.webhooks (
  id uuid primary key,
  workspace_id uuid not null references jackfield.workspaces on delete cascade,
  position bigint generated always as identity,
  url text not null,
  description text not null default '',
  events text[] not null,
  ciphertext text not null,
  fingerprint text not null,
  data_key_id uuid not null,
  disabled_at timestamptz,
  disabled_reason text,
  failing_since timestamptz,
  created_by text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (workspace_id, id),
  foreign key (workspace_id, data_key_id) references jackfield.data_keys (workspace_id, id)
);
create index webhooks_page on jackfield.webhooks (workspace_id, position);
create table jackfield.webhook_deliveries (
  id uuid primary key,
  workspace_id uuid not null,
  webhook_id uuid not null,
  position bigint generated always as identity,
  event_id uuid not null,
  type text not null,
  body text not null,
  state text not null default 'pending' check (state in ('pending', 'delivered', 'failed')),
  attempts integer not null default 0,
  next_at timestamptz not null default now(),
  leased_until timestamptz,
  leased_by uuid,
  last_at timestamptz,
  last_status integer,
  last_error text,
  delivered_at timestamptz,
  created_at timestamptz not null default now(),
  foreign key (workspace_id, webhook_id) references jackfield.webhooks (workspace_id, id) on delete cascade
);
create index webhook_deliveries_due on jackfield.webhook_deliveries (next_at) where state = 'pending';
create index webhook_deliveries_page on jackfield.webhook_deliveries (webhook_id, position);
create table jackfield.admissions (
  workspace_id uuid not null references jackfield.workspaces on delete cascade,
  kind text not null,
  starts timestamptz[] not null default '{}',
  primary key (workspace_id, kind)
);
create table jackfield.admission_nodes (
  workspace_id uuid not null,
  kind text not null,
  node uuid not null,
  open integer not null,
  expires_at timestamptz not null,
  primary key (workspace_id, kind, node),
  foreign key (workspace_id, kind) references jackfield.admissions (workspace_id, kind) on delete cascade
);
create table jackfield.probes (
  workspace_id uuid not null,
  connector_id uuid not null,
  key text not null,
  node uuid not null,
  expires_at timestamptz not null,
  report jsonb,
  primary key (connector_id, key),
  foreign key (workspace_id, connector_id) references jackfield.connectors (workspace_id, id) on delete cascade
);
`

/**
 * Claims due checks of any workspace and leases them to a node until shortly after their deadline; at most
 * `per_workspace` of one workspace run at a time, so that no workspace delays the others. Skips connectors that are
 * disabled, a draft, or stopped at this version.
 */
const CLAIM_CHECKS = `
create function jackfield.claim_health_checks(given_node uuid, most integer, per_workspace integer)
returns table (workspace_id uuid, connector_id uuid, every_ms integer, timeout_ms integer, version integer)
language sql volatile security definer set search_path = '' as $$
  with running as (
    select h.workspace_id, count(*) as n from jackfield.health_checks h where h.leased_until > pg_catalog.now() group by h.workspace_id
  ), due as (
    select h.connector_id, row_number() over (partition by h.workspace_id order by h.next_at) + coalesce(r.n, 0) as place
    from jackfield.health_checks h
      join jackfield.connectors c on c.id = h.connector_id
      left join running r on r.workspace_id = h.workspace_id
    where h.next_at <= pg_catalog.now() and (h.leased_until is null or h.leased_until <= pg_catalog.now())
      and c.status not in ('disabled', 'incomplete') and (h.stopped_version is null or h.stopped_version <> c.version)
  ), chosen as (
    select h.connector_id from jackfield.health_checks h join due d on d.connector_id = h.connector_id
    where d.place <= per_workspace and h.next_at <= pg_catalog.now() and (h.leased_until is null or h.leased_until <= pg_catalog.now())
    order by h.next_at limit most for update of h skip locked
  )
  update jackfield.health_checks h
  set leased_until = pg_catalog.now() + (h.timeout_ms + 15000) * interval '1 millisecond', leased_by = given_node
  from chosen, jackfield.connectors c
  where h.connector_id = chosen.connector_id and c.id = h.connector_id
  returning h.workspace_id, h.connector_id, h.every_ms, h.timeout_ms, c.version
$$;
`

/** Claims due deliveries of any workspace to enabled webhooks, oldest first, in the same way. */
const CLAIM_DELIVERIES = `
create function jackfield.claim_deliveries(given_node uuid, most integer, per_workspace integer, lease_ms integer)
returns table (id uuid, workspace_id uuid, webhook_id uuid, event_id uuid, type text, body text, attempts integer)
language sql volatile security definer set search_path = '' as $$
  with running as (
    select d.workspace_id, count(*) as n from jackfield.webhook_deliveries d
    where d.state = 'pending' and d.leased_until > pg_catalog.now() group by d.workspace_id
  ), due as (
    select d.id, row_number() over (partition by d.workspace_id order by d.next_at, d.position) + coalesce(r.n, 0) as place
    from jackfield.webhook_deliveries d
      join jackfield.webhooks w on w.id = d.webhook_id
      left join running r on r.workspace_id = d.workspace_id
    where d.state = 'pending' and d.next_at <= pg_catalog.now() and (d.leased_until is null or d.leased_until <= pg_catalog.now())
      and w.disabled_at is null
  ), chosen as (
    select d.id from jackfield.webhook_deliveries d join due on due.id = d.id
    where due.place <= per_workspace and d.state = 'pending' and d.next_at <= pg_catalog.now()
      and (d.leased_until is null or d.leased_until <= pg_catalog.now())
    order by d.next_at, d.position limit most for update of d skip locked
  )
  update jackfield.webhook_deliveries d
  set leased_until = pg_catalog.now() + lease_ms * interval '1 millisecond', leased_by = given_node, attempts = d.attempts + 1
  from chosen where d.id = chosen.id
  returning d.id, d.workspace_id, d.webhook_id, d.event_id, d.type, d.body, d.attempts
$$;
`

/**
 * Admits up to `wanted` more starts of a kind: at most `per_minute` in any 60 s, and `most` open at once over all
 * nodes, of which `open_here` are on this node; the workspace's plan overrides both numbers. If not all are admitted,
 * `retry_ms` is the time until the next may start; `room` is the number that this node may have open.
 */
const ADMIT = `
create function jackfield.admit(workspace uuid, given_kind text, given_node uuid, open_here integer, wanted integer, per_minute integer, most integer)
returns table (granted integer, retry_ms double precision, room integer)
language plpgsql volatile set search_path = '' as $$
declare
  clock timestamptz;
  recent timestamptz[];
  others integer;
  by_rate integer;
  by_room integer;
  allowed integer;
  plan jsonb;
begin
  select w.plan -> given_kind into plan from jackfield.workspaces w where w.id = workspace;
  per_minute := coalesce((plan ->> 'perMinute')::integer, per_minute);
  most := coalesce((plan ->> 'concurrency')::integer, most);
  insert into jackfield.admissions (workspace_id, kind) values (workspace, given_kind) on conflict do nothing;
  select a.starts into strict recent from jackfield.admissions a where a.workspace_id = workspace and a.kind = given_kind for update;
  clock := clock_timestamp();
  delete from jackfield.admission_nodes n where n.workspace_id = workspace and n.kind = given_kind and n.expires_at < clock;
  select coalesce(sum(n.open), 0)::integer into others from jackfield.admission_nodes n
    where n.workspace_id = workspace and n.kind = given_kind and n.node <> given_node;
  recent := array(select s from unnest(recent) s where s > clock - interval '60 seconds' order by s);
  by_rate := greatest(0, per_minute - cardinality(recent));
  by_room := greatest(0, most - others - open_here);
  allowed := least(wanted, by_rate, by_room);
  if allowed > 0 then
    update jackfield.admissions a set starts = recent || array_fill(clock, array[allowed]) where a.workspace_id = workspace and a.kind = given_kind;
  end if;
  if open_here + allowed > 0 then
    insert into jackfield.admission_nodes (workspace_id, kind, node, open, expires_at)
      values (workspace, given_kind, given_node, open_here + allowed, clock + interval '10 seconds')
      on conflict (workspace_id, kind, node) do update set open = excluded.open, expires_at = excluded.expires_at;
  else
    delete from jackfield.admission_nodes n where n.workspace_id = workspace and n.kind = given_kind and n.node = given_node;
  end if;
  return query select allowed,
    case when allowed = wanted then 0
      when by_rate <= by_room and cardinality(recent) >= per_minute and per_minute > 0
        then greatest(1, extract(epoch from recent[cardinality(recent) - per_minute + 1] + interval '60 seconds' - clock) * 1e3)
      else 1000 end::double precision,
    greatest(0, most - others);
end
$$;
`

const SCOPED = ["health_checks", "health_results", "webhooks", "webhook_deliveries", "admissions", "admission_nodes", "probes"]

const secured = (table: string): string => `
alter table jackfield.${table} enable row level security, force row level security;
create policy workspace on jackfield.${table} using (workspace_id = nullif(current_setting('app.workspace', true), '')::uuid);
create policy owner on jackfield.${table} to current_user using (true);
`

/**
 * Scheduled checks with their history, webhooks with their outbox, and the limits of tests. Claims look at all
 * workspaces and therefore run as the owner.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw([TABLES, ...SCOPED.map(secured), CLAIM_CHECKS, CLAIM_DELIVERIES, ADMIT].join("\n")).execute(db)
}
