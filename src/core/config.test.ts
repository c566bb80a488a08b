import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { openConfig, parseConfig, type StoredConfig, showConfig, targetFields } from "./config.ts"
import { choice, type Fields, flag, host, integer, list, optional, port, Secret, secret, text, variant } from "./fields.ts"
import { describeFields, jsonSchema } from "./schema.ts"

const fields = {
  host: host("Host"),
  port: port("Port", { default: 5432 }),
  url: optional(text("URL", { format: "url" })),
  retries: integer("Retries", { min: 0, max: 3, default: 1 }),
  mode: choice("Mode", ["fast", "slow"], { default: "fast" }),
  on: flag("On"),
  password: optional(secret("Password")),
  auth: variant("Auth", {
    none: { title: "None", fields: {} },
    key: {
      title: "Key",
      fields: { id: text("Id"), key: secret("Key"), inner: variant("Inner", { deep: { title: "Deep", fields: { token: secret("Token") } } }) },
    },
  }),
  headers: list("Headers", { name: text("Name"), value: secret("Value", { plainNames: "^Accept$" }) }, { by: "name", max: 5 }),
} satisfies Fields

const whole = {
  host: "db.example.com",
  password: "pw-secret",
  auth: { kind: "key", id: "me", key: "k-secret", inner: { kind: "deep", token: "t-secret" } },
  headers: [
    { name: "Accept", value: "application/json" },
    { name: "X/Key~1", value: "h-secret" },
    { name: "X/Key~1", value: "h2-secret" },
  ],
}

/** The secrets as the vault would store them. */
function stored(input: unknown): { config: StoredConfig; secrets: Map<string, string> } {
  const { plain, secrets, faults } = parseConfig(fields, input)
  expect(faults).toEqual([])
  const values = new Map([...secrets].map(([pointer, change]) => [pointer, change === "keep" ? "" : change.value]))
  return { config: { plain, secrets: new Set(values.keys()) }, secrets: values }
}

describe("a posted config", () => {
  it("is split into secrets by stable pointers and plain values, with defaults filled in", () => {
    const { plain, secrets } = parseConfig(fields, whole)
    expect(plain).toEqual({
      host: "db.example.com",
      port: 5432,
      retries: 1,
      mode: "fast",
      on: false,
      auth: { kind: "key", id: "me", inner: { kind: "deep" } },
      headers: [{ name: "Accept", value: "application/json" }, { name: "X/Key~1" }, { name: "X/Key~1" }],
    })
    expect([...secrets]).toEqual([
      ["/password", { value: "pw-secret" }],
      ["/auth/key", { value: "k-secret" }],
      ["/auth/inner/token", { value: "t-secret" }],
      ["/headers/X~1Key~01/value", { value: "h-secret" }],
      ["/headers/X~1Key~01#2/value", { value: "h2-secret" }],
    ])
  })

  it("distinguishes rows whose names look like the count of another row", () => {
    const names = ["X", "X", "X#2", "X#2"]
    const { config, secrets } = stored({ ...whole, headers: names.map((name, index) => ({ name, value: `value ${index}` })) })
    const { headers } = openConfig(fields, config.plain, secrets) as { headers: { value: Secret }[] }
    expect(headers.map(({ value }) => value.reveal())).toEqual(["value 0", "value 1", "value 2", "value 3"])
  })

  it("is reassembled for the driver, with Secrets and without loss", () => {
    const { config, secrets } = stored(whole)
    const open = openConfig(fields, config.plain, secrets) as Record<string, never> & {
      password: Secret
      auth: { key: Secret; inner: { token: Secret } }
      headers: { value: Secret }[]
    }
    expect(open.password).toBeInstanceOf(Secret)
    expect([open.password, open.auth.key, open.auth.inner.token, ...open.headers.map((row) => row.value)].map((each) => each.reveal())).toEqual([
      "pw-secret",
      "k-secret",
      "t-secret",
      "application/json",
      "h-secret",
      "h2-secret",
    ])
  })

  it("shows masks in place of secrets, and never a secret", () => {
    const { config, secrets } = stored(whole)
    const shown = showConfig(fields, config.plain, (pointer) => (secrets.has(pointer) ? { set: true, fingerprint: "f" } : undefined))
    const mask = { set: true, fingerprint: "f" }
    expect(shown).toMatchObject({
      password: mask,
      auth: { kind: "key", key: mask, inner: { token: mask } },
      headers: [{ value: "application/json" }, { value: mask }, { value: mask }],
    })
    expect(JSON.stringify(shown)).not.toMatch(/-secret/)
  })

  it("reports every fault at its place, and missing fields separately", () => {
    const { faults, missing } = parseConfig(fields, {
      port: 0,
      retries: 1.5,
      mode: "medium",
      on: "yes",
      password: 7,
      auth: { kind: "key", key: "", extra: 1 },
      headers: [{ value: "x" }, "nope"],
      constructor: 1,
    })
    expect(faults.map((fault) => fault.pointer).sort()).toEqual(["/auth/extra", "/constructor", "/headers/1", "/mode", "/on", "/password", "/port", "/retries"])
    expect(missing.map((fault) => fault.pointer).sort()).toEqual(["/auth/id", "/auth/inner", "/auth/key", "/headers/0/name", "/host"])
  })

  it.each([null, 1, "x", [], true])("rejects %j as a config", (input) => {
    expect(parseConfig(fields, input).faults).toEqual([{ pointer: "", message: "config must be an object." }])
  })

  it("never throws for any input, and never puts a secret into the plain part", () => {
    fc.assert(
      fc.property(
        fc.record({ ...Object.fromEntries(Object.keys(fields).map((name) => [name, fc.jsonValue()])), other: fc.jsonValue() }, { requiredKeys: [] }),
        (input) => {
          const { plain } = parseConfig(fields, input)
          if (typeof (input as Record<string, unknown>)["password"] === "string") expect(plain["password"]).toBeUndefined()
        },
      ),
    )
  })
})

