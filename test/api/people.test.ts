import { describe, expect, it } from "vitest"
import type { Answer } from "../support/ask.ts"
import { startHub } from "../support/hub.ts"
import { use } from "../support/use.ts"

const PASSWORD = "a-first-password"
const NEXT = "another-password"

const hub = use(() => startHub({ JACKFIELD_ADMIN_PASSWORD: PASSWORD, JACKFIELD_ADMIN_EMAIL: "ada@example.com", JACKFIELD_TRUST_PROXY: "127.0.0.1" }))

const logIn = (email: string, password: string, from = "198.51.100.1") =>
  hub.call("POST", "/v1/sessions", { email, password }, { key: null, headers: { "x-forwarded-for": from, "user-agent": "test" } })
const token = async (email: string, password: string): Promise<string> => (await logIn(email, password)).body.token
const add = (email: string, role: string, key?: string) => hub.call("POST", "/v1/users", { email, role, password: PASSWORD }, key === undefined ? {} : { key })
const audited = async (action: string, key?: string) =>
  (await hub.call("GET", `/v1/audit?action=${action}&limit=100`, undefined, key === undefined ? {} : { key })).body.data
const outcome = ({ status, body }: Answer) => [status, body.code]
let made = 0
const fresh = (): string => `w${++made}`

