/** What waits in the queue: whose work it is, and whether it is short. */
export interface Waiting {
  readonly workspaceId: string
  readonly short: boolean
}

interface Lanes<J> {
  readonly short: J[]
  readonly long: J[]
}

/**
 * Work in the order in which it is fair: workspaces take turns, however much each has waiting. Within a workspace,
 * short work comes before long work, and work of one length in the order in which it came.
 */
export class FairQueue<J extends Waiting> {
  /** The workspace whose turn is next comes first. */
  readonly #lanes = new Map<string, Lanes<J>>()

  get size(): number {
    let size = 0
    for (const { short, long } of this.#lanes.values()) size += short.length + long.length
    return size
  }

  add(job: J): void {
    const lanes = this.#lanes.get(job.workspaceId) ?? { short: [], long: [] }
    this.#lanes.set(job.workspaceId, lanes)
    lanes[job.short ? "short" : "long"].push(job)
  }

  /** Takes out the next job that may begin; undefined if none may. */
  take(mayBegin: (job: J) => boolean): J | undefined {
    for (const [workspaceId, lanes] of this.#lanes)
      for (const lane of [lanes.short, lanes.long]) {
        const [job] = lane
        if (job === undefined || !mayBegin(job)) continue
        lane.shift()
        this.#lanes.delete(workspaceId)
        if (lanes.short.length + lanes.long.length > 0) this.#lanes.set(workspaceId, lanes)
        return job
      }
    return undefined
  }

  /** Takes out a job, if it still waits. */
  remove(job: J): void {
    const lanes = this.#lanes.get(job.workspaceId)
    if (lanes === undefined) return
    const lane = job.short ? lanes.short : lanes.long
    const index = lane.indexOf(job)
    if (index >= 0) lane.splice(index, 1)
    if (lanes.short.length + lanes.long.length === 0) this.#lanes.delete(job.workspaceId)
  }

  /** Takes out all jobs. */
  clear(): J[] {
    const all = [...this.#lanes.values()].flatMap(({ short, long }) => [...short, ...long])
    this.#lanes.clear()
    return all
  }
}
