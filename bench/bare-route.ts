// The bare side of the read benchmark: a Fastify route per read that runs the hub's SQL in the same kind of
// transaction, as the hub's login, and does nothing else.
import Fastify from "fastify"
import pg from "pg"

const { connection, workspaceId } = JSON.parse(process.argv[2] ?? "") as { connection: pg.PoolConfig; workspaceId: string }
const pool = new pg.Pool({ ...connection, max: 10 })
const BEGIN = `begin; select set_config('app.workspace', '${workspaceId}', true)`
const SECRETS = "select connector_id, pointer, fingerprint from connector_secrets where workspace_id = $1 and connector_id = any($2) and state = 'current'"

async function inTransaction<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  try {
    await client.query(BEGIN)
    const result = await work(client)
    await client.query("commit")
    return result
  } finally {
    client.release()
  }
}

const app = Fastify()
app.get<{ Params: { id: string } }>("/connectors/:id", (request) =>
  inTransaction(async (client) => {
    const found = await client.query("select * from connectors where workspace_id = $1 and id = $2", [workspaceId, request.params.id])
    const secrets = await client.query(SECRETS, [workspaceId, [request.params.id]])
    return { ...found.rows[0], secrets: secrets.rows }
  }),
)
app.get("/connectors", () =>
  inTransaction(async (client) => {
    const found = await client.query<{ id: string }>("select * from connectors where workspace_id = $1 and serial > $2 order by serial limit $3", [
      workspaceId,
      0,
      101,
    ])
    const total = await client.query("select count(*)::int as total from connectors where workspace_id = $1", [workspaceId])
    const rows = found.rows.slice(0, 100)
    const secrets = await client.query(SECRETS, [workspaceId, rows.map((row) => row.id)])
    return { data: rows, secrets: secrets.rows, total: total.rows[0] }
  }),
)
process.stdout.write(`${await app.listen({ host: "127.0.0.1", port: 0 })}\n`)