describe("users", () => {
  it("are added, shown, found, renamed, given another role and removed", async () => {
    const { key } = await hub.workspace(fresh())
    const { body: bob } = await hub.call("POST", "/v1/users", { email: "Bob@example.com", role: "viewer", name: "Bob" }, { key })
    expect(bob).toMatchObject({
      email: "bob@example.com",
      name: "Bob",
      role: "viewer",
      disabledAt: null,
      lastLoginAt: null,
      password: expect.stringMatching(/^.{20}$/),
    })
    const shown = await hub.call("GET", "/v1/users/bob@example.com", undefined, { key })
    expect(shown.body).toEqual({ ...bob, password: undefined })
    const changed = await hub.call("PATCH", `/v1/users/${bob.id}`, { name: "Robert", role: "editor" }, { key })
    expect(changed.body).toMatchObject({ name: "Robert", role: "editor" })
    await add("cy@example.com", "viewer", key)
    const list = async (query: string) => (await hub.call("GET", `/v1/users?${query}`, undefined, { key })).body
    expect((await list("role=editor")).data.map((each: { email: string }) => each.email)).toEqual(["bob@example.com"])
    expect((await list("q=robert")).total).toBe(1)
    expect(await list("limit=1")).toMatchObject({ total: 2, nextCursor: expect.any(String) })
    expect((await hub.call("DELETE", `/v1/users/${bob.id}`, undefined, { key })).status).toBe(204)
    expect(outcome(await hub.call("GET", `/v1/users/${bob.id}`, undefined, { key }))).toEqual([404, "not_found"])
    expect((await logIn("bob@example.com", bob.password)).status).toBe(401)
    expect((await audited("user.*", key)).map((each: { action: string; details: object }) => [each.action, each.details])).toEqual([
      ["user.remove", { role: "editor", loginRemoved: true }],
      ["user.add", { role: "viewer", newLogin: true }],
      ["user.update", { role: { from: "viewer", to: "editor" }, name: { from: "Bob", to: "Robert" } }],
      ["user.add", { role: "viewer", newLogin: true }],
    ])
  })
  it("a login that was created elsewhere gets a new password when it becomes an operator, and its sessions end, because its creator may know the old password", async () => {
    const { key } = await hub.workspace(fresh())
    await add("ceo@example.com", "admin", key)
    const early = await token("ceo@example.com", PASSWORD)
    const { status, body } = await hub.call("POST", "/v1/users", { email: "ceo@example.com", role: "admin" })
    expect([status, body.password?.length]).toEqual([201, 20])
    expect((await logIn("ceo@example.com", PASSWORD)).status).toBe(401)
    expect((await hub.call("GET", "/v1/me", undefined, { key: early })).status).toBe(401)
    expect((await logIn("ceo@example.com", body.password)).status).toBe(201)
    expect((await hub.call("DELETE", "/v1/users/ceo@example.com")).status).toBe(204)
    // A rejected request changes nothing.
    const again = await hub.call("POST", "/v1/users", { email: "ada@example.com", role: "viewer" })
    expect(outcome(again)).toEqual([409, "name_taken"])
    expect((await logIn("ada@example.com", PASSWORD)).status).toBe(201)
  })
  it("the last admin cannot lose the role or be removed", async () => {
    const { key } = await hub.workspace(fresh())
    const [first, second] = [(await add("first@example.com", "admin", key)).body, (await add("second@example.com", "admin", key)).body]
    const both = await Promise.all([first, second].map(({ id }) => hub.call("PATCH", `/v1/users/${id}`, { role: "viewer" }, { key })))
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409])
    const left = both[0]?.status === 409 ? first : second
    for (const answer of [
      await hub.call("DELETE", `/v1/users/${left.id}`, undefined, { key }),
      await hub.call("PATCH", `/v1/users/${left.id}`, { role: "editor" }, { key }),
    ])
      expect(outcome(answer)).toEqual([409, "last_admin"])
    expect((await hub.call("GET", `/v1/users/${left.id}`, undefined, { key })).body.role).toBe("admin")
  })
  it("the loss of a role takes effect immediately", async () => {
    const { key } = await hub.workspace(fresh())
    await add("dan@example.com", "admin", key)
    await add("eva@example.com", "admin", key)
    const dan = await token("dan@example.com", PASSWORD)
    expect((await hub.call("GET", "/v1/keys", undefined, { key: dan })).status).toBe(200)
    await hub.call("PATCH", "/v1/users/dan@example.com", { role: "viewer" }, { key })
    expect((await hub.call("GET", "/v1/keys", undefined, { key: dan })).status).toBe(403)
  })
  it("only operators can disable and enable a login of any workspace", async () => {
    const { key } = await hub.workspace(fresh())
    const { body: fay } = await add("fay@example.com", "admin", key)
    const session = await token("fay@example.com", PASSWORD)
    expect(outcome(await hub.call("PATCH", `/v1/users/${fay.id}`, { disabled: true }, { key }))).toEqual([403, "forbidden"])
    const off = await hub.call("PATCH", "/v1/users/fay@example.com", { disabled: true })
    expect([off.status, off.body.role, typeof off.body.disabledAt]).toEqual([200, null, "string"])
    expect((await hub.call("GET", "/v1/me", undefined, { key: session })).status).toBe(401)
    expect((await logIn("fay@example.com", PASSWORD)).status).toBe(401)
    await hub.call("PATCH", "/v1/users/fay@example.com", { disabled: false })
    expect((await logIn("fay@example.com", PASSWORD)).status).toBe(201)
    expect((await hub.call("PATCH", `/v1/users/${fay.id}`, { disabled: true, role: "viewer" })).status, "a role for a user who is not a member").toBe(404)
    expect((await hub.call("GET", `/v1/users/${fay.id}`)).body.disabledAt, "a change is made completely or not at all").toBeNull()
    const own = await token("ada@example.com", PASSWORD)
    expect(outcome(await hub.call("PATCH", "/v1/users/ada@example.com", { disabled: true }, { key: own }))).toEqual([409, "last_admin"])
  })
  it("a user of several workspaces can be renamed only by themselves and by operators", async () => {
    const [one, two] = [await hub.workspace(fresh()), await hub.workspace(fresh())]
    await add("gus@example.com", "viewer", one.key)
    await hub.call("POST", "/v1/users", { email: "gus@example.com", role: "viewer" }, { key: two.key })
    expect((await hub.call("PATCH", "/v1/users/gus@example.com", { name: "Mine" }, { key: two.key })).status).toBe(403)
    expect((await hub.call("GET", "/v1/users/gus@example.com/sessions", undefined, { key: two.key })).status).toBe(403)
    expect((await hub.call("DELETE", "/v1/users/gus@example.com/sessions", undefined, { key: two.key })).status).toBe(403)
    const session = await token("gus@example.com", PASSWORD)
    expect((await hub.call("PATCH", "/v1/me", { name: "Gus" }, { key: session })).body.user.name).toBe("Gus")
    expect((await hub.call("DELETE", "/v1/users/gus@example.com", undefined, { key: two.key })).status).toBe(204)
    expect((await hub.call("GET", "/v1/me", undefined, { key: session })).status).toBe(200)
  })
})

