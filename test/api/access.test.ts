import { describe, expect, it } from "vitest"
import { startHub } from "../support/hub.ts"
import { use } from "../support/use.ts"

const PASSWORD = "a-first-password"

const hub = use(() => startHub({ JACKFIELD_ADMIN_PASSWORD: PASSWORD, JACKFIELD_ADMIN_EMAIL: "Ada@Example.com" }))

describe("keys", () => {
  it("a missing key, a wrong key and a malformed header are rejected", async () => {
    for (const [key, headers] of [
      [null, {}],
      ["jf_00000000000000000000000000000000", {}],
      [null, { authorization: "Basic YTpi" }],
      [null, { "x-api-key": "nope" }],
    ] as const) {
      const { status, body, headers: got } = await hub.call("GET", "/v1/me", undefined, { key, headers })
      expect([status, body.code]).toEqual([401, "unauthenticated"])
      expect(got.get("www-authenticate")).toContain("Bearer")
    }
  })
  it("x-api-key works like Bearer", async () => {
    const { status, body } = await hub.call("GET", "/v1/me", undefined, { key: null, headers: { "x-api-key": hub.key } })
    expect([status, body.role, body.operator]).toEqual([200, "admin", true])
  })
  it("a key is shown once, listed without its value, and rejected after it is revoked", async () => {
    const made = await hub.call("POST", "/v1/keys", { name: "app", role: "viewer", prefix: "dbn_live" })
    expect(made.status).toBe(201)
    expect(made.body.key).toMatch(/^dbn_live_[0-9A-Za-z]{32}$/)
    expect((await hub.call("GET", "/v1/me", undefined, { key: made.body.key })).body.name).toBe("app")
    const listed = await hub.call("GET", "/v1/keys?limit=100")
    expect(listed.body.data.map((each: { id: string }) => each.id)).toContain(made.body.id)
    expect(listed.text).not.toContain(made.body.key)
    expect((await hub.call("DELETE", `/v1/keys/${made.body.id}`)).status).toBe(204)
    expect((await hub.call("GET", "/v1/me", undefined, { key: made.body.key })).status).toBe(401)
    expect((await hub.call("DELETE", `/v1/keys/${made.body.id}`)).status).toBe(404)
  })
  it("a key expires", async () => {
    const expiresAt = new Date(Date.now() + 1_500).toISOString()
    const { body } = await hub.call("POST", "/v1/keys", { name: "short", role: "viewer", expiresAt })
    expect((await hub.call("GET", "/v1/me", undefined, { key: body.key })).status).toBe(200)
    await new Promise((resolve) => setTimeout(resolve, 1_700))
    expect((await hub.call("GET", "/v1/me", undefined, { key: body.key })).status).toBe(401)
  })
  it.each(["yesterday", "2020-01-01T00:00:00Z", "2027-13-01", "2027-01-01T00:00:00"])("expiresAt %s is rejected", async (expiresAt) => {
    const { status, body } = await hub.call("POST", "/v1/keys", { name: "k", role: "viewer", expiresAt })
    expect([status, body.errors[0].pointer]).toEqual([422, "/expiresAt"])
  })
})

describe("roles", () => {
  const CONNECTOR = { name: "c", type: "http", config: { url: "https://api.example.com/" } }
  it("each role can do what it is allowed to do and no more", async () => {
    const keys = { viewer: await hub.keyFor("viewer"), editor: await hub.keyFor("editor"), admin: await hub.keyFor("admin") }
    const attempts: readonly [method: string, path: string, body: unknown, least: "viewer" | "editor" | "admin"][] = [
      ["GET", "/v1/connectors", undefined, "viewer"],
      ["GET", "/v1/connector-types", undefined, "viewer"],
      ["GET", "/v1/workspaces", undefined, "viewer"],
      ["POST", "/v1/connectors", { ...CONNECTOR, name: "roles" }, "editor"],
      ["PATCH", "/v1/connectors/none", {}, "editor"],
      ["DELETE", "/v1/connectors/none", undefined, "editor"],
      ["POST", "/v1/connectors/none/test", {}, "editor"],
      ["POST", "/v1/connectors/test", CONNECTOR, "editor"],
      ["POST", "/v1/connectors/none/discover", {}, "editor"],
      ["POST", "/v1/connectors/none/query", { statement: "select 1" }, "editor"],
      ["GET", '/v1/connectors/none/rows?stream=["t"]', undefined, "editor"],
      ["GET", "/v1/keys", undefined, "admin"],
      ["POST", "/v1/keys", {}, "admin"],
      ["GET", "/v1/users", undefined, "admin"],
      ["POST", "/v1/users", {}, "admin"],
    ]
    const order = ["viewer", "editor", "admin"] as const
    for (const [method, path, body, least] of attempts) {
      for (const role of order) {
        const { status } = await hub.call(method, path, body, { key: keys[role] })
        const allowed = order.indexOf(role) >= order.indexOf(least)
        expect(status === 403, `${role} ${method} ${path}: ${status}`).toBe(!allowed)
      }
    }
  })
  it("only admins of the first workspace are operators", async () => {
    const other = await hub.workspace("not-operators")
    for (const [method, path, body] of [
      ["GET", "/v1/egress", undefined],
      ["POST", "/v1/egress", { rule: "10.0.0.0/8" }],
      ["DELETE", "/v1/egress/x", undefined],
      ["POST", "/v1/workspaces", { name: "y" }],
    ] as const) {
      expect((await hub.call(method, path, body, { key: other.key })).status, `${method} ${path}`).toBe(403)
      expect((await hub.call(method, path, body, { key: await hub.keyFor("editor") })).status).toBe(403)
    }
    const mine = await hub.call("GET", "/v1/workspaces", undefined, { key: other.key })
    expect(mine.body.data.map((each: { name: string }) => each.name)).toEqual(["not-operators"])
  })
  it("a key stays in its workspace", async () => {
    const { status, body } = await hub.call("GET", "/v1/me", undefined, { headers: { "jackfield-workspace": "not-operators" } })
    expect([status, body.code]).toEqual([403, "forbidden"])
  })
})

