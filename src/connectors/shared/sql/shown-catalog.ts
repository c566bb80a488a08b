import type { Call } from "../../../core/call.ts"
import type { Discovered } from "../../../core/streams.ts"
import type { Column, Value } from "../../../core/values.ts"
import { countedBy, described, type Relation } from "./catalog.ts"
import { type Dialect, qualified } from "./dialect.ts"
import type { ErrorTable } from "./errors.ts"
import { kindName, warehouseRelation } from "./information-schema.ts"
import { type Keys, pathKey, type Shown } from "./show.ts"
import { byName, type SqlConnection } from "./wire.ts"

/** How a warehouse's DESCRIBE shows a table's columns, one a row. */
export interface Describing {
  readonly dialect: Pick<Dialect<never>, "ident">
  readonly errors: ErrorTable
  /** Codes that say: no such table, or none that the login may see. */
  readonly missing: readonly string[]
  columnOf(row: Shown["rows"][number]): Column
  /** Whether the column is part of the key. */
  keyed(row: Shown["rows"][number]): boolean
}

/** A table or view by one DESCRIBE TABLE, which needs no compute; undefined when there is none. No warehouse enforces its keys. */
export async function describedTable<B>(
  { wire }: SqlConnection<B>,
  path: readonly string[],
  { dialect, errors, missing, columnOf, keyed }: Describing,
  call: Call,
): Promise<Relation | undefined> {
  try {
    const rows = byName(await wire.run(`DESCRIBE TABLE ${qualified(dialect, path)}`, [], call, true))
    const columns = rows.map((row): Column => ({ ...columnOf(row), ...(/^VIRTUAL/i.test(String(row["kind"])) ? { generated: "computed" } : {}) }))
    return described({
      path,
      kind: "table",
      columns,
      key: columns.filter((_, at) => keyed(rows[at] ?? {})).map(({ name }) => name),
      keyHolds: false,
      notes: [],
    })
  } catch (error) {
    if (missing.includes(errors.said(error)?.code ?? "")) return undefined
    throw error
  }
}

/** What three lists show: the objects, the columns of all of them in order, and the keys. */
export interface ShownLists {
  readonly product: string
  readonly objects: readonly { readonly path: readonly string[]; readonly kind: Value | undefined; readonly estimate: unknown; readonly comment: unknown }[]
  readonly columns: readonly { readonly path: readonly string[]; readonly column: Column }[]
  readonly keys: Keys
}

/** The count of the objects, and then each of them. */
export function* shownRelations({ product, objects, columns, keys }: ShownLists): Generator<Discovered> {
  const own = Map.groupBy(columns, ({ path }) => pathKey(path))
  yield countedBy(
    objects.map(({ kind = "" }) => [kind, 1]),
    ([kind]) => kindName(kind),
  )
  for (const { path, kind, estimate, comment } of objects) {
    const found = (own.get(pathKey(path)) ?? []).map(({ column }) => column)
    yield warehouseRelation({ product, path, type: kind, columns: found, estimate, comment, keys })
  }
}
