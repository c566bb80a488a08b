import type { Call } from "../../core/call.ts"
import type { Discovered } from "../../core/streams.ts"
import type { Answer } from "../shared/aws/json-api.ts"
import { type Catalog, countedBy } from "../shared/sql/catalog.ts"
import { kindOf, relation } from "../shared/sql/hive/tables.ts"
import { saidOf } from "../shared/sql/http-errors.ts"
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
