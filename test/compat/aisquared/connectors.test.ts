import { describe, expect, it } from "vitest"
import { formsOf } from "../../../src/core/secret-forms.ts"
import { use } from "../../support/use.ts"
import { errorOf, httpDestination, httpSource, MASK, PATH, postgres, snowflake, startSquared } from "./start.ts"

const squared = use(() => startSquared())

const create = (more: object = {}) => squared.create(more)
const http = (side: string, configuration: object) => ({ connector_type: side, connector_name: "Http", configuration })
const snow = (configuration: object) => ({ connector_name: "Snowflake", configuration })
const without = (settings: Readonly<Record<string, unknown>>, key: string) => Object.fromEntries(Object.entries(settings).filter(([name]) => name !== key))
const fresh = async (more: object = {}) => (await create(more)).body.data as { id: string; attributes: Record<string, unknown> }
const put = (id: string, connector: object) => squared.call("PUT", `${PATH}/${id}`, { connector })
const native = async (serial: string) =>
  (await squared.hub.call("GET", "/v1/connectors?limit=100")).body.data.find((each: { serial: number }) => String(each.serial) === serial)

describe("the contract for a create", () => {
  it.each([
    ["no connector", {}, { connector: ["is missing"] }],
    ["an array", [], { connector: ["is missing"] }],
    ["a connector that is text", { connector: "x" }, { connector: ["must be a hash"] }],
    [
      "an empty connector",
      { connector: {} },
      { connector: { name: ["is missing"], connector_type: ["is missing"], connector_name: ["is missing"], configuration: ["is missing"] } },
    ],
  ])("400 for %s", async (_name, body, errors) => {
    const answer = await squared.call("POST", PATH, body)
    expect([answer.status, answer.body]).toEqual([400, { errors }])
  })

  it.each([
    [{ name: undefined }, { name: ["is missing"] }],
    [{ connector_type: undefined }, { connector_type: ["is missing"] }],
    [{ connector_name: undefined }, { connector_name: ["is missing"] }],
    [{ configuration: undefined }, { configuration: ["is missing"] }],
    [{ name: "" }, { name: ["must be filled"] }],
    [{ name: null }, { name: ["must be filled"] }],
    [{ name: 7 }, { name: ["must be a string"] }],
    [{ name: "n".repeat(257) }, { name: ["size cannot be greater than 256"] }],
    [{ name: "a\u0000" }, { name: ["is in invalid format"] }],
    [{ connector_type: "both" }, { connector_type: ["invalid connector type"] }],
    [{ connector_type: "Source" }, { connector_type: ["invalid connector type"] }],
    [{ connector_name: "postgresql" }, { connector_name: ["invalid connector source name"] }],
    [{ connector_name: "Oracle" }, { connector_name: ["invalid connector source name"] }],
    [{ connector_name: "constructor" }, { connector_name: ["invalid connector source name"] }],
    [{ connector_type: "destination", connector_name: "Snowflake" }, { connector_name: ["invalid connector destination name"] }],
    [{ configuration: {} }, { configuration: ["must be filled"] }],
    [{ configuration: null }, { configuration: ["must be filled"] }],
    [{ configuration: [] }, { configuration: ["must be a hash"] }],
    [{ configuration: "x" }, { configuration: ["must be a hash"] }],
    [{ description: 1 }, { description: ["must be a string"] }],
  ])("400 for %j", async (more, errors) => {
    const { status, body } = await create(more)
    expect([status, body]).toEqual([400, { errors: { connector: errors } }])
  })

  it("accepts both types of the enum, a name of 256 characters and a description, and ignores unknown fields", async () => {
    for (const connector_type of ["source", "destination"]) expect((await create({ connector_type })).body.data.attributes.connector_type).toBe(connector_type)
    expect((await create({ name: "n".repeat(256) })).status).toBe(201)
    const { status, body } = await create({ description: "what it is for", colour: "red", query_type: "raw_sql" })
    expect([status, body.data.attributes.description, body.data.attributes.colour]).toEqual([201, "what it is for", undefined])
  })
})

