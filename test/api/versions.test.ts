import { beforeAll, describe, expect, it } from "vitest"
import { formsOf } from "../../src/core/secret-forms.ts"
import { startTestDatabase } from "../support/embedded.ts"
import { startHub } from "../support/hub.ts"
import { use } from "../support/use.ts"

const CANARY = "c4nary-first-password"
let config: Record<string, unknown>

const database = use(() => startTestDatabase({ password: CANARY }))
const hub = use(() => startHub({ JACKFIELD_EGRESS_ALLOW: `127.0.0.0/8:${database.port}` }))
beforeAll(async () => {
  config = database.config
})

const create = (name: string, more: object = {}) => hub.call("POST", "/v1/connectors", { name, type: "postgres", config: database.config, ...more })
const patch = (name: string, body: object, headers: Record<string, string> = {}) => hub.call("PATCH", `/v1/connectors/${name}`, body, { headers })
const versions = async (name: string, query = "") => (await hub.call("GET", `/v1/connectors/${name}/versions${query}`)).body
const restore = (name: string, version: number | string, headers: Record<string, string> = {}) =>
  hub.call("POST", `/v1/connectors/${name}/versions/${version}/restore`, undefined, { headers })

describe("versions", () => {
  it("each change is a version, with its author and the changed values, but no secret's value", async () => {
    await create("told", { labels: { team: "ops" } })
    await patch("told", { title: "Told", labels: { team: "data", tier: "1" } })
    await patch("told", { config: { password: "c4nary-other", database: "other" } })
    await patch("told", { enabled: false })
    const { data, total } = await versions("told")
    expect([total, data.map((each: { version: number; kind: string }) => [each.version, each.kind])]).toEqual([
      4,
      [
        [4, "changed"],
        [3, "changed"],
        [2, "changed"],
        [1, "created"],
      ],
    ])
    const [switched, configured, named, created] = data
    expect(switched.changes).toEqual([{ pointer: "/enabled", change: "changed", before: true, after: false }])
    expect(configured.changes).toEqual([
      { pointer: "/config/database", change: "changed", before: "postgres", after: "other" },
      { pointer: "/config/password", change: "changed", secret: true },
    ])
    expect(named.changes).toEqual([
      { pointer: "/title", change: "changed", before: "told", after: "Told" },
      { pointer: "/labels/team", change: "changed", before: "ops", after: "data" },
      { pointer: "/labels/tier", change: "added", after: "1" },
    ])
    expect(created.changes).toEqual([])
    const me = (await hub.call("GET", "/v1/me")).body
    expect(created.author.id).toMatch(/^key:/)
    expect(created.author.name, JSON.stringify(me)).toBe("first admin key")
    const first = await hub.call("GET", "/v1/connectors/told/versions/1")
    const third = await hub.call("GET", "/v1/connectors/told/versions/3")
    expect(first.body.connector).toMatchObject({ title: "told", labels: { team: "ops" }, enabled: true, config: { database: "postgres" } })
    expect(third.body.connector.config.password.fingerprint).not.toBe(first.body.connector.config.password.fingerprint)
    const text = [first.text, third.text, JSON.stringify(data), hub.log()].join("\n")
    for (const value of [CANARY, "c4nary-other"]) for (const form of formsOf(value)) expect(text.includes(form), form).toBe(false)
  })

  it("a change without differences and a rejected change do not create a version", async () => {
    await create("same", { labels: { a: "b" } })
    for (const body of [{ title: "same" }, { labels: { a: "b" } }, { config }, { config: {} }, {}]) expect((await patch("same", body)).body.version).toBe(1)
    expect((await patch("same", { config: { port: 0 } })).status).toBe(422)
    expect((await patch("same", { verify: true, config: { password: "wrong" } })).status).toBe(422)
    expect((await versions("same")).total).toBe(1)
    expect((await patch("same", { verify: true })).body).toMatchObject({ version: 1, status: "active" })
    expect((await patch("same", { config: { password: CANARY } })).body, "the same password again").toMatchObject({ version: 1, status: "active" })
  })

  it("are paged, newest first", async () => {
    await create("paged")
    for (const title of ["a", "b", "c", "d"]) await patch("paged", { title })
    const first = await versions("paged", "?limit=3")
    const rest = await versions("paged", `?limit=3&cursor=${first.nextCursor}`)
    expect([first.data, rest.data].map((page) => page.map((each: { version: number }) => each.version))).toEqual([
      [5, 4, 3],
      [2, 1],
    ])
    expect([first.total, rest.nextCursor]).toEqual([5, null])
  })

  it("restore brings config and secrets back as a new, untested version; the name and whether it is enabled do not change", async () => {
    await create("back", { description: "first", limits: { requests: 5, perMs: 1000 } })
    expect((await hub.call("POST", "/v1/connectors/back/test")).body.ok).toBe(true)
    await patch("back", { name: "back-2", description: "second", limits: null, config: { password: "wrong-one", database: "nowhere" } })
    expect((await hub.call("POST", "/v1/connectors/back-2/test")).body.error.code).toBe("auth_failed")
    const restored = await restore("back-2", 1)
    expect([restored.status, restored.headers.get("etag")]).toEqual([200, '"3"'])
    expect(restored.body).toMatchObject({
      name: "back-2",
      description: "first",
      limits: { requests: 5, perMs: 1000 },
      status: "untested",
      lastTest: null,
      config: { database: "postgres" },
    })
    expect((await hub.call("POST", "/v1/connectors/back-2/test")).body.ok, "the old password can be opened and is correct").toBe(true)
    const { data } = await versions("back-2")
    expect(data[0]).toMatchObject({ version: 3, kind: "restored", of: 1 })
    expect(data[0].changes.find((each: { pointer: string }) => each.pointer === "/config/password")).toEqual({
      pointer: "/config/password",
      change: "changed",
      secret: true,
    })
    await patch("back-2", { enabled: false })
    expect((await restore("back-2", 2)).body).toMatchObject({ status: "disabled", config: { database: "nowhere" }, version: 5 })
    expect((await restore("back-2", 4)).body, "a restored version can be restored").toMatchObject({ version: 6, config: { database: "postgres" } })
  })
})

