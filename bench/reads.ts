import { startChild } from "./child.ts"
import { interleaved, type Line, perSecond } from "./measure.ts"
import { KEY, type World } from "./world.ts"

const CONNECTORS = 10_000
const CONNECTIONS = 16
const ROUNDS = 5

/**
 * One connector by id, and a page of 100 out of 10,000: the hub over HTTP against a bare Fastify route with the same
 * SQL.
 */
export async function reads({ url, store, config, call }: World): Promise<Line[]> {
  const { id } = (await call("POST", "/v1/connectors", { name: "first", type: "postgres", config, verify: true })) as { id: string }
  const workspaceId = await fill(store)
  const [role] = await store.query("select value from jackfield.owner_settings where key = 'app_role'")
  const { name, password } = (role as { value: { name: string; password: string } }).value
  const connection = { host: store.host, port: store.port, database: store.database, user: name, password }
  const bare = startChild("bare-route.ts", [JSON.stringify({ connection, workspaceId })])
  const load = startChild("load.ts")
  const bareUrl = await bare.next()
  const measure = (origin: string, path: string, ms: number) => async () =>
    Number(await load.ask(JSON.stringify({ origin, path, headers: { authorization: `Bearer ${KEY}` }, connections: CONNECTIONS, ms })))
  const lines: Line[] = []
  for (const [what, path, ms] of [
    ["one connector by id", `/connectors/${id}`, 1_500],
    [`a page of 100 out of ${CONNECTORS}`, "/connectors?limit=100", 2_000],
  ] as const) {
    const { ours, theirs, ratio } = await interleaved(ROUNDS, measure(url, `/v1${path}`, ms), measure(bareUrl, path, ms))
    const against = `${perSecond(theirs)}, bare Fastify route, same SQL`
    lines.push({ what: `${what}, requests/s`, ours: perSecond(ours), against, ratio: ratio.toFixed(2), target: "≥ 0.6", met: ratio >= 0.6 })
  }
  await Promise.all([bare.end(), load.end()])
  await store.query("delete from jackfield.connectors where name like 'copy-%'")
  return lines
}

/** Copies the first connector, its secret and its test report until there are 10,000. */
async function fill(store: World["store"]): Promise<string> {
  const [first] = await store.query("select workspace_id, id from jackfield.connectors")
  await store.query(
    `insert into jackfield.connectors (id, workspace_id, serial, name, title, type, description, labels, config, status, missing, last_test, last_tested_at, created_by)
     select gen_random_uuid(), workspace_id, 1 + n, 'copy-' || n, 'Copy ' || n, type, description, labels, config, status, missing, last_test, last_tested_at, created_by
     from jackfield.connectors, generate_series(1, ${CONNECTORS - 1}) n where name = 'first';
     insert into jackfield.connector_secrets (workspace_id, connector_id, pointer, ciphertext, fingerprint, data_key_id)
     select s.workspace_id, c.id, s.pointer, s.ciphertext, s.fingerprint, s.data_key_id
     from jackfield.connector_secrets s, jackfield.connectors c where c.name like 'copy-%'`,
  )
  await store.query("update jackfield.workspaces set next_connector_serial = 100000; analyze jackfield.connectors; analyze jackfield.connector_secrets")
  return first?.["workspace_id"] as string
}
