import { once } from "node:events"
import { finished } from "node:stream/promises"
import { Kysely, PostgresDialect, type PostgresPool } from "kysely"
import pg from "pg"
import copyStreams from "pg-copy-streams"
import { PlatformError } from "../core/errors.ts"
import { ensureAppRole } from "./app-role.ts"
import { NOT_IN_BACKUPS, quoted } from "./backup.ts"
import { readBackup } from "./backup-file.ts"
import type { BackupHeader, BackupSequence, TableEnd } from "./backup-order.ts"
import { exclusively } from "./exclusive.ts"
import { migrate } from "./migrate.ts"
import { migrations } from "./migrations/index.ts"
import type { Owner } from "./owner.ts"
import { appliedMigrations, OURS, refuseNewer } from "./schema-version.ts"

/** A backup that was read to its end and is complete. */
export interface CheckedBackup {
  readonly header: BackupHeader
  readonly tables: readonly TableEnd[]
  readonly rows: number
}

/**
 * Reads the whole file without changing anything: PlatformError `backup_invalid` if it is incomplete, or from a newer
 * version.
 */
export async function checkBackup(path: string): Promise<CheckedBackup> {
  let header: BackupHeader | undefined
  const tables: TableEnd[] = []
  for await (const frame of readBackup(path)) {
    if (frame.type === "H") {
      header = frame.header
      const foreign = header.tables.find(({ name }) => NOT_IN_BACKUPS.includes(name))
      if (foreign !== undefined)
        throw new PlatformError("backup_invalid", `${path} contains rows of ${foreign.name}, which backups never contain; make a new backup.`)
    }
    if (frame.type === "E") tables.push(frame.end)
  }
  // Only now: a changed byte in the header must not pass for another version.
  if (header !== undefined) refuseNewer(header.migrations, `The backup ${path}`)
  const whole = header?.tables.length === tables.length && header.tables.every(({ name }, index) => tables[index]?.name === name)
  if (header === undefined || !whole) throw new PlatformError("backup_invalid", `${path} does not contain the tables that it names; make a new backup.`)
  return { header, tables, rows: tables.reduce((sum, table) => sum + table.rows, 0) }
}

/**
 * Replaces everything that the hub has stored with a checked backup, in one transaction, so that an interruption
 * leaves the previous state. An older schema is migrated in the same transaction.
 */
export async function restoreBackup(owner: Owner, path: string, { header, tables }: CheckedBackup, replace: boolean): Promise<void> {
  const applied = await exclusively(owner.connection, "migration", (client) => appliedMigrations(async (statement) => (await client.query(statement)).rows))
  refuseNewer(applied, "The hub's database")
  if (applied.length === 0) await migrate(owner.connection)
  await exclusively(owner.connection, "migration", async (client) => {
    if ((await owner.hubs()) > 0)
      throw new PlatformError(
        "in_use",
        "A hub is running on this database; stop it on every node (a killed one counts for two more minutes), then restore. Nothing was changed.",
      )
    await client.query("begin; set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0; set local lock_timeout = '10s'")
    if (!replace && ((await client.query("select from jackfield.workspaces limit 1")).rowCount ?? 0) > 0) {
      throw new PlatformError("name_taken", "This hub already has workspaces; add --replace to delete everything in it and restore the backup in its place.")
    }
    await dropEverything(client)
    await client.query("delete from jackfield.kysely_migration")
    await runMigrations(
      client,
      OURS.filter((name) => header.migrations.includes(name)),
    )
    await load(client, path, header, tables).catch((cause: unknown) => {
      if (!(cause instanceof pg.DatabaseError) || !UNFIT.test(cause.code ?? "")) throw cause
      throw new PlatformError("backup_invalid", `${path} contains rows that do not fit its schema; make a new backup. Nothing was changed.`, { cause })
    })
    await runMigrations(
      client,
      OURS.filter((name) => !header.migrations.includes(name)),
    )
    await ensureAppRole(client)
    await client.query("commit")
    await client.query("analyze")
  })
}

/**
 * SQLSTATE of values, keys and names that do not fit, and of an unreadable COPY: the file is at fault, not the
 * database.
 */
const UNFIT = /^(22|23|42|08P01)/

