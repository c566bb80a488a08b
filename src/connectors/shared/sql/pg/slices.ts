import type { Call } from "../../../../core/call.ts"
import type { Slice, Stream } from "../../../../core/streams.ts"
import { wholeNumber } from "../catalog.ts"
import { qualified } from "../dialect.ts"
import { keySlicer, notASlice, type Slicer } from "../slices.ts"
import type { PgClient } from "./client.ts"
import { pgDialect } from "./dialect.ts"
import type { PgBound } from "./encode.ts"

/** The pages of a table that is a heap of its own: not a view, not partitioned, and of no other access method. */
const PAGES = `
  SELECT pg_relation_size(c.oid) / current_setting('block_size')::int
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_am a ON a.oid = c.relam
  WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'm') AND a.amname = 'heap'`

/** The id of a range of pages; the last range has no end. */
const RANGE = /^pages:(\d{1,10})-(\d{0,10})$/
const LAST_PAGE = 4_294_967_295

const byKey = keySlicer<PgBound, PgClient>(pgDialect)

/**
 * Ranges of the key; ranges of pages for heap tables without a usable key. All slices see the moment of an exported snapshot, in which
 * no row moves from one page to another.
 */
export const pgSlicer: Slicer<PgBound, PgClient> = {
  cut: async (client, stream, most, call) => {
    const parts = await byKey.cut(client, stream, most, call)
    return parts.length > 1 || most === 1 ? parts : ((await byPages(client, stream, most, call)) ?? parts)
  },

  within: (stream, id) => {
    if (!id.startsWith("pages:")) return byKey.within(stream, id)
    const [, from, to] = RANGE.exec(id) ?? []
    if (from === undefined || to === undefined || Number(from) > LAST_PAGE || Number(to) > LAST_PAGE) throw notASlice(stream)
    return () => `ctid >= '(${from},0)'${to === "" ? "" : ` AND ctid < '(${to},0)'`}`
  },

  snapshot: async ({ wire }, call) => String((await wire.run("SELECT pg_export_snapshot()", [], call)).rows[0]?.[0]),
}

async function byPages({ wire }: PgClient, { path, estimatedRows }: Stream, most: number, call: Call): Promise<readonly Omit<Slice, "of">[] | undefined> {
  const [found] = (await wire.run(PAGES, path, call)).rows
  const pages = found === undefined ? 0 : wholeNumber(found[0])
  if (pages < 2) return undefined
  // Locks the table until the slicing ends: VACUUM FULL and CLUSTER would write its rows to other pages.
  await wire.run(`SELECT FROM ${qualified(pgDialect, path)} LIMIT 0`, [], call)
  const step = Math.ceil(pages / most)
  const starts = Array.from({ length: Math.ceil(pages / step) }, (_, index) => index * step)
  const rows = estimatedRows === undefined ? {} : { estimatedRows: Math.ceil(estimatedRows / starts.length) }
  return starts.map((from, index) => ({ id: `pages:${from}-${starts[index + 1] ?? ""}`, ...rows }))
}
