import type { Role } from "../../store/database.ts"
import type { Scope } from "./scope.ts"

/** The facts that a line of the log has about its work: the caller, the request, and the connector if the work has one. */
export const subjectOf = ({ id, workspace, request }: Principal, connector?: string): Readonly<Record<string, string>> => ({
  ...(request === undefined ? {} : { reqId: request.id }),
  workspace: workspace.id,
  by: id,
  ...(connector === undefined ? {} : { connector }),
})

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
  /** The connectors that the caller is limited to, if it is. */
  readonly scope?: Scope
  readonly sessionId?: string
  /** The caller's request, for the audit; `claim` is there when it came with an Idempotency-Key. */
  readonly request?: { readonly id: string; readonly address?: string; readonly claim?: string }
}
