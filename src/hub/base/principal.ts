import type { Role } from "../../store/database.ts"

/** The caller, with workspace and role. Operators are the admins of the hub's first workspace. */
export interface Principal {
  /** `key:<id>` or `user:<id>`, as in the audit and in `created_by`. */
  readonly id: string
  readonly kind: "key" | "session"
  /** The key's name, or the user's e-mail. */
  readonly name: string
  readonly workspace: { readonly id: string; readonly serial: number; readonly name: string }
  readonly role: Role
  readonly operator: boolean
  readonly sessionId?: string
  /** The caller's request, for the audit; `claim` is there when it came with an Idempotency-Key. */
  readonly request?: { readonly id: string; readonly address?: string; readonly claim?: string }
}
