import { createHash } from "node:crypto"
import { type RawBuilder, sql } from "kysely"
import { canonical } from "../../core/audit-chain.ts"
import { PlatformError } from "../../core/errors.ts"
import type { Tx } from "../../store/database.ts"
import type { Principal } from "../base/principal.ts"

/** The action, as `noun.verb`: `connector.update`, `key.revoke`. */
export type AuditAction = `${string}.${string}`

/** The thing that was acted on; `name` is its name at that time. */
export interface AuditTarget {
  readonly kind: string
  readonly id: string
  readonly name: string
}

/**
 * An event of the audit. `details` are JSON facts for a reader. A secret appears by its pointer or fingerprint only, and details
 * of more than 8 KiB are left out.
 */
export interface AuditEvent {
  readonly action: AuditAction
  readonly target?: AuditTarget
  readonly details?: Readonly<Record<string, unknown>>
}

/** The actor of an event: a caller, or the hub itself. */
export interface Actor extends Pick<Principal, "id" | "name" | "request"> {
  readonly kind: Principal["kind"] | "hub"
  readonly workspace: { readonly id: string }
  readonly role: Principal["role"] | null
}

const DETAILS_MAX = 8 * 1024

/** The hub as the actor of work without a caller: scheduled checks, sweeps, rotation. */
export const hubActor = (workspaceId: string): Actor => ({ id: "hub", kind: "hub", name: "hub", workspace: { id: workspaceId }, role: null })

/** An event as its canonical JSON, which the chain's hash covers. */
export function auditBody(by: Actor, { action, target, details = {} }: AuditEvent): string {
  const text = canonical(details)
  return canonical({
    action,
    actor: { id: by.id, kind: by.kind, name: by.name },
    role: by.role,
    target: target ?? null,
    details: text.length <= DETAILS_MAX ? details : { leftOut: "longer than 8 KiB", sha256: createHash("sha256").update(text).digest("hex") },
    requestId: by.request?.id ?? null,
    remoteAddress: by.request?.address ?? null,
  })
}

/**
 * Appends an event to the audit of the actor's workspace, in the transaction of the change, so that both are stored or neither.
 * Call it last: from here to the commit it holds the end of the chain, and no other change of the workspace can commit. The
 * transaction must belong to the workspace (`store.inWorkspace`).
 */
export async function record(tx: Tx, by: Actor, event: AuditEvent): Promise<void> {
  const claim = by.request?.claim
  if (claim !== undefined) await note(tx, claim, event)
  await append(tx, by.workspace.id, [auditBody(by, event)])
}

/**
 * Ties the change to the Idempotency-Key of its request, so that a repetition finds it. A request that was taken over by a
 * repetition commits nothing.
 */
async function note(tx: Tx, claim: string, { action, target }: AuditEvent): Promise<void> {
  const done = JSON.stringify([{ action, target: target ?? null }])
  const { rows } = await sql<{ mine: boolean }>`select jackfield.idempotency_note(${claim}, ${done}) as mine`.execute(tx)
  if (rows[0]?.mine !== true)
    throw new PlatformError("idempotency_running", "The request took so long that a repetition of it has taken over; see the answer to the repetition.", {
      details: { retryAfterSeconds: 1 },
    })
}

/** Appends bodies in their order, in one message. */
export async function append(tx: Tx, workspaceId: string, bodies: readonly string[]): Promise<void> {
  await appended(workspaceId, bodies).execute(tx)
}

/** The statement that appends bodies in their order, and every so often removes entries that are older than the plan keeps. */
export const appended = (workspaceId: string, bodies: readonly string[]): RawBuilder<unknown> =>
  sql`select case when seq % ${TRIM_EVERY} < ${bodies.length} then jackfield.audit_trim(${workspaceId}) end
    from jackfield.audit_append(${workspaceId}, ${[...bodies]}) as seq`

/** Entries between two looks at the length of the chain. */
const TRIM_EVERY = 100
