import type { Logger } from "pino"
import type { Tx } from "../../store/database.ts"
import type { Store } from "../../store/store.ts"
import type { Vault } from "../../vault/vault.ts"
import { looksLikeId } from "../base/ids.ts"
import { type Actor, type AuditEvent, type AuditTarget, append, appended, auditBody } from "./audit.ts"

/** An event, or how it is made inside the transaction that writes it. */
export type NotedEvent = AuditEvent | ((tx: Tx) => Promise<AuditEvent>)

interface Waiting {
  readonly by: Actor
  readonly event: NotedEvent
  readonly done: () => void
  readonly failed: (error: unknown) => void
}

const BATCH = 200

/**
 * The audit of actions that change no row of their own, such as queries. A process writes the entries of one workspace over one connection,
 * and all that have come meanwhile in one transaction, so that a busy workspace takes no connections from the others.
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

  /** Waits until every entry is written, or its failure is known. */
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
        await this.#append(workspaceId, batch)
        for (const { done } of batch) done()
      } catch (error) {
        for (const { failed } of batch) failed(error)
      }
    }
  }

  async #append(workspaceId: string, batch: readonly Waiting[]): Promise<void> {
    const made = batch.flatMap(({ by, event }) => (typeof event === "function" ? [] : auditBody(by, event)))
    if (made.length === batch.length) {
      await this.#store.inOneMessage(workspaceId, (db) => ({ compile: () => appended(workspaceId, made).compile(db) }))
      return
    }
    await this.#store.inWorkspace(workspaceId, async (tx) => {
      const bodies: string[] = []
      for (const { by, event } of batch) bodies.push(auditBody(by, typeof event === "function" ? await event(tx) : event))
      await append(tx, workspaceId, bodies)
    })
  }
}

/** The parts that write notes. */
interface Noting {
  readonly notes: AuditNotes
  readonly log: Logger
}

/** The outcome of a test as the audit keeps it. */
interface TestOutcome {
  readonly ok: boolean
  readonly error?: { readonly stage: string; readonly code: string }
}

/** Notes a test and its outcome. The caller does not wait for it, since a test changes nothing and is quicker than a commit. */
export function noteTest(
  { notes, log }: Noting,
  by: Actor,
  target: AuditTarget,
  { ok, error }: TestOutcome,
  action: "connector.test" | "credentials.test" = "connector.test",
): void {
  const details = error === undefined ? { ok } : { ok, stage: error.stage, code: error.code }
  notes.note(by, { action, target, details }).catch((cause: unknown) => log.warn({ err: cause }, "a test could not be recorded in the audit"))
}

/**
 * Notes a read before its first row is given out. A statement is noted by its length and its fingerprint under the workspace's key: equal
 * statements have equal fingerprints, and the literals in them, which may be secrets, stay out.
 */
export async function noteQuery(
  { notes, store, vault }: { readonly notes: AuditNotes; readonly store: Store; readonly vault: Vault },
  by: Actor,
  target: AuditTarget,
  read: { readonly statement: string; readonly dryRun?: true } | { readonly path: readonly string[] },
): Promise<void> {
  if ("path" in read) return await notes.note(by, { action: "query.preview", target, details: { path: read.path } })
  const fingerprint = await vault.fingerprintByRecentKey(store, by.workspace.id, read.statement)
  await notes.note(by, { action: "query.run", target, details: { length: read.statement.length, fingerprint, ...(read.dryRun ? { dryRun: true } : {}) } })
}

/** The outcome of a call: the number of its requests, or the code of its error. */
export type CallOutcome = { readonly requests: number } | { readonly code: string }

const INPUTS_NAMED = 50

/**
 * Notes a call, the names of its inputs and its outcome. It resolves when the entry is committed and never rejects: the far side has acted by
 * then, and an error here would make the caller repeat the call.
 */
export async function noteCall({ notes, log }: Noting, by: Actor, ref: string, inputs: readonly string[], outcome: CallOutcome): Promise<void> {
  // A name that no connector can declare could not be written, and would fail the other entries of its batch.
  const named = inputs.filter((name) => NAME.test(name)).slice(0, INPUTS_NAMED)
  const details = { ok: "requests" in outcome, ...outcome, inputs: named, ...(named.length < inputs.length ? { unnamed: inputs.length - named.length } : {}) }
  try {
    await notes.note(by, async (tx) => ({ action: "connector.call", target: await calledOne(tx, by.workspace.id, ref), details }))
  } catch (cause) {
    log.warn({ err: cause }, "a call could not be recorded in the audit")
  }
}

const NAME = /^[^\p{C}]{1,100}$/u

/** The connector under its present name; under the name of the call when it was removed meanwhile. */
async function calledOne(tx: Tx, workspaceId: string, ref: string): Promise<AuditTarget> {
  const found = await tx
    .selectFrom("connectors")
    .select(["id", "name"])
    .where("workspace_id", "=", workspaceId)
    .where(looksLikeId(ref) ? "id" : "name", "=", ref)
    .executeTakeFirst()
  return { kind: "connector", id: found?.id ?? ref, name: found?.name ?? ref }
}
