import { type ChildProcess, spawn } from "node:child_process"
import { openSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { account } from "./account.ts"

/**
 * The keeper: a process between the tests and the servers of one sandbox. It starts servers when it is told to, and when
 * the tests disconnect from it, for whatever reason (the end of a file, Ctrl-C, a crash, SIGKILL), it stops them and
 * removes the sandbox's folder. It has a session of its own, so that Ctrl-C reaches the tests and not the servers.
 */

/** Tells the keeper to start a server. */
export interface Launch {
  readonly id: number
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  /** The file that gets what the server prints. */
  readonly log: string
  readonly stopWith: NodeJS.Signals
}

/** The keeper's word: a server has a process now, or has ended. */
export type Word = { readonly id: number; readonly pid: number } | { readonly id: number; readonly ended: string }

/** How long a server may take to stop before it is killed. */
const GRACE_MS = 10_000

interface Kept {
  readonly child: ChildProcess
  readonly stopWith: NodeJS.Signals
  readonly ended: Promise<void>
}

const kept: Kept[] = []
const tell = (word: Word): void => {
  if (process.connected) process.send?.(word)
}

function launch({ id, command, args, cwd, env, log, stopWith }: Launch): void {
  const out = openSync(log, "a")
  const child = spawn(command, args, { cwd, env, stdio: ["ignore", out, out], ...account })
  const ended = new Promise<void>((resolve) => {
    child.once("error", (error) => {
      tell({ id, ended: error.message })
      resolve()
    })
    child.once("exit", (code, signal) => {
      tell({ id, ended: signal === null ? `exit code ${code}` : signal })
      resolve()
    })
  })
  kept.push({ child, stopWith, ended })
  if (child.pid !== undefined) tell({ id, pid: child.pid })
}

/** The processes that have come from `pid`, as far as /proc tells: a server's own children may be in sessions of their own. */
function descendants(pid: number): number[] {
  const parents = new Map<number, number>()
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue
    try {
      // The command's name stands in parentheses and may hold anything.
      const fields = readFileSync(`/proc/${name}/stat`, "utf8").replace(/^.*\)/s, "").trim().split(" ")
      parents.set(Number(name), Number(fields[1]))
    } catch {
      // The process has ended in the meantime.
    }
  }
  const found = [pid]
  for (const each of found) for (const [child, parent] of parents) if (parent === each) found.push(child)
  return found.slice(1)
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
  const children = process.platform === "linux" ? descendants(pid) : []
  if (child.exitCode === null && child.signalCode === null) {
    signal(pid, stopWith)
    const late = setTimeout(() => signal(pid, "SIGKILL"), GRACE_MS)
    await ended
    clearTimeout(late)
  }
  for (const each of children) signal(each, "SIGKILL")
}

const [folder = ""] = process.argv.slice(2)
process.on("message", (message) => launch(message as Launch))
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => process.disconnect())
process.once("disconnect", async () => {
  for (const each of kept.reverse()) await stop(each)
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
})
