import { openConfig } from "../../core/config.ts"
import type { AnyConnector } from "../../core/connector.ts"
import type { Tx } from "../../store/database.ts"
import type { Plan } from "../base/plans.ts"
import type { Principal } from "../base/principal.ts"
import type { ConnectorParts } from "./connector-parts.ts"
import { type ConnectorRow, findConnector, type Ref, readConnector, requireUsable } from "./connector-row.ts"
import { secretValues } from "./connector-secrets.ts"
import { typeOf } from "./connector-types.ts"
import { requireAccepted } from "./refusals.ts"

/** A connector that is ready for use: its type, and its typed config with the secrets in memory. */
export interface Opened {
  readonly id: string
  readonly name: string
  readonly version: number
  /** When it was read (`performance.now()`). */
  readonly readAt: number
  /** Whether it has secrets, which a far side may refuse. */
  readonly secret: boolean
  readonly limits: Readonly<Record<string, unknown>> | null
  readonly connector: AnyConnector
  readonly config: Readonly<Record<string, unknown>>
}

/** The same, with the plan of its workspace. */
export interface OpenedForUse extends Opened {
  readonly plan: Plan
}

type Parts = Pick<ConnectorParts, "store" | "vault" | "registry">

/** Opens a connector for a use, its secrets from an open connection if there is one; refused while it is incomplete or disabled, or while the far side refuses its credentials. */
export async function openConnector(parts: Parts & Pick<ConnectorParts, "warm">, by: Principal, ref: Ref): Promise<OpenedForUse> {
  const { store } = parts
  const readAt = performance.now()
  const row = await readConnector(store, by, ref)
  requireUsable(row, parts.registry)
  requireAccepted(row)
  const known = parts.warm.known(row.id, row.version)
  if (known !== undefined) {
    const { connector, config, secret } = known
    return { id: row.id, name: row.name, version: row.version, readAt, secret, limits: row.limits, connector, config, plan: row.plan }
  }
  return await store.inWorkspace(by.workspace.id, async (tx) => {
    const fresh = await findConnector(tx, by, row.id)
    requireAccepted(fresh)
    return { ...(await openRow(parts, tx, fresh, readAt)), plan: row.plan }
  })
}

/** The same for a row that was read at `readAt`, with the secrets of that very version; its credentials may have been refused. */
export async function openRow({ vault, registry }: Parts, tx: Tx, row: ConnectorRow, readAt: number): Promise<Opened> {
  requireUsable(row, registry)
  const connector = typeOf(registry, row.type)
  const secrets = await secretValues(vault, tx, { workspaceId: row.workspace_id, connectorId: row.id }, row.version)
  const config = openConfig(connector.fields, row.config, secrets)
  return { id: row.id, name: row.name, version: row.version, readAt, secret: secrets.size > 0, limits: row.limits, connector, config }
}
