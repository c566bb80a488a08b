import { expect, onTestFinished, test } from "vitest"
import { makeDataFolder } from "../support/data-folder.ts"
import { startTestDatabase } from "../support/embedded.ts"
import { startHubProcess } from "../support/hub-process.ts"
import { until } from "../support/waiting.ts"

const TABLES = 3_000
const KILLS = 4

test("a hub that is killed during a discovery keeps the last catalog, and can discover again", async () => {
  const target = await startTestDatabase({ settings: { max_locks_per_transaction: "4096" } })
  const data = makeDataFolder()
  onTestFinished(async () => {
    await hub.end("SIGKILL")
    await data.remove()
    await target.stop()
  })
  const columns = Array.from({ length: 20 }, (_, index) => `c${index} text`).join(", ")
  await target.query(`do $$ begin for n in 1..${TABLES} loop execute format('create table t%s (${columns})', n); end loop; end $$`)
  const discovering = async (): Promise<boolean> =>
    (await target.query("select from pg_stat_activity where application_name = 'jackfield' and query like '%MATERIALIZED%' and state <> 'idle'")).length > 0

  let hub = startHubProcess(data.dir)
  expect((await hub.call("POST", "/v1/connectors", { name: "pg", type: "postgres", config: target.config })).status).toBe(201)
  let { body: before } = await hub.call("POST", "/v1/connectors/pg/discover")
  expect(before).toMatchObject({ complete: true, total: TABLES })
  for (let kill = 1; kill <= KILLS; kill++) {
    await target.query(`create table more${kill} (id int primary key)`)
    const cut = hub.call("POST", "/v1/connectors/pg/discover")
    cut.catch(() => undefined)
    expect(await until(10_000, discovering, (yes) => yes)).toBe(true)
    // The kill can happen at any time from the catalog's first row to the last stored batch.
    await new Promise((resolve) => setTimeout(resolve, kill * 120))
    await hub.end("SIGKILL")
    const outcome = await cut.then(
      (answer) => answer.status,
      () => "cut off",
    )
    hub = startHubProcess(data.dir)
    const { status, body: kept } = await hub.call("GET", "/v1/connectors/pg/catalog")
    expect(status).toBe(200)
    if (outcome === "cut off" && kept.version === before.version) expect(kept).toEqual(before)
    else expect(kept).toMatchObject({ complete: true, total: TABLES + kill })
    const { body: next } = await hub.call("POST", "/v1/connectors/pg/discover")
    expect(next).toMatchObject({ complete: true, total: TABLES + kill, counts: { total: TABLES + kill, streams: TABLES + kill, skipped: 0 } })
    expect(next.version).toBeGreaterThan(kept.version)
    expect(await until(2_000, discovering, (yes) => !yes)).toBe(false)
    before = next
    console.log(`killed ${kill * 120} ms into a discovery: ${kept.total} streams of version ${kept.version} kept, then ${next.total} found`)
  }
  expect(await hub.end()).toBe(0)
})
