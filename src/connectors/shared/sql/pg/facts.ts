import type { QueryArrayResult } from "pg"
import type { Call } from "../../../../core/call.ts"
import type { PgClient } from "./client.ts"

/** Two stages on a connection that is logged in: a read-only transaction may begin, and the server answers the probe. Gives the probe's row. */
export async function probePg<Row extends readonly unknown[]>({ pg, wire }: PgClient, sql: string, call: Call): Promise<Partial<Row>> {
  await call.stage("permission", async () => wire.transactions?.begin("read", call))
  return await call.stage("probe", async () => {
    // One message, one round trip; if the SELECT fails, the server skips the ROLLBACK.
    const sent = pg.query({ text: `${sql}; ROLLBACK`, rowMode: "array" }) as unknown as Promise<readonly [QueryArrayResult, unknown]>
    const [{ rows }] = await sent.catch(async (error: unknown) => {
      await wire.transactions?.rollback()
      throw error
    })
    return (rows[0] ?? []) as unknown as Partial<Row>
  })
}
