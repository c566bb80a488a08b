import type { Lease } from "../../core/lease.ts"
import { type Binding, sparkTypes } from "../shared/sql/spark/types.ts"
import { statementExecution } from "../shared/sql/statement-execution/wire.ts"
import type { UnityConnection } from "../shared/sql/unity/catalog.ts"
import { errors } from "./errors.ts"
import { authOf, type Login, warehouseId, workspaceHost } from "./workspace.ts"

export interface Databricks extends UnityConnection<Binding> {
  readonly warehouse: string
}

interface Config extends Readonly<Record<"host" | "warehouse" | "catalog" | "schema", string>> {
  readonly auth: Login
}

export const types = sparkTypes("Databricks")

/** One SQL warehouse. Nothing is sent yet. */
export function connectDatabricks({ host: text, warehouse: path, catalog, schema, auth }: Config, lease: Lease): Databricks {
  const [host = "", warehouse = ""] = [workspaceHost(text), warehouseId(path)]
  const place = { warehouse_id: warehouse, ...(catalog === "" ? {} : { catalog }), ...(schema === "" ? {} : { schema }) }
  return { wire: statementExecution({ host, auth: authOf(host, auth), errors, types, place }, lease), warehouse, catalog, schema }
}
