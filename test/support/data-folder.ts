import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { findBinaries } from "../../src/store/binaries.ts"
import { isAlive, stopServer } from "../../src/store/cluster.ts"

/** A data folder of a test's own. */
export interface DataFolder {
  readonly dir: string
  /** The folder that holds the embedded cluster; elsewhere when the data folder cannot be passed through. */
  home(): string
  /** The process id of the embedded server, when its file is there. */
  postmaster(): number | undefined
  /** Ends the server that a killed hub left, by its id, and removes everything. */
  remove(): Promise<void>
}

/** Mode 0711, so that PostgreSQL can pass through when the test is root; `hidden` lays it into a folder of mode 0700. */
export function makeDataFolder({ hidden = false } = {}): DataFolder {
  const outer = mkdtempSync(join(tmpdir(), "jackfield-process-"))
  const dir = join(outer, "data")
  mkdirSync(dir, { mode: 0o711 })
  if (!hidden) chmodSync(outer, 0o711)
  const read = (path: string): string | undefined => {
    try {
      return readFileSync(path, "utf8").split("\n", 1)[0]
    } catch {
      return undefined
    }
  }
  const home = () => read(join(dir, "postgres.location")) ?? join(dir, "postgres")
  const postmaster = () => {
    const pid = Number(read(join(home(), "cluster", "postmaster.pid")))
    return pid > 1 ? pid : undefined
  }
  const remove = async () => {
    const pid = postmaster()
    if (pid !== undefined && isAlive(pid)) await stopServer(await findBinaries(), join(home(), "cluster"), pid, 30_000)
    for (const path of [home(), outer]) rmSync(path, { recursive: true, force: true, maxRetries: 5 })
  }
  return { dir, home, postmaster, remove }
}
