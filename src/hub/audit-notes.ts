import type { Store } from "../store/store.ts"
import { type Actor, type AuditEvent, type AuditTarget, append, auditBody } from "./audit.ts"
import type { Tx } from "./connector-view.ts"
import type { HubParts } from "./hub.ts"
import type { TestReport } from "./probe.ts"

/** An event, made inside the transaction that writes it. */
export type NotedEvent = (tx: Tx) => AuditEvent | Promise<AuditEvent>

interface Waiting {
  readonly by: Actor
  readonly event: NotedEvent
  readonly done: () => void
  readonly failed: (error: unknown) => void
}

const BATCH = 200

/**
 * The audit of what changes no row of its own, such as queries. However many come at once, a process writes those of a workspace with one
 * connection, as many in a transaction as have come meanwhile: a busy workspace takes no connection from others.
 */
export class AuditNotes {
  readonly #store: Store
  readonly #waiting = new Map<string, Waiting[]>()
  readonly #writing = new Set<Promise<void>>()

  constructor(store: Store) {
    this.#store = store
  }

  /** Resolves when the entry is committed. */
  note(by: Actor, event: NotedEvent): Promise<void> {
    const { id } = by.workspace
    return new Promise((done, failed) => {
      const waiting = this.#waiting.get(id)
      const mine = { by, event, done, failed }
      if (waiting !== undefined) {
        waiting.push(mine)
        return
      }
      this.#waiting.set(id, [mine])
      const writing = this.#write(id).finally(() => this.#writing.delete(writing))
      this.#writing.add(writing)
    })
  }

  /** Waits until what was noted is written, or known not to be. */
  async close(): Promise<void> {
    await Promise.all(this.#writing)
  }

  async #write(workspaceId: string): Promise<void> {
    for (;;) {
      const batch = this.#waiting.get(workspaceId)?.splice(0, BATCH) ?? []
      if (batch.length === 0) {
        this.#waiting.delete(workspaceId)
        return
      }
      try {
        await this.#store.inWorkspace(workspaceId, async (tx) => {
          const bodies: string[] = []
          for (const { by, event } of batch) bodies.push(auditBody(by, await event(tx)))
          await append(tx, workspaceId, bodies)
        })
        for (const { done } of batch) done()
      } catch (error) {
        for (const { failed } of batch) failed(error)
      }
    }
  }
}

/** Who tested what, and how it ended. Nobody waits for it: a test changes nothing, and is quicker than a commit. */
export function noteTest(
  { notes, log }: HubParts,
  by: Actor,
  target: AuditTarget,
  { ok, error }: TestReport,
  action: "connector.test" | "credentials.test" = "connector.test",
): void {
  const details = error === undefined ? { ok } : { ok, stage: error.stage, code: error.code }
  notes.note(by, () => ({ action, target, details })).catch((cause: unknown) => log.warn({ err: cause }, "a test could not be recorded in the audit"))
}

/**
 * Who read what, before the first row is given out. Of a statement its length and fingerprint, keyed by the workspace: equal statements show as
 * equal, and the literals in it, which may be secrets, stay out.
 */
export async function noteQuery(
  { notes, vault }: HubParts,
  by: Actor,
  target: AuditTarget,
  read: { readonly statement: string } | { readonly path: readonly string[] },
): Promise<void> {
  await notes.note(by, async (tx) =>
    "path" in read
      ? { action: "query.preview", target, details: { path: read.path } }
      : {
          action: "query.run",
          target,
          details: { length: read.statement.length, fingerprint: await vault.fingerprint(tx, by.workspace.id, read.statement) },
        },
  )
}
