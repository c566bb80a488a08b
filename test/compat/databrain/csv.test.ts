import { expect, it } from "vitest"
import { startHub } from "../../support/hub.ts"
import { use } from "../../support/use.ts"
import { errorOf } from "./start.ts"

const hub = use(() => startHub())

const create = (credentials: unknown) => hub.call("POST", "/databrain/api/v2/datasource", { datasourceType: "csv", credentials })
const progress = async (name: string) =>
  (await hub.call("POST", "/databrain/api/v2/datasource/getDatasourceProgress", { datasourceId: name })).body.status.progress

it("a csv is stored with only its name and an empty schema, and accepts an upload", async () => {
  const made = await create({ name: "sales", file: "ignored" })
  expect([made.status, made.body]).toEqual([200, { name: "sales" }])
  const stored = (await hub.call("GET", "/v1/connectors/sales")).body
  expect(stored).toMatchObject({ type: "csv", status: "incomplete", missing: [{ pointer: "/source" }] })
  expect(await progress("sales")).toBe("0/0")
  const sent = await fetch(`${hub.url}/v1/uploads?name=sales.csv`, {
    method: "POST",
    headers: { authorization: `Bearer ${hub.key}` },
    body: "id,name\n1,Zoë\n",
  })
  const { id } = (await sent.json()) as { id: string }
  const given = await hub.call("PATCH", "/v1/connectors/sales", { config: { source: { kind: "upload", upload: id } } })
  expect(given.body).toMatchObject({ status: "untested", missing: [] })
  expect(await progress("sales")).toBe("0/...")
  expect((await hub.call("POST", "/v1/connectors/sales/discover", {})).body).toMatchObject({ complete: true, streams: [{ path: ["sales.csv"] }] })
  expect(await progress("sales")).toBe("1/1")
})

it("a csv without a name, or with a name that is taken, is rejected", async () => {
  for (const name of [undefined, "", 7, "a b"]) expect(errorOf(await create({ name }))).toEqual([400, "INVALID_REQUEST_BODY", true])
  await create({ name: "twice" })
  expect(errorOf(await create({ name: "twice" }))).toEqual([400, "DATASOURCE_NAME_ERROR", true])
})
