// The bare sides of the benchmark of small queries: Fastify routes on a warm `pg` client. One makes the hub's look-ups and
// the same read-only transaction, the other sends the statement alone.
import Fastify from "fastify"
import pg from "pg"

interface Ask {
  readonly store: pg.ClientConfig
  readonly target: pg.ClientConfig
  readonly workspaceId: string
  readonly connectorId: string
}

const { store, target, workspaceId, connectorId } = JSON.parse(process.argv[2] ?? "") as Ask
const lookups = new pg.Client(store)
const warm = new pg.Client(target)
await Promise.all([lookups.connect(), warm.connect()])

interface Body {
  readonly Body: { readonly statement: string }
}

const app = Fastify()
app.post<Body>("/alone", async ({ body }) => {
  const { rows, fields } = await warm.query(body.statement)
  return { columns: fields.map(({ name }) => ({ name })), rows, rowCount: rows.length }
})
app.post<Body>("/query", async ({ body }) => {
  await lookups.query(`begin; select set_config('app.workspace', '${workspaceId}', true)`)
  await lookups.query("select * from connectors where workspace_id = $1 and id = $2", [workspaceId, connectorId])
  await lookups.query("select pointer, ciphertext, data_key_id from connector_secrets where workspace_id = $1 and connector_id = $2 and state = 'current'", [
    workspaceId,
    connectorId,
  ])
  await lookups.query("commit")
  await warm.query("BEGIN READ ONLY; SET LOCAL TimeZone = 'UTC'; SET LOCAL statement_timeout = 30000")
  const { rows, fields } = await warm.query({ text: body.statement, values: [] })
  await warm.query("ROLLBACK")
  return { columns: fields.map(({ name }) => ({ name })), rows, rowCount: rows.length }
})
process.stdout.write(`${await app.listen({ host: "127.0.0.1", port: 0 })}\n`)
