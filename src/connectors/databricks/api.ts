import type { Lease } from "../../core/lease.ts"
import { type Binding, sparkTypes } from "../shared/sql/spark/types.ts"
import { statementExecution } from "../shared/sql/statement-execution/wire.ts"
import type { UnityConnection } from "../shared/sql/unity/catalog.ts"
import { type Tunnel, throughTunnel } from "../shared/ssh.ts"
import { errors } from "./errors.ts"
import { authOf, type Login, warehouseId, workspaceHost } from "./workspace.ts"

export interface Databricks extends UnityConnection<Binding> {
  readonly warehouse: string
}

type Config = Readonly<Record<"host" | "warehouse" | "catalog" | "schema", string> & { auth: Login; tunnel: Tunnel }>

export const types = sparkTypes("Databricks")

/** One SQL warehouse. Nothing is sent yet. */
export function connectDatabricks({ host: text, warehouse: path, catalog, schema, auth, tunnel }: Config, lease: Lease): Databricks {
  const [host = "", warehouse = ""] = [workspaceHost(text), warehouseId(path)]
  const place = { warehouse_id: warehouse, ...(catalog === "" ? {} : { catalog }), ...(schema === "" ? {} : { schema }) }
  const route = (each: Lease): Lease => throughTunnel(each, tunnel)
  return { wire: statementExecution({ host, auth: authOf(host, auth, route), errors, types, place }, route(lease)), warehouse, catalog, schema }
}
