import type { Call } from "../../core/call.ts"
import type { ServerFacts } from "../../core/connector.ts"
import { PlatformError } from "../../core/errors.ts"
import { validate } from "../shared/sql/bigquery-rest/dry-run.ts"
import { warningsOf } from "../shared/sql/login.ts"
import type { BigQuery } from "./api.ts"

/** The login by a dry run and the dataset by its description, both free; then a statement that reads no table. */
export async function facts(client: BigQuery, call: Call): Promise<ServerFacts> {
  const { api, settings, project, dataProject, wire } = client
  let denied: unknown
  await call.stage("auth", async () => {
    try {
      await validate(client, "SELECT 1", [], call)
    } catch (error) {
      // The login is good when it only lacks a role.
      if (!(error instanceof PlatformError) || !["permission_denied", "query_invalid"].includes(error.code)) throw error
      denied = error
    }
  })
  const lies = await call.stage("permission", async () => {
    if (denied !== undefined) throw denied
    if (settings.dataset === "") return ""
    const to = `/bigquery/v2/projects/${dataProject}/datasets/${settings.dataset}`
    const found = await api.ask({ method: "GET", to }, call).catch((cause: unknown) => {
      if (!(cause instanceof PlatformError) || !["permission_denied", "query_invalid"].includes(cause.code)) throw cause
      const message = `There is no dataset ${dataProject}.${settings.dataset}, or the account may not see it; check its name, or grant BigQuery Data Viewer on it.`
      throw new PlatformError("database_not_found", message, { cause, details: { dataset: settings.dataset } })
    })
    const place = String(found["location"] ?? "")
    if (settings.location !== "" && place.toLowerCase() !== settings.location.toLowerCase()) {
      const message = `The dataset ${settings.dataset} is in ${place}, and the connector's location is ${settings.location}; enter ${place}, or none.`
      throw new PlatformError("config_invalid", message, { faults: [{ pointer: "/location", message }] })
    }
    return place
  })
  await call.stage("probe", () => wire.run("SELECT 1", [], call, true))
  const most = settings.maximumBytesBilled
  return {
    product: "BigQuery",
    details: { project, dataProject, location: settings.location || lies || "of the tables", maximumBytesBilled: most ?? "none" },
    ...warningsOf(
      { encrypted: true, tunnelled: settings.tunnel.kind !== "none" },
      "The test ran SELECT 1, which reads no table and costs nothing. Discovery is billed for ten megabytes per view of INFORMATION_SCHEMA.",
      most === undefined && "There is no limit of bytes billed per statement, so one statement may cost much; set one.",
    ),
  }
}
