import { type ChildProcess, fork } from "node:child_process"
import { fileURLToPath } from "node:url"
import type { Render } from "../core/call.ts"
import { PlatformError } from "../core/errors.ts"
import type { Row } from "../core/values.ts"
import { marked } from "./exact.ts"
import { type Done, RENDER_MS, type Work } from "./messages.ts"

/** The maximum length of a URL, in characters. */
const URL_MAX = 16_384
/** The maximum length of a rendered text, in characters. */
export const OUTPUT_MAX = 1_048_576
const HEAP_MB = 64
/** A worker ends a rendering itself; a worker that has not answered after this time is killed. */
const SILENT_MS = 5 * RENDER_MS
/** The time limit, in milliseconds, for a worker to start on the slowest machine. */
const START_MS = 30_000

interface Job {
  readonly work: Work
  readonly resolve: (text: string) => void
  readonly reject: (error: PlatformError) => void
}

/**
 * Fills templates in separate processes. No engine limits its own time or memory, and a thread that allocates too
 * much at once (by doubling a list again and again) takes the whole process down. A killed worker is replaced;
 * workers start when they are first needed, have an empty environment, and never outlive the hub.
 */
export class TemplatePool {
  readonly #size: number
  readonly #queue: Job[] = []
  readonly #idle: ChildProcess[] = []
  readonly #running = new Map<ChildProcess, { readonly job: Job; readonly timer: NodeJS.Timeout }>()
  readonly #all = new Set<ChildProcess>()
  #closed = false

  constructor(size = 2) {
    this.#size = size
  }

  /**
   * Renders a template with values (as JSON by default), each escaped for its place; fails with `query_invalid` and
   * the reason.
   */
  readonly render: Render = (template, values, place = "json") => {
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    if (this.#closed) reject(stopping())
    else {
      this.#queue.push({ work: { template, values: values as Row, most: place === "url" ? URL_MAX : OUTPUT_MAX, place }, resolve, reject })
      this.#dispatch()
    }
    return promise
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const job of this.#queue.splice(0)) job.reject(stopping())
    const ended = [...this.#all].map((worker) => new Promise((resolve) => worker.once("exit", resolve)))
    for (const worker of this.#all) {
      worker.ref()
      worker.kill("SIGKILL")
    }
    await Promise.all(ended)
  }

  #dispatch(): void {
    while (this.#queue.length > 0) {
      const worker = this.#idle.pop()
      if (worker !== undefined) this.#run(worker, this.#queue.shift() as Job)
      else {
        if (this.#all.size < Math.min(this.#size, this.#queue.length)) this.#start()
        return
      }
    }
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
    worker.unref()
    worker.channel?.unref()
    this.#all.add(worker)
    const starting = setTimeout(() => worker.kill("SIGKILL"), START_MS)
    worker.on("message", (done) => {
      clearTimeout(starting)
      const running = this.#running.get(worker)
      this.#running.delete(worker)
      clearTimeout(running?.timer)
      // The message was sent before the worker was killed and arrived afterwards.
      if (!this.#all.has(worker)) return
      if (running !== undefined) answer(running.job, done as Done)
      this.#idle.push(worker)
      this.#dispatch()
    })
    worker.on("error", (cause) => this.#end(worker, refused("cannot be filled now", cause)))
    worker.on("exit", () => {
      clearTimeout(starting)
      this.#end(worker, refused(`takes more than ${HEAP_MB} MB of memory`))
    })
  }

  #run(worker: ChildProcess, job: Job): void {
    const judge = (): void => {
      if (this.#running.get(worker)?.job === job) this.#end(worker, refused("did not end and was stopped"))
    }
    // A result that arrived while this thread was busy is read before the worker is judged.
    this.#running.set(worker, { job, timer: setTimeout(() => setImmediate(judge), SILENT_MS) })
    worker.send({ ...job.work, values: marked(job.work.values) } as Work)
  }

  /**
   * Kills a worker and fails its job. If the worker never started, all waiting jobs fail too, because starting it
   * again would fail forever.
   */
  #end(worker: ChildProcess, error: PlatformError): void {
    if (!this.#all.delete(worker)) return
    worker.kill("SIGKILL")
    const running = this.#running.get(worker)
    this.#running.delete(worker)
    clearTimeout(running?.timer)
    const idle = this.#idle.indexOf(worker)
    if (running !== undefined) running.job.reject(error)
    else if (idle >= 0) this.#idle.splice(idle, 1)
    else {
      const failed = new PlatformError("internal", "The hub cannot start a process to fill templates; the log has the cause.", { cause: error.cause })
      for (const job of this.#queue.splice(0)) job.reject(failed)
    }
    if (!this.#closed) this.#dispatch()
  }
}

function answer(job: Job, done: Done): void {
  if (typeof done === "object" && "text" in done) job.resolve(done.text)
  else job.reject(refused(typeof done === "object" ? done.fault : "gave nothing"))
}

const refused = (what: string, cause?: unknown): PlatformError =>
  new PlatformError("query_invalid", `The template ${what}; correct the template or the inputs.`, { cause })

const stopping = () => new PlatformError("cancelled", "The hub is stopping; call again.")
