import pg from "pg"

/** Runs statements on a connection of their own; the rows of the last one. */
export async function queryPostgres(login: pg.ClientConfig, sql: string, values: readonly unknown[] = []): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(login)
  await client.connect()
  try {
    const result = (await client.query(sql, [...values])) as pg.QueryResult | pg.QueryResult[]
    return ((Array.isArray(result) ? result.at(-1)?.rows : result.rows) ?? []) as Record<string, unknown>[]
  } finally {
    await client.end()
  }
}
