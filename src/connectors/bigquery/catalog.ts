import type { Call } from "../../core/call.ts"
import { PlatformError } from "../../core/errors.ts"
import type { Discovered } from "../../core/streams.ts"
import type { Column, Value } from "../../core/values.ts"
import { errors } from "../shared/sql/bigquery-rest/errors.ts"
import { relationOf, tableIn } from "../shared/sql/bigquery-rest/tables.ts"
import { type Catalog, countedBy, grouped } from "../shared/sql/catalog.ts"
import { columnOf } from "../shared/sql/googlesql/types.ts"
import { strange } from "../shared/sql/http-errors.ts"
import { kindName, warehouseRelation } from "../shared/sql/information-schema.ts"
import { type Keys, keysOf, pathKey } from "../shared/sql/show.ts"
import type { BigQuery } from "./api.ts"

/** Where views of INFORMATION_SCHEMA are: a location or one dataset, as SQL, and the datasets in it. */
interface Scope {
  readonly views: string
  readonly datasets: readonly string[]
  /** Where the numbers of rows are, which only a location has. */
  readonly storage?: string
}

const MOST_COLUMNS = 100_000
const PAGES = { batchRows: 500 }
/** Datasets whose keys one statement reads: a view of keys has one dataset. */
const KEYS_AT_ONCE = 50
const isDenied = (error: unknown): boolean => error instanceof PlatformError && ["permission_denied", "query_invalid"].includes(error.code)

/** One table by the API, which costs nothing; all of them by INFORMATION_SCHEMA, in as many statements as there are locations, times a constant. */
export const catalog: Catalog<BigQuery> = {
  path: ["project", "dataset", "name"],
  whole: ({ dataProject, settings }, path) => [dataProject, ...(settings.dataset === "" ? [] : [settings.dataset])].slice(0, 3 - path.length).concat(path),
  async find(client, path, call) {
    const table = await tableIn(client, path, call)
    return table === undefined ? undefined : relationOf(path, table)
  },
  discover,
}

async function* discover(client: BigQuery, call: Call): AsyncGenerator<Discovered> {
  const counts: (readonly Value[])[] = []
  const scopes: Scope[] = []
  const skipped: Discovered[] = []
  const counted = async (scope: Scope): Promise<void> => {
    const sql = `SELECT table_type, COUNT(*) AS many FROM ${scope.views}.TABLES GROUP BY table_type`
    counts.push(...(await client.wire.run(sql, [], call)).rows)
    scopes.push(scope)
  }
  for (const scope of await scopesOf(client, call))
    try {
      await counted(scope)
    } catch (error) {
      if (!isDenied(error) || client.settings.dataset !== "") throw error
      // The account has no right on the whole project.
      for (const dataset of scope.datasets)
        await counted(inDataset(client, dataset)).catch((cause: unknown) => {
          if (!isDenied(cause)) throw cause
          counts.push(["dataset", 1])
          skipped.push({ skipped: { path: [client.dataProject, dataset], reason: `The account may not list its tables: ${(cause as PlatformError).message}` } })
        })
    }
  yield countedBy(counts, ([type]) => kindOf(type))
  yield* skipped
  for (const scope of scopes) yield* within(client, scope, call)
}

const inLocation = ({ dataProject }: BigQuery, place: string): string => `\`${dataProject}\`.\`region-${place.toLowerCase()}\`.INFORMATION_SCHEMA`

const inDataset = ({ dataProject, settings }: BigQuery, dataset: string): Scope => ({
  views: `\`${dataProject}\`.\`${dataset}\`.INFORMATION_SCHEMA`,
  datasets: [dataset],
  ...(settings.location === "" ? {} : { storage: inLocation({ dataProject } as BigQuery, settings.location) }),
})

/** The connector's dataset, or every location that has datasets (docs, REST, datasets.list). */
async function scopesOf(client: BigQuery, call: Call): Promise<readonly Scope[]> {
  const { api, dataProject, settings } = client
  if (settings.dataset !== "") return [inDataset(client, settings.dataset)]
  const byLocation = new Map<string, string[]>()
  const seen = new Set<unknown>()
  for (let page: unknown; ; ) {
    const query = new URLSearchParams({ maxResults: "1000", ...(page === undefined ? {} : { pageToken: String(page) }) })
    const answer = await api.ask({ method: "GET", to: `/bigquery/v2/projects/${dataProject}/datasets?${query}` }, call)
    for (const { datasetReference, location } of (answer["datasets"] ?? []) as { datasetReference?: { datasetId?: string }; location?: string }[]) {
      const [dataset, place] = [datasetReference?.datasetId ?? "", location?.toLowerCase() ?? ""]
      if (!/^\w+$/.test(dataset) || !/^[\w-]+$/.test(place)) throw strange(errors, "has a dataset without a name or a location")
      if (settings.location === "" || place === settings.location.toLowerCase()) byLocation.set(place, [...(byLocation.get(place) ?? []), dataset])
    }
    page = answer["nextPageToken"]
    if (page === undefined) break
    if (seen.has(page)) throw strange(errors, "leads to the same page again and again")
    seen.add(page)
  }
  return [...byLocation].map(([place, datasets]) => ({ views: inLocation(client, place), storage: inLocation(client, place), datasets }))
}

