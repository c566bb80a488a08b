import type { Logger } from "pino"
import type { Registry } from "../core/registry.ts"
import type { Evaluator } from "../evaluator/evaluator.ts"
import type { NodeLimits } from "../limits/node-limits.ts"
import type { Door } from "../net/door.ts"
import type { Store } from "../store/store.ts"
import type { Vault } from "../vault/vault.ts"
import type { AuditNotes } from "./audit/audit-notes.ts"
import type { Counters } from "./base/counters.ts"
import type { Uploads } from "./uploads/uploads.ts"

/** The parts that the upper floors of the hub stand on. */
export interface HubParts {
  readonly store: Store
  readonly vault: Vault
  readonly door: Door
  readonly registry: Registry
  readonly log: Logger
  readonly counters: Counters
  readonly nodeLimits: NodeLimits
  readonly evaluator: Evaluator
  readonly notes: AuditNotes
  readonly uploads: Uploads
}
