import { expect, it } from "vitest"
import { use } from "../../support/use.ts"
import { startKaireon } from "./start.ts"

const kaireon = use(() => startKaireon("an-ordinary-password"))

const native = (method: string, path: string, body?: unknown) => kaireon.hub.call(method, `/v1/connectors${path}`, body)
const seen = async (id: string) => (await kaireon.call("GET", `/${id}`)).body
const PG = { host: "db.example.com", port: 5433, user: "u", password: "pppp-pppp-pppp" }

it("a connector that is created here is in /v1 with a handle, the same title and a masked secret", async () => {
  const { body: made } = await kaireon.create({
    name: "Customer Data Warehouse",
    type: "postgresql",
    config: { host: "db.example.com", port: 5433, database: "d" },
    authConfig: { username: "u", password: "pppp-pppp-pppp" },
  })
  expect((await native("GET", `/${made.id}`)).body).toMatchObject({
    name: "customer-data-warehouse",
    title: "Customer Data Warehouse",
    type: "postgres",
    status: "untested",
    config: { host: "db.example.com", port: 5433, database: "d", user: "u", password: { set: true }, tls: { kind: "verify" } },
  })
  expect((await native("GET", "/customer-data-warehouse")).body).not.toHaveProperty("document")
})

it("a connector that is created in /v1 is shown here as far as KaireonAI can express it, and a change here keeps the rest", async () => {
  const { body: made } = await native("POST", "", {
    name: "native",
    title: "Native one",
    type: "postgres",
    config: { ...PG, database: "d", tls: { kind: "off" } },
  })
  expect(await seen(made.id)).toMatchObject({
    name: "Native one",
    type: "postgresql",
    config: { host: "db.example.com", port: 5433, database: "d", sslMode: "disable" },
    authMethod: "access_key",
    status: "inactive",
  })
  const { status, body } = await kaireon.put({ id: made.id, config: (await seen(made.id)).config })
  expect([status, body.config.sslMode]).toEqual([200, "disable"])
  const after = (await native("GET", `/${made.id}`)).body.config
  expect([after.tls, after.user, after.password.fingerprint]).toEqual([made.config.tls, "u", made.config.password.fingerprint])
})

it("a change here keeps the values that only /v1 can express", async () => {
  const tunnel = { kind: "ssh", host: "bastion.example.com", port: 22, user: "j", hostKey: "SHA256:x", auth: { kind: "password", password: "tunnel-password" } }
  const { body: made } = await native("POST", "", { name: "tunnelled", type: "postgres", config: { ...PG, tunnel } })
  await kaireon.put({ id: made.id, config: { host: "db.example.com", port: 1, database: "e" }, authConfig: { username: "v", password: "other-password" } })
  const after = (await native("GET", `/${made.id}`)).body.config
  expect(after.tunnel).toEqual(made.config.tunnel)
  const { body: http } = await native("POST", "", {
    name: "inputs",
    type: "http",
    config: {
      url: "https://api.example.com/",
      parameters: [{ name: "q", value: "" }],
      auth: { kind: "header", name: "X-Own", value: "vvvv-vvvv" },
    },
  })
  expect(await seen(http.id)).toMatchObject({ type: "rest_api", config: { url: "https://api.example.com/", method: "GET" } })
  await kaireon.put({ id: http.id, config: { url: "https://api.example.com/v2" } })
  const kept = (await native("GET", `/${http.id}`)).body.config
  expect([kept.url, kept.parameters[0].name, kept.auth]).toEqual(["https://api.example.com/v2", "q", http.config.auth])
})

it("a change in /v1 is shown here, even if the document has another value", async () => {
  const { body: made } = await kaireon.create({
    name: "changed elsewhere",
    type: "postgresql",
    config: { host: "db.example.com", port: "5433", database: "d", ssl: false, extra: [1] },
    authConfig: { user: "u", password: "pppp-pppp-pppp" },
  })
  expect(made.config).toEqual({ host: "db.example.com", port: "5433", database: "d", ssl: false, extra: [1] })
  await native("PATCH", `/${made.id}`, { title: "Renamed", config: { host: "nowhere.example", tls: { kind: "require" }, password: null } })
  expect(await seen(made.id)).toMatchObject({
    name: "Renamed",
    config: { host: "nowhere.example", port: "5433", database: "d", extra: [1], sslMode: "require" },
  })
  expect((await seen(made.id)).config).not.toHaveProperty("ssl")
  expect((await kaireon.test(made.id)).body.authConfig).toEqual({ user: "****" })
})

it("a test in one API counts in the other", async () => {
  const { body: made } = await kaireon.create({ name: "tested", type: "postgresql", config: kaireon.config, authConfig: kaireon.authConfig })
  expect((await native("POST", `/${made.id}/test`)).body.ok).toBe(true)
  expect(await seen(made.id)).toMatchObject({ status: "active", lastError: null, lastTestedAt: expect.any(String) })
})

it("two connectors with the same title, which other APIs allow, are both shown, but a third cannot be created here", async () => {
  for (const name of ["twin-a", "twin-b"]) await native("POST", "", { name, title: "Twin", type: "http", config: { url: "https://api.example.com/" } })
  const { data } = (await kaireon.call("GET", "?limit=100")).body
  expect(data.filter((each: { name: string }) => each.name === "Twin")).toHaveLength(2)
  expect((await kaireon.create({ name: "Twin", type: "webhook" })).status).toBe(409)
})

it("a method that was changed in /v1 is shown, and a default method is not", async () => {
  const { body: made } = await kaireon.create({ name: "method", type: "rest_api", config: { url: "https://api.example.com/" } })
  expect(made.config).toEqual({ url: "https://api.example.com/" })
  await native("PATCH", `/${made.id}`, { config: { method: "POST" } })
  expect((await seen(made.id)).config).toEqual({ url: "https://api.example.com/", method: "POST" })
})

it("a webhook stays a webhook, with and without its document", async () => {
  const { body: made } = await kaireon.create({ name: "hook", type: "webhook", config: { url: "https://api.example.com/hook" } })
  expect((await native("GET", `/${made.id}`)).body.config).toMatchObject({ method: "POST", probe: "head" })
  const { body: other } = await native("POST", "", {
    name: "other-hook",
    type: "http",
    config: { url: "https://api.example.com/", method: "POST", probe: "head" },
  })
  expect([(await seen(made.id)).type, (await seen(other.id)).type]).toEqual(["webhook", "webhook"])
})
