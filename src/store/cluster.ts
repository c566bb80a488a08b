import { spawn } from "node:child_process"
import { randomBytes } from "node:crypto"
import { chown, type FileHandle, mkdir, open, readFile, rm, writeFile } from "node:fs/promises"
import { createServer } from "node:net"
import { platform } from "node:os"
import { join } from "node:path"
import { PlatformError } from "../core/errors.ts"
import type { Binaries, RunAs } from "./binaries.ts"
import { endWithThisProcess } from "./last-resort.ts"

/** The superuser of an embedded cluster. */
export const OWNER = "hub"

/**
 * The environment of PostgreSQL: nothing of the hub's, so no PG* variable, no locale, no secret. Windows cannot start
 * a program without its own environment.
 */
const environment = (): NodeJS.ProcessEnv | undefined => (platform() === "win32" ? undefined : { LC_ALL: "C", TZ: "UTC" })

/** A password of 192 random bits, safe in a file, a URL and a shell. */
export const randomPassword = (): string => randomBytes(24).toString("base64url")

/** A port of 127.0.0.1 that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === "string") throw new PlatformError("internal", "No free port could be found on 127.0.0.1.")
  return address.port
}

/**
 * Creates a cluster in `folder` (UTF-8, C locale, SCRAM for every login) whose superuser `hub` has the password.
 * Waits until it is on disk. A signal that fires ends the work, and its reason is the error.
 */
export async function initCluster(binaries: Binaries, folder: string, password: string, as: RunAs | undefined, signal?: AbortSignal): Promise<void> {
  const secret = `${folder}.password`
  await mkdir(folder, { mode: 0o700 })
  await writeFile(secret, password, { mode: 0o600 })
  if (as) for (const path of [folder, secret]) await chown(path, as.uid, as.gid)
  const args = ["-D", folder, "-U", OWNER, "-A", "scram-sha-256", `--pwfile=${secret}`, "--no-locale", "-E", "UTF8", "--no-instructions"]
  const { code, output } = await run(binaries.initdb, args, as, signal)
  await rm(secret, { force: true })
  signal?.throwIfAborted()
  if (code !== 0) {
    const reason = /initdb: error: (.*)|initdb: (.*)/.exec(output)
    const advice = /look up effective user/.test(output)
      ? "run the hub as a user that the system knows by name"
      : "check that the disk has space and is writable"
    const message = `The embedded PostgreSQL could not be initialised in ${folder}; ${advice}, or set DATABASE_URL. It reported: ${reason?.[1] ?? reason?.[2] ?? "nothing"}.`
    throw new PlatformError("store_unavailable", message, { cause: new Error(output.trim()) })
  }
}

interface Ran {
  readonly code: number | null
  readonly output: string
}

/**
 * Runs a program to its end, or until `signal` fires, and keeps its output, at most 64 KiB. It has a process group of its
 * own: a Ctrl-C reaches only the hub, which then ends it.
 */
async function run(program: string, args: readonly string[], as: RunAs | undefined, signal?: AbortSignal): Promise<Ran> {
  const env = environment()
  const options = { ...as, cwd: "/", ...(env && { env }), detached: platform() !== "win32", windowsHide: true }
  signal?.throwIfAborted()
  const child = spawn(program, args, { ...options, stdio: ["ignore", "pipe", "pipe"] })
  // The whole group: initdb has a PostgreSQL of its own.
  const release = child.pid === undefined ? () => undefined : endWithThisProcess(-child.pid, "SIGTERM")
  const end = (): boolean => child.kill("SIGTERM")
  signal?.addEventListener("abort", end, { once: true })
  let output = ""
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-65_536)
  }
  child.stdout.on("data", keep)
  child.stderr.on("data", keep)
  const code = await new Promise<number | null>((resolve, reject) => child.once("error", reject).once("close", resolve)).catch((cause: unknown) => {
    throw new PlatformError("store_unavailable", `${program} could not be started; check that this user may execute it, or set DATABASE_URL.`, { cause })
  })
  release()
  signal?.removeEventListener("abort", end)
  return { code, output }
}

