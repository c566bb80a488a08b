import type { Call } from "../../../../core/call.ts"
import type { StreamKind } from "../../../../core/streams.ts"
import type { Column, Value } from "../../../../core/values.ts"
import { type Catalog, countedBy, described, grouped, type Relation } from "../catalog.ts"
import type { Typed } from "../types.ts"
import { CATALOG, COUNT, READ_ONE, WRITE_ONE } from "./catalog-sql.ts"
import type { PgClient } from "./client.ts"
import { pgDialect } from "./dialect.ts"
import { guessed } from "./own-types.ts"
import { spellPg, unreadable } from "./spelling.ts"
import { arrayOf, pgTypes } from "./values.ts"

const types = pgTypes()

const KINDS: Readonly<Record<string, StreamKind>> = { r: "table", p: "table", v: "view", m: "materialized view", f: "foreign table" }

/** A table has at most 1,600 columns, a view 1,664 (docs, appendix K). */
const MOST_COLUMNS = 1_664

/** The catalog of a PostgreSQL, 12 or newer. */
export const pgCatalog: Catalog<PgClient> = {
  path: ["schema", "name"],
  snapshot: true,

  discover: async function* (client, call) {
    yield countedBy((await client.wire.run(COUNT, [], call)).rows, ([relkind, partition]) =>
      partition === true ? "partition" : relkind === "p" ? "partitioned table" : (KINDS[String(relkind)] ?? String(relkind)),
    )
    for await (const rows of groups(client, CATALOG, [], call)) yield readable(rows) ?? relation(rows, "read")
  },

  find: async (client, path, call) => {
    for await (const rows of groups(client, READ_ONE, path, call)) return readable(rows) ?? relation(rows, "read")
    return undefined
  },

  target: async (client, path, call) => {
    for await (const rows of groups(client, WRITE_ONE, path, call)) {
      const found = relation(rows, "write")
      if ("stream" in found) return found.stream
    }
    return undefined
  },
}

const groups = ({ wire }: PgClient, sql: string, path: readonly string[], call: Call) =>
  grouped(wire.pages(sql, path, { batchRows: 500 }, call), 2, MOST_COLUMNS, "PostgreSQL")

type Rows = readonly (readonly Value[])[]

/** Why the relation may not be read. */
function readable(rows: Rows): Relation | undefined {
  const [schema, name, , , usable, , readable] = rows[0] ?? []
  const path = [String(schema), String(name)]
  if (rows.some((row) => row.at(-1) === false))
    return { skipped: { path, reason: "Its name or a column's name is not UTF-8, in a database of encoding SQL_ASCII; rename it, or read it through a view." } }
  return unreadable(path, "role", usable, readable, rows[0]?.at(-2), spellPg)
}

/** A read of a parent returns its children's rows too, whose keys may be equal; a write goes to the parent alone, and its key holds there. */
function relation(rows: Rows, to: "read" | "write"): Relation {
  const [schema, name, relkind, estimate, , whole, , partitions, note, indkey, keyLength, children] = rows[0] ?? []
  const names = new Map(rows.map((row) => [String(row[13]), String(row[12])]))
  const keyNumbers = typeof indkey === "string" ? indkey.split(" ").slice(0, Number(keyLength)) : []
  const isParent = Number(children) > 0
  const incomparable = new Set(rows.filter(isEnumDomain).map((row) => String(row[12])))
  const key = keyNumbers.map((number) => names.get(number))
  const orders = !isParent && key.every((each) => !incomparable.has(each ?? ""))
  return described({
    path: [String(schema), String(name)],
    kind: KINDS[String(relkind)] ?? "table",
    columns: rows.filter((row) => row[12] !== null).map(columnOf),
    key: orders || to === "write" ? key : [],
    estimatedRows: relkind === "v" ? undefined : Number(estimate),
    notes: [
      typeof note === "string" ? note : undefined,
      typeof partitions === "number" ? `Partitions: ${partitions}; their rows are read through it.` : undefined,
      isParent ? `Tables that inherit from it: ${String(children)}; their rows are read through it, so its key may come more than once.` : undefined,
      whole === true ? undefined : "The role may read only these columns of it.",
    ],
  })
}

/** A domain over an enum sorts, but has no comparison operators. */
const isEnumDomain = (row: readonly Value[]): boolean => row[16] === "E" && row[18] !== null

function columnOf([, , , , , , , , , , , , name, , notNull, generated, category, native, base, elementCategory, element, collation]: readonly Value[]): Column {
  const typed = typedAs(base ?? native ?? null, category ?? null)
  return {
    name: String(name),
    ...typed,
    ...(category === "A" ? arrayOf(typedAs(element ?? null, elementCategory ?? null).type) : {}),
    // Texts that such a collation takes for equal may differ.
    nativeType: typeof collation === "string" ? `${String(native)} COLLATE ${pgDialect.ident(collation)}` : String(native),
    nullable: notNull !== true,
    ...(generated === "computed" || generated === "identity" ? { generated } : {}),
  }
}

function typedAs(native: Value, category: Value): Typed {
  const typed = types.read(String(native))
  return typed.type === "unknown" ? { ...typed, type: guessed(category) } : typed
}