async function* within(client: BigQuery, scope: Scope, call: Call): AsyncGenerator<Discovered> {
  const { views } = scope
  const [keys, many] = [await keysIn(client, scope, call), await rowsIn(client, scope, call)]
  const same = "T.table_schema = C.table_schema AND T.table_name = C.table_name"
  const sql = `SELECT T.table_schema, T.table_name, T.table_type, O.option_value, C.column_name, C.data_type, C.is_nullable
    FROM ${views}.TABLES AS T
    LEFT JOIN ${views}.COLUMNS AS C ON ${same} AND C.is_hidden = 'NO'
    LEFT JOIN ${views}.TABLE_OPTIONS AS O ON ${same.replaceAll("C.", "O.")} AND O.option_name = 'description'
    ORDER BY T.table_schema, T.table_name, C.ordinal_position`
  for await (const rows of grouped(client.wire.pages(sql, [], PAGES, call), 2, MOST_COLUMNS, "BigQuery")) {
    const [schema, name, type, description] = rows[0] ?? []
    const columns = rows.flatMap(([, , , , column, native, nullable]): Column[] =>
      column === null ? [] : [columnOf(String(column), String(native), nullable !== "NO")],
    )
    const path = [client.dataProject, String(schema), String(name)]
    yield warehouseRelation({
      product: "BigQuery",
      path,
      type: kindOf(type),
      columns,
      estimate: many.get(pathKey(path)),
      comment: optionText(description),
      keys,
    })
  }
}

/** Keys that are declared; BigQuery does not enforce them. A foreign key's columns have a position in the other key. */
async function keysIn({ wire, dataProject }: BigQuery, { datasets }: Scope, call: Call): Promise<Keys> {
  const found: (readonly Value[])[] = []
  for (let at = 0; at < datasets.length; at += KEYS_AT_ONCE) {
    const each = datasets.slice(at, at + KEYS_AT_ONCE).map(
      (dataset) => `SELECT table_schema, table_name, column_name, ordinal_position FROM \`${dataProject}\`.\`${dataset}\`.INFORMATION_SCHEMA.KEY_COLUMN_USAGE
        WHERE position_in_unique_constraint IS NULL`,
    )
    found.push(...(await wire.run(each.join(" UNION ALL "), [], call)).rows)
  }
  return keysOf(found, (row) => ({ path: [dataProject, row[0], row[1]], at: Number(row[3]), column: String(row[2]) }))
}

/** How many rows each table has; nothing for an account that may not know. */
async function rowsIn({ wire, dataProject }: BigQuery, { storage, datasets }: Scope, call: Call): Promise<ReadonlyMap<string, Value>> {
  if (storage === undefined) return new Map()
  const only = datasets.length === 1 ? ` AND table_schema = '${datasets[0]}'` : ""
  const sql = `SELECT table_schema, table_name, total_rows FROM ${storage}.TABLE_STORAGE WHERE NOT deleted${only}`
  const { rows } = await wire.run(sql, [], call).catch((error: unknown) => {
    if (isDenied(error)) return { rows: [] }
    throw error
  })
  return new Map(rows.map(([schema, name, many = null]) => [pathKey([dataProject, schema, name]), many]))
}

const kindOf = (type: Value | undefined): string => (/^(CLONE|SNAPSHOT)$/.test(String(type)) ? "table" : type === "dataset" ? "dataset" : kindName(type))

/** An option's value is a constant of GoogleSQL: `"about \"people\""`. */
function optionText(value: Value | undefined): string | undefined {
  const [, text] = /^"(.*)"$/s.exec(typeof value === "string" ? value : "") ?? []
  return text?.replace(/\\(.)/g, (_, mark: string) => ({ n: "\n", t: "\t", r: "" })[mark] ?? mark)
}
