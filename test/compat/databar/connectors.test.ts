import { describe, expect, it } from "vitest"
import { formsOf } from "../../../src/core/secret-forms.ts"
import { use } from "../../support/use.ts"
import { startDatabar } from "./start.ts"

const databar = use(() => startDatabar())

const good = { name: "Score", method: "post", url: "https://api.example.com/v1/score" }
const create = (more: object = {}) => databar.create({ ...good, ...more })
const native = (path: string, method = "GET", body?: unknown) => databar.hub.call(method, `/v1/connectors/${path}`, body)

describe("create", () => {
  it("accepts only the required fields, and fills in the page's defaults", async () => {
    const { status, body } = await create()
    expect(status).toBe(201)
    expect(body).toEqual({
      ...good,
      id: expect.any(Number),
      type: "enrichment",
      headers: [],
      parameters: [],
      body: [],
      body_template: null,
      rate_limit: null,
      max_concurrency: null,
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    })
  })

  it.each([
    ["name of 256", { name: "n".repeat(256) }],
    ["name of 256 emoji", { name: "😀".repeat(256) }],
    ["name of another connector", { name: good.name }],
    ["url of 512", { url: `https://api.example.com/${"u".repeat(488)}` }],
    ["http url", { url: "http://api.example.com/" }],
    ["template of 2048", { body_template: `{"a": "${"x".repeat(2048 - 23)}{{ value }}"}` }],
    ["template null", { body_template: null }],
    ["rate and concurrency of 1", { rate_limit: 1, max_concurrency: 1 }],
    ["rate and concurrency null", { rate_limit: null, max_concurrency: null }],
    ...["simple", "enrichment", "exporter"].map((type): [string, object] => [`type ${type}`, { type }]),
    ...["get", "post", "put", "patch"].map((method): [string, object] => [`method ${method}`, { method }]),
  ])("%s", async (_name, more) => {
    const { status, body, text } = await create(more)
    expect(status, text).toBe(201)
    expect(body).toMatchObject(more)
  })

  const row = [{ name: "a", value: 1 }]
  it.each([
    ["no name", { name: undefined }, ["body", "name"], "missing", "Field required"],
    ["no method", { method: undefined }, ["body", "method"], "missing", "Field required"],
    ["no url", { url: undefined }, ["body", "url"], "missing", "Field required"],
    ["name null", { name: null }, ["body", "name"], "string_type", "Input should be a valid string"],
    ["name a number", { name: 7 }, ["body", "name"], "string_type", "Input should be a valid string"],
    ["name of 257", { name: "n".repeat(257) }, ["body", "name"], "string_too_long", "String should have at most 256 characters"],
    ["type a number", { type: 1 }, ["body", "type"], "string_type", "Input should be a valid string"],
    ["method a list", { method: [] }, ["body", "method"], "string_type", "Input should be a valid string"],
    ["url an object", { url: {} }, ["body", "url"], "string_type", "Input should be a valid string"],
    ["url of 513", { url: `https://api.example.com/${"u".repeat(489)}` }, ["body", "url"], "string_too_long", "String should have at most 512 characters"],
    ["headers null", { headers: null }, ["body", "headers"], "list_type", "Input should be a valid list"],
    ["parameters text", { parameters: "a=b" }, ["body", "parameters"], "list_type", "Input should be a valid list"],
    ["body an object", { body: {} }, ["body", "body"], "list_type", "Input should be a valid list"],
    [
      "a row that is text",
      { headers: ["a"] },
      ["body", "headers", 0],
      "model_attributes_type",
      "Input should be a valid dictionary or object to extract fields from",
    ],
    ["a row without name", { parameters: [{ name: "a" }, { value: "b" }] }, ["body", "parameters", 1, "name"], "missing", "Field required"],
    ["a row's value a number", { body: row }, ["body", "body", 0, "value"], "string_type", "Input should be a valid string"],
    ["template a number", { body_template: 1 }, ["body", "body_template"], "string_type", "Input should be a valid string"],
    ["template of 2049", { body_template: "x".repeat(2049) }, ["body", "body_template"], "string_too_long", "String should have at most 2048 characters"],
    ...["rate_limit", "max_concurrency"].flatMap((name): [string, object, unknown[], string, string][] => [
      [`${name} 0`, { [name]: 0 }, ["body", name], "greater_than_equal", "Input should be greater than or equal to 1"],
      [`${name} 1.5`, { [name]: 1.5 }, ["body", name], "int_from_float", "Input should be a valid integer, got a number with a fractional part"],
      [`${name} text`, { [name]: "many" }, ["body", name], "int_type", "Input should be a valid integer"],
    ]),
  ])("422 for %s", async (_name, more, loc, type, msg) => {
    const { status, body } = await create(more)
    expect([status, body]).toEqual([422, { detail: [{ type, loc, msg }] }])
  })

  it("reports every place at once, in the order of the page", async () => {
    const { body } = await databar.create({ rate_limit: 0, headers: [{}], name: 1 })
    expect(body.detail.map(({ loc }: { loc: string[] }) => loc.join("."))).toEqual([
      ...["body.name", "body.method", "body.url", "body.headers.0.name", "body.rate_limit"],
    ])
  })

  it.each([
    ["type", { type: "importer" }, "type must be one of simple, enrichment, exporter."],
    ["method", { method: "delete" }, "method must be one of get, post, put, patch."],
    ["method in capitals", { method: "POST" }, "method must be one of get, post, put, patch."],
    ["both", { type: "x", method: "y" }, "type must be one of simple, enrichment, exporter. method must be one of get, post, put, patch."],
    ["ftp url", { url: "ftp://api.example.com" }, "URL must start with https:// or http://"],
    ["relative url", { url: "/v1/score" }, "URL must be an absolute URL"],
    ["empty url", { url: "" }, "URL is required"],
    ["url with a login", { url: "https://u:p@api.example.com" }, "URL must not hold a user name or password"],
    ["null character", { name: "a\u0000b" }, "name must be valid Unicode text"],
    ["header with a line break", { headers: [{ name: "X-A", value: "a\r\nB: c" }] }, "Value must be one line"],
    ["header name", { headers: [{ name: "a b", value: "" }] }, "Name must be a header name"],
    ["a header that the hub sets", { headers: [{ name: "Host", value: "x" }] }, "may not be Host"],
    ["a mask without a stored value", { headers: [{ name: "Authorization", value: "********" }] }, "no value is stored"],
    ["an unclosed template", { body_template: '{"a": {{ b }' }, "line 1, column 7"],
    ["a template with an unknown filter", { body_template: "{{ a | shell }}" }, "uses the filter shell, which does not exist"],
    ["a template with an unclosed block", { body_template: "\n{% for x in y %}" }, "Body template cannot be parsed"],
  ])("400 for %s", async (_name, more, detail) => {
    const { status, body } = await create(more)
    expect([status, Object.keys(body)]).toEqual([400, ["detail"]])
    expect(body.detail).toContain(detail)
  })

  it("stores nothing of a rejected request, and ignores fields that are not on the page", async () => {
    const before = (await databar.list()).body.length
    await create({ name: 1 })
    await create({ type: "importer" })
    expect((await databar.list()).body).toHaveLength(before)
    const { status, body } = await create({ colour: "red", id: 7_000, created_at: "yesterday" })
    expect([status, body.colour, body.id === 7_000]).toEqual([201, undefined, false])
  })
})

