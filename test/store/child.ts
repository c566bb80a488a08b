import { type ChildProcess, spawn } from "node:child_process"
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { findBinaries } from "../../src/store/binaries.ts"
import { isAlive, stopServer } from "../../src/store/cluster.ts"

export interface Line {
  readonly ready?: boolean
  readonly port?: number
  readonly refused?: string
  readonly message?: string
  readonly wrote?: string
}

/** A hub in a process of its own, with what it said so far. */
export interface Hub {
  readonly process: ChildProcess
  readonly lines: Line[]
  /** Resolves with the first line, at most 60 s from now. */
  readonly first: Promise<Line>
  readonly exited: Promise<void>
}

/** Hubs that still run, so that a test that fails leaves none behind. */
const running = new Set<Hub>()

export function startHub(dataDir: string, mode: "idle" | "write" = "idle"): Hub {
  const child = spawn(process.execPath, [join(import.meta.dirname, "hub-child.ts"), dataDir, mode], { stdio: ["ignore", "pipe", "inherit"] })
  const lines: Line[] = []
  const exited = new Promise<void>((resolve) => child.once("close", () => resolve()))
  const first = new Promise<Line>((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (text) => {
      lines.push(JSON.parse(text) as Line)
      resolve(lines[0] ?? {})
    })
    void exited.then(() => reject(new Error("the hub ended without a word")))
  })
  first.catch(() => undefined)
  const hub = { process: child, lines, first, exited }
  running.add(hub)
  void exited.then(() => running.delete(hub))
  return hub
}

export async function kill(hub: Hub, signal: NodeJS.Signals): Promise<void> {
  hub.process.kill(signal)
  await hub.exited
}

/** A data folder of a test's own; `remove` ends every hub, and the server that a killed hub left in it, by its process id. */
export function makeDataDir(): { readonly dir: string; postmaster(): number | undefined; remove(): Promise<void> } {
  const dir = mkdtempSync(join(tmpdir(), "jackfield-test-data-"))
  chmodSync(dir, 0o711)
  const postmaster = () => {
    try {
      return Number(readFileSync(join(dir, "postgres", "cluster", "postmaster.pid"), "utf8").split("\n")[0])
    } catch {
      return undefined
    }
  }
  const remove = async () => {
    await Promise.all([...running].map((hub) => kill(hub, "SIGKILL")))
    const pid = postmaster()
    if (pid !== undefined && isAlive(pid)) await stopServer(await findBinaries(), join(dir, "postgres", "cluster"), pid, 30_000)
    rmSync(dir, { recursive: true, force: true, maxRetries: 5 })
  }
  return { dir, postmaster, remove }
}
