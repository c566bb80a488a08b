import { type ChildProcess, fork } from "node:child_process"
import { chmodSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Launch, Order, Word } from "./keeper-process.ts"

/** A process that the keeper has started. */
export interface KeptProcess {
  /** Zero until it has one. */
  readonly pid: number
  /** How it ended; undefined while it runs. */
  readonly ended: string | undefined
}

/**
 * A folder below the system's temporary one. It is removed by `close()`, and else when the tests' process ends, in
 * whatever way; what was started in it ends before.
 */
export interface KeptFolder extends AsyncDisposable {
  readonly path: string
  launch(options: Launch): KeptProcess
  /** Says that a PostgreSQL may run on that data folder, which is to be killed if it still runs. */
  holdsPostgres(cluster: string): void
  close(): Promise<void>
}

/** Makes one. Other users may pass through it, not list it: PostgreSQL does not run as root. */
export function keepFolder(name: string): KeptFolder {
  const path = mkdtempSync(join(tmpdir(), `jackfield-${name}-`))
  chmodSync(path, 0o711)
  const keeper = theKeeper()
  keeper.send({ kind: "open", folder: path })
  const close = (): Promise<void> => keeper.close(path)
  return {
    path,
    launch: (options) => keeper.launch(path, options),
    holdsPostgres: (cluster) => keeper.send({ kind: "postgres", folder: path, cluster }),
    close,
    [Symbol.asyncDispose]: close,
  }
}

let keeper: Keeper | undefined
function theKeeper(): Keeper {
  if (keeper === undefined || keeper.gone) keeper = new Keeper()
  return keeper
}

/** The tests' end of the line to their keeper. */
class Keeper {
  readonly #child: ChildProcess = fork(join(import.meta.dirname, "keeper-process.ts"), {
    detached: true,
    execArgv: [],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  })
  readonly #launched: { pid: number; ended: string | undefined }[] = []
  readonly #closing = new Map<string, () => void>()
  gone = false

  constructor() {
    // The keeper shall not keep the tests alive.
    this.#child.unref()
    this.#child.channel?.unref()
    this.#child.on("message", (word: Word) => {
      if ("closed" in word) this.#closing.get(word.closed)?.()
      else Object.assign(this.#launched[word.id] ?? {}, word)
    })
    this.#child.once("exit", () => {
      this.gone = true
      for (const each of this.#launched) each.ended ??= "its keeper has ended"
      for (const [folder, done] of this.#closing) {
        rmSync(folder, { recursive: true, force: true })
        done()
      }
    })
  }

  send(order: Order): void {
    if (!this.gone) this.#child.send(order)
  }

  launch(folder: string, options: Launch): KeptProcess {
    const id = this.#launched.length
    const about = { pid: 0, ended: this.gone ? "its keeper has ended" : undefined }
    this.#launched.push(about)
    this.send({ kind: "launch", folder, id, ...options })
    return about
  }

  async close(folder: string): Promise<void> {
    if (this.gone) return rmSync(folder, { recursive: true, force: true })
    this.#child.channel?.ref()
    await new Promise<void>((resolve) => {
      this.#closing.set(folder, resolve)
      this.send({ kind: "close", folder })
    })
    this.#closing.delete(folder)
    if (this.#closing.size === 0) this.#child.channel?.unref()
  }
}
