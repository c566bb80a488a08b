import { type ChildProcess, spawn } from "node:child_process"
import { openSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"

/**
 * The keeper: a process beside the tests that has their temporary folders, and starts servers in them. When the tests
 * disconnect from it, for whatever reason (the end of a run, Ctrl-C, a crash, SIGKILL), it stops the servers and removes
 * the folders. It has a session of its own, so that Ctrl-C reaches the tests and not the servers.
 */

/** What the tests tell the keeper. */
export type Order =
  | { readonly kind: "open"; readonly folder: string }
  | ({ readonly kind: "launch"; readonly folder: string; readonly id: number } & Launch)
  /** A PostgreSQL that the keeper has not started may run on that data folder. */
  | { readonly kind: "postgres"; readonly folder: string; readonly cluster: string }
  | { readonly kind: "close"; readonly folder: string }

export interface Launch {
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** The file that gets what the server prints. */
  readonly log: string
  /** The signal that stops the server cleanly. */
  readonly stopWith: NodeJS.Signals
  readonly account: { readonly uid?: number; readonly gid?: number }
}

/** What the keeper tells the tests. */
export type Word = { readonly id: number; readonly pid: number } | { readonly id: number; readonly ended: string } | { readonly closed: string }

/** How long a server may take to stop before it is killed. */
const GRACE_MS = 10_000

interface Kept {
  readonly child: ChildProcess
  readonly stopWith: NodeJS.Signals
  readonly ended: Promise<void>
}

interface Folder {
  readonly servers: Kept[]
  readonly clusters: string[]
  closing: Promise<void> | undefined
}

const folders = new Map<string, Folder>()
const of = (folder: string): Folder => {
  const known = folders.get(folder) ?? { servers: [], clusters: [], closing: undefined }
  folders.set(folder, known)
  return known
}

const tell = (word: Word): void => {
  if (process.connected) process.send?.(word)
}

function launch(folder: string, id: number, { command, args, env, log, stopWith, account }: Launch): void {
  const out = openSync(log, "a")
  const child = spawn(command, args, { cwd: folder, env, stdio: ["ignore", out, out], ...account })
  const ended = new Promise<void>((resolve) => {
    const end = (how: string): void => {
      tell({ id, ended: how })
      resolve()
    }
    child.once("error", (error) => end(error.message))
    child.once("exit", (code, name) => end(name ?? `exit code ${code}`))
  })
  of(folder).servers.push({ child, stopWith, ended })
  if (child.pid !== undefined) tell({ id, pid: child.pid })
}

/** The processes that have come from `pid`, as far as /proc tells: a server's own children may be in sessions of their own. */
function descendants(pid: number): number[] {
  if (process.platform !== "linux") return []
  const parents = new Map<number, number>()
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue
    // The command's name stands in parentheses and may hold anything; the parent is the second field after it.
    const fields = read(`/proc/${name}/stat`)
      ?.replace(/^.*\) /s, "")
      .split(" ")
    if (fields !== undefined) parents.set(Number(name), Number(fields[1]))
  }
  const found = [pid]
  for (const each of found) for (const [child, parent] of parents) if (parent === each) found.push(child)
  return found.slice(1)
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8")
  } catch {
    return undefined
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // The process has ended already.
  }
}

async function stop({ child, stopWith, ended }: Kept): Promise<void> {
  const { pid } = child
  if (pid === undefined) return
  const children = descendants(pid)
  if (child.exitCode === null && child.signalCode === null) {
    signal(pid, stopWith)
    const late = setTimeout(() => signal(pid, "SIGKILL"), GRACE_MS)
    await ended
    clearTimeout(late)
  }
  for (const each of children) signal(each, "SIGKILL")
}

async function killPostgres(cluster: string): Promise<void> {
  const pid = Number(read(join(cluster, "postmaster.pid"))?.split("\n", 1)[0])
  // The number may belong to another process by now.
  const runs = (): boolean => pid > 1 && read(`/proc/${pid}/cmdline`)?.includes(cluster) === true
  if (runs()) signal(pid, "SIGQUIT")
  for (const end = Date.now() + GRACE_MS; runs() && Date.now() < end; ) await pause(20)
}

async function close(folder: string): Promise<void> {
  const { servers, clusters } = of(folder)
  for (const each of servers.reverse()) await stop(each)
  for (const cluster of clusters) await killPostgres(cluster)
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  folders.delete(folder)
  tell({ closed: folder })
}

/** Closes a folder once, however often it is asked for. */
const closed = (folder: string): Promise<void> => {
  const known = of(folder)
  known.closing ??= close(folder)
  return known.closing
}

process.on("message", (message) => {
  const order = message as Order
  if (order.kind === "launch") launch(order.folder, order.id, order)
  else if (order.kind === "postgres") of(order.folder).clusters.push(order.cluster)
  else if (order.kind === "close") void closed(order.folder)
  else of(order.folder)
})
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => process.connected && process.disconnect())
process.once("disconnect", () => {
  for (const folder of [...folders.keys()].reverse()) void closed(folder)
})