/** Drops everything of the hub except the objects that belong to this database. */
async function dropEverything(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ drop: string }>(
    `select format('drop table if exists %s cascade', c.oid::regclass) as drop from pg_class c
       where c.relnamespace = 'jackfield'::regnamespace and c.relkind in ('r', 'p') and c.relname <> all ($1)
     union all select format('drop routine if exists %s cascade', p.oid::regprocedure) from pg_proc p where p.pronamespace = 'jackfield'::regnamespace
     union all select format('drop sequence if exists %s cascade', c.oid::regclass) from pg_class c
       where c.relnamespace = 'jackfield'::regnamespace and c.relkind = 'S' and not exists (select from pg_depend d where d.objid = c.oid and d.deptype in ('a', 'i'))`,
    [NOT_IN_BACKUPS],
  )
  for (const { drop } of rows) await client.query(drop)
}

async function runMigrations(client: pg.Client, names: readonly string[]): Promise<void> {
  // A pool of this one connection, so that the migrations run inside its transaction.
  const only = { query: client.query.bind(client), release: () => undefined }
  const pool = { connect: async () => only, end: async () => undefined } as unknown as PostgresPool
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) })
  for (const name of names) {
    await migrations[name]?.up(db)
    await client.query("insert into jackfield.kysely_migration (name, timestamp) values ($1, $2)", [name, new Date().toISOString()])
  }
}

/**
 * Copies the rows in while foreign keys, triggers and row-level security are suspended, then checks the constraints
 * and the counts.
 */
async function load(client: pg.Client, path: string, header: BackupHeader, tables: readonly TableEnd[]): Promise<void> {
  const statements = async (text: string): Promise<string[]> => (await client.query<{ statement: string }>(text)).rows.map((row) => row.statement)
  const among = "connamespace = 'jackfield'::regnamespace and contype = 'f'"
  const back = [
    ...(await statements(
      `select format('alter table %s add constraint %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) as statement from pg_constraint where ${among}`,
    )),
    ...(await statements(`select format('alter table %s enable trigger user', c.oid::regclass) as statement from pg_class c
      where relnamespace = 'jackfield'::regnamespace and relkind = 'r' and exists (select from pg_trigger t where t.tgrelid = c.oid and not t.tgisinternal)`)),
    ...(await statements(`select format('alter table %s force row level security', oid::regclass) as statement from pg_class
      where relnamespace = 'jackfield'::regnamespace and relforcerowsecurity`)),
  ]
  const away = [
    ...(await statements(`select format('alter table %s drop constraint %I', conrelid::regclass, conname) as statement from pg_constraint where ${among}`)),
    ...back.filter((each) => / enable trigger user$/.test(each)).map((each) => each.replace(/enable trigger user$/, "disable trigger user")),
    ...back.filter((each) => / force row level security$/.test(each)).map((each) => each.replace(/force row level security$/, "no force row level security")),
  ]
  for (const statement of away) await client.query(statement)
  await copyRows(client, path, header)
  for (const statement of back) await client.query(statement)
  for (const each of header.sequences) await setSequence(client, each)
  for (const { name, rows } of tables) {
    const { rows: counted } = await client.query<{ n: string }>(`select count(*)::text as n from jackfield.${quoted(name)}`)
    if (counted[0]?.n !== String(rows))
      throw new PlatformError("backup_invalid", `${path} has ${rows} rows of ${name}, but ${counted[0]?.n} arrived; nothing was changed.`)
  }
}

async function copyRows(client: pg.Client, path: string, header: BackupHeader): Promise<void> {
  const columns = new Map(header.tables.map((table) => [table.name, table.columns]))
  let into: ReturnType<typeof copyStreams.from> | undefined
  for await (const frame of readBackup(path)) {
    if (frame.type === "T") {
      const list = (columns.get(frame.name) ?? []).map(quoted).join(", ")
      // A migration may have inserted rows that the backup contains too.
      await client.query(`truncate jackfield.${quoted(frame.name)}`)
      into = client.query(copyStreams.from(`copy jackfield.${quoted(frame.name)} (${list}) from stdin with (format binary)`))
      into.on("error", () => undefined)
    } else if (frame.type === "D" && into !== undefined) {
      if (!into.write(frame.bytes)) await once(into, "drain")
    } else if (frame.type === "E" && into !== undefined) {
      into.end()
      await finished(into)
    }
  }
}

async function setSequence(client: pg.Client, { name, last, called }: BackupSequence): Promise<void> {
  await client.query("select setval($1::regclass, $2::bigint, $3)", [`jackfield.${quoted(name)}`, last, called])
}
