import { Pool } from "undici"
import { startChild } from "./child.ts"
import { interleaved, type Line, median, ms } from "./measure.ts"
import { KEY, type World } from "./world.ts"

const ROUNDS = 9
const QUERIES = 200
const STATEMENT = "select 1 as one, 'two' as two"

/** A small query over HTTP on a warm connection, one after the other, against bare Fastify routes on a warm `pg` client. */
export async function smallQuery({ url, store, target, config, call }: World): Promise<Line[]> {
  const { id } = (await call("POST", "/v1/connectors", { name: "small", type: "postgres", config, verify: true })) as { id: string }
  const [workspace] = await store.query("select workspace_id from jackfield.connectors")
  const [role] = await store.query("select value from jackfield.owner_settings where key = 'app_role'")
  const { name, password } = (role as { value: { name: string; password: string } }).value
  const ask = {
    store: { host: store.host, port: store.port, database: store.database, user: name, password },
    target: { host: target.host, port: target.port, database: target.database, user: target.user, password: target.password },
    workspaceId: workspace?.["workspace_id"],
    connectorId: id,
  }
  const bare = startChild("bare-query.ts", [JSON.stringify(ask)])
  const bareUrl = await bare.next()
  const ours = sideOf(url, `/v1/connectors/${id}/query`)
  const lines: Line[] = []
  for (const [what, path, against, most] of [
    ["a small query on a warm connection", "/query", "a bare route with the same look-ups and transaction", 1.5],
    ["the same", "/alone", "a bare route that sends the statement alone", 3],
  ] as const) {
    const theirs = sideOf(bareUrl, path)
    const found = await interleaved(ROUNDS, ours.measure, theirs.measure)
    await theirs.close()
    lines.push({
      what,
      ours: ms(found.ours),
      against: `${ms(found.theirs)}, ${against}`,
      ratio: found.ratio.toFixed(2),
      target: `≤ ${most}`,
      met: found.ratio <= most,
    })
  }
  await Promise.all([bare.end(), ours.close()])
  return lines
}

/** Sends the statement again and again over one connection; a measurement is the median duration of a request. */
function sideOf(origin: string, path: string): { measure(): Promise<number>; close(): Promise<void> } {
  const pool = new Pool(origin, { connections: 1 })
  const headers = { authorization: `Bearer ${KEY}`, "content-type": "application/json" }
  const body = JSON.stringify({ statement: STATEMENT })
  const once = async (): Promise<number> => {
    const begun = performance.now()
    const answer = await pool.request({ path, method: "POST", headers, body })
    const { rowCount } = (await answer.body.json()) as { rowCount: number }
    if (answer.statusCode !== 200 || rowCount !== 1) throw new Error(`${path}: ${answer.statusCode}`)
    return performance.now() - begun
  }
  const measure = async (): Promise<number> => {
    const times: number[] = []
    for (let each = 0; each < QUERIES; each++) times.push(await once())
    return median(times)
  }
  return { measure, close: () => pool.close() }
}
