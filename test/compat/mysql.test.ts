import { beforeAll, describe, expect, it } from "vitest"
import { startHub } from "../support/hub.ts"
import { closedPort, listenRaw } from "../support/loopback.ts"
import { use } from "../support/use.ts"

// MySQL and MariaDB in the three products that have them; no server is needed. The logins are tested in `test/servers`.

let closed: number

const silent = use(() => listenRaw())
beforeAll(async () => {
  closed = await closedPort()
})
const hub = use(() => startHub({ JACKFIELD_EGRESS_ALLOW: `127.0.0.1/32:${silent.port},127.0.0.1/32:${closed}` }))

const native = async (name: string) => (await hub.call("GET", `/v1/connectors/${name}`)).body

describe("AI Squared's MariaDB", () => {
  const PATH = "/aisquared/api/v1/connectors"
  const MASK = "*************"
  const CONFIGURATION = { host: "db.example.com", port: "3307", username: "analyst", password: "s3cret-pass", database: "shop" }
  const create = (name: string, more: object = {}) =>
    hub.call("POST", PATH, { connector: { name, connector_type: "source", connector_name: "MariaDB", configuration: CONFIGURATION, ...more } })

  it.each(["source", "destination"])("as a %s is shown as it was sent, except for the password", async (side) => {
    const name = `maria-${side}`
    const made = await create(name, { connector_type: side })
    expect([made.status, made.body.data?.attributes?.configuration]).toEqual([201, { ...CONFIGURATION, password: MASK }])
    expect(made.body.data.attributes).toMatchObject({ connector_name: "MariaDB", connector_type: side, icon: expect.stringMatching(/mariadb\.svg$/) })
    expect((await hub.call("GET", "/aisquared/icons/mariadb.svg", undefined, { key: null })).status).toBe(200)
    expect(await native(name)).toMatchObject({
      type: "mysql",
      purpose: side,
      config: { host: "db.example.com", port: 3307, user: "analyst", database: "shop", tls: { kind: "verify" }, password: { set: true } },
    })
  })

  it("a mask keeps the password, and TLS is selected with Postgresql's values", async () => {
    const { body } = await create("kept")
    const before = (await native("kept")).config.password.fingerprint
    const changed = await hub.call("PUT", `${PATH}/${body.data.id}`, {
      connector: {
        name: "kept",
        connector_type: "source",
        connector_name: "MariaDB",
        configuration: { ...CONFIGURATION, password: MASK, database: "other", sslmode: "require" },
      },
    })
    expect([changed.status, changed.body.data?.attributes?.configuration]).toMatchObject([200, { database: "other", sslmode: "require", password: MASK }])
    expect((await native("kept")).config).toMatchObject({ password: { fingerprint: before }, tls: { kind: "require" } })
  })

  it.each(["host", "port", "username", "password", "database"])("422 without %s", async (key) => {
    const { [key as keyof typeof CONFIGURATION]: _, ...configuration } = CONFIGURATION
    const { status, body } = await create(`without-${key}`, { configuration })
    expect([status, JSON.stringify(body)]).toEqual([422, expect.stringContaining(key)])
  })

  it("422 for an unknown sslmode", async () => {
    expect((await create("modes", { configuration: { ...CONFIGURATION, sslmode: "prefer" } })).status).toBe(422)
  })
})

describe("KaireonAI's mysql", () => {
  const ROOT = "/kaireon/api/v1/connectors"
  let count = 0
  const made = async (config: object, authConfig: object = {}) => hub.call("POST", ROOT, { name: `mysql ${++count}`, type: "mysql", config, authConfig })
  const tested = async (config: object, authConfig: object = {}) =>
    (await hub.call("POST", `${ROOT}/test`, { id: (await made(config, authConfig)).body.id })).body

  it("accepts host, port, database and a login, or a connection string, and shows them as given", async () => {
    const answer = await made({ host: "db.example.com", port: 3307, database: "shop" }, { username: "svc", password: "a-long-password" })
    expect([answer.status, answer.body.config]).toEqual([201, { host: "db.example.com", port: 3307, database: "shop" }])
    expect(await native("mysql-1")).toMatchObject({ type: "mysql", config: { port: 3307, user: "svc", password: { set: true }, tls: { kind: "verify" } } })
    const compound = await made({ connectionString: "mysql://svc:a%2Flong-password@db.example.com/shop?sslmode=require" })
    expect([compound.status, compound.body.config.connectionString, JSON.stringify(compound.body)]).toEqual([
      201,
      "****",
      expect.not.stringContaining("long-pass"),
    ])
    const listed = (await hub.call("GET", "/v1/connectors?type=mysql&limit=100")).body.data as { title: string; config: object }[]
    expect(listed.find(({ title }) => title === `mysql ${count}`)?.config).toMatchObject({
      port: 3306,
      database: "shop",
      user: "svc",
      tls: { kind: "require" },
    })
  })

  it.each(["postgres://u:p@h/d", "mysql://h/d?socketPath=/tmp/x"])("400 for the connection string %s", async (connectionString) => {
    expect((await made({ connectionString })).status).toBe(400)
  })

  it.each(["host", "port", "database"])("is in error without its required %s", async (field) => {
    const config = { host: "127.0.0.1", port: silent.port, database: "shop", [field]: undefined }
    expect(await tested(config)).toMatchObject({ status: "error", lastError: expect.stringContaining(`config.${field} is required.`) })
  })

  it("without credentials, the connection decides", async () => {
    expect((await tested({ host: "127.0.0.1", port: silent.port, database: "shop" })).status).toBe("active")
    expect((await tested({ host: "127.0.0.1", port: closed, database: "shop" })).status).toBe("error")
  })
})

describe("DataBrain's mysql", () => {
  const CREDENTIALS = { host: "127.0.0.1", user: "dbuser", password: "s3cret-pass" }
  const create = (credentials: object) =>
    hub.call("POST", "/databrain/api/v2/datasource", { datasourceType: "mysql", credentials: { ...CREDENTIALS, name: "warehouse", ...credentials } })

  it.each(["host", "port", "user", "password"])("400 without %s", async (field) => {
    const { status, body } = await create({ port: closed, [field]: undefined })
    expect([status, body.error.code, body.message]).toEqual([400, "INVALID_REQUEST_BODY", `credentials.${field} is required.`])
  })

  it("400 CREDENTIAL_TEST_FAILED if no server listens, and nothing is stored", async () => {
    const { status, body } = await create({ port: closed })
    expect([status, body.error.code]).toEqual([400, "CREDENTIAL_TEST_FAILED"])
    expect((await hub.call("GET", "/v1/connectors/warehouse")).status).toBe(404)
  })
})