describe("the configuration of each definition that is built", () => {
  it.each([
    ...["host", "port", "database", "schema"].flatMap((key): [string, object, string][] => [
      [`a Postgresql source without ${key}`, { configuration: without(postgres, key) }, `required property of '${key}'`],
      [`a Postgresql destination without ${key}`, { connector_type: "destination", configuration: without(postgres, key) }, `required property of '${key}'`],
    ]),
    ...["host", "role", "warehouse", "database"].map((key): [string, object, string] => [
      `a Snowflake source without ${key}`,
      snow(without(snowflake, key)),
      `required property of '${key}'`,
    ]),
    ...["increment_type", "base_url", "http_method"].map((key): [string, object, string] => [
      `an Http source without ${key}`,
      http("source", without({ ...httpSource, path: "/" }, key)),
      `required property of '${key}'`,
    ]),
    ["an Http destination without destination_url", http("destination", { headers: { Accept: "a" } }), "required property of 'destination_url'"],
    ["credentials without username", { configuration: { ...postgres, credentials: { password: "p" } } }, "required property of 'username'"],
    ["credentials without password", { configuration: { ...postgres, credentials: { username: "u" } } }, "required property of 'password'"],
    ["credentials that are text", { configuration: { ...postgres, credentials: "u:p" } }, "credentials must be an object."],
    ["another auth_type", { configuration: { ...postgres, credentials: { ...postgres.credentials, auth_type: "key" } } }, "auth_type must be"],
    ["port 0", { configuration: { ...postgres, port: "0" } }, "Port must be at least 1."],
    ["port 65536", { configuration: { ...postgres, port: "65536" } }, "Port must be at most 65535."],
    ["port text", { configuration: { ...postgres, port: "54x" } }, "Port must be a whole number."],
    ["a host that is a path", { configuration: { ...postgres, host: "/var/run" } }, "Host must be a host name"],
    ["a host with a login", { configuration: { ...postgres, host: "u@h" } }, "Host must be a host name"],
    ["a schema that is not text", { configuration: { ...postgres, schema: 1 } }, "schema must be text."],
    ["vectors", { configuration: { ...postgres, data_type: "vector" } }, "data_type must be structured"],
    ["an sslmode", { configuration: { ...postgres, sslmode: "prefer" } }, "sslmode must be one of"],
    ["a mask without a stored value", { configuration: { ...postgres, credentials: { username: "u", password: MASK } } }, "no value is stored"],
    ["a credential elsewhere", { configuration: { ...postgres, extra: { api_token: "t0ken" } } }, "extra.api_token looks like a credential"],
    [
      "a credential among credentials",
      { configuration: { ...postgres, credentials: { ...postgres.credentials, private_key: "k" } } },
      "credentials.private_key looks like",
    ],
    ["an account that is a URL", snow({ ...snowflake, host: "https://x" }), "Account must be an account identifier"],
    ["a login in jdbc_url_params", snow({ ...snowflake, jdbc_url_params: "jdbc:x://u:p@h" }), "jdbc_url_params looks like a credential"],
    ["an ftp URL", http("destination", { destination_url: "ftp://x" }), "URL must start with https:// or http://"],
    ["headers that are a list", http("destination", { ...httpDestination, headers: ["a"] }), "headers must be an object whose values are texts"],
    ["a header with a line break", http("destination", { ...httpDestination, headers: { "X-A": "a\r\nb" } }), "Value must be one line"],
    ["http_method PUT", http("source", { ...httpSource, http_method: "PUT" }), "http_method must be POST or GET."],
    ["increment_type Cursor", http("source", { ...httpSource, increment_type: "Cursor" }), "increment_type must be Page or Offset."],
    ["a request_format that is not JSON", http("source", { ...httpSource, request_format: "{" }), "request_format must be a JSON text"],
    ["a secret in request_format", http("source", { ...httpSource, request_format: '{"api_key":"k"}' }), "without credentials"],
  ])("422 for %s", async (_name, more, message) => {
    const answer = await create(more)
    const [error] = answer.body.errors
    expect([answer.status, error]).toEqual([
      422,
      { status: 422, title: "Error", detail: "Connector creation failed", source: { configuration: expect.stringContaining(message) } },
    ])
  })

  it.each([
    ["port 1", { ...postgres, port: "1" }],
    ["port 65535", { ...postgres, port: "65535" }],
    ["a port as a number", { ...postgres, port: 5432 }],
    ["no data_type", without(postgres, "data_type")],
    ["no credentials", without(postgres, "credentials")],
    ["an sslmode", { ...postgres, sslmode: "verify-full" }],
    ["keys that the definition does not have", { ...postgres, pool: { size: 3, tags: ["a", null] }, empty: {} }],
    ["the server's environment, which is never read", { ...postgres, database: 'ENV["PATH"]', schema: "ENV['HOME']" }],
  ])("a Postgresql source with %s is shown as it was sent", async (_name, configuration) => {
    const { status, body, text } = await create({ configuration })
    expect(status, text).toBe(201)
    const masked = "credentials" in configuration ? { ...configuration, credentials: { ...postgres.credentials, password: MASK } } : configuration
    expect(body.data.attributes.configuration).toEqual(masked)
    expect((await squared.call("GET", `${PATH}/${body.data.id}`)).body.data.attributes.configuration).toEqual(masked)
  })

  it("a create does not test: an unreachable system is stored as untested, or as a draft without credentials", async () => {
    const { id } = await fresh({ configuration: { ...postgres, host: "nowhere.invalid" } })
    expect((await native(id)).status).toBe("untested")
    const { id: draft } = await fresh({ configuration: without(postgres, "credentials") })
    expect((await native(draft)).status).toBe("incomplete")
  })

  it("ENV strings are also plain text in the native config", async () => {
    const { id } = await fresh({ configuration: { ...postgres, database: 'ENV["PATH"]' } })
    expect((await native(id)).config.database).toBe('ENV["PATH"]')
  })

  it("is the corresponding connector in the native API", async () => {
    const one = await native((await fresh(snow({ ...snowflake, schema: "PUBLIC" }))).id)
    expect(one).toMatchObject({
      type: "snowflake",
      purpose: "source",
      config: { account: "myorg-myaccount", user: "ANALYST", auth: { kind: "password", password: { set: true } } },
    })
    const two = await native(
      (
        await fresh(
          http("source", { ...httpSource, path: "/v1/rows?a=1", http_method: "POST", params: { key: "k3y", kind: "full" }, request_format: '{"n":1}' }),
        )
      ).id,
    )
    expect(two).toMatchObject({
      ...{ type: "http", purpose: "source" },
      config: {
        url: "https://api.example.com/v1/rows?a=1",
        method: "POST",
        parameters: [
          { name: "key", value: { set: true } },
          { name: "kind", value: "full" },
        ],
        bodyTemplate: '{"n":1}',
      },
    })
    const three = await native((await fresh(http("destination", httpDestination))).id)
    expect(three).toMatchObject({ type: "http", purpose: "destination", config: { url: httpDestination.destination_url, method: "POST" } })
  })
})

