import { type ChildProcess, spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import { type Answer, type AskOptions, ask } from "./ask.ts"

const ROOT = dirname(dirname(import.meta.dirname))

/** A hub as people run it: `node src/main.ts`, a process of its own. */
export interface HubProcess {
  readonly child: ChildProcess
  readonly dataDir: string
  stdout(): string
  stderr(): string
  /** The URL once the hub says that it is ready; rejects with its output when it ends before, or after 60 s. */
  readonly ready: Promise<string>
  /** Exit code, or the signal that ended it. */
  readonly exited: Promise<number | NodeJS.Signals>
  /** JSON in and out with the first admin's key; without `key` it is the one in `cli.json`. */
  call(method: string, path: string, body?: unknown, options?: AskOptions): Promise<Answer>
  /** Sends a signal and waits for the end. */
  end(signal?: NodeJS.Signals): Promise<number | NodeJS.Signals>
}

export interface HubProcessOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Run as that user and group; for tests that are root. */
  readonly uid?: number
  /** A process group of its own, as a shell gives to each job. */
  readonly detached?: boolean
  readonly nodeArgs?: readonly string[]
  /** The way to start it; `node src/main.ts` by default. */
  readonly by?: "node" | "npm" | "bin"
}

/** Starts a hub on a free port over that data folder; loopback targets are allowed. Nothing of the test's own environment is passed on. */
export function startHubProcess(dataDir: string, options: HubProcessOptions = {}): HubProcess {
  const env = { PATH: process.env["PATH"] ?? "", PORT: "0", JACKFIELD_DATA: dataDir, JACKFIELD_EGRESS_ALLOW: "127.0.0.0/8", ...options.env }
  const identity = options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }
  const { by = "node", nodeArgs = [] } = options
  const [program, ...args] = {
    node: [process.execPath, ...nodeArgs, join(ROOT, "src", "main.ts")],
    npm: ["npm", "start"],
    bin: [process.execPath, ...nodeArgs, join(ROOT, "bin", "jackfield.mjs"), "serve"],
  }[by] as [string, ...string[]]
  const child = spawn(program, args, {
    cwd: by === "npm" ? ROOT : "/",
    env,
    stdio: ["ignore", "pipe", "pipe"],
    detached: options.detached ?? false,
    ...identity,
  })
  const said = { stdout: "", stderr: "" }
  child.stdout.on("data", (chunk: Buffer) => {
    said.stdout += chunk.toString()
  })
  child.stderr.on("data", (chunk: Buffer) => {
    said.stderr += chunk.toString()
  })
  const exited = new Promise<number | NodeJS.Signals>((resolve) => child.once("close", (code, signal) => resolve(code ?? signal ?? 0)))
  const ready = whenReady(child, said, exited)
  ready.catch(() => undefined)
  return {
    child,
    dataDir,
    stdout: () => said.stdout,
    stderr: () => said.stderr,
    ready,
    exited,
    // A connection of its own: what an earlier hub on the same port left open cannot be reused.
    call: async (method, path, body, { headers, ...call } = {}) =>
      ask((await ready) + path, method, body, {
        key: call.key === undefined ? cliKey(dataDir) : call.key,
        ...call,
        headers: { connection: "close", ...headers },
      }),
    end: async (signal = "SIGTERM") => {
      child.kill(signal)
      return exited
    },
  }
}

async function whenReady(child: ChildProcess, said: { stdout: string; stderr: string }, exited: Promise<unknown>): Promise<string> {
  let gone = false
  void exited.then(() => {
    gone = true
  })
  const end = Date.now() + 60_000
  while (!gone && Date.now() < end) {
    const url = /"url":"([^"]+)","msg":"ready"/.exec(said.stdout)?.[1]
    if (url !== undefined) return url
    await pause(10)
  }
  throw new Error(`the hub (process ${child.pid}) is not ready:\n${said.stdout}\n${said.stderr}`)
}

const cliKey = (dataDir: string): string => (JSON.parse(readFileSync(join(dataDir, "cli.json"), "utf8")) as { key: string }).key
