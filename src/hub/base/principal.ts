import type { Role } from "../../store/database.ts"

/** Who is calling, in which workspace and role. Operators are the admins of the hub's first workspace. */
export interface Principal {
  /** `key:<id>` or `user:<id>`; what audit and `created_by` say. */
  readonly id: string
  readonly kind: "key" | "session"
  /** The key's name, or the user's e-mail. */
  readonly name: string
  readonly workspace: { readonly id: string; readonly serial: number; readonly name: string }
  readonly role: Role
  readonly operator: boolean
  readonly sessionId?: string
  /** The request that this caller makes, for the audit; `claim` when it came with an Idempotency-Key. */
  readonly request?: { readonly id: string; readonly address?: string; readonly claim?: string }
}
