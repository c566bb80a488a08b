import { beforeAll, describe, expect, test } from "vitest"
import { Written } from "../fixtures/bigquery/written.ts"
import { startOwnBigQuery } from "../fixtures/bigquery.ts"
import { startHub } from "../support/hub.ts"
import { jackfieldAt, json, problem } from "../support/jackfield.ts"
import { listenRaw } from "../support/loopback.ts"
import { standInCa, standIns } from "../support/stand-ins.ts"
import { use } from "../support/use.ts"

const far = use(() => listenRaw())
let engine: Written
const warehouse = use(() =>
  startOwnBigQuery((registry) => {
    engine = new Written(registry)
    engine.answer(/FROM orders/, { fields: [{ name: "id", type: "INTEGER" }], rows: [] })
    return engine
  }),
)
const hub = use(() => startHub({ JACKFIELD_EGRESS_ALLOW: "127.0.0.0/8" }, { door: { standIns, extraCa: standInCa() ?? "" } }))
const dryRun = (name: string, body: object, key?: string) => hub.call("POST", `/v1/connectors/${name}/query/dry-run`, body, key === undefined ? {} : { key })

beforeAll(async () => {
  const config = { host: "127.0.0.1", port: far.port, database: "x", user: "u", password: "p", tls: { kind: "off" } }
  expect((await hub.call("POST", "/v1/connectors", { name: "shop", type: "postgres", config })).status).toBe(201)
})

describe("a dry run", () => {
  const statement = "SELECT id FROM orders WHERE total > ?"

  beforeAll(async () => {
    const config = { ...warehouse.config, maximumBytesBilled: 10_485_760 }
    expect((await hub.call("POST", "/v1/connectors", { name: "lake", type: "bigquery", config })).status).toBe(201)
    warehouse.front.jobs.bytesOf = () => 123_456_789
  })

  test("reports what the statement would read, runs nothing, and is recorded in the audit", async () => {
    const { status, body } = await dryRun("lake", { statement, params: [30_000] })
    expect(status).toBe(200)
    expect(body).toEqual({
      bytes: 123_456_789,
      accuracy: "exact",
      columns: [expect.objectContaining({ name: "id", type: "integer", nativeType: "INT64" })],
      details: { statement: "SELECT", tables: 0, maximumBytesBilled: 10_485_760 },
      warnings: [expect.stringMatching(/123456789 bytes, and the connector allows 10485760/)],
      durationMs: expect.any(Number),
    })
    expect(engine.ran).toEqual([])
    const { data } = (await hub.call("GET", "/v1/audit?action=query.run")).body
    expect(data.map(({ details }: { details: object }) => details)).toEqual([{ length: statement.length, fingerprint: expect.any(String), dryRun: true }])
    expect(JSON.stringify(data)).not.toContain("orders")
  })

  test("is printed by the command", async () => {
    const ran = await jackfieldAt(hub)(["connectors", "query", "lake", statement, "--param", "1", "--max-rows", "5", "--dry-run"])
    expect([ran.code, json(ran)]).toEqual([0, expect.objectContaining({ bytes: 123_456_789, accuracy: "exact" })])
    expect(engine.ran).toEqual([])
  })

  test("of a statement that writes is rejected", async () => {
    expect((await dryRun("lake", { statement: "DROP TABLE orders" })).body.code).toBe("query_invalid")
  })
})

describe("a dry run of a type that does not support it", () => {
  test("is rejected without a connection and without an audit entry", async () => {
    const { status, body } = await dryRun("shop", { statement: "select 1" })
    expect([status, body.code, body.detail]).toEqual([
      400,
      "unsupported",
      expect.stringMatching(/PostgreSQL connectors have no dry run: their systems do not say/),
    ])
    expect(far.hits).toBe(0)
    const { id } = (await hub.call("GET", "/v1/connectors/shop")).body
    expect((await hub.call("GET", `/v1/audit?action=query.run&target=${id}`)).body.total).toBe(0)
  })

  test("is also rejected by the command", async () => {
    const ran = await jackfieldAt(hub)(["connectors", "query", "shop", "select 1", "--dry-run", "--max-rows", "5", "--json"])
    expect([ran.code, problem(ran).code]).toEqual([1, "unsupported"])
  })
})

test("a viewer may not use it, another workspace does not find the connector, and a body with other fields is rejected", async () => {
  expect((await dryRun("shop", { statement: "select 1" }, await hub.keyFor("viewer"))).status).toBe(403)
  expect((await dryRun("shop", { statement: "select 1" }, (await hub.workspace("other")).key)).status).toBe(404)
  expect((await dryRun("shop", { statement: "select 1", maxRows: 1 })).status).toBe(422)
  expect((await dryRun("shop", {})).status).toBe(422)
})
