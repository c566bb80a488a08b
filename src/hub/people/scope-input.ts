import { PlatformError } from "../../core/errors.ts"
import type { Role, Tx } from "../../store/database.ts"
import { looksLikeId } from "../base/ids.ts"
import type { Principal } from "../base/principal.ts"
import { type Scope, visibleTo } from "../base/scope.ts"

/** The limit of a key or a user, as callers send it. */
export interface ScopeInput {
  readonly role: Role
  /** Connectors by id or name; with `labels`, those that carry one of them too. */
  readonly connectors?: readonly string[]
  /** `key:value`. */
  readonly labels?: readonly string[]
}

/**
 * The scope of a key or a user, null for no limit. Names become ids, so that a connector that later takes such a name is not in
 * the scope. `request_invalid` for an unknown connector, for a label without a value, and for a role that changes things.
 */
export async function scopeOf(tx: Tx, by: Principal, { role, connectors, labels }: ScopeInput): Promise<Scope | null> {
  if (connectors === undefined && labels === undefined) return null
  if (role !== "use" && role !== "viewer")
    throw fault("/role", `The role ${role} changes the workspace, so it cannot be limited to connectors; choose use or viewer.`)
  const pairs = (labels ?? []).map((label, index) => {
    const colon = label.indexOf(":")
    if (colon <= 0) throw fault(`/labels/${index}`, "A label must be key:value.")
    return [label.slice(0, colon), label.slice(colon + 1)] as const
  })
  if (new Set(pairs.map(([key]) => key)).size < pairs.length) throw fault("/labels", "The labels name a key twice; list each key once.")
  const ids: string[] = []
  for (const [index, ref] of (connectors ?? []).entries()) {
    const found = await tx
      .selectFrom("connectors")
      .select("id")
      .where(visibleTo(by))
      .where(looksLikeId(ref) ? "id" : "name", "=", ref)
      .executeTakeFirst()
    if (found === undefined) throw fault(`/connectors/${index}`, `There is no connector ${ref.slice(0, 100)} in this workspace; see the list of connectors.`)
    ids.push(found.id)
  }
  return { connectors: [...new Set(ids)], labels: Object.fromEntries(pairs) }
}

const fault = (pointer: string, message: string): PlatformError => new PlatformError("request_invalid", message, { faults: [{ pointer, message }] })