describe("a user's own login", () => {
  it("/v1/me is complete for keys and for sessions", async () => {
    const { body: key } = await hub.call("GET", "/v1/me")
    expect(key).toMatchObject({
      kind: "key",
      operator: true,
      user: null,
      session: null,
      key: { prefix: expect.any(String), expiresAt: null },
      workspaces: [{ name: "main", role: "admin" }],
    })
    const { body: me } = await hub.call("GET", "/v1/me", undefined, { key: await token("ada@example.com", PASSWORD) })
    expect(me).toMatchObject({
      kind: "session",
      name: "ada@example.com",
      key: null,
      user: { email: "ada@example.com", lastLoginAt: expect.any(String) },
      session: { id: expect.any(String) },
    })
    expect(me.id).toBe(`user:${me.user.id}`)
  })
  it("sessions are listed with their origin, and can be ended one by one", async () => {
    await add("hal@example.com", "viewer")
    const [one, two] = [await token("hal@example.com", PASSWORD), await token("hal@example.com", PASSWORD)]
    const { body } = await hub.call("GET", "/v1/sessions", undefined, { key: one })
    expect(body.total).toBe(2)
    for (const each of body.data) expect(each).toMatchObject({ address: "198.51.100.1", agent: "test" })
    const other = body.data.find((each: { current: boolean }) => !each.current)
    expect((await hub.call("DELETE", `/v1/sessions/${other.id}`, undefined, { key: one })).status).toBe(204)
    expect((await hub.call("DELETE", `/v1/sessions/${other.id}`, undefined, { key: one })).status).toBe(404)
    expect([(await hub.call("GET", "/v1/me", undefined, { key: two })).status, (await hub.call("GET", "/v1/me", undefined, { key: one })).status]).toEqual([
      401, 200,
    ])
    const foreign = (await hub.call("GET", "/v1/sessions", undefined, { key: await token("ada@example.com", PASSWORD) })).body.data[0].id
    expect((await hub.call("DELETE", `/v1/sessions/${foreign}`, undefined, { key: one })).status).toBe(404)
    expect((await hub.call("GET", "/v1/users/hal@example.com/sessions")).body.total).toBe(1)
    expect((await hub.call("DELETE", "/v1/users/hal@example.com/sessions")).status).toBe(204)
    expect((await hub.call("GET", "/v1/me", undefined, { key: one })).status).toBe(401)
  })
  it("a password change requires the current password and ends the other sessions", async () => {
    await add("ida@example.com", "viewer")
    const [one, two] = [await token("ida@example.com", PASSWORD), await token("ida@example.com", PASSWORD)]
    const change = (current: string, password: string) => hub.call("POST", "/v1/me/password", { current, password }, { key: one })
    expect((await change("wrong", NEXT)).body.errors).toEqual([{ pointer: "/current", message: "is not your password." }])
    expect((await change(PASSWORD, "short")).body.errors[0].pointer).toBe("/password")
    expect((await change(PASSWORD, NEXT)).status).toBe(204)
    expect([(await hub.call("GET", "/v1/me", undefined, { key: one })).status, (await hub.call("GET", "/v1/me", undefined, { key: two })).status]).toEqual([
      200, 401,
    ])
    expect([(await logIn("ida@example.com", PASSWORD)).status, (await logIn("ida@example.com", NEXT)).status]).toEqual([401, 201])
    for (const [method, path, body] of [
      ["POST", "/v1/me/password", { current: "x", password: NEXT }],
      ["PATCH", "/v1/me", { name: "x" }],
      ["GET", "/v1/sessions", undefined],
    ] as const)
      expect(outcome(await hub.call(method, path, body))).toEqual([422, "request_invalid"])
  })
})

