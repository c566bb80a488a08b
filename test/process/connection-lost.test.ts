import { sql } from "kysely"
import { expect, test } from "vitest"
import { openStore } from "../../src/store/store.ts"
import { startTestDatabase } from "../support/embedded.ts"

/** Between two statements no code awaits the connection, so its error must not become an uncaught one, which would end the process. */
test("a connection that is lost between two statements of a transaction fails only that transaction", async () => {
  const database = await startTestDatabase()
  const store = await openStore({ dataDir: "unused", databaseUrl: database.url, log: { info: () => undefined, warn: () => undefined } })
  const cut = store.asHub(async (tx) => {
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx)
    await database.query("select pg_terminate_backend($1, 5000)", [rows[0]?.pid])
    await new Promise((resolve) => setTimeout(resolve, 100))
    await sql`select 1`.execute(tx)
  })
  await expect(cut).rejects.toMatchObject({ code: "store_unavailable" })
  await store.ping()
  await store.close()
  await database.stop()
})
