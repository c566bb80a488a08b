import { type RawBuilder, type SqlBool, sql } from "kysely"
import { PlatformError } from "../../core/errors.ts"
import type { Registry } from "../../core/registry.ts"
import type { ConnectorStatus, Tx } from "../../store/database.ts"
import { decodeCursor, type Page, type PageQuery, pageOf } from "../base/page.ts"
import { type Viewer, visibleTo } from "../base/scope.ts"
import { type ConnectorView, viewsOf } from "./connector-view.ts"

export interface ConnectorFilter extends PageQuery {
  readonly type?: string
  readonly status?: ConnectorStatus
  /** `key:value` */
  readonly label?: string
  readonly q?: string
}

/** A compatible API's list: types that it can name, on one side of a sync, in its own order and pages. */
export interface ConnectorSearch {
  readonly types?: readonly string[]
  /** Types, each on one side only. */
  readonly sides?: readonly { readonly type: string; readonly side: Side }[]
  readonly order?: "serial" | "updated"
  /** Only connectors after this serial number. */
  readonly after?: number
  readonly offset?: number
  readonly limit: number
}

/** Source: rows come from it; destination: rows go to it. */
export type Side = "source" | "destination"

/**
 * The side of a connector: by its purpose, or else a source when its type can be read or queried, and a destination otherwise. A
 * type that takes requests row by row counts as a destination though it can be read, because most are made for that.
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

/** A page of the connectors that the caller may see, in the order of their creation. */
export async function listConnectors(tx: Tx, registry: Registry, by: Viewer, filter: ConnectorFilter): Promise<Page<ConnectorView>> {
  let matching = tx.selectFrom("connectors").where(visibleTo(by))
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
  return { ...page, data: await viewsOf(tx, registry, by, page.data) }
}

/** The connectors that a compatible API lists, and how many there are in all. */
export async function searchConnectors(tx: Tx, registry: Registry, by: Viewer, search: ConnectorSearch): Promise<{ data: ConnectorView[]; total: number }> {
  let matching = tx.selectFrom("connectors").where(visibleTo(by))
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
  return { data: await viewsOf(tx, registry, by, rows), total }
}

function labelOf(filter: string): Record<string, string> {
  const colon = filter.indexOf(":")
  if (colon > 0) return { [filter.slice(0, colon)]: filter.slice(colon + 1) }
  const message = "must be key:value."
  throw new PlatformError("request_invalid", `The label filter ${message}`, { faults: [{ pointer: "/querystring/label", message }] })
}
