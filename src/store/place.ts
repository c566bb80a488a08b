import { createHash, randomBytes } from "node:crypto"
import { constants } from "node:fs"
import { access, chmod, chown, lstat, mkdir, open, readdir, readFile, realpath, rename, rm, stat } from "node:fs/promises"
import { platform } from "node:os"
import { dirname, join, resolve } from "node:path"
import { PlatformError } from "../core/errors.ts"
import { type Binaries, canReach, chooseRunAs, findBinaries, ownFolder, type RunAs, reachableBinaries } from "./binaries.ts"
import { initCluster, isAlive, randomPassword, systemIdentifier } from "./cluster.ts"
import type { Log } from "./log.ts"

/** The folders in which root may put files for an unprivileged id, best first. */
const SYSTEM_FOLDERS = ["/var/lib/jackfield", "/var/tmp/jackfield"]
/** The file in the data folder that names the database's folder if it is elsewhere. */
const NOTE = "postgres.location"
const LOG_BYTES = 10_485_760

/** The files of one embedded database, and the programs that run it. */
export interface Place {
  /** The folder that contains `cluster`, `server.log` and `hub.json`. */
  readonly home: string
  readonly cluster: string
  readonly logFile: string
  readonly password: string
  readonly systemIdentifier: string
  readonly binaries: Binaries
  readonly as: RunAs | undefined
}

/**
 * Finds or creates the database of a data folder. A first start that is killed half-way leaves nothing that a later
 * start would mistake for a complete database; neither does one whose `signal` fires, which ends with its reason.
 */
export async function findPlace(dataDir: string, log: Log, signal?: AbortSignal): Promise<Place> {
  const data = await makeDataFolder(dataDir)
  const as = await chooseRunAs(data)
  const { binaries, copied } = await reachableBinaries(await findBinaries(), as, SYSTEM_FOLDERS)
  if (copied) log.info({ folder: binaries.folder }, `PostgreSQL's programs run from a copy, because user ${as?.uid} cannot reach the installation`)
  const home = await chooseHome(data, as, log)
  if (!(await exists(home))) await makeHome(home, { binaries, as, log, signal })
  const place = await readHome(home, binaries, as)
  await rotateLog(place.logFile)
  return place
}

/** Whether a data folder already has a database; creates and changes nothing. */
export async function hasPlace(dataDir: string): Promise<boolean> {
  const data = resolve(dataDir)
  const home = (await readNote(join(data, NOTE))) ?? join(data, "postgres")
  return await exists(join(home, "hub.json"))
}

async function makeDataFolder(dataDir: string): Promise<string> {
  try {
    const path = resolve(dataDir)
    // The unprivileged id that PostgreSQL runs under must be able to pass through the folder, but not to list it.
    await mkdir(path, { recursive: true, mode: process.getuid?.() === 0 ? 0o711 : 0o700 })
    await access(path, constants.W_OK)
    return await realpath(path)
  } catch (cause) {
    const message = `The data folder ${dataDir} cannot be created or written; correct its owner or mode, check the disk, or choose another folder with JACKFIELD_DATA.`
    throw new PlatformError("store_unavailable", message, { cause })
  }
}

/**
 * `data/postgres`, or, if the unprivileged id cannot pass through the data folder, a system folder, which a note in
 * the data folder names. The name is new each time, so that a recreated data folder never finds the database of a
 * deleted one.
 */
async function chooseHome(data: string, as: RunAs | undefined, log: Log): Promise<string> {
  const note = join(data, NOTE)
  const noted = await readNote(note)
  if (noted !== undefined) return noted
  const beside = join(data, "postgres")
  if (canReach(data, "x", as) || (await openUp(data, as))) return beside
  if (await exists(beside)) {
    throw new PlatformError(
      "store_unavailable",
      `User ${as?.uid}, which runs PostgreSQL for root, can no longer reach ${beside}; give the folders above it mode 711 again.`,
    )
  }
  const hash = createHash("sha256").update(data).digest("hex").slice(0, 12)
  const elsewhere = join(await systemFolder(), `${hash}-${randomBytes(4).toString("hex")}`)
  const why = `PostgreSQL does not run as root and user ${as?.uid} cannot pass through ${data}`
  try {
    await writeSynced(note, `${elsewhere}\nThe embedded database of this folder is stored there, because ${why}.\n`)
  } catch (cause) {
    // Another hub that is starting on this folder wrote the note first.
    const theirs = await readNote(note)
    if (theirs !== undefined) return theirs
    throw new PlatformError("store_unavailable", `${note} cannot be written; check that the disk has space and is writable.`, { cause })
  }
  log.info({ folder: elsewhere }, `the embedded database is stored outside the data folder, because ${why}`)
  return elsewhere
}

/**
 * Lets the unprivileged id pass through a data folder that is still empty (`mktemp -d` creates folders of mode 0700);
 * a folder with contents keeps its mode.
 */
