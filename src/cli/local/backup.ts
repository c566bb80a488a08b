import { stat, statfs } from "node:fs/promises"
import { dirname, resolve } from "node:path"
import { PlatformError } from "../../core/errors.ts"
import { backUp } from "../../store/backup.ts"
import { checkBackup, restoreBackup } from "../../store/restore.ts"
import { type KeyChecks, keyChecks, openKeyChecks } from "../../vault/key-checks.ts"
import type { Cli } from "../cli.ts"
import { EXIT, type Exit, Failure } from "../failure.ts"
import { asOperator, operatorKeys, storePlace } from "./operator.ts"

export interface RestoreOptions {
  readonly replace?: boolean
  readonly check?: boolean
}

/**
 * Writes everything that the hub has stored into one new file, while hubs are running. Secrets stay sealed; no key is
 * needed.
 */
export async function backup(cli: Cli, given: string): Promise<Exit> {
  const file = resolve(given)
  const { terminal, shell } = cli
  const done = await asOperator(cli, {}, (owner) => backUp(owner.connection, { file, keys: keyChecks, signal: shell.signal }))
  const rows = done.tables.reduce((sum, table) => sum + table.rows, 0)
  const masterKeys = (done.header.keys as KeyChecks).map(({ keyId }) => keyId)
  if (terminal.json) await terminal.document({ file, bytes: done.bytes, sha256: done.sha256, rows, tables: done.tables, masterKeys })
  else {
    await terminal.line(`${file}: ${done.tables.length} tables, ${rows} rows, ${done.bytes} bytes.`)
    const keys = masterKeys.length === 0 ? "" : ` Only the master key ${masterKeys.join(", ")} opens them. It is not in the file; keep it elsewhere.`
    await terminal.line(`The secrets in the file are sealed.${keys}`)
  }
  return EXIT.ok
}

/** Replaces the hub's data with a backup; everything that can be checked is checked before anything is changed. */
export async function restore(cli: Cli, given: string, options: RestoreOptions): Promise<Exit> {
  const file = resolve(given)
  const { terminal, shell } = cli
  const { dataDir, databaseUrl } = storePlace(shell.env)
  const size = (await stat(file).catch(() => undefined))?.size
  if (size === undefined) throw noFile(file)
  const provider = await operatorKeys(cli)
  const checked = await checkBackup(file)
  await openKeyChecks(provider, checked.header.keys as KeyChecks)
  if (databaseUrl === undefined) await refuseFullDisk(dataDir, size)
  const { header, rows } = checked
  if (options.check !== true)
    await asOperator(cli, { make: true }, async (owner) => {
      if (databaseUrl === undefined && !owner.alone)
        throw new PlatformError("in_use", `A hub is using the data folder ${dataDir}; stop it, then restore. Nothing was changed.`)
      await restoreBackup(owner, file, checked, options.replace === true)
    })
  const facts = { file, createdAt: header.createdAt, migrations: header.migrations, tables: checked.tables, rows, restored: options.check !== true }
  if (terminal.json) await terminal.document(facts)
  else {
    await terminal.line(`${file} of ${header.createdAt}: ${checked.tables.length} tables, ${rows} rows; the file is complete, and the master key opens it.`)
    await terminal.line(options.check === true ? "Nothing was changed." : "Restored. Start the hub.")
  }
  return EXIT.ok
}

const noFile = (file: string): Failure =>
  new Failure(EXIT.notFound, { code: "not_found", detail: `There is no file ${file}.`, next: "Name a file written by `jackfield backup`." })

/**
 * Rejects a restore without enough disk space. Rows are written twice: into the write-ahead log and into their
 * tables.
 */
async function refuseFullDisk(dataDir: string, bytes: number): Promise<void> {
  let folder = dataDir
  while ((await stat(folder).catch(() => undefined)) === undefined && dirname(folder) !== folder) folder = dirname(folder)
  const { bavail, bsize } = await statfs(folder)
  if (bavail * bsize >= 2 * bytes) return
  const message = `The backup has ${bytes} bytes and needs about twice that, but the disk of ${dataDir} has only ${bavail * bsize} left; free some space first. Nothing was changed.`
  throw new PlatformError("store_unavailable", message)
}
