import type { Kysely, Selectable } from "kysely"
import { PlatformError } from "../../core/errors.ts"
import type { Connectors as ConnectorTable, Database, Tx } from "../../store/database.ts"
import type { Store } from "../../store/store.ts"
import { looksLikeId } from "../base/ids.ts"

/** A connector as it is stored. */
export type ConnectorRow = Selectable<ConnectorTable>

/** A connector by its id, its name, or its serial number in the workspace. */
export type Ref = string | number

/**
 * The connector of that id, name or serial number in the transaction's workspace; `not_found` also for the connectors of other
 * workspaces.
 */
export async function findConnector(tx: Tx, workspaceId: string, ref: Ref): Promise<ConnectorRow> {
  return found(await connectorBy(tx, workspaceId, ref).executeTakeFirst(), ref)
}

/** The same in a transaction of its own. */
export async function readConnector(store: Store, workspaceId: string, ref: Ref): Promise<ConnectorRow> {
  const [row] = await store.inOneMessage(workspaceId, (db) => connectorBy(db, workspaceId, ref))
  return found(row, ref)
}

const connectorBy = (db: Kysely<Database>, workspaceId: string, ref: Ref) =>
  db
    .selectFrom("connectors")
    .selectAll()
    .where("workspace_id", "=", workspaceId)
    .where(typeof ref === "number" ? "serial" : looksLikeId(ref) ? "id" : "name", "=", ref)

function found(row: ConnectorRow | undefined, ref: Ref): ConnectorRow {
  if (row === undefined) throw noConnector(String(ref))
  return row
}

export const noConnector = (ref: string): PlatformError =>
  new PlatformError("not_found", `There is no connector "${ref.slice(0, 100)}" in this workspace; list them with GET /v1/connectors.`)

/** Refuses a connector that is switched off, or a draft. */
export function requireUsable(row: ConnectorRow): void {
  if (row.status === "disabled") throw new PlatformError("connector_disabled", `The connector ${row.name} is switched off; enable it first.`)
  requireWhole(row)
}

/** Refuses a draft. */
export function requireWhole(row: ConnectorRow): void {
  if (row.missing.length === 0) return
  const lacking = row.missing.map((each) => each.message).join(" ")
  throw new PlatformError("connector_incomplete", `The connector ${row.name} is a draft: ${lacking}`, { faults: row.missing })
}
