import { type RawBuilder, type SqlBool, sql } from "kysely"
import { PlatformError } from "../../core/errors.ts"
import type { Registry } from "../../core/registry.ts"
import { decodeCursor, type Page, pageOf } from "../page.ts"
import {
  type ConnectorFilter,
  type ConnectorRow,
  type ConnectorSearch,
  type ConnectorView,
  fingerprintsOf,
  type Side,
  type Tx,
  viewOf,
} from "./connector-view.ts"

/**
 * The side that a connector is on: what it was made for, else a source when its type can be read or queried, else a destination. A type
 * that takes requests row by row is a destination though it may be read: that is what most are made for.
 */
export function sideOf(registry: Registry, { purpose, type }: Pick<ConnectorView, "purpose" | "type">): Side {
  if (purpose === "source" || purpose === "destination") return purpose
  return readable(registry).includes(type) ? "source" : "destination"
}

const readable = (registry: Registry): string[] =>
  registry.all().flatMap(({ type, read, query, request }) => ((read ?? query) === undefined || request !== undefined ? [] : [type]))

/** `sideOf` in SQL, for the rows of one type. */
const onSide = (registry: Registry, type: string, side: Side): RawBuilder<SqlBool> =>
  sideOf(registry, { type, purpose: null }) === side
    ? sql<SqlBool>`(purpose is null or purpose <> ${side === "source" ? "destination" : "source"})`
    : sql<SqlBool>`purpose is not distinct from ${side}`

/** A page of a workspace's connectors in the order they were made. */
export async function listConnectors(tx: Tx, registry: Registry, workspaceId: string, filter: ConnectorFilter): Promise<Page<ConnectorView>> {
  let matching = tx.selectFrom("connectors").where("workspace_id", "=", workspaceId)
  if (filter.type !== undefined) matching = matching.where("type", "=", filter.type)
  if (filter.status !== undefined) matching = matching.where("status", "=", filter.status)
  if (filter.label !== undefined) matching = matching.where(sql<boolean>`labels @> ${JSON.stringify(labelOf(filter.label))}::jsonb`)
  if (filter.q !== undefined) {
    const like = `%${filter.q.replace(/[\\%_]/g, "\\$&")}%`
    matching = matching.where((where) => where.or([where("name", "ilike", like), where("title", "ilike", like), where("description", "ilike", like)]))
  }
  const rows = await matching
    .selectAll()
    .where("serial", ">", decodeCursor(filter.cursor))
    .orderBy("serial")
    .limit(filter.limit + 1)
    .execute()
  const { total } = await matching.select(sql<number>`count(*)::int`.as("total")).executeTakeFirstOrThrow()
  const page = pageOf(rows, filter.limit, total, (row) => row.serial)
  return { ...page, data: await viewsOf(tx, registry, workspaceId, page.data) }
}

/** The connectors that a compatible API lists, and how many there are in all. */
export async function searchConnectors(
  tx: Tx,
  registry: Registry,
  workspaceId: string,
  search: ConnectorSearch,
): Promise<{ data: ConnectorView[]; total: number }> {
  let matching = tx.selectFrom("connectors").where("workspace_id", "=", workspaceId)
  if (search.types !== undefined) matching = matching.where("type", "in", search.types.length === 0 ? [""] : [...search.types])
  const { sides } = search
  if (sides !== undefined)
    matching = matching.where(({ or, and, eb, lit }) =>
      sides.length === 0 ? lit(false) : or(sides.map(({ type, side }) => and([eb("type", "=", type), onSide(registry, type, side)]))),
    )
  let page = matching.selectAll().limit(search.limit)
  if (search.after !== undefined) page = page.where("serial", ">", search.after)
  if (search.offset !== undefined) page = page.offset(search.offset)
  page = search.order === "updated" ? page.orderBy("updated_at", "desc").orderBy("serial", "desc") : page.orderBy("serial")
  const rows = await page.execute()
  const { total } = await matching.select(sql<number>`count(*)::int`.as("total")).executeTakeFirstOrThrow()
  return { data: await viewsOf(tx, registry, workspaceId, rows), total }
}

/** Rows as answers show them. */
export async function viewsOf(tx: Tx, registry: Registry, workspaceId: string, rows: readonly ConnectorRow[]): Promise<ConnectorView[]> {
  const ids = rows.map((row) => row.id)
  const secrets = await fingerprintsOf(tx, workspaceId, ids)
  return rows.map((row) => viewOf(row, registry.find(row.type), secrets.get(row.id) ?? new Map()))
}

function labelOf(filter: string): Record<string, string> {
  const colon = filter.indexOf(":")
  if (colon > 0) return { [filter.slice(0, colon)]: filter.slice(colon + 1) }
  const message = "must be key:value."
  throw new PlatformError("request_invalid", `The label filter ${message}`, { faults: [{ pointer: "/querystring/label", message }] })
}
