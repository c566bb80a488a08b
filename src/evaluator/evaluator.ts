import type { Evaluate } from "../core/answer-plan.ts"
import type { Render, Room, TemplatePlace } from "../core/call.ts"
import { EncodedRecords } from "../core/encoded-records.ts"
import { PlatformError } from "../core/errors.ts"
import { FairQueue } from "../core/fair-queue.ts"
import { Rooms } from "../core/rooms.ts"
import type { Row } from "../core/values.ts"
import { late, stopped, stopping, tooLate } from "./faults.ts"
import type { Job, Result } from "./job.ts"
import { ANSWER_MS, RENDER_MS, type Work } from "./messages.ts"
import { marked } from "./templates/exact.ts"
import { Workers } from "./workers.ts"

/** The maximum length of a URL, in characters. */
const URL_MAX = 16_384
/** The maximum length of a rendered text, in characters. */
export const OUTPUT_MAX = 1_048_576
/** The work must be over so long before the caller's own deadline, so that the error can name the work. */
const MARGIN_MS = 50
/** A worker ends its work itself so long before it would be killed for it. */
const WORKER_MARGIN_MS = 20

/** Whose work it is, and how long it may take. */
export interface Client {
  readonly workspaceId: string
  /** Ends the work, waiting or running, when it fires. */
  readonly signal?: AbortSignal | undefined
  /** Milliseconds in which the work must be over, its waiting included. */
  remainingMs?(): number
}

/** Large answers that one workspace, and all of them together, may have in memory at once. */
const [LARGE_OWN, LARGE_ALL] = [4, 24]

/**
 * Fills templates, and parses and evaluates the answers of remote systems, in processes that can be ended. No engine
 * limits its own time or memory, and a thread that allocates too much at once takes the whole process down. Workspaces
 * take turns, and none has all processes for itself; neither have the answers, which take longer than templates.
 */
export class Evaluator {
  readonly #queue = new FairQueue<Job>()
  readonly #rooms = new Rooms(LARGE_OWN, LARGE_ALL)
  readonly #workers: Workers
  readonly #size: number
  #closed = false

  /** `size` is the number of processes at most, at least two. */
  constructor(size = 3) {
    this.#size = size
    this.#workers = new Workers(size, {
      freed: () => this.#dispatch(),
      cannotStart: (error) => {
        for (const job of this.#queue.clear()) job.reject(error)
      },
    })
  }

  /** The ids of its processes, starting ones included. */
  get processIds(): readonly number[] {
    return this.#workers.ids
  }

  /** The services for the work of one client. */
  for(client: Client): { readonly render: Render; readonly evaluate: Evaluate; room(): Room } {
    return {
      room: () => this.#rooms.of(client.workspaceId, client.signal),
      render: (template, values, place = "json") => this.#render(client, template, values, place),
      evaluate: async (answer, plan, form) => {
        const work: Work = { kind: "answer", answer, plan, form }
        const done = await this.#do(client, work)
        if (!("found" in done)) throw failure(done, work)
        if (done.found === undefined) return undefined
        const { rows, ...found } = done.found
        return { ...found, rows: new EncodedRecords(rows.form, rows.bytes, rows.length, rows.single) }
      },
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const job of this.#queue.clear()) job.reject(stopping())
    await this.#workers.close(stopping())
  }

  /**
   * Renders a template with values (as JSON by default), each escaped for its place; fails with `query_invalid` and
   * the reason.
   */
  async #render(client: Client, template: string, values: Row, place: TemplatePlace): Promise<string> {
    const work: Work = { kind: "template", template, values: marked(values) as Row, most: place === "url" ? URL_MAX : OUTPUT_MAX, place }
    const done = await this.#do(client, work)
    if ("text" in done) return done.text
    throw failure(done, work)
  }

  async #do({ workspaceId, signal, remainingMs }: Client, work: Work): Promise<Result> {
    if (this.#closed) throw stopping()
    if (signal?.aborted === true) throw stopped(signal.reason)
    const left = remainingMs === undefined ? Number.POSITIVE_INFINITY : remainingMs() - MARGIN_MS
    if (left <= 0) throw tooLate(work)
    const { promise, resolve, reject } = Promise.withResolvers<Result>()
    const job: Job = { workspaceId, short: work.kind === "template", work, expiresAt: performance.now() + left, resolve, reject }
    // A worker that runs the job ends it by itself at its limit, and is free for others then.
    const give = (error: PlatformError): void => {
      this.#queue.remove(job)
      job.reject(error)
    }
    const expire = (): void => give(tooLate(work))
    const abort = (): void => give(stopped(signal?.reason))
    const timer = left === Number.POSITIVE_INFINITY ? undefined : setTimeout(() => setImmediate(expire), left)
    signal?.addEventListener("abort", abort, { once: true })
    this.#queue.add(job)
    this.#dispatch()
    try {
      const result = await promise
      if ("late" in result && performance.now() + WORKER_MARGIN_MS >= job.expiresAt) throw tooLate(work, result.late)
      return result
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener("abort", abort)
    }
  }

  #dispatch(): void {
    if (this.#closed) return
    while (this.#workers.idle > 0) {
      const job = this.#queue.take((each) => this.#mayBegin(each))
      if (job === undefined) break
      this.#workers.run(job, Math.min(job.short ? RENDER_MS : ANSWER_MS, Math.max(1, job.expiresAt - performance.now() - WORKER_MARGIN_MS)))
    }
    this.#workers.startFor(this.#queue.size)
  }

  /** Whether a process is left for another workspace, and for short work, when the job begins. */
  #mayBegin({ workspaceId, short }: Job): boolean {
    const { running, idle } = this.#workers
    const most = this.#size === 1 ? 1 : running.length + idle - 1
    const own = running.filter((each) => each.workspaceId === workspaceId).length
    return own < (short ? Math.max(1, most) : most) && (short || running.filter((each) => !each.short).length < most)
  }
}

/** The error of work that gave no result. */
function failure(done: Result, work: Work): PlatformError {
  if ("error" in done) return new PlatformError(done.error.code, done.error.message, { details: done.error.details })
  if ("late" in done) return late(work, done.late)
  return new PlatformError("query_invalid", `The template ${"fault" in done ? done.fault : "gave nothing"}; correct the template or the inputs.`)
}