describe("names", () => {
  it("are unique among sources and among destinations, even for concurrent requests", async () => {
    const answers = await Promise.all([1, 2, 3].map(() => create({ name: "twin" })))
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 422, 422])
    expect(errorOf(await create({ name: "twin", ...snow(snowflake) }))).toEqual([422, 422, "Error", "A connector with the same name already exists."])
    expect((await create({ name: "twin", connector_type: "destination" })).status).toBe(201)
    expect((await create({ name: "twin", ...http("destination", httpDestination) })).status).toBe(422)
    const { id } = await fresh()
    expect(errorOf(await put(id, { name: "twin" }))).toEqual([422, 422, "Error", "A connector with the same name already exists."])
    expect(errorOf(await put(id, { connector_type: "destination", name: "twin" }))[0]).toBe(422)
  })
})

describe("a change", () => {
  it("changes only the given columns; the configuration is replaced as a whole", async () => {
    const { id, attributes } = await fresh({ description: "before" })
    const { status, body } = await squared.call("PATCH", `${PATH}/${id}`, { connector: { name: "renamed" } })
    expect([status, body.data.attributes]).toEqual([200, { ...attributes, name: "renamed", updated_at: expect.any(String) }])
    expect((await put(id, { description: null })).body.data.attributes.description).toBe(null)
    const other = { ...without(postgres, "data_type"), host: "other.example.com" }
    const changed = (await put(id, { configuration: other })).body.data.attributes
    expect(changed.configuration).toEqual({ ...other, credentials: { ...postgres.credentials, password: MASK } })
    expect((await put(id, {})).body.data.attributes).toEqual({ ...changed, updated_at: expect.any(String) })
  })

  it("422 says that the update failed", async () => {
    const { id } = await fresh()
    const answer = await put(id, { configuration: without(postgres, "host") })
    expect(errorOf(answer)).toEqual([422, 422, "Error", "Connector update failed"])
    expect(answer.body.errors[0].source.configuration).toContain("'host'")
    expect((await put(id, { name: "" })).body).toEqual({ errors: { connector: { name: ["must be filled"] } } })
    expect((await squared.call("PUT", `${PATH}/${id}`, {})).body).toEqual({ errors: { connector: ["is missing"] } })
  })

  it("can change the side and the definition", async () => {
    const { id } = await fresh()
    const moved = (await put(id, { connector_type: "destination" })).body.data.attributes
    expect([moved.connector_type, moved.configuration.host]).toEqual(["destination", postgres.host])
    const http = (await put(id, { connector_name: "Http", configuration: httpDestination })).body.data.attributes
    expect([http.connector_name, http.configuration]).toEqual(["Http", httpDestination])
  })

  it("DELETE removes a connector", async () => {
    const { id } = await fresh()
    const removed = await squared.call("DELETE", `${PATH}/${id}`)
    expect([removed.status, removed.text]).toEqual([204, ""])
    expect(errorOf(await squared.call("GET", `${PATH}/${id}`))).toEqual([404, 404, "Error", "Connector not found"])
  })
})

