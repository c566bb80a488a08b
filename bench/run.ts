import { attackRows } from "./attack.ts"
import { connectionTest } from "./connection-test.ts"
import { discovery } from "./discovery.ts"
import { findPsql, type Line, table } from "./measure.ts"
import { neighbours } from "./neighbours.ts"
import { reads } from "./reads.ts"
import { refused } from "./refused.ts"
import { sizes } from "./sizes.ts"
import { slowReader } from "./slow-reader.ts"
import { smallQuery } from "./small-query.ts"
import { start } from "./start.ts"
import { streaming } from "./streaming.ts"
import { vendors } from "./vendors.ts"
import { makeWorld, type World } from "./world.ts"

type Row = (world: World, psql: boolean) => Promise<Line[]>

const ROWS: Readonly<Record<string, Row>> = {
  reads,
  refused,
  query: smallQuery,
  test: connectionTest,
  discovery,
  streaming,
  "slow-reader": slowReader,
  start,
  neighbours,
  sizes,
  vendors,
  ...attackRows,
}

/** Prints the table of budgets; each line is a ratio from this run. Arguments select rows by name; `attack` selects all attacks. */
async function main(): Promise<void> {
  const wanted = process.argv.slice(2)
  const psql = findPsql() !== undefined
  if (!psql) console.log("psql is not installed (Debian: postgresql-client); the lines that need it are left out.")
  const lines: Line[] = []
  for (const [name, row] of Object.entries(ROWS)) {
    if (wanted.length > 0 && !wanted.some((each) => name === each || name.startsWith(`${each}-`))) continue
    const world = await makeWorld()
    try {
      const begun = Date.now()
      lines.push(...(await row(world, psql)))
      console.error(`${name}: ${Math.round((Date.now() - begun) / 1000)} s`)
    } finally {
      await world.close()
    }
  }
  console.log(table(lines))
  const missed = lines.filter((line) => line.met === false).length
  console.log(missed === 0 ? "\nEvery target is met." : `\n${missed} MISSED`)
}

await main()
