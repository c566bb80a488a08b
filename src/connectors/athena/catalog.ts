import type { Call } from "../../core/call.ts"
import type { Discovered } from "../../core/streams.ts"
import type { Answer } from "../shared/aws/json-api.ts"
import { type Catalog, countedBy, described, type Relation } from "../shared/sql/catalog.ts"
import { saidOf } from "../shared/sql/http-errors.ts"
import { fromHive } from "../shared/sql/trino/hive-types.ts"
import { typed } from "../shared/sql/trino/values.ts"
import type { Athena } from "./api.ts"

/** Pages have at most 50 tables (docs, Athena API, ListTableMetadata); none of these requests costs anything. */
export const catalog: Catalog<Athena> = {
  path: ["catalog", "database", "name"],
  // Glue knows all names in lower case, but a catalog's is as it was registered.
  whole: ({ settings }, path) => {
    const [name = "", ...rest] = [...[settings.catalog, settings.database].slice(0, 3 - path.length), ...path]
    return [name, ...rest].includes("") ? path : [name, ...rest.map((each) => each.toLowerCase())]
  },
  async *discover(client, call) {
    const counts: [string, number][] = []
    for (const name of await namesOf(client, "ListDataCatalogs", {}, "DataCatalogsSummary", "CatalogName", client.settings.catalog, call)) {
      const input = { CatalogName: name, WorkGroup: client.settings.workgroup }
      for (const database of await namesOf(client, "ListDatabases", input, "DatabaseList", "Name", client.settings.database, call))
        for await (const page of client.api.pages("ListTableMetadata", { ...input, DatabaseName: database, MaxResults: 50 }, "TableMetadataList", call))
          for (const table of page) {
            const found = relation([name, database], table)
            counts.push([kindOf(table), 1])
            yield found
          }
    }
    yield countedBy(counts, ([kind]) => String(kind)) as Discovered
  },
  async find(client, path, call) {
    const table = await metadata(client, path, call)
    return table === undefined ? undefined : relation(path.slice(0, 2), table)
  },
}

/** What Glue knows of a table; undefined if there is none. */
export async function metadata({ api, settings }: Athena, [CatalogName, DatabaseName, TableName]: readonly string[], call: Call): Promise<Answer | undefined> {
  try {
    const input = { CatalogName, DatabaseName, TableName, WorkGroup: settings.workgroup }
    return (await api.ask("GetTableMetadata", input, call))["TableMetadata"] as Answer | undefined
  } catch (error) {
    if (saidOf(error)?.code === "MetadataException") return undefined
    throw error
  }
}

/** The one that the connector names, or all. */
async function namesOf({ api }: Athena, action: string, input: object, items: string, field: string, one: string, call: Call): Promise<string[]> {
  if (one !== "") return [one]
  const names: string[] = []
  for await (const page of api.pages(action, { ...input, MaxResults: 50 }, items, call)) for (const each of page) names.push(String(each[field]))
  return names
}

const kindOf = ({ TableType }: Answer): "view" | "table" => (/VIEW/.test(String(TableType)) ? "view" : "table")

export const isIceberg = ({ Parameters }: Answer): boolean => /^iceberg$/i.test(String((Parameters as Answer | undefined)?.["table_type"]))

function relation(within: readonly string[], table: Answer): Relation {
  const path = [...within, String(table["Name"])]
  const given = [table["Columns"], table["PartitionKeys"]].flatMap((each) => (Array.isArray(each) ? (each as Answer[]) : []))
  // Iceberg has microseconds, and Athena reads milliseconds of other tables (docs, Data types in Amazon Athena).
  const time = isIceberg(table) ? "timestamp(6)" : "timestamp(3)"
  const columns = given.map(({ Name, Type }) => ({ name: String(Name), native: fromHive(String(Type))?.replace(/^timestamp(?!\()/, time), hive: String(Type) }))
  const unread = columns.find(({ native }) => native === undefined)
  if (unread !== undefined)
    return { skipped: { path, reason: `Its column ${unread.name} has the type ${unread.hive.slice(0, 60)}, which Athena cannot read.` } }
  if (columns.length === 0) return { skipped: { path, reason: "Glue knows no columns of it; run a crawler, or make the table anew." } }
  const comment = (table["Parameters"] as Answer | undefined)?.["comment"]
  return described({
    path,
    kind: kindOf(table),
    columns: columns.map(({ name, native = "" }) => ({ name, ...typed(native), nullable: true })),
    key: [],
    notes: [typeof comment === "string" ? comment : undefined],
  })
}
