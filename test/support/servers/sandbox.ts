import { execFile } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import { promisify } from "node:util"
import { type KeptProcess, keepFolder } from "../keeper.ts"
import { freePorts } from "../loopback.ts"
import { account, giveToServer } from "./account.ts"

/** A server process. */
export interface Launched extends KeptProcess {
  /** What it printed so far. */
  log(): string
}

export interface LaunchOptions {
  readonly env?: Readonly<Record<string, string>>
  /** The signal that stops the server cleanly; SIGTERM unless given. */
  readonly stopWith?: NodeJS.Signals
  /** Whether the server serves. It is asked until it says so; an error means "not yet". */
  ready(): Promise<boolean>
  /** How long that may take; 30 s unless given. */
  readonly readyMs?: number
}

/**
 * Where a server runs: a folder of its own below the system's temporary folder, an unprivileged account when the tests
 * are root, an environment with nothing of the tests' own but PATH. Everything ends with `close()`, or with the tests.
 */
export interface Sandbox {
  readonly folder: string
  /** Writes a file that the server's account alone can read; gives its path. */
  write(name: string, text: string): string
  /** Runs a program to its end; gives what it printed. The error of a program that fails has its output. */
  run(command: string, args: readonly string[], env?: Readonly<Record<string, string>>): Promise<string>
  /** Starts a server in the foreground and waits until it is ready. The error of one that is not has the end of its log. */
  launch(name: string, command: string, args: readonly string[], options: LaunchOptions): Promise<Launched>
  /** Calls `begin` with so many free ports of 127.0.0.1, again with others when somebody else took one in the meantime. */
  onFreePorts<T>(count: number, begin: (...ports: number[]) => Promise<T>): Promise<T>
  /** Stops the servers, the last one first, and removes the folder. */
  close(): Promise<void>
}

/** Opens a sandbox for a server of that name. */
export function openSandbox(server: string): Sandbox {
  const kept = keepFolder(server.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-"))
  const folder = kept.path
  giveToServer(folder)
  const environment = (more: Readonly<Record<string, string>> = {}) => ({ PATH: PATH(), LC_ALL: "C.UTF-8", HOME: folder, ...more })

  const launch: Sandbox["launch"] = async (name, command, args, { env, stopWith = "SIGTERM", ready, readyMs = 30_000 }) => {
    const log = join(folder, `${name}.log`)
    writeFileSync(log, "")
    giveToServer(log)
    const launched: Launched = Object.assign(kept.launch({ command, args, env: environment(env), log, stopWith, account }), {
      log: () => readFileSync(log, "utf8"),
    })
    let why: unknown
    for (const end = performance.now() + readyMs; launched.ended === undefined && performance.now() < end; await pause(50)) {
      try {
        if (launched.pid !== 0 && (await ready())) return launched
      } catch (error) {
        why = error
      }
    }
    const state = launched.ended === undefined ? `is not ready after ${readyMs} ms` : `has ended (${launched.ended})`
    const lines = launched.log().trimEnd().split("\n").slice(-25)
    throw new Error(`${name} ${state}. Its log ends:\n${lines.join("\n")}`, { cause: why })
  }

  return {
    folder,
    write(name, text) {
      const path = join(folder, name)
      writeFileSync(path, text, { mode: 0o600 })
      giveToServer(path)
      return path
    },
    run: (command, args, env) => output(command, args, { cwd: folder, env: environment(env), ...account }),
    launch,
    async onFreePorts(count, begin) {
      for (let attempt = 1; ; attempt++) {
        try {
          return await begin(...(await freePorts(count)))
        } catch (error) {
          if (attempt === 3 || !/address (is )?already in use/i.test(String(error))) throw error
        }
      }
    },
    close: kept.close,
  }
}

/** Programs of Debian's administrators are not on everybody's PATH. */
const PATH = (): string => `${process.env["PATH"] ?? ""}:/usr/local/sbin:/usr/sbin:/sbin`

async function output(command: string, args: readonly string[], options: object): Promise<string> {
  try {
    return (await promisify(execFile)(command, [...args], { encoding: "utf8", maxBuffer: 64 * 1_048_576, ...options })).stdout
  } catch (cause) {
    const { stdout = "", stderr = "", message } = cause as Error & { stdout?: string; stderr?: string }
    throw new Error(`${command} ${args[0] ?? ""} failed: ${stderr.trim() || stdout.trim() || message}`, { cause })
  }
}
