import { type Kysely, sql } from "kysely"

// Chunks are stored uncompressed: most files of rows would compress well, but the caller would wait for it.
const TABLES = `
create table jackfield.uploads (
  id uuid primary key,
  workspace_id uuid not null references jackfield.workspaces on delete cascade,
  position integer generated always as identity unique,
  name text not null,
  bytes bigint not null default 0 check (bytes >= 0),
  sha256 bytea,
  created_by text,
  created_at timestamptz not null default now(),
  arrived_at timestamptz not null default now(),
  completed_at timestamptz,
  unique (workspace_id, id),
  check ((completed_at is null) = (sha256 is null))
);
create index uploads_page on jackfield.uploads (workspace_id, position);
create table jackfield.upload_chunks (
  workspace_id uuid not null,
  upload_id uuid not null,
  position integer not null check (position >= 0),
  data bytea not null,
  primary key (upload_id, position),
  foreign key (workspace_id, upload_id) references jackfield.uploads (workspace_id, id) on delete cascade
);
alter table jackfield.upload_chunks alter column data set storage external;
`

const secured = (table: string): string => `
alter table jackfield.${table} enable row level security, force row level security;
create policy workspace on jackfield.${table} using (workspace_id = nullif(current_setting('app.workspace', true), '')::uuid);
create policy owner on jackfield.${table} to current_user using (true);
`

/** Files uploaded to a workspace, in chunks; one without `completed_at` is still arriving and cannot be used. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw([TABLES, secured("uploads"), secured("upload_chunks")].join("\n")).execute(db)
}
