import { beforeAll, expect, test } from "vitest"
import { startTestDatabase } from "../support/embedded.ts"
import { nodeOn, startHub } from "../support/hub.ts"
import { listenHttp } from "../support/loopback.ts"
import { use } from "../support/use.ts"

const database = use(() => startTestDatabase())
const hub = use(() => startHub(nodeOn(database)))
/** Every credential that reached the remote system, a stand-in that accepts all. */
const seen: string[] = []
const far = use(() =>
  listenHttp((request, response) => {
    seen.push(request.headers.authorization ?? "none")
    response.writeHead(200, { "content-type": "application/json" }).end("{}")
  }),
)
let foreign = ""

beforeAll(async () => {
  foreign = (await hub.workspace("foreign")).key
  for (const [name, key] of [
    ["one", hub.key],
    ["two", hub.key],
    ["three", foreign],
  ] as const) {
    const config = { url: far.url, auth: { kind: "bearer", token: `token-of-${name}` } }
    expect((await hub.call("POST", "/v1/connectors", { name, type: "http", config }, { key })).status).toBe(201)
  }
})

const idOf = (name: string) => `(select id from jackfield.connectors where name = '${name}')`
/** A statement that copies another row's secret to the first connector, as the owner of the database can do. */
const copied = (what: string, from: string) =>
  `update jackfield.connector_secrets s set ${what} from (select * from jackfield.connector_secrets where connector_id = ${idOf(from)}) o where s.connector_id = ${idOf("one")}`

test.each([
  ["another connector's", copied("ciphertext = o.ciphertext, data_key_id = o.data_key_id", "two")],
  ["another workspace's", copied("ciphertext = o.ciphertext", "three")],
  ["another workspace's, with its key's id", copied("ciphertext = o.ciphertext, data_key_id = o.data_key_id", "three")],
])("a ciphertext that the database's owner replaced with %s is never sent", async (_, swap) => {
  const before = await database.query(`select ciphertext, data_key_id from jackfield.connector_secrets where connector_id = ${idOf("one")}`)
  expect((await hub.call("POST", "/v1/connectors/one/call", {})).status).toBe(200)
  expect(seen.splice(0)).toEqual(["Bearer token-of-one"])
  // The database itself may reject a key of another workspace; then the row is unchanged.
  const done = await database.query(swap).then(
    () => true,
    () => false,
  )
  if (done) await hub.call("PATCH", "/v1/connectors/one", { title: "read anew" })
  const answer = await hub.call("POST", "/v1/connectors/one/call", {})
  expect(seen.splice(0).filter((each) => each !== "Bearer token-of-one")).toEqual([])
  if (done) expect(answer.status).toBeGreaterThanOrEqual(400)
  expect(answer.text).not.toContain("token-of")
  await database.query(`update jackfield.connector_secrets set ciphertext = $1, data_key_id = $2 where connector_id = ${idOf("one")}`, [
    before[0]?.["ciphertext"],
    before[0]?.["data_key_id"],
  ])
  expect((await hub.call("POST", "/v1/connectors/one/call", {})).status).toBe(200)
  seen.splice(0)
})

test.each([
  ["kaireon", "PUT", "/kaireon/api/v1/connectors", "x-api-key", (id: string) => ({ id, name: "taken" })],
  ["kaireon", "POST", "/kaireon/api/v1/connectors/test", "x-api-key", (id: string) => ({ connectorId: id, id })],
  [
    "databrain",
    "PUT",
    "/databrain/api/v2/datasource",
    "authorization",
    () => ({ datasourceName: "three", name: "three", datasourceType: "postgres", credentials: {} }),
  ],
  ["databrain", "DELETE", "/databrain/api/v2/datasource", "authorization", () => ({ datasourceName: "three", name: "three" })],
])("%s: %s %s reaches no connector of another workspace", async (_, method, path, header, bodyOf) => {
  const there = (await hub.call("GET", "/v1/connectors/three", undefined, { key: foreign })).body
  const answer = await hub.call(method, path, bodyOf(there.id), {
    key: null,
    headers: { [header]: header === "authorization" ? `Bearer ${hub.key}` : hub.key },
  })
  expect(answer.status).toBeGreaterThanOrEqual(400)
  expect(answer.status).toBeLessThan(500)
  expect((await hub.call("GET", "/v1/connectors/three", undefined, { key: foreign })).body).toEqual(there)
  expect(seen.splice(0)).toEqual([])
})