describe("a change", () => {
  const change = (input: unknown) => {
    const before = stored(whole)
    return parseConfig(fields, input, before.config)
  }

  it("keeps the fields that it does not name, secrets included", () => {
    const { plain, secrets, missing } = change({})
    expect(plain).toEqual(stored(whole).config.plain)
    expect([...new Set(secrets.values())]).toEqual(["keep"])
    expect([secrets.size, missing]).toEqual([5, []])
  })

  it("clears null, sets values, keeps masks", () => {
    const { plain, secrets } = change({
      password: null,
      host: "DB.example.com",
      port: null,
      auth: { kind: "key", id: "you", key: { set: true, fingerprint: "f" }, inner: { kind: "deep" } },
    })
    expect(plain).toMatchObject({ host: "DB.example.com", port: 5432, auth: { id: "you" } })
    expect(secrets.has("/password")).toBe(false)
    expect([secrets.get("/auth/key"), secrets.get("/auth/inner/token")]).toEqual(["keep", "keep"])
  })

  it("keeps a row's secret by the row's name wherever the row moves, and drops the secrets of removed rows", () => {
    const { secrets } = change({
      headers: [
        { name: "X/Key~1", value: { set: true, fingerprint: "f" } },
        { name: "New", value: "n" },
      ],
    })
    expect([...secrets].filter(([pointer]) => pointer.startsWith("/headers"))).toEqual([
      ["/headers/X~1Key~01/value", "keep"],
      ["/headers/New/value", { value: "n" }],
    ])
  })

  it("keeps no secret of another alternative", () => {
    const { secrets, faults } = change({ auth: { kind: "none" } })
    expect([...secrets.keys()].some((pointer) => pointer.startsWith("/auth"))).toBe(false)
    expect(faults).toEqual([])
  })

  it("rejects a mask if nothing is stored", () => {
    const { faults } = change({ headers: [{ name: "Unknown", value: { set: true, fingerprint: "f" } }] })
    expect(faults).toMatchObject([{ pointer: "/headers/0/value" }])
  })
})