// Each attempt computes scrypt for a third of a second, or for several seconds on a busy machine.
describe("failed logins", { timeout: 120_000 }, () => {
  const fail = async (email: string, times: number, from: string) => {
    for (let attempt = 0; attempt < times; attempt++) await logIn(email, "wrong", from)
  }
  it("delay the address that made them, and not the user at another address", async () => {
    await add("jim@example.com", "viewer")
    await fail("jim@example.com", 10, "203.0.113.1")
    expect(outcome(await logIn("jim@example.com", PASSWORD, "203.0.113.1"))).toEqual([429, "rate_limited"])
    expect((await logIn("jim@example.com", PASSWORD, "203.0.113.2")).status).toBe(201)
  })
  it("are counted for a whole IPv6 network", async () => {
    await fail("kim@example.com", 10, "2001:db8::1")
    expect((await logIn("kim@example.com", "wrong", "2001:db8::ffff:1")).status).toBe(429)
    expect((await logIn("kim@example.com", "wrong", "2001:db8:0:1::1")).status).toBe(401)
  })
  it("that are concurrent are all counted", async () => {
    const answers: number[] = []
    for (let round = 0; round < 4; round++)
      answers.push(...(await Promise.all(Array.from({ length: 5 }, async () => (await logIn("lea@example.com", "wrong", "203.0.113.3")).status))))
    expect(answers.filter((status) => status === 401)).toHaveLength(10)
  })
  it("from many addresses delay unknown addresses, and not an address that the user has logged in from", async () => {
    await add("mia@example.com", "viewer")
    expect((await logIn("mia@example.com", PASSWORD, "192.0.2.200")).status).toBe(201)
    const { store } = hub.served.hub
    const { sql } = await import("kysely")
    const many = sql`insert into login_attempts (email, address, failures) select sha256('mia@example.com'), '192.0.2.' || n, 10 from generate_series(1, 10) n`
    await store.asHub((tx) => many.execute(tx))
    expect((await logIn("mia@example.com", PASSWORD, "192.0.2.201")).status).toBe(429)
    expect((await logIn("mia@example.com", PASSWORD, "192.0.2.200")).status).toBe(201)
  })
  it("from one address for many e-mail addresses delay that address", async () => {
    const { sql } = await import("kysely")
    const many = sql`insert into login_attempts (email, address, failures) select sha256(n::text::bytea), '203.0.113.9', 1 from generate_series(1, 100) n`
    await hub.served.hub.store.asHub((tx) => many.execute(tx))
    expect((await logIn("nobody@example.com", "wrong", "203.0.113.9")).status).toBe(429)
    // Endless attempts with new e-mail addresses do not fill the table: rejected attempts also delete expired entries.
    const over = sql`insert into login_attempts (email, address, failures, since)
      select sha256(('over' || n)::bytea), '203.0.113.10', 1, now() - interval '1 hour' from generate_series(1, 50) n`
    await hub.served.hub.store.asHub((tx) => over.execute(tx))
    expect((await logIn("nobody@example.com", "wrong", "203.0.113.9")).status).toBe(429)
    const { rows } = await hub.served.hub.store.asHub((tx) => sql`select from login_attempts where address = '203.0.113.10'`.execute(tx))
    expect(rows).toHaveLength(0)
  })
  it("and logins are in the audit of the user's workspace, without the password", async () => {
    const { key } = await hub.workspace(fresh())
    await add("ned@example.com", "viewer", key)
    await logIn("ned@example.com", "wrong-canary", "203.0.113.50")
    const session = await token("ned@example.com", PASSWORD)
    await hub.call("DELETE", "/v1/sessions", undefined, { key: session })
    await expect
      .poll(async () => (await audited("session.*", key)).map((each: { action: string }) => each.action).sort())
      .toEqual(["session.create", "session.end", "session.refuse"])
    const [refused] = await audited("session.refuse", key)
    expect(refused).toMatchObject({ remoteAddress: "203.0.113.50", actor: { name: "ned@example.com" }, details: { reason: "wrong password" } })
    expect(JSON.stringify(await audited("session.*", key))).not.toContain("canary")
  })
})

