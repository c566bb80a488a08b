import { readdirSync } from "node:fs"
import { afterEach, beforeEach, expect, test } from "vitest"
import { openStore } from "../../src/store/store.ts"
import { kill, makeDataDir, startHub } from "./child.ts"
import { keepLog } from "./seed.ts"

let data: ReturnType<typeof makeDataDir>
beforeEach(() => {
  data = makeDataDir()
})
afterEach(() => data.remove())

// From before the data folder is touched, through initdb and the migrations, to just ready.
test.each([150, 300, 450, 600, 800, 1_000, 1_300])(
  "a first start that is killed after %i ms is made whole by the next",
  { timeout: 90_000 },
  async (afterMs) => {
    const hub = startHub(data.dir)
    await new Promise((resolve) => setTimeout(resolve, afterMs + Math.floor(Math.random() * 100)))
    await kill(hub, "SIGKILL")
    const store = await openStore({ dataDir: data.dir, log: keepLog() })
    await store.asHub((tx) => tx.insertInto("settings").values({ key: "k", value: "1" }).execute())
    await store.close()
    const again = await openStore({ dataDir: data.dir, log: keepLog() })
    expect(await again.asHub((tx) => tx.selectFrom("settings").select("key").execute())).toEqual([{ key: "k" }])
    await again.close()
    expect(readdirSync(data.dir)).toEqual(["postgres"])
  },
)