describe("a change of the destination", () => {
  const kept = (before: object, after: unknown) => {
    const { config } = stored({ ...whole, ...before })
    const { secrets, faults } = parseConfig(fields, after, config)
    return { kept: [...secrets.values()].filter((change) => change === "keep").length, refused: faults.map((fault) => fault.pointer) }
  }
  const all = ["/auth/inner/token", "/auth/key", "/headers/X~1Key~01#2/value", "/headers/X~1Key~01/value", "/password"]

  it.each([
    ["another host", {}, { host: "evil.example.com" }],
    ["another port", {}, { port: 5433 }],
    ["the host removed", {}, { host: null }],
    ["a URL of another origin", { url: "https://a.example.com/x" }, { url: "https://b.example.com/x" }],
    ["http instead of https", { url: "https://a.example.com/x" }, { url: "http://a.example.com/x" }],
    ["another host, with the masks sent back", {}, { host: "evil.example.com", password: { set: true, fingerprint: "f" } }],
  ])("%s keeps no secret, with a fault for each", (_name, before, after) => {
    const { kept: count, refused } = kept(before, after)
    expect([count, refused.sort()]).toEqual([0, all])
  })

  it.each([
    ["the same host in other case", {}, { host: "DB.EXAMPLE.COM" }],
    ["another path of the same origin", { url: "https://a.example.com/x" }, { url: "https://A.example.com:443/y?z" }],
    ["a first URL", {}, { url: "https://a.example.com/x" }],
    ["another mode", {}, { mode: "slow" }],
  ])("%s keeps them all", (_name, before, after) => {
    expect(kept(before, after)).toEqual({ kept: 5, refused: [] })
  })

  it("a variant or a list that contains hosts also decides the destination, its kind included", () => {
    const nested = {
      end: variant("End", {
        cloud: { title: "Cloud", fields: {} },
        other: { title: "Another cloud", fields: {} },
        own: { title: "Own", fields: { at: host("At") } },
      }),
      brokers: list("Brokers", { at: host("At"), rack: optional(text("Rack")) }),
      key: secret("Key"),
    }
    const before = { end: { kind: "cloud" }, brokers: [{ at: "a.example.com", rack: "1" }], key: "k-secret" }
    const { plain } = parseConfig(nested, before)
    const refused = (after: object) => parseConfig(nested, after, { plain, secrets: new Set(["/key"]) }).faults.map((fault) => fault.pointer)
    expect(refused({ end: { kind: "own", at: "evil.example.com" } })).toEqual(["/key"])
    expect(refused({ end: { kind: "other" } })).toEqual(["/key"])
    expect(refused({ brokers: [{ at: "evil.example.com" }] })).toEqual(["/key"])
    expect(refused({ brokers: [{ at: "A.example.com", rack: "2" }] })).toEqual([])
    expect(refused({})).toEqual([])
  })

  it("a destination within a variant drops the secrets of the variant and no others", () => {
    const nested = {
      login: variant("Login", { token: { title: "Token", fields: { at: text("At", { format: "url" }), key: secret("Key") } } }, { aims: "within" }),
      other: secret("Other"),
    }
    const before = { login: { kind: "token", at: "https://a.example.com/x", key: "k-secret" }, other: "o-secret" }
    const { plain } = parseConfig(nested, before)
    const change = (after: object) => parseConfig(nested, after, { plain, secrets: new Set(["/login/key", "/other"]) })
    const away = change({ login: { kind: "token", at: "https://evil.example.com/x" } })
    expect([[...away.secrets.keys()], away.faults.map((fault) => fault.pointer)]).toEqual([["/other"], ["/login/key"]])
    expect(change({ login: { kind: "token", at: "https://a.example.com/y" } }).faults).toEqual([])
    expect(change({ login: { kind: "token", at: "https://b.example.com/x", key: "again" } }).faults).toEqual([])
  })

  it("secrets that are sent again may go to any destination", () => {
    const { config } = stored(whole)
    expect(parseConfig(fields, { ...whole, host: "other.example.com" }, config).faults).toEqual([])
  })
})

describe("hosts and URLs", () => {
  const bad = [
    "/var/run",
    "@x",
    "a/b",
    "a%2fb",
    "a\nb",
    "a b",
    "http://a",
    "u@h",
    "a:5432",
    "a,b",
    "a;b",
    "a?b",
    "a#b",
    "fe80::1%eth0",
    "",
    "a\u0000",
    "[::1",
    "-a",
    "a..b",
    "x".repeat(300),
  ]
  it.each(bad)("rejects the host %j", (value) => {
    const { faults, missing } = parseConfig(fields, { ...whole, host: value })
    expect([...faults, ...missing].map((fault) => fault.pointer)).toContain("/host")
  })
  it.each(["db", "db.example.com", "db.example.com.", "10.0.0.1", "::1", "[::1]", "münchen.example", "_srv.example.com"])(
    "takes the host %j (the door judges it)",
    (value) => {
      expect(parseConfig(fields, { ...whole, host: value }).faults).toEqual([])
    },
  )
  it.each(["ftp://a/", "file:///x", "https://u:p@a/", "//a/", "a", "http:a", "http:\\\\a", "https://a\tb/", "https://a:0/", "javascript:alert(1)"])(
    "rejects the URL %j",
    (value) => {
      expect(parseConfig(fields, { ...whole, url: value }).faults.map((fault) => fault.pointer)).toEqual(["/url"])
    },
  )
  it("lists every field that names a destination", () => {
    expect(targetFields(fields)).toEqual([
      { path: ["host"], format: "host" },
      { path: ["url"], format: "url" },
    ])
  })
})

describe("the schema and the form", () => {
  it("come from the same fields", () => {
    const schema = jsonSchema(fields) as { required: string[]; properties: Record<string, { writeOnly?: boolean; oneOf?: { properties: object }[] }> }
    expect(schema.required).toEqual(["host", "auth"])
    expect(schema.properties["password"]?.writeOnly).toBe(true)
    expect(Object.keys(schema.properties["auth"]?.oneOf?.at(1)?.properties ?? {})).toEqual(["kind", "id", "key", "inner"])
    const form = describeFields(fields)
    expect(form.map((field) => field.name)).toEqual(Object.keys(fields))
    expect(JSON.parse(JSON.stringify(form))).toEqual(form)
  })
})
