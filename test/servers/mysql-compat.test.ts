import { beforeAll, describe, expect, it } from "vitest"
import type { Answer } from "../support/ask.ts"
import { startHub } from "../support/hub.ts"
import { use } from "../support/use.ts"
import { mariadb } from "./mariadb.ts"

// MySQL by the compatible APIs that name it, up to a login at a MariaDB.

const USER = "compat_user"
const PASSWORD = "s3cret-pass-of-it"

const server = use(() => mariadb.start())
beforeAll(async () => {
  await server.query(`CREATE OR REPLACE USER '${USER}'@'127.0.0.1' IDENTIFIED BY '${PASSWORD}'; CREATE OR REPLACE DATABASE compat;
    CREATE TABLE compat.orders (id int PRIMARY KEY, note text); GRANT SELECT ON compat.* TO '${USER}'@'127.0.0.1'`)
})
const hub = use(() => startHub({ JACKFIELD_EGRESS_ALLOW: `127.0.0.1/32:${server.port}` }))

const tested = async (name: string) => (await hub.call("POST", `/v1/connectors/${name}/test`)).body
const streams = async (name: string): Promise<string[]> =>
  (await hub.call("GET", `/v1/connectors/${name}/catalog`)).body.streams.map(({ path }: { path: string[] }) => path.join("."))

describe("a login at a MariaDB", () => {
  it("by AI Squared's MariaDB", async () => {
    const configuration = { host: "127.0.0.1", port: String(server.port), username: USER, password: PASSWORD, database: "compat", sslmode: "require" }
    const connector = { name: "squared", connector_type: "source", connector_name: "MariaDB", configuration }
    expect((await hub.call("POST", "/aisquared/api/v1/connectors", { connector })).status).toBe(201)
    expect(await tested("squared")).toMatchObject({ ok: true, server: { product: "MariaDB" } })
    expect((await hub.call("POST", "/v1/connectors/squared/discover")).status).toBeLessThan(300)
    expect(await streams("squared")).toEqual(["compat.orders"])
  })

  it.each([
    [PASSWORD, "active", null],
    ["another-password", "error", expect.stringContaining("password")],
  ])("by KaireonAI's mysql with %s", async (password, status, lastError) => {
    const config = { host: "127.0.0.1", port: server.port, database: "compat", sslMode: "require" }
    const { body } = await hub.call("POST", "/kaireon/api/v1/connectors", {
      name: `k ${status}`,
      type: "mysql",
      config,
      authConfig: { username: USER, password },
    })
    expect((await hub.call("POST", "/kaireon/api/v1/connectors/test", { id: body.id })).body).toMatchObject({ status, lastError })
  })

  const datasource = (name: string, more: object = {}): Promise<Answer> =>
    hub.call("POST", "/databrain/api/v2/datasource", {
      datasourceType: "mysql",
      credentials: { name, host: "127.0.0.1", port: server.port, user: USER, password: PASSWORD, ...more },
    })

  it.each([true, false])("by DataBrain's mysql, sslMode %s, and its schema is there", async (sslMode) => {
    const name = `brain-${sslMode}`
    const answer = await datasource(name, { sslMode })
    expect([answer.status, answer.body]).toEqual([200, { name }])
    expect(await streams(name)).toEqual(["compat.orders"])
    expect((await hub.call("GET", `/v1/connectors/${name}`)).body.config.tls.kind).toBe(sslMode ? "require" : "off")
  })

  it("by DataBrain's mysql with a wrong password: nothing is stored", async () => {
    const answer = await datasource("brain-wrong", { password: "another-password" })
    expect([answer.status, answer.body.error.code]).toEqual([400, "CREDENTIAL_TEST_FAILED"])
    expect((await hub.call("GET", "/v1/connectors/brain-wrong")).status).toBe(404)
  })
})
