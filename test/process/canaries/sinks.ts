import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import pg from "pg"
import type { DataFolder } from "../../support/data-folder.ts"
import type { Ledger } from "./ledger.ts"

/** The address of the embedded database, and its owner's password. */
export function embeddedOf(data: DataFolder): { readonly port: number; readonly password: string } {
  const { password } = JSON.parse(readFileSync(join(data.home(), "hub.json"), "utf8")) as { password: string }
  return { port: Number(readFileSync(join(data.home(), "cluster", "postmaster.pid"), "utf8").split("\n")[3]), password }
}

/** Searches every column and row of all of the hub's tables, and bytes as bytes; returns the number of tables with rows. */
export async function searchDatabase(data: DataFolder, ledger: Ledger): Promise<number> {
  const client = new pg.Client({ host: "127.0.0.1", user: "hub", database: "postgres", ...embeddedOf(data) })
  await client.connect()
  const types = { getTypeParser: (oid: number) => (oid === pg.types.builtins.BYTEA ? pg.types.getTypeParser(oid) : String) } as unknown as pg.CustomTypesConfig
  let filled = 0
  try {
    const tables = await client.query<{ name: string }>(
      "select quote_ident(schemaname) || '.' || quote_ident(tablename) as name from pg_tables where schemaname !~ '^(pg_|information_schema)'",
    )
    for (const { name } of tables.rows) {
      const { rows } = await client.query<(string | Buffer | null)[]>({ text: `select * from ${name}`, rowMode: "array", types })
      if (rows.length > 0) filled++
      const cells = rows.flatMap((row) => row.flatMap((cell) => (cell === null ? [] : [Buffer.from(cell as string), Buffer.from("\n")])))
      ledger.out("database", Buffer.concat(cells), name)
    }
  } finally {
    await client.end()
  }
  return filled
}

/** Searches every file in the data folder except the key files; returns the number of files. */
export function searchFiles(data: DataFolder, ledger: Ledger): number {
  const files = [data.dir, data.home()].flatMap((dir) =>
    readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile() && !["master.key", "cli.json"].includes(entry.name)),
  )
  const paths = [...new Set(files.map((entry) => join(entry.parentPath, entry.name)))]
  for (const path of paths) ledger.out("data folder", readFileSync(path), path)
  return paths.length
}