describe("workspaces", () => {
  it("are shown, renamed and limited only by users who are allowed to", async () => {
    const name = fresh()
    const { id, key } = await hub.workspace(name)
    for (const ref of [id, name]) expect((await hub.call("GET", `/v1/workspaces/${ref}`, undefined, { key })).body).toMatchObject({ id, name, plan: {} })
    expect((await hub.call("PATCH", `/v1/workspaces/${id}`, { title: "Ours" }, { key })).body).toMatchObject({ name, title: "Ours" })
    expect(outcome(await hub.call("PATCH", `/v1/workspaces/${id}`, { plan: { concurrency: 9 } }, { key }))).toEqual([403, "forbidden"])
    for (const method of ["GET", "PATCH"])
      expect((await hub.call(method, "/v1/workspaces/main", method === "GET" ? undefined : { title: "x" }, { key })).status).toBe(404)
    expect(outcome(await hub.call("PATCH", `/v1/workspaces/${id}`, { name: "main" }))).toEqual([409, "name_taken"])
    expect((await hub.call("PATCH", `/v1/workspaces/${id}`, {})).status).toBe(422)
    expect((await hub.call("PATCH", `/v1/workspaces/${id}`, { name: `${name}-2`, plan: { concurrency: 9 } })).body).toMatchObject({
      name: `${name}-2`,
      plan: { concurrency: 9 },
    })
    expect((await audited("workspace.update", key)).map((each: { details: object }) => each.details)).toEqual([
      { name: { from: name, to: `${name}-2` }, plan: { from: {}, to: { concurrency: 9 } } },
      { title: { from: name, to: "Ours" } },
    ])
  })
  it("an admin cannot change another workspace whose name is the number of their own", async () => {
    const mine = await hub.workspace(fresh())
    const { serial } = (await hub.call("GET", `/v1/workspaces/${mine.id}`)).body
    const theirs = await hub.workspace(String(serial))
    await add("rob@example.com", "admin", mine.key)
    await hub.call("POST", "/v1/users", { email: "rob@example.com", role: "viewer" }, { key: theirs.key })
    const session = await token("rob@example.com", PASSWORD)
    const patched = await hub.call("PATCH", `/v1/workspaces/${serial}`, { title: "x" }, { key: session, headers: { "jackfield-workspace": mine.id } })
    expect(outcome(patched)).toEqual([404, "not_found"])
    expect((await hub.call("GET", `/v1/workspaces/${theirs.id}`)).body.title).toBe(String(serial))
  })
  it("a user sees all of their workspaces and no others", async () => {
    const [one, two] = [await hub.workspace(fresh()), await hub.workspace(fresh())]
    await hub.workspace(fresh())
    await add("oda@example.com", "viewer", one.key)
    await hub.call("POST", "/v1/users", { email: "oda@example.com", role: "viewer" }, { key: two.key })
    const session = await token("oda@example.com", PASSWORD)
    const { body } = await hub.call("GET", "/v1/workspaces", undefined, { key: session })
    expect([body.total, body.data.map((each: { id: string }) => each.id)]).toEqual([2, [one.id, two.id]])
    expect((await hub.call("GET", `/v1/workspaces/${two.id}`, undefined, { key: session })).status).toBe(200)
  })
  it("are removed with everything in them by operators who repeat the name, except the first workspace", async () => {
    const name = fresh()
    const { id, key } = await hub.workspace(name)
    await add("pia@example.com", "viewer", key)
    await hub.call("POST", "/v1/connectors", { name: "c", type: "http", config: { url: "https://api.example.com/" } }, { key })
    const head = (await hub.call("GET", "/v1/audit/verify", undefined, { key })).body.head
    const remove = (query: string, by?: string) => hub.call("DELETE", `/v1/workspaces/${id}${query}`, undefined, by === undefined ? {} : { key: by })
    expect((await remove(`?name=${name}`, key)).status).toBe(403)
    expect((await remove("")).body.errors[0].pointer).toBe("/querystring/name")
    expect((await remove("?name=other")).body.errors[0].pointer).toBe("/querystring/name")
    expect(outcome(await hub.call("DELETE", "/v1/workspaces/main?name=main"))).toEqual([409, "in_use"])
    expect((await remove(`?name=${name}`)).status).toBe(204)
    expect((await hub.call("GET", "/v1/me", undefined, { key })).status).toBe(401)
    expect((await logIn("pia@example.com", PASSWORD)).status).toBe(401)
    expect((await remove(`?name=${name}`)).status).toBe(404)
    const [entry] = await audited("workspace.remove")
    expect(entry).toMatchObject({ target: { id, name }, details: { connectors: 1, users: 1, audit: { entries: head.seq, hash: head.hash } } })
  })
})

