import { expect, test } from "vitest"
import { use } from "../../support/use.ts"
import { startSquared } from "./start.ts"

const squared = use(() => startSquared())

const base = { increment_type: "Page", base_url: "https://api.example.com", path: "/v1/rows", http_method: "GET" }

test.each<[string, object, unknown, unknown]>([
  [
    "pages",
    { offset_param: "page", limit_param: "size", page_size: "50", page_start: "1" },
    { kind: "page", parameter: "page", sizeParameter: "size", size: 50, start: 1 },
    undefined,
  ],
  [
    "offsets",
    { increment_type: "Offset", offset_param: "from", parse_response: "$.data.rows[*]" },
    { kind: "offset", parameter: "from", start: 0 },
    "data.rows",
  ],
  ["a page_size that is not a number", { offset_param: "page", limit_param: "size", page_size: "many" }, { kind: "page", parameter: "page" }, undefined],
  ["a path that does not lead to a list", { parse_response: "$..rows[?(@.a)]" }, { kind: "none" }, undefined],
  ["no paging keys", {}, { kind: "none" }, undefined],
])("an Http source with %s", async (_, more, paging, records) => {
  const configuration = { ...base, ...more }
  const made = await squared.create({ connector_name: "Http", configuration })
  expect([made.status, made.body.data.attributes.configuration]).toEqual([201, configuration])
  const { data } = (await squared.hub.call("GET", "/v1/connectors?type=http&limit=100")).body
  const { config } = data.at(-1)
  expect(config.paging).toMatchObject(paging as object)
  expect([config.records, config.paging.sizeParameter]).toEqual([records, (paging as { sizeParameter?: string }).sizeParameter])
})

test("a change without a parameter keeps the paging that was set in the native API", async () => {
  const made = await squared.create({ connector_name: "Http", configuration: base })
  const id = made.body.data.id as string
  const { data } = (await squared.hub.call("GET", "/v1/connectors?type=http&limit=100")).body
  const paging = { kind: "cursor", parameter: "c", cursor: "next" }
  expect((await squared.hub.call("PATCH", `/v1/connectors/${data.at(-1).id}`, { config: { paging } })).status).toBe(200)
  const put = await squared.call("PUT", `/api/v1/connectors/${id}`, { connector: { configuration: { ...base, path: "/v2/rows" } } })
  expect(put.status).toBe(200)
  expect((await squared.hub.call("GET", `/v1/connectors/${data.at(-1).id}`)).body.config).toMatchObject({ paging, url: "https://api.example.com/v2/rows" })
})