async function openUp(data: string, as: RunAs | undefined): Promise<boolean> {
  if ((await readdir(data)).length > 0) return false
  const { mode } = await stat(data)
  await chmod(data, (mode & 0o777) | 0o011)
  if (canReach(data, "x", as)) return true
  await chmod(data, mode & 0o777)
  return false
}

/** The path in the note; undefined if there is no note. */
async function readNote(note: string): Promise<string | undefined> {
  try {
    return (await readFile(note, "utf8")).split("\n", 1)[0]
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined
    throw new PlatformError("store_unavailable", `${note} cannot be read; check its owner.`, { cause })
  }
}

async function systemFolder(): Promise<string> {
  const causes: unknown[] = []
  for (const folder of SYSTEM_FOLDERS) {
    try {
      return await ownFolder(folder)
    } catch (cause) {
      causes.push(cause)
    }
  }
  const message = `No folder for the embedded database could be created in ${SYSTEM_FOLDERS.join(" or ")}; set JACKFIELD_DATA to a folder that every user may pass through.`
  throw new PlatformError("store_unavailable", message, { cause: new AggregateError(causes) })
}

interface Making {
  readonly binaries: Binaries
  readonly as: RunAs | undefined
  readonly log: Log
  readonly signal: AbortSignal | undefined
}

/**
 * Builds everything under a temporary name and renames it once it is on disk. If two hubs do so at once, the first
 * one wins.
 */
async function makeHome(home: string, { binaries, as, log, signal }: Making): Promise<void> {
  log.info({ folder: home }, "creating a new embedded PostgreSQL")
  const part = `${home}.new-${process.pid}-${randomBytes(4).toString("hex")}`
  await mkdir(part, { mode: as ? 0o711 : 0o700 })
  try {
    const password = randomPassword()
    const cluster = join(part, "cluster")
    await initCluster(binaries, cluster, password, as, signal)
    await writeSynced(join(part, "hub.json"), JSON.stringify({ password, systemIdentifier: await systemIdentifier(cluster) }))
    await shareWithOwner(part, as)
    await rename(part, home)
    await syncFolder(dirname(home))
  } catch (cause) {
    await rm(part, { recursive: true, force: true })
    if (!(await exists(join(home, "hub.json")))) throw cause
  }
}

/**
 * If root works for the folder's own user, that user must later be able to start the hub without root. "nobody" gets
 * no such right.
 */
async function shareWithOwner(part: string, as: RunAs | undefined): Promise<void> {
  if (as === undefined || as.uid === 65534) return
  for (const path of [part, join(part, "hub.json")]) await chown(path, as.uid, as.gid)
}

async function readHome(home: string, binaries: Binaries, as: RunAs | undefined): Promise<Place> {
  const cluster = join(home, "cluster")
  try {
    const facts = JSON.parse(await readFile(join(home, "hub.json"), "utf8")) as { password: string; systemIdentifier: string }
    const major = Number((await readFile(join(cluster, "PG_VERSION"), "utf8")).trim())
    if (major !== binaries.major) {
      const message = `${cluster} was created by PostgreSQL ${major}, but this hub includes ${binaries.major}; use the hub version that created it, or restore a backup.`
      throw new PlatformError("store_unavailable", message)
    }
    return { home, cluster, logFile: join(home, "server.log"), password: facts.password, systemIdentifier: facts.systemIdentifier, binaries, as }
  } catch (cause) {
    if (cause instanceof PlatformError) throw cause
    throw new PlatformError("store_unavailable", `The embedded database in ${home} cannot be read; check that this user owns it and that it is complete.`, {
      cause,
    })
  }
}

/** Removes the remains of first starts that were killed half-way, but not those of processes that are still alive. */
export async function removeLeftovers(place: Place): Promise<void> {
  const [folder, name] = [dirname(place.home), `${place.home.slice(dirname(place.home).length + 1)}.new-`]
  for (const entry of await readdir(folder)) {
    if (!entry.startsWith(name)) continue
    const pid = Number(entry.slice(name.length).split("-")[0])
    // After a failure the next start tries again: an initdb that outlived its hub may still be writing there.
    if (!isAlive(pid)) await rm(join(folder, entry), { recursive: true, force: true }).catch(() => undefined)
  }
}

async function rotateLog(file: string): Promise<void> {
  const facts = await stat(file).catch(() => undefined)
  if (facts && facts.size > LOG_BYTES) await rename(file, `${file}.1`)
}

async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(path, "wx", 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await chmod(path, 0o600)
}

/** Syncs a folder, which protects a rename from a power cut; Windows cannot open folders. */
async function syncFolder(path: string): Promise<void> {
  if (platform() === "win32") return
  const folder = await open(path, "r")
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

const exists = async (path: string): Promise<boolean> => (await lstat(path).catch(() => undefined)) !== undefined