/** A newly spawned PostgreSQL server. `exited` resolves with its exit code when the process ends. */
export interface Spawned {
  readonly pid: number
  readonly exited: Promise<number | null>
}

/**
 * Starts PostgreSQL on 127.0.0.1 only, detached (so that Ctrl-C reaches only the hub), with its log in a file (a pipe
 * would die with the hub).
 */
export async function spawnServer(
  binaries: Binaries,
  options: { folder: string; port: number; logFile: string; as: RunAs | undefined; settings?: Readonly<Record<string, string>> },
): Promise<Spawned> {
  const settings = { listen_addresses: "127.0.0.1", unix_socket_directories: "", fsync: "on", log_checkpoints: "off", ...options.settings }
  const args = ["-D", options.folder, "-p", String(options.port), ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])]
  const log = await openLog(options.logFile, options.as)
  try {
    const env = environment()
    const child = spawn(binaries.postgres, args, {
      ...options.as,
      cwd: "/",
      ...(env && { env }),
      detached: true,
      stdio: ["ignore", log.fd, log.fd],
      windowsHide: true,
    })
    const exited = new Promise<number | null>((resolve) => child.once("exit", resolve))
    await new Promise<void>((resolve, reject) => child.once("spawn", resolve).once("error", reject))
    child.unref()
    return { pid: child.pid ?? 0, exited }
  } catch (cause) {
    throw new PlatformError("store_unavailable", `${binaries.postgres} could not be started; check that this user may execute it, or set DATABASE_URL.`, {
      cause,
    })
  } finally {
    await log.close()
  }
}

async function openLog(path: string, as: RunAs | undefined): Promise<FileHandle> {
  try {
    const log = await open(path, "a", 0o600)
    // If root works for a user, that user must be able to write the log later without root.
    if (as) await log.chown(as.uid, as.gid)
    return log
  } catch (cause) {
    throw new PlatformError("store_unavailable", `The log ${path} of the embedded PostgreSQL cannot be written; check its owner and that the disk has space.`, {
      cause,
    })
  }
}

/** The server's entries in `postmaster.pid`; undefined if the file is missing or incomplete. */
export interface Postmaster {
  readonly pid: number
  readonly port: number
}

/**
 * Reads `postmaster.pid` (line 1: the process id, line 4: the port). The id may belong to another process by now:
 * connect and compare before trusting it.
 */
export async function readPostmaster(folder: string): Promise<Postmaster | undefined> {
  const text = await readFile(join(folder, "postmaster.pid"), "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return ""
    throw new PlatformError("store_unavailable", `${join(folder, "postmaster.pid")} cannot be read; check its owner.`, { cause: error })
  })
  const lines = text.split("\n")
  const [pid, port] = [Number(lines[0]), Number(lines[3])]
  return Number.isInteger(pid) && pid > 1 && Number.isInteger(port) && port > 0 ? { pid, port } : undefined
}

/**
 * The cluster's system identifier in the format of `pg_control_system()`: the first eight bytes of
 * `global/pg_control`.
 */
export async function systemIdentifier(folder: string): Promise<string> {
  const control = await readFile(join(folder, "global", "pg_control"))
  return control.readBigUInt64LE(0).toString()
}

/** Whether a process with that id exists, under any user. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"
  }
}

/**
 * Stops a server in fast mode (sessions are terminated, a checkpoint is written) and waits at most `ms` until its
 * process has ended.
 */
export async function stopServer(binaries: Binaries, folder: string, pid: number, ms: number): Promise<void> {
  // On Windows a signal would kill the server; pg_ctl uses PostgreSQL's own mechanism there.
  if (platform() === "win32") await run(binaries.pgCtl, ["stop", "-D", folder, "-m", "fast", "-w"], undefined)
  else if (isAlive(pid)) process.kill(pid, "SIGINT")
  const end = Date.now() + ms
  while (isAlive(pid)) {
    if (Date.now() > end) throw new PlatformError("store_unavailable", `The embedded PostgreSQL (process ${pid}) did not stop within ${ms} ms; see its log.`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