describe("keys", () => {
  it("show their creator, are found, renamed, and still listed after they are revoked", async () => {
    const { key } = await hub.workspace(fresh())
    await add("quin@example.com", "admin", key)
    const { body: mine } = await hub.call("POST", "/v1/keys", { name: "mine", role: "viewer" }, { key: await token("quin@example.com", PASSWORD) })
    expect(mine.createdBy).toMatchObject({ name: "quin@example.com" })
    const { body: app } = await hub.call("POST", "/v1/keys", { name: "app", role: "editor" }, { key })
    expect(app.createdBy).toMatchObject({ id: expect.stringMatching(/^key:/), name: "first admin key" })
    expect((await hub.call("PATCH", `/v1/keys/${app.id}`, { name: "app 2" }, { key })).body).toMatchObject({ name: "app 2", status: "live" })
    await hub.call("DELETE", `/v1/keys/${app.id}`, undefined, { key })
    const names = async (query: string) => (await hub.call("GET", `/v1/keys?${query}`, undefined, { key })).body.data.map((each: { name: string }) => each.name)
    expect([await names(""), await names("status=revoked"), await names("status=all&role=viewer"), await names("q=ADMIN")]).toEqual([
      ["first admin key", "mine"],
      ["app 2"],
      ["mine"],
      ["first admin key"],
    ])
    expect((await hub.call("GET", `/v1/keys/${app.id}`, undefined, { key })).body).toMatchObject({ status: "revoked", revokedAt: expect.any(String) })
    const text = JSON.stringify((await hub.call("GET", "/v1/audit?limit=100", undefined, { key })).body)
    for (const secret of [mine.key, app.key]) expect(text).not.toContain(secret)
  })
  it("are rotated with a grace period, or immediately", async () => {
    const { key } = await hub.workspace(fresh())
    const { body: old } = await hub.call(
      "POST",
      "/v1/keys",
      { name: "app", role: "viewer", prefix: "dbn_live", expiresAt: new Date(Date.now() + 86_400_000 * 9).toISOString() },
      { key },
    )
    const works = async (value: string) => (await hub.call("GET", "/v1/me", undefined, { key: value })).status === 200
    const { status, body: next } = await hub.call("POST", `/v1/keys/${old.id}/rotate`, { graceMinutes: 60 }, { key })
    expect([status, next.name, next.role, next.key.slice(0, 9), next.replaces.id]).toEqual([201, "app", "viewer", "dbn_live_", old.id])
    const ends = Date.parse(next.replaces.expiresAt) - Date.now()
    expect(ends > 50 * 60_000 && ends <= 61 * 60_000).toBe(true)
    expect(Date.parse(next.expiresAt) - Date.now() > 86_400_000 * 8).toBe(true)
    expect([await works(old.key), await works(next.key)]).toEqual([true, true])
    const { body: last } = await hub.call("POST", `/v1/keys/${next.id}/rotate`, { graceMinutes: 0 }, { key })
    expect([await works(next.key), await works(last.key), last.replaces.status]).toEqual([false, true, "revoked"])
    expect((await hub.call("POST", `/v1/keys/${next.id}/rotate`, {}, { key })).status).toBe(404)
    for (const graceMinutes of [-1, 43_201, 1.5, "1"])
      expect((await hub.call("POST", `/v1/keys/${last.id}/rotate`, { graceMinutes }, { key })).body.errors[0].pointer).toBe("/graceMinutes")
  })
  it("an admin's last way to log in cannot be removed", async () => {
    const { key } = await hub.workspace(fresh())
    const { id } = (await hub.call("GET", "/v1/keys", undefined, { key })).body.data[0]
    expect(outcome(await hub.call("DELETE", `/v1/keys/${id}`, undefined, { key }))).toEqual([409, "last_admin"])
    await add("rex@example.com", "admin", key)
    expect((await hub.call("DELETE", `/v1/keys/${id}`, undefined, { key })).status).toBe(204)
  })
})

