import type { Call } from "../../core/call.ts"
import type { ServerFacts } from "../../core/connector.ts"
import { PlatformError } from "../../core/errors.ts"
import type { Answer } from "../shared/aws/json-api.ts"
import { warningsOf } from "../shared/sql/login.ts"
import type { Athena } from "./api.ts"

const within = (answer: unknown, ...names: readonly string[]): unknown => names.reduce<unknown>((each, name) => (each as Answer | undefined)?.[name], answer)

/** The login and the workgroup, then the database, both by requests that are free; then a query that scans nothing. */
export async function facts({ api, settings, wire }: Athena, call: Call): Promise<ServerFacts> {
  const { region, workgroup, catalog, database, output } = settings
  const group = await call.stage("auth", () =>
    api.ask("GetWorkGroup", { WorkGroup: workgroup }, call).catch((error: unknown): undefined => {
      // The login is good when the workgroup alone is refused.
      if (!(error instanceof PlatformError) || error.code !== "query_invalid") throw error
    }),
  )
  const setting = (...names: readonly string[]): unknown => within(group, "WorkGroup", "Configuration", ...names)
  const place = String(setting("ResultConfiguration", "OutputLocation") ?? "")
  const managed = setting("ManagedQueryResultsConfiguration", "Enabled") === true
  await call.stage("permission", async () => {
    if (!within(group, "WorkGroup"))
      throw new PlatformError("config_invalid", `There is no workgroup ${workgroup} in ${region}; check its name and the region.`, { details: { workgroup } })
    if (within(group, "WorkGroup", "State") === "DISABLED")
      throw new PlatformError("permission_denied", `The workgroup ${workgroup} is disabled; enable it, or choose another.`)
    if (output === "" && place === "" && !managed)
      throw new PlatformError("config_invalid", `The workgroup ${workgroup} has no output location; enter one in the connector, or set the workgroup's.`)
    if (database !== "") await api.ask("GetDatabase", { CatalogName: catalog || "AwsDataCatalog", DatabaseName: database, WorkGroup: workgroup }, call)
  })
  await call.stage("probe", () => wire.run("SELECT 1", [], call))
  const enforced = setting("EnforceWorkGroupConfiguration") === true
  const limit = setting("BytesScannedCutoffPerQuery")
  const version = String(setting("EngineVersion", "EffectiveEngineVersion") ?? "")
  return {
    product: "Amazon Athena",
    ...(version === "" ? {} : { version }),
    details: {
      workgroup,
      output: managed ? "managed by Athena" : enforced ? place : output || place,
      bytesScannedCutoff: typeof limit === "number" ? limit : "none",
    },
    ...warningsOf(
      { encrypted: true, tunnelled: false },
      "The test ran SELECT 1, which scans no data and costs nothing; Athena left its result of a few bytes at the output location.",
      typeof limit !== "number" && `The workgroup ${workgroup} has no limit of scanned bytes per query, so one query may cost much; set one.`,
      enforced && output !== "" && output !== place && "The workgroup's own output location is used: it overrides the connector's.",
      version !== "" && !/version 3$/.test(version) && `The workgroup runs ${version}; the hub is made for version 3.`,
    ),
  }
}
