import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { CATALOG } from "../src/connectors/shared/sql/pg/catalog-sql.ts"
import { forgetPeak, interleaved, type Line, mb, peakMb, psqlToFile, residentMb, seconds, timed } from "./measure.ts"
import type { World } from "./world.ts"

const TABLES = 5_000
const MANY = 50_000
const ROUNDS = 3
const LOGIN = { user: "discoverer", password: "for the bench alone" }

/**
 * Discovery of 5,000 tables × 20 columns against the same catalog query through psql to a file; then 50,000 tables:
 * the number of queries, and the memory.
 */
export async function discovery({ hub, target, config, call }: World, psql: boolean): Promise<Line[]> {
  const folder = mkdtempSync(join(tmpdir(), "jackfield-bench-"))
  const pid = hub.child.pid ?? 0
  await target.query(`create role ${LOGIN.user} login password '${LOGIN.password}'`)
  await call("POST", "/v1/connectors", { name: "wide", type: "postgres", config: { ...config, ...LOGIN } })
  const discover = async (): Promise<number> => {
    const { complete, total } = await call("POST", "/v1/connectors/wide/discover", { timeoutMs: 600_000 })
    if (complete !== true) throw new Error("the discovery is not complete")
    return total as number
  }
  const lines: Line[] = []
  await makeTables(target, 1, TABLES)
  const queries = [await countQueries(target, discover)]
  if (psql) {
    const { ours, theirs, ratio } = await interleaved(
      ROUNDS,
      () => timed(discover),
      () => timed(() => psqlToFile({ ...target, ...LOGIN }, CATALOG, join(folder, "catalog"))),
    )
    const what = `discovery of ${TABLES} tables × 20 columns, stored as a catalog`
    lines.push({
      what,
      ours: seconds(ours),
      against: `${seconds(theirs)}, the same query by psql to a file`,
      ratio: ratio.toFixed(2),
      target: "≤ 2",
      met: ratio <= 2,
    })
  }
  await makeTables(target, TABLES + 1, MANY)
  const before = residentMb(pid)
  forgetPeak(pid)
  let took = 0
  queries.push(
    await countQueries(target, async () => {
      took = await timed(async () => {
        const total = await discover()
        if (total < MANY) throw new Error(`${total} streams instead of ${MANY}`)
      })
    }),
  )
  const peak = peakMb(pid)
  const [few, many] = queries
  const rest = { against: `${few} queries for ${TABLES} tables`, ratio: ((many ?? 0) / (few ?? 1)).toFixed(2) }
  lines.push({
    what: `discovery of ${MANY} tables × 20 columns, queries to the system`,
    ours: `${many} queries, ${seconds(took)}`,
    ...rest,
    target: "= 1",
    met: few === many,
  })
  lines.push({ what: "… resident memory of the hub at most", ours: mb(peak), against: `${mb(before)} before`, ratio: "", target: "≤ 300 MB", met: peak <= 300 })
  rmSync(folder, { recursive: true })
  return lines
}

/** Only integer columns: a text column would add a TOAST table and triple the time. */
async function makeTables(target: World["target"], from: number, to: number): Promise<void> {
  const columns = Array.from({ length: 20 }, (_, index) => `column_${index} bigint`).join(", ")
  for (let first = from; first <= to; first += 1_000) {
    const last = Math.min(first + 999, to)
    await target.query(`do $$ begin for n in ${first}..${last} loop execute format('create table table_%s (${columns})', n); end loop; end $$`)
  }
  await target.query(`grant select on all tables in schema public to ${LOGIN.user}`)
  await target.query("vacuum analyze pg_class, pg_attribute")
}

/** The number of statements that the discoverer ran on the target during the work. */
async function countQueries(target: World["target"], work: () => Promise<unknown>): Promise<number> {
  await target.query("select pg_stat_statements_reset()")
  await work()
  const counted = await target.query("select sum(calls)::int as n from pg_stat_statements where userid = $1::regrole", [LOGIN.user])
  return counted[0]?.["n"] as number
}
