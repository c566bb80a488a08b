import { startTestDatabase, type TestDatabase } from "../support/embedded.ts"

/** A PostgreSQL with a database `hub` whose owner is no superuser but may make roles: for such a one forced policies bind everything. */
export interface OwnedDatabase extends TestDatabase {
  readonly ownerUrl: string
  /** Runs statements as the superuser in `hub`. */
  inHub(sql: string): Promise<Record<string, unknown>[]>
}

export async function startOwnedDatabase(): Promise<OwnedDatabase> {
  const database = await startTestDatabase()
  await database.query("create role owner login createrole password 'pw'")
  await database.query("create database hub owner owner")
  const ownerUrl = `postgres://owner:pw@127.0.0.1:${database.port}/hub`
  return { ...database, ownerUrl, inHub: (sql) => database.query(sql, [], "hub") }
}
