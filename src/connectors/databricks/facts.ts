import type { Call } from "../../core/call.ts"
import type { ServerFacts } from "../../core/connector.ts"
import { PlatformError } from "../../core/errors.ts"
import { byName } from "../shared/sql/wire.ts"
import type { Databricks } from "./api.ts"

type Warehouse = Readonly<Partial<Record<"name" | "state" | "cluster_size" | "warehouse_type", string>> & { enable_serverless_compute?: boolean }>

/** Three stages. The first two ask the workspace alone, and a warehouse that is stopped stays so: starting it would take minutes, and cost. */
export async function facts({ wire, warehouse: id, catalog, schema }: Databricks, call: Call): Promise<ServerFacts> {
  const get = (to: string) => wire.ask({ method: "GET", to }, call)
  const warehouse = await call.stage("auth", async (): Promise<Warehouse | undefined> => {
    try {
      return await get(`/api/2.0/sql/warehouses/${id}`)
    } catch (error) {
      // The login is good when the warehouse alone is refused.
      if (error instanceof PlatformError && ["permission_denied", "stream_not_found", "query_invalid"].includes(error.code)) return undefined
      throw error
    }
  })
  await call.stage("permission", async () => {
    if (warehouse === undefined)
      throw new PlatformError("permission_denied", `There is no warehouse ${id}, or the principal may not see it; check its id, or grant CAN USE on it.`, {
        details: { warehouse: id },
      })
    if (catalog === "" || catalog === "hive_metastore") return
    const path = schema === "" ? [catalog] : [catalog, schema]
    const [kind, name] = [schema === "" ? "catalog" : "schema", path.join(".")]
    await get(`/api/2.1/unity-catalog/${kind}s/${path.map(encodeURIComponent).join(".")}`).catch((cause: unknown) => {
      if (!(cause instanceof PlatformError) || !["permission_denied", "stream_not_found", "database_not_found"].includes(cause.code)) throw cause
      const right = schema === "" ? "USE CATALOG" : "USE SCHEMA"
      throw new PlatformError("database_not_found", `There is no ${kind} ${name}, or the principal may not see it; check the name, or grant ${right} on it.`, {
        cause,
        details: { [kind]: name },
      })
    })
  })
  const { name = id, state = "UNKNOWN", cluster_size: size, warehouse_type: type, enable_serverless_compute: serverless } = warehouse ?? {}
  const runs = state === "RUNNING" || state === "STARTING"
  const [row] = await call.stage("probe", async () =>
    state === "RUNNING" ? byName(await wire.run("SELECT current_user() AS user, current_version().dbsql_version AS version", [], call, true)) : [],
  )
  const cost = `the first query starts it, which takes ${serverless === true ? "seconds" : "minutes"} and is billed until it stops by itself`
  const told = { warehouse: name, state, size, type: serverless === true ? "SERVERLESS" : type, user: row?.["user"] }
  return {
    product: "Databricks",
    ...(row?.["version"] ? { version: String(row["version"]) } : {}),
    details: Object.fromEntries(Object.entries(told).flatMap(([key, value]) => (value ? [[key, String(value)]] : []))),
    ...(runs ? {} : { warnings: [`The warehouse ${name} is ${state.toLowerCase()}, so the test ran no statement; ${cost}.`] }),
  }
}
