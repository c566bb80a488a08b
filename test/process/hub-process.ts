import { type ChildProcess, spawn } from "node:child_process"
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import { findBinaries } from "../../src/store/binaries.ts"
import { isAlive, stopServer } from "../../src/store/cluster.ts"

const ROOT = dirname(dirname(import.meta.dirname))

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: a test reads the answer's fields and asserts on them.
  readonly body: any
}

export interface CallOptions {
  readonly key?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

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
  call(method: string, path: string, body?: unknown, options?: CallOptions): Promise<Answer>
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
}

/** Starts a hub on a free port over that data folder; loopback targets are allowed. Nothing of the test's own environment is passed on. */
export function startHubProcess(dataDir: string, options: HubProcessOptions = {}): HubProcess {
  const env = { PATH: process.env["PATH"] ?? "", PORT: "0", JACKFIELD_DATA: dataDir, JACKFIELD_EGRESS_ALLOW: "127.0.0.0/8", ...options.env }
  const identity = options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }
  const child = spawn(process.execPath, [...(options.nodeArgs ?? []), join(ROOT, "src", "main.ts")], {
    cwd: "/",
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
    call: async (method, path, body, call = {}) => ask((await ready) + path, method, body, { key: call.key ?? cliKey(dataDir), ...call }),
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

/** One request on a connection of its own: what an earlier hub on the same port left open cannot be reused. */
export async function ask(url: string, method: string, body: unknown, { key, headers, signal }: CallOptions): Promise<Answer> {
  const response = await fetch(url, {
    method,
    headers: {
      connection: "close",
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  })
  const text = await response.text()
  const json = /^application\/(problem\+)?json/.test(response.headers.get("content-type") ?? "")
  return { status: response.status, headers: response.headers, text, body: json ? JSON.parse(text) : text }
}

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

/** Asks again until the answer pleases, at most `ms`; the last answer either way. */
export async function until<T>(ms: number, get: () => Promise<T>, pleases: (value: T) => boolean): Promise<T> {
  for (const end = Date.now() + ms; ; await pause(25)) {
    const value = await get()
    if (pleases(value) || Date.now() > end) return value
  }
}
