import { type Kysely, sql } from "kysely"

/**
 * Moves skipped objects to a table of their own, like streams. `begun_at` distinguishes a slow discovery from a
 * killed one; `diff` summarises the changes since the previous version.
 */
const TABLES = `
alter table jackfield.catalogs add column begun_at timestamptz not null default now();
alter table jackfield.catalogs add column diff jsonb;
create table jackfield.catalog_skipped (
  workspace_id uuid not null,
  connector_id uuid not null,
  version integer not null,
  position integer not null,
  path text[] not null,
  reason text not null,
  primary key (connector_id, version, position),
  foreign key (workspace_id, connector_id, version) references jackfield.catalogs (workspace_id, connector_id, version) on delete cascade
);
alter table jackfield.catalog_skipped enable row level security, force row level security;
create policy workspace on jackfield.catalog_skipped using (workspace_id = nullif(current_setting('app.workspace', true), '')::uuid);
create policy owner on jackfield.catalog_skipped to current_user using (true);
insert into jackfield.catalog_skipped (workspace_id, connector_id, version, position, path, reason)
  select c.workspace_id, c.connector_id, c.version, s.ordinality - 1, array(select jsonb_array_elements_text(s.value -> 'path')), coalesce(s.value ->> 'reason', '')
  from jackfield.catalogs c cross join lateral jsonb_array_elements(c.skipped) with ordinality s;
alter table jackfield.catalogs drop column skipped;
`

/**
 * The changes from one version of a catalog to another, one row per change; `before` and `after` are columns, or the
 * changed parts of a stream. Only the columns of changed streams are expanded, so that an unchanged stream costs one
 * comparison.
 */
const CHANGES = `
create function jackfield.catalog_changes(workspace uuid, connector uuid, from_version integer, to_version integer)
returns table (kind text, path text[], name text, before jsonb, after jsonb)
language sql stable set search_path = '' as $$
  with pairs as (
    select coalesce(a.path, b.path) as path, a.path is null as added, b.path is null as removed,
      a.kind as kind_a, b.kind as kind_b, coalesce(a.key, '{}') as key_a, coalesce(b.key, '{}') as key_b, a.columns as columns_a, b.columns as columns_b
    from (select * from jackfield.catalog_streams s where s.workspace_id = workspace and s.connector_id = connector and s.version = from_version) a
      full join (select * from jackfield.catalog_streams s where s.workspace_id = workspace and s.connector_id = connector and s.version = to_version) b
      on a.path = b.path
    where a.path is null or b.path is null or a.kind <> b.kind or a.key is distinct from b.key or a.columns <> b.columns
  ), columns as (
    select p.path, c.name, c.before, c.after
    from pairs p cross join lateral (
      select coalesce(x.name, y.name) as name, x.value as before, y.value as after
      from (select e ->> 'name' as name, e as value from jsonb_array_elements(p.columns_a) e) x
      full join (select e ->> 'name' as name, e as value from jsonb_array_elements(p.columns_b) e) y on x.name = y.name
    ) c
    where not p.added and not p.removed and p.columns_a <> p.columns_b and c.before is distinct from c.after
  )
  select 'stream_removed', p.path, null, jsonb_build_object('kind', p.kind_a), null from pairs p where p.removed
  union all select 'stream_added', p.path, null, null, jsonb_build_object('kind', p.kind_b) from pairs p where p.added
  union all select 'kind_changed', p.path, null, jsonb_build_object('kind', p.kind_a), jsonb_build_object('kind', p.kind_b) from pairs p where p.kind_a <> p.kind_b
  union all select 'key_changed', p.path, null, jsonb_build_object('key', p.key_a), jsonb_build_object('key', p.key_b) from pairs p
    where not p.added and not p.removed and p.key_a <> p.key_b
  union all select 'column_removed', c.path, c.name, c.before, null from columns c where c.after is null
  union all select 'column_added', c.path, c.name, null, c.after from columns c where c.before is null
  union all select 'type_changed', c.path, c.name, c.before, c.after from columns c
    where c.before -> 'nativeType' <> c.after -> 'nativeType' or c.before -> 'type' <> c.after -> 'type'
  union all select 'nullable_changed', c.path, c.name, c.before, c.after from columns c where c.before -> 'nullable' <> c.after -> 'nullable'
$$;
`

/**
 * Catalog versions that can be compared. The function runs as its caller, so that row-level security applies to it
 * too.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw([TABLES, CHANGES].join("\n")).execute(db)
}