describe("masks", () => {
  const CANARY = 'c4nary"pass/word+ü'
  const TOKEN = "c4nary-t0ken/value+="
  const secretive = [
    { configuration: { ...postgres, credentials: { ...postgres.credentials, password: CANARY } } },
    { connector_type: "destination", configuration: { ...postgres, credentials: { ...postgres.credentials, password: CANARY } } },
    snow({ ...snowflake, credentials: { ...snowflake.credentials, password: TOKEN } }),
    http("destination", { ...httpDestination, headers: { "X-Key": TOKEN, Accept: "text/csv" } }),
    http("source", { ...httpSource, headers: { Authorization: `Bearer ${TOKEN}` }, params: { api_key: CANARY, page: "1" } }),
  ]

  it.each(secretive.map((each, index) => [index, each] as const))(
    "make round trips without loss, and no secret is in any answer (%i)",
    async (_index, more) => {
      const made = await create(more)
      const { id, attributes } = made.body.data
      const fingerprints = async () => JSON.stringify((await native(id)).config)
      const before = await fingerprints()
      expect(before).toContain("fingerprint")
      expect(JSON.stringify(attributes.configuration)).toContain(MASK)
      const { name, connector_type, connector_name, configuration } = attributes
      const again = await put(id, { name, connector_type, connector_name, configuration })
      expect([again.status, again.body.data.attributes.configuration]).toEqual([200, configuration])
      expect(await fingerprints()).toBe(before)
      const faulty = await create({ ...more, name: "" })
      const list = await squared.call("GET", `${PATH}?per_page=1000`)
      const texts = [made.text, again.text, faulty.text, list.text, squared.hub.log()]
      for (const secret of [CANARY, TOKEN]) for (const form of formsOf(secret)) for (const text of texts) expect(text.includes(form), form).toBe(false)
    },
  )

  it("a new value replaces a masked one", async () => {
    const { id } = await fresh()
    const before = (await native(id)).config.password.fingerprint
    await put(id, { configuration: { ...postgres, credentials: { username: "u", password: "another-one" } } })
    const { user, password } = (await native(id)).config
    expect([user, password.fingerprint === before]).toEqual(["u", false])
  })
})