describe("bad input", () => {
  it("unknown versions, invalid numbers, strangers and viewers are rejected", async () => {
    await create("asked")
    for (const path of ["versions/2", "versions/2147483647"]) expect((await hub.call("GET", `/v1/connectors/asked/${path}`)).status, path).toBe(404)
    for (const number of ["0", "-1", "1.5", "x", "2147483648", "99999999999999999999"]) {
      const { status, body } = await hub.call("GET", `/v1/connectors/asked/versions/${number}`)
      expect([status, body.code], number).toEqual([422, "request_invalid"])
      expect((await restore("asked", number)).status, number).toBe(422)
    }
    expect((await restore("asked", 2)).body.code).toBe("not_found")
    expect((await versions("asked", "?cursor=zzz")).code).toBe("request_invalid")
    expect((await versions("nobody")).code).toBe("not_found")
    const other = await hub.workspace("strangers")
    const { id } = (await hub.call("GET", "/v1/connectors/asked")).body
    for (const [method, path] of [
      ["GET", "versions"],
      ["GET", "versions/1"],
      ["POST", "versions/1/restore"],
    ] as const)
      expect((await hub.call(method, `/v1/connectors/${id}/${path}`, undefined, { key: other.key })).status, path).toBe(404)
    const viewer = await hub.keyFor("viewer")
    expect((await hub.call("GET", "/v1/connectors/asked/versions/1", undefined, { key: viewer })).status).toBe(200)
    expect((await hub.call("POST", "/v1/connectors/asked/versions/1/restore", undefined, { key: viewer })).status).toBe(403)
  })

  it("with If-Match one of two restores succeeds; without it all succeed, without gaps or repeated numbers", async () => {
    await create("raced")
    await patch("raced", { title: "two" })
    const two = await Promise.all([restore("raced", 1, { "if-match": '"2"' }), patch("raced", { title: "three" }, { "if-match": '"2"' })])
    expect(two.map((each) => each.status).sort()).toEqual([200, 412])
    const many = await Promise.all([
      ...[1, 2, 1, 2, 1].map((version) => restore("raced", version)),
      ...["a", "b", "c", "d", "e"].map((title) => patch("raced", { title })),
    ])
    expect(many.map((each) => each.status)).toEqual(Array.from({ length: 10 }, () => 200))
    const { data, total } = await versions("raced", "?limit=100")
    expect(total).toBe((await hub.call("GET", "/v1/connectors/raced")).body.version)
    expect(data.map((each: { version: number }) => each.version)).toEqual(Array.from({ length: total }, (_, index) => total - index))
  })

  it("a version whose type no longer exists, or whose secrets cannot be opened, is not restored, and nothing changes", async () => {
    const { body: made } = await create("broken")
    await patch("broken", { config: { password: "another" } })
    const { store } = hub.served.hub
    const me = (await hub.call("GET", "/v1/me")).body
    const [workspace] = await store.asHub(async () => [me.workspace.id as string])
    await store.inWorkspace(workspace ?? "", (tx) =>
      tx.updateTable("connector_secrets").set({ ciphertext: "broken" }).where("connector_id", "=", made.id).where("state", "=", "past").execute(),
    )
    expect((await restore("broken", 1)).body.code).toBe("secret_unreadable")
    expect((await hub.call("GET", "/v1/connectors/broken")).body.version).toBe(2)
    await store.inWorkspace(workspace ?? "", async (tx) => {
      await tx.updateTable("connectors").set({ type: "vanished" }).where("id", "=", made.id).execute()
    })
    expect((await hub.call("PATCH", "/v1/connectors/broken", { title: "t" })).status).toBe(422)
    expect((await restore("broken", 2)).body.type, "a version of another type can be restored").toBe("postgres")
  })

  it("keeps 200 versions, and only their secrets", async () => {
    const { body: made } = await create("long")
    for (let index = 0; index < 210; index++) await patch("long", index % 70 === 0 ? { config: { password: `p${index}` } } : { title: `t${index}` })
    const { total, data } = await versions("long", "?limit=1")
    expect([total, data[0].version]).toEqual([200, 211])
    expect((await restore("long", 11)).status).toBe(404)
    const me = (await hub.call("GET", "/v1/me")).body
    const rows = await hub.served.hub.store.inWorkspace(me.workspace.id, (tx) =>
      tx.selectFrom("connector_secrets").select(["state", "from_version", "to_version"]).where("connector_id", "=", made.id).orderBy("from_version").execute(),
    )
    expect(rows).toEqual([
      { state: "past", from_version: 2, to_version: 72 },
      { state: "past", from_version: 72, to_version: 142 },
      { state: "current", from_version: 142, to_version: null },
    ])
    expect((await restore("long", 12)).status).toBe(200)
  })
})
