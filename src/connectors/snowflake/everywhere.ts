import type { Call } from "../../core/call.ts"
import { PlatformError } from "../../core/errors.ts"
import type { Discovered } from "../../core/streams.ts"
import type { Column } from "../../core/values.ts"
import { describe, keysIn, kindName, kindOf, SHOW_MOST } from "./catalog.ts"
import type { Snowflake } from "./client.ts"
import { rows } from "./statements.ts"
import { columnType, nativeType } from "./values.ts"

type Row = Readonly<Record<string, string | null>>

/** Everything that the role sees in the account, by three SHOW statements. What SHOW would cut is an error, never a silence. */
export async function* everywhere(client: Snowflake, call: Call): AsyncGenerator<Discovered> {
  const objects = (await show(client, "SHOW OBJECTS IN ACCOUNT", call)).filter((row) => row["schema_name"] !== "INFORMATION_SCHEMA")
  const columns = Map.groupBy(await show(client, "SHOW COLUMNS IN ACCOUNT", call), (row) => nameOf(row, "table_name"))
  const keys = await keysIn(client, "ACCOUNT", call)
  const byKind: Record<string, number> = {}
  for (const { kind } of objects) byKind[kindName(kind ?? "")] = (byKind[kindName(kind ?? "")] ?? 0) + 1
  yield { counted: { total: objects.length, byKind } }
  for (const object of objects) {
    const path = pathOf(object, "name")
    const { kind, rows: estimate = null, comment = null } = object
    yield describe({ path, kind: kindOf(kind ?? ""), columns: (columns.get(nameOf(object, "name")) ?? []).map(columnOf), estimate, comment }, keys)
  }
}

async function show(client: Snowflake, statement: string, call: Call): Promise<Row[]> {
  const found = await rows(client, statement, {}, call)
  if (found.length < SHOW_MOST) return found
  throw new PlatformError("response_too_large", "The account holds more than Snowflake shows at once (10,000 columns); choose a database in the connector.")
}

const pathOf = (row: Row, name: string): string[] => [row["database_name"] ?? "", row["schema_name"] ?? "", row[name] ?? ""]
const nameOf = (row: Row, name: string): string => JSON.stringify(pathOf(row, name))

/** SHOW COLUMNS has the type as JSON: `{"type":"FIXED","precision":38,"scale":0,"nullable":true}`. */
function columnOf(row: Row): Column {
  const {
    type = "",
    precision,
    scale,
    length,
    nullable,
  } = JSON.parse(row["data_type"] ?? "{}") as {
    type?: string
    precision?: number
    scale?: number
    length?: number
    nullable?: boolean
  }
  const native = nativeType(type, precision, scale, length)
  return { name: row["column_name"] ?? "", type: columnType(native), nativeType: native, nullable: nullable !== false }
}
