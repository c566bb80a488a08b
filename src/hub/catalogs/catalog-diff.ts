import { sql } from "kysely"
import type { Tx } from "../../store/database.ts"
import { CHANGE_KINDS, type ChangeKind, type FoundChange, type Judgement, judge } from "./catalog-changes.ts"

/** The number of changes from one version to another. */
export interface DiffSummary {
  readonly from: number
  readonly to: number
  readonly changes: number
  readonly breaking: number
  readonly byKind: Readonly<Partial<Record<ChangeKind, number>>>
}

/**
 * One change. `column` is absent for a change of the stream itself. `before` and `after` are the column, or the changed part of
 * the stream.
 */
export interface CatalogChange extends Judgement {
  readonly kind: ChangeKind
  readonly path: readonly string[]
  readonly column?: string
  readonly before?: Readonly<Record<string, unknown>>
  readonly after?: Readonly<Record<string, unknown>>
}

/** The versions of a connector that are compared. */
export interface Compared {
  readonly workspaceId: string
  readonly connectorId: string
  readonly from: number
  readonly to: number
}

const changesOf = ({ workspaceId, connectorId, from, to }: Compared) =>
  sql`jackfield.catalog_changes(${workspaceId}::uuid, ${connectorId}::uuid, ${from}::integer, ${to}::integer)`

/** Only the parts that `judge` looks at, so that the store counts changes that are judged alike. */
const JUDGED_BY = sql`case kind
  when 'type_changed' then jsonb_build_array(jsonb_build_object('type', before -> 'type', 'nativeType', before -> 'nativeType'),
    jsonb_build_object('type', after -> 'type', 'nativeType', after -> 'nativeType'))
  when 'column_added' then jsonb_build_array(null, jsonb_build_object('nullable', after -> 'nullable'))
  when 'nullable_changed' then jsonb_build_array(null, jsonb_build_object('nullable', after -> 'nullable'))
  else '[null, null]'::jsonb end`

/** Counts the changes between two versions. Only counts leave the store. */
export async function summarize(tx: Tx, compared: Compared): Promise<DiffSummary> {
  const { rows } = await sql<{ kind: ChangeKind; judged: [FoundChange["before"], FoundChange["after"]]; count: number }>`
    select kind, ${JUDGED_BY} as judged, count(*)::int as count from ${changesOf(compared)} group by 1, 2`.execute(tx)
  const byKind: Partial<Record<ChangeKind, number>> = {}
  let [changes, breaking] = [0, 0]
  for (const { kind, judged, count } of rows) {
    byKind[kind] = (byKind[kind] ?? 0) + count
    changes += count
    if (judge({ kind, before: judged[0], after: judged[1] }).breaking) breaking += count
  }
  return {
    from: compared.from,
    to: compared.to,
    changes,
    breaking,
    byKind: Object.fromEntries(CHANGE_KINDS.flatMap((kind) => (byKind[kind] === undefined ? [] : [[kind, byKind[kind]]]))),
  }
}

/** A page of the changes in the order of paths and columns. Versions do not change, so a position stays valid. */
export async function changesPage(tx: Tx, compared: Compared, offset: number, limit: number): Promise<CatalogChange[]> {
  type Row = FoundChange & { readonly path: readonly string[]; readonly name: string | null }
  const { rows } = await sql<Row>`select kind, path, name, before, after from ${changesOf(compared)}
    order by path, name nulls first, kind offset ${offset} limit ${limit}`.execute(tx)
  return rows.map(({ kind, path, name, before, after }) => ({
    kind,
    path,
    ...(name === null ? {} : { column: name }),
    ...(before === null ? {} : { before }),
    ...(after === null ? {} : { after }),
    ...judge({ kind, before, after }),
  }))
}