describe("sessions and users", () => {
  const logIn = (email: string, password: string) => hub.call("POST", "/v1/sessions", { email, password }, { key: null })
  it("a user logs in, is identified, and logs out", async () => {
    const { status, body } = await logIn("ada@example.com", PASSWORD)
    expect([status, body.user.email, body.workspaces[0].role]).toEqual([201, "ada@example.com", "admin"])
    const me = await hub.call("GET", "/v1/me", undefined, { key: body.token })
    expect([me.body.kind, me.body.operator]).toEqual(["session", true])
    expect((await hub.call("DELETE", "/v1/sessions", undefined, { key: body.token })).status).toBe(204)
    expect((await hub.call("GET", "/v1/me", undefined, { key: body.token })).status).toBe(401)
  })
  it("a login deletes the sessions that have ended", async () => {
    const { store } = hub.served.hub
    const { body } = await logIn("ada@example.com", PASSWORD)
    const ended = (at: string) =>
      store.asHub((tx) =>
        tx
          .updateTable("sessions")
          .set({ expires_at: new Date(at) })
          .where("user_id", "=", body.user.id)
          .execute(),
      )
    await ended("2020-01-01T00:00:00Z")
    await logIn("ada@example.com", PASSWORD)
    const left = await store.asHub((tx) => tx.selectFrom("sessions").select("expires_at").where("user_id", "=", body.user.id).execute())
    expect(left).toHaveLength(1)
  })
  it("a forged token or one of another hub is rejected", async () => {
    const { body } = await logIn("ada@example.com", PASSWORD)
    const [head, claims] = body.token.split(".")
    const none = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${claims}.`
    for (const token of [`${head}.${claims}.AAAA`, none]) expect((await hub.call("GET", "/v1/me", undefined, { key: token })).status).toBe(401)
  })
  it("a user of two workspaces can select either of them, and no other", async () => {
    const other = await hub.workspace("second")
    const added = await hub.call("POST", "/v1/users", { email: "ada@example.com", role: "viewer" }, { key: other.key })
    expect([added.status, added.body.password]).toEqual([201, undefined])
    await hub.workspace("third")
    const { body } = await logIn("ada@example.com", PASSWORD)
    const me = (workspace: string) => hub.call("GET", "/v1/me", undefined, { key: body.token, headers: { "jackfield-workspace": workspace } })
    expect((await me("second")).body).toMatchObject({ role: "viewer", operator: false })
    expect((await me("third")).status).toBe(403)
    const reset = await hub.call("POST", "/v1/users/ada@example.com/password", {}, { key: other.key })
    expect([reset.status, reset.body.code], "an admin of one workspace may not take over a login of several").toEqual([403, "forbidden"])
  })
  it("a user who is added to another workspace keeps their own as the default", async () => {
    const older = await hub.workspace("older")
    const home = await hub.workspace("home")
    const { body: eve } = await hub.call("POST", "/v1/users", { email: "eve@example.com", role: "editor" }, { key: home.key })
    expect((await hub.call("POST", "/v1/users", { email: "eve@example.com", role: "editor" }, { key: older.key })).status).toBe(201)
    const { body } = await logIn("eve@example.com", eve.password)
    expect((await hub.call("GET", "/v1/me", undefined, { key: body.token })).body.workspace.name).toBe("home")
  })
  it("a new password is shown once and ends the sessions", async () => {
    const made = await hub.call("POST", "/v1/users", { email: "bob@example.com", role: "editor" })
    const { body: session } = await logIn("bob@example.com", made.body.password)
    const reset = await hub.call("POST", "/v1/users/bob@example.com/password", {})
    expect((await hub.call("GET", "/v1/me", undefined, { key: session.token })).status).toBe(401)
    expect((await logIn("bob@example.com", made.body.password)).status).toBe(401)
    expect((await logIn("bob@example.com", reset.body.password)).status).toBe(201)
  })
  it("a wrong password and an unknown user get the same answer, and ten failures delay the next attempt", async () => {
    const wrong = await logIn("ada@example.com", "nope")
    const unknown = await logIn("nobody@example.com", "nope")
    expect([wrong.status, unknown.status, wrong.body.detail]).toEqual([401, 401, unknown.body.detail])
    for (let attempt = 0; attempt < 9; attempt++) await logIn("nobody@example.com", "nope")
    const held = await logIn("nobody@example.com", "nope")
    expect([held.status, held.body.code]).toEqual([429, "rate_limited"])
    expect(Number(held.headers.get("retry-after"))).toBeGreaterThan(0)
  })
})
