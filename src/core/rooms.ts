import { untilAborted } from "./abort.ts"
import type { Room } from "./call.ts"
import { FairQueue, type Waiting } from "./fair-queue.ts"

interface Asking extends Waiting {
  readonly enter: () => void
}

/** Limits how many large answers are in memory at once; the others wait on the network. Workspaces take turns. */
export class Rooms {
  readonly #own: number
  readonly #most: number
  readonly #queue = new FairQueue<Asking>()
  readonly #open = new Map<string, number>()
  #all = 0

  /** At most `own` answers of one workspace, and `most` of all of them together. */
  constructor(own: number, most: number) {
    this.#own = own
    this.#most = most
  }

  /** A room of a workspace for one answer. */
  of(workspaceId: string, signal?: AbortSignal): Room {
    let held: Promise<void> | undefined
    let entered = false
    let over = false
    const asking: Asking = {
      workspaceId,
      short: false,
      enter: () => {
        entered = true
        enter()
      },
    }
    const { promise, resolve: enter } = Promise.withResolvers<void>()
    return {
      need: () => {
        if (held === undefined) {
          this.#queue.add(asking)
          this.#serve()
          held = promise
        }
        return signal === undefined ? held : untilAborted(signal, held)
      },
      [Symbol.dispose]: () => {
        if (over) return
        over = true
        this.#queue.remove(asking)
        if (entered) this.#leave(workspaceId)
      },
    }
  }

  #serve(): void {
    while (this.#all < this.#most) {
      const next = this.#queue.take(({ workspaceId }) => (this.#open.get(workspaceId) ?? 0) < this.#own)
      if (next === undefined) return
      this.#all++
      this.#open.set(next.workspaceId, (this.#open.get(next.workspaceId) ?? 0) + 1)
      next.enter()
    }
  }

  #leave(workspaceId: string): void {
    this.#all--
    const left = (this.#open.get(workspaceId) ?? 1) - 1
    if (left === 0) this.#open.delete(workspaceId)
    else this.#open.set(workspaceId, left)
    this.#serve()
  }
}
