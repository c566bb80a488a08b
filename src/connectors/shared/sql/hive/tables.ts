import { described, type Relation } from "../catalog.ts"
import { typed } from "../trino/values.ts"
import { fromHive } from "./types.ts"

type Table = Readonly<Record<string, unknown>>

/** What a table of a metastore is. */
export const kindOf = ({ TableType }: Table): "view" | "table" => (/VIEW/.test(String(TableType)) ? "view" : "table")

/** Whether its rows can be changed. */
export const isIceberg = ({ Parameters }: Table): boolean => /^iceberg$/i.test(String((Parameters as Table | undefined)?.["table_type"]))

/** A table of a Hive metastore, such as Glue, as an engine that is made of Trino reads it. Its partitions are columns. */
export function relation(within: readonly string[], table: Table): Relation {
  const path = [...within, String(table["Name"])]
  const given = [table["Columns"], table["PartitionKeys"]].flatMap((each) => (Array.isArray(each) ? (each as Table[]) : []))
  // Iceberg has microseconds, and Athena reads milliseconds of other tables (docs, Data types in Amazon Athena).
  const time = isIceberg(table) ? "timestamp(6)" : "timestamp(3)"
  const columns = given.map(({ Name, Type }) => ({ name: String(Name), native: fromHive(String(Type))?.replace(/^timestamp(?!\()/, time), hive: String(Type) }))
  const unread = columns.find(({ native }) => native === undefined)
  if (unread !== undefined)
    return { skipped: { path, reason: `Its column ${unread.name} has the type ${unread.hive.slice(0, 60)}, which the engine cannot read.` } }
  if (columns.length === 0) return { skipped: { path, reason: "Glue knows no columns of it; run a crawler, or make the table anew." } }
  const comment = (table["Parameters"] as Table | undefined)?.["comment"]
  return described({
    path,
    kind: kindOf(table),
    columns: columns.map(({ name, native = "" }) => ({ name, ...typed(native), nullable: true })),
    key: [],
    notes: [typeof comment === "string" ? comment : undefined],
  })
}
