import { PlatformError } from "../core/errors.ts"

/** Slots of concurrency limits that hold in this process alone, counted in memory. */
export class LocalSlots {
  readonly #open = new Map<string, number>()

  /** A slot of `key`, to be disposed of at the end; undefined when `most` of them are open. */
  take(key: string, most: number): Disposable | undefined {
    const open = this.#open.get(key) ?? 0
    if (open >= most) return undefined
    this.#open.set(key, open + 1)
    let released = false
    return {
      [Symbol.dispose]: () => {
        if (released) return
        released = true
        const now = (this.#open.get(key) ?? 1) - 1
        if (now === 0) this.#open.delete(key)
        else this.#open.set(key, now)
      },
    }
  }
}

/**
 * The concurrency limit of each kind of work for one workspace at one node: all workspaces share the node's sockets, memory and
 * connections. `requests of tests` are callers that wait for a test; many of them may share one.
 */
const MOST = { queries: 32, discoveries: 16, uploads: 32, calls: 512, "requests of tests": 100 } as const

/** A kind of work that a node limits. */
export type NodeWork = keyof typeof MOST

/** Limits how much each workspace does at this node at once. It counts in memory, so that a refusal costs nothing. */
export class NodeLimits {
  readonly #slots = new LocalSlots()
  readonly #refused: (kind: NodeWork) => void

  /** `refused` is told of every refusal, for the metrics. */
  constructor(refused: (kind: NodeWork) => void) {
    this.#refused = refused
  }

  /** A slot, to be disposed of at the end; `rate_limited` when the workspace has none left. */
  take(workspaceId: string, kind: NodeWork): Disposable {
    const slot = this.#slots.take(`${kind} ${workspaceId}`, MOST[kind])
    if (slot !== undefined) return slot
    this.#refused(kind)
    const message = `The workspace has ${MOST[kind]} ${kind} going on at this node, the most that it may have; try again when one has ended.`
    throw new PlatformError("rate_limited", message, { details: { retryAfterSeconds: 1 } })
  }
}
