import { untilAborted } from "../core/abort.ts"
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
  readonly #unread = new Map<string, number>()
  /** Work that waits for readers, by workspace. */
  readonly #waiting = new Map<string, (() => void)[]>()
  readonly #refused: (kind: NodeWork) => void

  /** `refused` is told of every refusal, for the metrics. */
  constructor(refused: (kind: NodeWork) => void) {
    this.#refused = refused
  }

  /** Notes an answer that waits for its reader, to be disposed of when it is read or given up. */
  unread(workspaceId: string, bytes: number): Disposable {
    const add = (more: number): void => {
      const now = this.#unreadOf(workspaceId) + more
      if (now === 0) this.#unread.delete(workspaceId)
      else this.#unread.set(workspaceId, now)
    }
    add(bytes)
    let released = false
    return {
      [Symbol.dispose]: () => {
        if (released) return
        released = true
        add(-bytes)
        for (const resume of this.#waiting.get(workspaceId) ?? []) resume()
        this.#waiting.delete(workspaceId)
      },
    }
  }

  /** Refuses further work with `rate_limited` while more than so many bytes of answers to the workspace wait at this node to be read. */
  requireReaders(workspaceId: string, kind: NodeWork, mostBytes: number): void {
    if (this.#unreadOf(workspaceId) <= mostBytes) return
    this.#refused(kind)
    const message = `More than ${mostBytes} bytes of answers to this workspace wait at this node to be read; read them, or close their connections, and try again.`
    throw new PlatformError("rate_limited", message, { details: { retryAfterSeconds: 1 } })
  }

  /** Waits until no more than so many bytes of answers to the workspace wait at this node to be read; fails with the signal's reason. */
  async readers(workspaceId: string, mostBytes: number, signal: AbortSignal): Promise<void> {
    while (this.#unreadOf(workspaceId) > mostBytes) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#waiting.set(workspaceId, [...(this.#waiting.get(workspaceId) ?? []), resolve])
      await untilAborted(signal, promise)
    }
  }

  #unreadOf(workspaceId: string): number {
    return this.#unread.get(workspaceId) ?? 0
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