describe("another workspace's objects are not found", () => {
  it("users, keys, sessions and audit entries", async () => {
    const [mine, theirs] = [await hub.workspace(fresh()), await hub.workspace(fresh())]
    const { body: user } = await add("sam@example.com", "viewer", theirs.key)
    const { body: key } = await hub.call("POST", "/v1/keys", { name: "k", role: "viewer" }, { key: theirs.key })
    for (const [method, path, body] of [
      ["GET", `/v1/users/${user.id}`],
      ["GET", `/v1/users/${user.email}`],
      ["PATCH", `/v1/users/${user.id}`, { role: "admin" }],
      ["DELETE", `/v1/users/${user.id}`],
      ["POST", `/v1/users/${user.id}/password`, {}],
      ["GET", `/v1/users/${user.id}/sessions`],
      ["DELETE", `/v1/users/${user.id}/sessions`],
      ["GET", `/v1/keys/${key.id}`],
      ["PATCH", `/v1/keys/${key.id}`, { name: "x" }],
      ["POST", `/v1/keys/${key.id}/rotate`, {}],
      ["DELETE", `/v1/keys/${key.id}`],
      ["GET", `/v1/workspaces/${theirs.id}`],
    ] as const)
      expect((await hub.call(method, path, body, { key: mine.key })).status, `${method} ${path}`).toBe(404)
    const ours = (await hub.call("GET", "/v1/audit", undefined, { key: mine.key })).body
    expect(ours.data.map((each: { action: string }) => each.action)).toEqual(["workspace.create"])
  })
})

it.each([
  ["PATCH", "/v1/users/x", {}, ""],
  ["PATCH", "/v1/users/x", { role: "owner" }, "/role"],
  ["PATCH", "/v1/users/x", { email: "y@example.com" }, "/email"],
  ["POST", "/v1/users", { email: "no-address", role: "viewer" }, "/email"],
  ["POST", "/v1/users", { email: "a@b.example", role: "viewer", name: "" }, "/name"],
  ["PATCH", "/v1/me", { name: "x".repeat(201) }, "/name"],
  ["POST", "/v1/me/password", { current: "x" }, "/password"],
  ["PATCH", "/v1/keys/x", { role: "admin" }, "/role"],
  ["GET", "/v1/keys?status=dead", undefined, "/querystring/status"],
  ["GET", "/v1/users?role=owner", undefined, "/querystring/role"],
  ["GET", "/v1/egress?colour=red", undefined, "/querystring/colour"],
  ["GET", "/v1/connector-types?limit=0", undefined, "/querystring/limit"],
  ["GET", "/v1/audit?from=yesterday", undefined, "/querystring/from"],
  ["GET", "/v1/audit/verify?seq=1", undefined, "/querystring/hash"],
  ["GET", "/v1/audit/verify?seq=1&hash=xyz", undefined, "/querystring/hash"],
])("%s %s %j is rejected at %s", async (method, path, body, pointer) => {
  const { status, body: answer } = await hub.call(method, path, body)
  expect([status, answer.code]).toEqual([422, "request_invalid"])
  expect(answer.errors.map((each: { pointer: string }) => each.pointer)).toContain(pointer)
})
