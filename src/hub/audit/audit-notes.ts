import type { Tx } from "../../store/database.ts"
import type { Store } from "../../store/store.ts"
import { looksLikeId } from "../base/ids.ts"
import type { HubParts } from "../hub.ts"
import type { TestReport } from "../probes/probe.ts"
import { type Actor, type AuditEvent, type AuditTarget, append, auditBody } from "./audit.ts"

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

/** How a call ended: after so many requests, or with an error's code. */
export type CallOutcome = { readonly requests: number } | { readonly code: string }

const INPUTS_NAMED = 50

/**
 * Who called what with which inputs, by their names alone, and how it ended. It resolves when the entry is committed, and never rejects: the far
 * side has acted by then, and an error here would make a caller repeat what was done.
 */
export async function noteCall({ notes, log }: HubParts, by: Actor, ref: string, inputs: readonly string[], outcome: CallOutcome): Promise<void> {
  // A name that no connector can declare would not go into the chain, and hold up the other entries of its batch.
  const named = inputs.filter((name) => NAME.test(name)).slice(0, INPUTS_NAMED)
  const details = { ok: "requests" in outcome, ...outcome, inputs: named, ...(named.length < inputs.length ? { unnamed: inputs.length - named.length } : {}) }
  try {
    await notes.note(by, async (tx) => ({ action: "connector.call", target: await calledOne(tx, by.workspace.id, ref), details }))
  } catch (cause) {
    log.warn({ err: cause }, "a call could not be recorded in the audit")
  }
}

const NAME = /^[^\p{C}]{1,100}$/u

/** The connector as it is called now; by what it was called with when it was removed meanwhile. */
async function calledOne(tx: Tx, workspaceId: string, ref: string): Promise<AuditTarget> {
  const found = await tx
    .selectFrom("connectors")
    .select(["id", "name"])
    .where("workspace_id", "=", workspaceId)
    .where(looksLikeId(ref) ? "id" : "name", "=", ref)
    .executeTakeFirst()
  return { kind: "connector", id: found?.id ?? ref, name: found?.name ?? ref }
}