describe("the plan", () => {
  it("limits the shown rates, shows null as null, and shows lower rates unchanged", async () => {
    const key = await databar.workspace({ ratePerMinute: 10, concurrency: 3 })
    const rates = async (rate_limit: number | null, max_concurrency: number | null) => {
      const { body } = await databar.create({ ...good, rate_limit, max_concurrency }, key)
      return [body.rate_limit, body.max_concurrency]
    }
    expect(await rates(60, 5)).toEqual([10, 3])
    expect(await rates(10, 3)).toEqual([10, 3])
    expect(await rates(9, 2)).toEqual([9, 2])
    expect(await rates(1e15, 1e15)).toEqual([10, 3])
    expect(await rates(null, null)).toEqual([null, null])
    expect((await databar.list(key)).body.map((each: { rate_limit: number }) => each.rate_limit)).toEqual([10, 10, 9, 10, null])
  })

  it("does not limit the stored rates, so that a larger plan shows them", async () => {
    const key = await databar.workspace({ ratePerMinute: 10 })
    const { body: made } = await databar.create({ ...good, rate_limit: 60 }, key)
    const { body: me } = await databar.hub.call("GET", "/v1/me", undefined, { key })
    await databar.hub.call("PATCH", `/v1/workspaces/${me.workspace.name}`, { plan: { ratePerMinute: null } })
    expect((await databar.call("GET", `/v1/connectors/${made.id}`, undefined, { key })).body.rate_limit).toBe(60)
  })

  it("406 at the cap in every API, until a connector is removed", async () => {
    const key = await databar.workspace({ httpConnectors: 2 })
    const [first] = [(await databar.create(good, key)).body, (await databar.create(good, key)).body]
    const refused = await databar.create(good, key)
    expect([refused.status, Object.keys(refused.body), typeof refused.body.detail]).toEqual([406, ["detail"], "string"])
    const natively = await databar.hub.call("POST", "/v1/connectors", { name: "n", type: "http", config: { url: good.url } }, { key })
    expect([natively.status, natively.body.code]).toEqual([403, "plan_limit_reached"])
    expect((await databar.call("DELETE", `/v1/connectors/${first.id}`, undefined, { key })).status).toBe(204)
    expect((await databar.create(good, key)).status).toBe(201)
  })

  it("two concurrent requests do not exceed the cap", async () => {
    const key = await databar.workspace({ httpConnectors: 2 })
    const answers = await Promise.all([1, 2, 3, 4].map(() => databar.create(good, key)))
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 406, 406])
  })
})

