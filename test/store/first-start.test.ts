import { existsSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, expect, test } from "vitest"
import { openStore } from "../../src/store/store.ts"
import { type Hub, kill, makeDataDir, startHub } from "./child.ts"
import { keepLog } from "./seed.ts"

let data: ReturnType<typeof makeDataDir>
beforeEach(() => {
  data = makeDataDir()
})
afterEach(() => data.remove())

/** The folder under which a first start builds the cluster before it gets its name. */
const part = () => readdirSync(data.dir).find((name) => name.startsWith("postgres.new-")) ?? "none"
const there = (...path: string[]) => existsSync(join(data.dir, ...path))

// Signs on disk of how far a first start has come, from nothing to the migrations.
const STAGES: Readonly<Record<string, () => boolean>> = {
  "nothing is made": () => true,
  "its folder is made": () => there(part()),
  "initdb has begun": () => there(part(), "cluster", "PG_VERSION"),
  "initdb has written the control file": () => there(part(), "cluster", "global", "pg_control"),
  "the cluster is whole, and unnamed": () => there(part(), "hub.json"),
  "the cluster has its name": () => there("postgres", "hub.json"),
  "the server starts": () => there("postgres", "cluster", "postmaster.pid"),
}

async function killWhen(hub: Hub, reached: () => boolean): Promise<boolean> {
  for (let round = 0; round < 10_000 && !reached() && hub.lines.length === 0; round++) await new Promise((resolve) => setTimeout(resolve, 2))
  const inTime = reached() && hub.lines.length === 0
  await kill(hub, "SIGKILL")
  return inTime
}

test.each(Object.keys(STAGES))("a first start that is killed when %s is made whole by the next", { timeout: 120_000 }, async (stage) => {
  const inTime = await killWhen(startHub(data.dir), STAGES[stage] ?? (() => true))
  const store = await openStore({ dataDir: data.dir, log: keepLog() })
  await store.asHub((tx) => tx.insertInto("settings").values({ key: "k", value: "1" }).execute())
  await store.close()
  const again = await openStore({ dataDir: data.dir, log: keepLog() })
  expect(await again.asHub((tx) => tx.selectFrom("settings").select("key").execute())).toEqual([{ key: "k" }])
  await again.close()
  expect(readdirSync(data.dir)).toEqual(["postgres"])
  // A stage that lasts less than the poll's 2 ms may be missed; then the kill came later, which is a test too.
  if (stage.startsWith("initdb")) expect(inTime).toBe(true)
})
