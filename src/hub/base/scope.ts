import { type RawBuilder, type SqlBool, sql } from "kysely"

/**
 * The connectors that a caller is limited to: those with an id of `connectors`, and those that carry one of the labels. A
 * connector that gains or loses such a label comes into the scope or leaves it at once.
 */
export interface Scope {
  readonly connectors: readonly string[]
  readonly labels: Readonly<Record<string, string>>
}

/** A caller, as far as it decides which connectors there are and what is told of them. Without a scope there are all of the workspace's. */
export interface Viewer {
  readonly workspace: { readonly id: string }
  readonly operator?: boolean
  readonly scope?: Scope | undefined
}

/** The condition that a row of `connectors` is in the caller's workspace and scope. Every query for a caller has it. */
export function visibleTo({ workspace, scope }: Viewer): RawBuilder<SqlBool> {
  const mine = sql<SqlBool>`connectors.workspace_id = ${workspace.id}`
  if (scope === undefined) return mine
  const labels = Object.entries(scope.labels).map(([key, value]) => sql<SqlBool>`connectors.labels @> ${JSON.stringify({ [key]: value })}::jsonb`)
  const any = [sql<SqlBool>`connectors.id = any(${[...scope.connectors]}::uuid[])`, ...labels]
  return sql<SqlBool>`${mine} and (${sql.join(any, sql` or `)})`
}
