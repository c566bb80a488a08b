import type { Kysely, Selectable } from "kysely"
import { PlatformError } from "../../core/errors.ts"
import { mended } from "../../core/mending.ts"
import type { Registry } from "../../core/registry.ts"
import { callHub } from "../../core/remedies.ts"
import type { Connectors as ConnectorTable, Database, Tx } from "../../store/database.ts"
import type { Store } from "../../store/store.ts"
import { looksLikeId } from "../base/ids.ts"
import { notFound } from "../base/not-found.ts"
import { type Plan, planFrom } from "../base/plans.ts"
import { type Viewer, visibleTo } from "../base/scope.ts"
import { typeOf } from "./connector-types.ts"

/** A connector as it is stored. */
export type ConnectorRow = Selectable<ConnectorTable>

/** A connector by its id, its name, or its serial number in the workspace. */
export type Ref = string | number

/**
 * The connector of that id, name or serial number in the caller's workspace and scope; `not_found` also for all others. The
 * transaction is of that workspace.
 */
export async function findConnector(tx: Tx, by: Viewer, ref: Ref): Promise<ConnectorRow> {
  return found(await connectorBy(tx, by, ref).executeTakeFirst(), ref)
}

/** The same in a transaction of its own, with the plan of the workspace. */
export async function readConnector(store: Store, by: Viewer, ref: Ref): Promise<ConnectorRow & { readonly plan: Plan }> {
  const [row] = await store.inOneMessage(by.workspace.id, (db) =>
    connectorBy(db, by, ref).select((eb) => eb.selectFrom("workspaces").select("plan").whereRef("workspaces.id", "=", "connectors.workspace_id").as("plan")),
  )
  const { plan, ...connector } = found(row, ref)
  return { ...connector, plan: planFrom(plan ?? {}) }
}

const connectorBy = (db: Kysely<Database>, by: Viewer, ref: Ref) =>
  db
    .selectFrom("connectors")
    .selectAll()
    .where(visibleTo(by))
    .where(typeof ref === "number" ? "serial" : looksLikeId(ref) ? "id" : "name", "=", ref)

function found<R extends ConnectorRow>(row: R | undefined, ref: Ref): R {
  if (row === undefined) throw noConnector(String(ref))
  return row
}

export const noConnector = (ref: string): PlatformError =>
  notFound(`There is no connector "${ref.slice(0, 100)}" in this workspace`, {
    things: "connectors",
    path: "/v1/connectors",
    command: "jackfield connectors list",
  })

/** Refuses a connector that is switched off, or a draft. */
export function requireUsable(row: ConnectorRow, registry: Registry): void {
  if (row.status === "disabled")
    throw new PlatformError("connector_disabled", `The connector ${row.name} is switched off; enable it first.`, {
      remedies: [callHub('Enable it: { "enabled": true }', "PATCH", `/v1/connectors/${row.name}`, `jackfield connectors change ${row.name} --enable`)],
    })
  requireWhole(row, registry)
}

/** Refuses a draft. */
export function requireWhole(row: ConnectorRow, registry: Registry): void {
  if (row.missing.length === 0) return
  const lacking = row.missing.map((each) => each.message).join(" ")
  const error = new PlatformError("connector_incomplete", `The connector ${row.name} is a draft: ${lacking}`, { faults: row.missing })
  throw mended(error, { fields: typeOf(registry, row.type).fields, config: row.config })
}
