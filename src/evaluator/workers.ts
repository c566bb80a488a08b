import { type ChildProcess, fork } from "node:child_process"
import { constants, setPriority } from "node:os"
import { fileURLToPath } from "node:url"
import type { PlatformError } from "../core/errors.ts"
import { cannotStart, crashed, HEAP_MB, killed } from "./faults.ts"
import type { Job } from "./job.ts"
import type { Done, Order } from "./messages.ts"

/** A worker ends its work itself, a template at the fourth attempt; one that has not answered so long after its limit is killed. */
const [PATIENCE, PATIENCE_MS] = [4, 1_000]
/** Processes that are started together: one for the work that is there, and one for the work that comes meanwhile. */
const LEAST = 2
/** The time limit, in milliseconds, for a worker to start on the slowest machine. */
const START_MS = 30_000

interface Listener {
  /** A worker can take work again. */
  freed(): void
  /** A worker could not start, so that starting it again would fail forever. */
  cannotStart(error: PlatformError): void
}

/**
 * The processes of an evaluator. A killed one is replaced; they start when they are first needed, have an empty
 * environment, and never outlive the hub.
 */
export class Workers {
  readonly #size: number
  readonly #listener: Listener
  readonly #idle: ChildProcess[] = []
  readonly #running = new Map<ChildProcess, { readonly job: Job; readonly timer: NodeJS.Timeout }>()
  readonly #all = new Set<ChildProcess>()

  constructor(size: number, listener: Listener) {
    this.#size = size
    this.#listener = listener
  }

  get ids(): readonly number[] {
    return [...this.#all].flatMap(({ pid }) => (pid === undefined ? [] : [pid]))
  }

  get idle(): number {
    return this.#idle.length
  }

  get running(): readonly Job[] {
    return [...this.#running.values()].map(({ job }) => job)
  }

  /** Starts workers for so many waiting jobs, within the size. */
  startFor(waiting: number): void {
    let starting = this.#all.size - this.#running.size - this.#idle.length
    for (; waiting > 0 && (starting < waiting || this.#all.size < LEAST) && this.#all.size < this.#size; starting++) this.#start()
  }

  /** Gives a job to an idle worker. */
  run(job: Job, limitMs: number): void {
    const worker = this.#idle.pop()
    if (worker === undefined) throw new Error("no worker is idle")
    const judge = (): void => this.#fail(job, killed(job.work))
    // A result that arrived while this thread was busy is read before the worker is judged.
    this.#running.set(worker, { job, timer: setTimeout(() => setImmediate(judge), (job.short ? PATIENCE : 1) * limitMs + PATIENCE_MS) })
    worker.send({ work: job.work, limitMs: Math.ceil(limitMs) } satisfies Order)
  }

  /** Kills the worker of a job that runs, and fails the job; does nothing for any other. */
  #fail(job: Job, error: PlatformError): void {
    for (const [worker, running] of this.#running) if (running.job === job) this.#end(worker, error)
  }

  /** Kills all workers and fails their jobs; settles when the processes have ended. */
  async close(error: PlatformError): Promise<void> {
    const ended = [...this.#all].map((worker) => new Promise((resolve) => worker.once("exit", resolve)))
    for (const worker of [...this.#all]) {
      worker.ref()
      worker.kill("SIGKILL")
      this.#running.get(worker)?.job.reject(error)
    }
    await Promise.all(ended)
  }

  #start(): void {
    // The compiled hub has the worker as JavaScript in the same folder; the compiler does not rewrite this name.
    const file = import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js"
    const worker = fork(fileURLToPath(new URL(file, import.meta.url)), {
      env: {},
      execArgv: [`--max-old-space-size=${HEAP_MB}`, "--max-semi-space-size=4"],
      serialization: "advanced",
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    })
    lowerPriorityOf(worker)
    worker.unref()
    worker.channel?.unref()
    this.#all.add(worker)
    const starting = setTimeout(() => worker.kill("SIGKILL"), START_MS)
    worker.on("message", (done: Done) => {
      clearTimeout(starting)
      const running = this.#running.get(worker)
      this.#running.delete(worker)
      clearTimeout(running?.timer)
      // The message was sent before the worker was killed and arrived afterwards.
      if (!this.#all.has(worker)) return
      if (done !== "ready") running?.job.resolve(done)
      this.#idle.push(worker)
      this.#listener.freed()
    })
    worker.on("error", (cause) => this.#end(worker, cannotStart(cause)))
    worker.on("exit", () => {
      clearTimeout(starting)
      const job = this.#running.get(worker)?.job
      this.#end(worker, job === undefined ? cannotStart(undefined) : crashed(job.work))
    })
  }

  #end(worker: ChildProcess, error: PlatformError): void {
    if (!this.#all.delete(worker)) return
    worker.kill("SIGKILL")
    const running = this.#running.get(worker)
    this.#running.delete(worker)
    clearTimeout(running?.timer)
    const idle = this.#idle.indexOf(worker)
    if (running !== undefined) running.job.reject(error)
    else if (idle >= 0) this.#idle.splice(idle, 1)
    else this.#listener.cannotStart(error)
    this.#listener.freed()
  }
}

/** Lets the process that serves everybody go first where there are more processes than processors. */
function lowerPriorityOf({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL)
  } catch {
    // The process has ended already, or the system has no priorities: it works all the same.
  }
}
