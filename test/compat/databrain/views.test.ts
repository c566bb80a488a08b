import { expect, it } from "vitest"
import { use } from "../../support/use.ts"
import { errorOf, startDataBrain } from "./start.ts"

const PASSWORD = "an-ordinary-password"
const databrain = use(() => startDataBrain(PASSWORD))

const native = (method: string, path: string, body?: unknown) => databrain.hub.call(method, `/v1/connectors${path}`, body)
const progress = (datasourceId: string) => databrain.call("POST", "/getDatasourceProgress", { datasourceId })

it("a datasource that is created here is a tested connector in every API, with a masked password", async () => {
  expect((await databrain.create("seen")).status).toBe(200)
  const { body } = await native("GET", "/seen")
  expect(body).toMatchObject({ name: "seen", title: "seen", type: "postgres", status: "active", config: { password: { set: true } } })
  const kaireon = (await databrain.hub.call("GET", `/kaireon/api/v1/connectors/${body.id}`)).body
  const { host, port, database } = databrain.credentials
  expect(kaireon).toMatchObject({ name: "seen", type: "postgresql", status: "active", config: { host, port, database, sslMode: "disable" } })
  const tested = (await databrain.hub.call("POST", "/kaireon/api/v1/connectors/test", { id: body.id })).body
  expect([tested.status, tested.authConfig]).toEqual(["active", { username: "****", password: "an***rd" }])
  expect((await native("POST", "/seen/query", { statement: "select count(*)::int as n from orders" })).body.rows).toEqual([{ n: 0 }])
})

it("a connector that is created elsewhere occupies its name, and shows its progress once it is discovered", async () => {
  const { host, port, database, username } = databrain.credentials
  const config = { host, port, database, user: username, password: PASSWORD, tls: { kind: "off" } }
  await native("POST", "", { name: "elsewhere", type: "postgres", config })
  expect(errorOf(await databrain.create("elsewhere"))).toEqual([400, "DATASOURCE_NAME_ERROR", true])
  expect((await progress("elsewhere")).body.status.progress).toBe("0/...")
  await native("POST", "/elsewhere/discover", {})
  expect((await progress("elsewhere")).body.status.progress).toMatch(/^([1-9]\d*)\/\1$/)
})

it("a connector whose type DataBrain does not have is not found", async () => {
  await native("POST", "", { name: "an-api", type: "http", config: { url: "https://nowhere.example/" } })
  expect(errorOf(await progress("an-api"))).toEqual([400, "DATASOURCE_ID_ERROR", true])
})

it("a name that has become free can be used again", async () => {
  await databrain.create("twice")
  await native("DELETE", "/twice")
  expect(errorOf(await progress("twice"))).toEqual([400, "DATASOURCE_ID_ERROR", true])
  expect((await databrain.create("twice")).status).toBe(200)
})
