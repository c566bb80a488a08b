import { spawn } from "node:child_process"
import { dirname, join } from "node:path"

const ROOT = dirname(dirname(import.meta.dirname))
const BIN = join(ROOT, "bin", "jackfield.mjs")
/** Node keeps what it compiled there, which halves the start of the command. */
const COMPILED = join(ROOT, "node_modules", ".cache", "jackfield-tests")

export interface Ran {
  /** The exit code; 128 + the number for a death by a signal, as a shell says it. */
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string
  readonly cwd?: string
  /** Sent once stdout has shown this text. */
  readonly signalAfter?: { readonly text: string; readonly signal: NodeJS.Signals }
  /** Closes our end of the pipe after so many bytes, as `head` does. */
  readonly closeAfter?: number
}

/** Runs the real `jackfield` in an environment of its own: nothing of ours but PATH, so that no hub is known unless given. */
export function jackfield(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const env = { PATH: process.env["PATH"] ?? "", NODE_COMPILE_CACHE: COMPILED, JACKFIELD_DATA: "/nonexistent", ...options.env }
  const child = spawn(process.execPath, [BIN, ...args], { env, cwd: options.cwd ?? "/", timeout: 60_000 })
  child.stdin.on("error", () => undefined)
  child.stdin.end(options.stdin ?? "")
  let stdout = ""
  let stderr = ""
  let signalled = false
  child.stdout.on("data", (bytes: Buffer) => {
    stdout += bytes.toString()
    const { signalAfter, closeAfter } = options
    if (closeAfter !== undefined && stdout.length >= closeAfter) child.stdout.destroy()
    if (signalAfter !== undefined && !signalled && stdout.includes(signalAfter.text)) {
      signalled = true
      child.kill(signalAfter.signal)
    }
  })
  child.stderr.on("data", (bytes: Buffer) => {
    stderr += bytes.toString()
  })
  return new Promise((resolve, reject) => {
    child.once("error", reject)
    child.once("close", (code, signal) => resolve({ code: code ?? (signal === "SIGINT" ? 130 : 255), stdout, stderr }))
  })
}

/** Runs it beside that hub, as its first admin, whose key the hub's data folder has. */
export const jackfieldAt =
  (hub: { readonly dataDir: string }) =>
  (args: readonly string[], options: RunOptions = {}): Promise<Ran> =>
    jackfield(args, { ...options, env: { JACKFIELD_DATA: hub.dataDir, ...options.env } })

/** What a command printed as JSON on stdout. */
export function json<T = Record<string, unknown>>(ran: Ran): T {
  if (ran.stdout === "") throw new Error(`The command printed no JSON; it ended with ${ran.code} and said: ${ran.stderr}`)
  return JSON.parse(ran.stdout) as T
}

/** The problem document of a command that failed under `--json`. */
export const problem = (ran: Ran): { code: string; detail: string; next?: string; errors?: { pointer: string; message: string }[] } =>
  JSON.parse(ran.stderr) as { code: string; detail: string }
