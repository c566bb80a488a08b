import { open, rename, rm, stat } from "node:fs/promises"
import type pg from "pg"
import copyStreams from "pg-copy-streams"
import { PlatformError } from "../core/errors.ts"
import { BackupWriter } from "./backup-file.ts"
import type { BackupHeader, BackupSequence, BackupTable, TableEnd } from "./backup-order.ts"
import { type Connection, connect } from "./connection.ts"
import { appliedMigrations, refuseNewer } from "./schema-version.ts"

/**
 * Tables that belong to the database and not to the hub: the login of this database, and the migrator's own tables,
 * which the header describes.
 */
export const NOT_IN_BACKUPS = ["owner_settings", "kysely_migration", "kysely_migration_lock"]

/** Conditions that exclude rows that are valid only while the hub runs, by table. */
const ONLY_NOW: Readonly<Record<string, string>> = { settings: "where key not like 'node/%'" }

type Query = (statement: string) => Promise<readonly Record<string, unknown>[]>

export interface BackupOptions {
  readonly file: string
  /** Returns the header's key checks, read in the snapshot of the backup. */
  readonly keys: (query: Query) => Promise<unknown>
  readonly signal: AbortSignal
}

export interface BackupDone {
  readonly header: BackupHeader
  readonly tables: readonly TableEnd[]
  readonly bytes: number
  readonly sha256: string
}

/**
 * Writes everything that the hub has stored into one new file, as of one moment, while hubs are running; holds only a
 * piece of it in memory.
 */
export async function backUp(connection: Connection, options: BackupOptions): Promise<BackupDone> {
  if (await stat(options.file).catch(() => undefined)) throw new PlatformError("name_taken", `${options.file} already exists; choose a new file name.`)
  const part = `${options.file}.part`
  const file = await open(part, "w", 0o600).catch((cause: unknown) => {
    throw new PlatformError("backup_invalid", `${part} cannot be written; check that the folder exists and that this user may write to it.`, { cause })
  })
  try {
    const writer = new BackupWriter(file)
    const done = await inSnapshot(connection, (client) => writeAll(client, writer, options))
    await file.sync()
    await file.close()
    await rename(part, options.file)
    return done
  } catch (cause) {
    await file.close().catch(() => undefined)
    await rm(part, { force: true })
    if (cause instanceof PlatformError || options.signal.aborted) throw cause
    throw new PlatformError(
      "backup_invalid",
      `The backup ${options.file} could not be written; check the disk and the database. The partial file was removed.`,
      {
        cause,
      },
    )
  }
}

async function inSnapshot<T>(connection: Connection, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = await connect(connection, "jackfield backup")
  try {
    await client.query("begin isolation level repeatable read read only; set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0")
    await refuseStranger(client)
    return await work(client)
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** Rejects any login except the owner: row-level security would hide all rows from it without an error. */
async function refuseStranger(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ owns: boolean; tables: number }>(
    `select count(*)::int as tables, coalesce(bool_and(pg_has_role(relowner, 'usage')), false) or (select rolsuper from pg_roles where rolname = current_user) as owns
     from pg_class where relnamespace = to_regnamespace('jackfield') and relkind in ('r', 'p')`,
  )
  if (rows[0]?.tables === 0) throw new PlatformError("not_found", "The database contains no hub; check DATABASE_URL.")
  if (rows[0]?.owns !== true)
    throw new PlatformError("forbidden", "The user of DATABASE_URL does not own the hub's tables and would not see all rows; use the owner.")
}

async function writeAll(client: pg.Client, writer: BackupWriter, { keys, signal }: BackupOptions): Promise<BackupDone> {
  const query: Query = async (statement) => (await client.query(statement)).rows
  const migrations = await appliedMigrations(query)
  refuseNewer(migrations, "The hub's database")
  const server = String((await query("select current_setting('server_version') as v"))[0]?.["v"])
  const header: BackupHeader = {
    createdAt: new Date().toISOString(),
    server,
    migrations,
    tables: await backupTables(query),
    sequences: await sequences(query),
    keys: await keys(query),
  }
  await writer.begin(header)
  const tables: TableEnd[] = []
  for (const { name, columns } of header.tables) {
    signal.throwIfAborted()
    const list = columns.map(quoted).join(", ")
    const rows = client.query(copyStreams.to(`copy (select ${list} from jackfield.${quoted(name)} ${ONLY_NOW[name] ?? ""}) to stdout with (format binary)`))
    tables.push(await writer.table(name, rows, () => rows.rowCount))
  }
  return { header, tables, sha256: await writer.finish(), bytes: writer.bytes }
}

/** Every table of the hub, by name, with the columns that hold data. */
export async function backupTables(query: Query): Promise<readonly BackupTable[]> {
  const rows = await query(
    `select c.relname::text as name, array_agg(a.attname::text order by a.attnum) as columns
     from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
     where c.relnamespace = 'jackfield'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
       and c.relname <> all ('{${NOT_IN_BACKUPS.join(",")}}') group by c.relname order by c.relname`,
  )
  return rows.map((row) => ({ name: String(row["name"]), columns: row["columns"] as string[] }))
}

/** The position of every sequence, read after the snapshot and therefore never behind its rows. */
async function sequences(query: Query): Promise<readonly BackupSequence[]> {
  const names = await query("select relname::text as name from pg_class where relnamespace = 'jackfield'::regnamespace and relkind = 'S' order by 1")
  const found: BackupSequence[] = []
  for (const row of names) {
    const name = String(row["name"])
    const state = (await query(`select last_value::text as last, is_called as called from jackfield.${quoted(name)}`))[0]
    found.push({ name, last: String(state?.["last"]), called: state?.["called"] === true })
  }
  return found
}

/** An identifier, quoted for SQL. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`
