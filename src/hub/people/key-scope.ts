import { PlatformError } from "../../core/errors.ts"
import type { Tx } from "../../store/database.ts"
import { looksLikeId } from "../base/ids.ts"
import type { Principal } from "../base/principal.ts"
import { type Scope, visibleTo } from "../base/scope.ts"
import type { KeyInput } from "./keys.ts"

/**
 * The scope of a new key, null for no limit. Names become ids, so that a connector that later takes such a name is not in
 * the scope. `request_invalid` for an unknown connector, for a label without a value, and for a role that changes things.
 */
export async function scopeOf(tx: Tx, by: Principal, { role, connectors, labels }: Pick<KeyInput, "role" | "connectors" | "labels">): Promise<Scope | null> {
  if (connectors === undefined && labels === undefined) return null
  if (role !== "use" && role !== "viewer")
    throw fault("/role", `is ${role}, which changes the workspace, so it cannot be limited to connectors; choose use or viewer.`)
  const pairs = (labels ?? []).map((label, index) => {
    const colon = label.indexOf(":")
    if (colon <= 0) throw fault(`/labels/${index}`, "must be key:value.")
    return [label.slice(0, colon), label.slice(colon + 1)] as const
  })
  if (new Set(pairs.map(([key]) => key)).size < pairs.length) throw fault("/labels", "name a key twice; make a key for each value.")
  const ids: string[] = []
  for (const [index, ref] of (connectors ?? []).entries()) {
    const found = await tx
      .selectFrom("connectors")
      .select("id")
      .where(visibleTo(by))
      .where(looksLikeId(ref) ? "id" : "name", "=", ref)
      .executeTakeFirst()
    if (found === undefined)
      throw fault(`/connectors/${index}`, `There is no connector ${ref.slice(0, 100)} in this workspace; list them with GET /v1/connectors.`)
    ids.push(found.id)
  }
  return { connectors: [...new Set(ids)], labels: Object.fromEntries(pairs) }
}

const fault = (pointer: string, message: string): PlatformError =>
  new PlatformError("request_invalid", `The key's scope is not valid: ${pointer.slice(1)} ${message}`, { faults: [{ pointer, message }] })
