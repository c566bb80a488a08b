import { chmodSync, mkdirSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { findBinaries } from "../../src/store/binaries.ts"
import { isAlive, stopServer } from "../../src/store/cluster.ts"
import { keepFolder } from "./keeper.ts"

/** A data folder of a test's own. */
export interface DataFolder extends AsyncDisposable {
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
  const kept = keepFolder("process")
  const dir = join(kept.path, "data")
  mkdirSync(dir, { mode: 0o711 })
  kept.holdsPostgres(join(dir, "postgres", "cluster"))
  if (hidden) chmodSync(kept.path, 0o700)
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
    rmSync(home(), { recursive: true, force: true, maxRetries: 5 })
    await kept.close()
  }
  return { dir, home, postmaster, remove, [Symbol.asyncDispose]: remove }
}