describe("inputs", () => {
  it("come from parameters and body: an empty value is required, and any other value is a default", async () => {
    const { body } = await create({
      parameters: [{ name: "domain" }],
      body: [
        { name: "kind", value: "full" },
        { name: "note", value: "" },
      ],
    })
    const { body: inputs } = await native(`${await idOf(body.id)}/inputs`)
    expect(inputs).toEqual([
      { name: "domain", from: "parameter", required: true },
      { name: "kind", from: "body", required: false, default: "full" },
      { name: "note", from: "body", required: true },
    ])
  })

  it("come from the template's variables instead of the body", async () => {
    const body_template = '{% set year = 2025 %}{"d": "{{ domain }}", "all": [{% for x in items %}{{ x }}{% endfor %}], "y": {{ year }}, "d2": {{ domain }}}'
    const { body } = await create({ parameters: [{ name: "page" }], body: [{ name: "ignored" }], body_template })
    expect(body.body_template).toBe(body_template)
    const { body: inputs } = await native(`${await idOf(body.id)}/inputs`)
    expect(inputs.map(({ name }: { name: string }) => name)).toEqual(["page", "domain", "items"])
  })
})

/** The hub's id of a connector by its serial number. */
async function idOf(serial: number): Promise<string> {
  const { body } = await databar.hub.call("GET", "/v1/connectors?limit=100")
  return body.data.find((each: { serial: number }) => each.serial === serial).id
}

describe("masks", () => {
  const CANARY = 'c4nary"tok/en+ü'
  const secrets = {
    headers: [
      { name: "X-Key", value: CANARY },
      { name: "X-Key", value: `second ${CANARY}` },
      { name: "Accept", value: "text/csv" },
      { name: "X-Empty", value: "" },
    ],
    parameters: [
      { name: "api_key", value: CANARY },
      { name: "page", value: "1" },
    ],
    body: [
      { name: "signature", value: CANARY },
      { name: "kind", value: "full" },
    ],
  }
  const MASK = "********"
  const masked = {
    headers: [MASK, MASK, "text/csv", ""],
    parameters: [MASK, "1"],
    body: [MASK, "full"],
  }
  const values = (body: typeof secrets) => ({
    headers: body.headers.map(({ value }) => value),
    parameters: body.parameters.map(({ value }) => value),
    body: body.body.map(({ value }) => value),
  })

  it("are in every answer except the create's, which repeats the values that were sent", async () => {
    const { body: made } = await create(secrets)
    expect(values(made)).toEqual(values(secrets as typeof made))
    const got = await databar.call("GET", `/v1/connectors/${made.id}`)
    expect(values(got.body)).toEqual(masked)
    const listed = (await databar.list()).body.find(({ id }: { id: number }) => id === made.id)
    expect(values(listed)).toEqual(masked)
    const replaced = await databar.call("PUT", `/v1/connectors/${made.id}`, { ...good, ...secrets })
    expect(values(replaced.body)).toEqual(masked)
    const texts = [got.text, JSON.stringify(listed), replaced.text, (await native(await idOf(made.id))).text, databar.hub.log()]
    for (const form of formsOf(CANARY)) for (const text of texts) expect(text.includes(form), form).toBe(false)
    const faulty = await create({ ...secrets, method: "delete", rate_limit: 0 })
    for (const form of formsOf(CANARY)) expect(faulty.text.includes(form), form).toBe(false)
  })

  it("that are sent back keep every value; a new value replaces one, and an absent row is removed", async () => {
    const { body: made } = await create(secrets)
    const id = await idOf(made.id)
    const fingerprints = async (): Promise<Record<string, unknown>> => {
      const { headers, parameters, body } = (await native(id)).body.config
      return { headers, parameters, body }
    }
    const before = await fingerprints()
    expect(JSON.stringify(before)).toContain("fingerprint")
    const { body: got } = await databar.call("GET", `/v1/connectors/${made.id}`)
    const { status, body: put } = await databar.call("PUT", `/v1/connectors/${made.id}`, got)
    expect([status, put]).toEqual([200, got])
    expect(await fingerprints(), "nothing is lost").toEqual(before)
    const changed = { ...got, headers: [{ name: "X-Key", value: "another-secret" }, got.headers[1]], parameters: [], rate_limit: 7 }
    const { body: shown } = await databar.call("PUT", `/v1/connectors/${made.id}`, changed)
    expect([shown.headers.map(({ value }: { value: string }) => value), shown.parameters, shown.rate_limit]).toEqual([[MASK, MASK], [], 7])
    const after = (await native(id)).body.config
    const [one, two] = (before["headers"] as { value: unknown }[]).map(({ value }) => value)
    expect(after.headers[0].value).not.toEqual(one)
    expect(after.headers[1].value).toEqual(two)
  })
})
