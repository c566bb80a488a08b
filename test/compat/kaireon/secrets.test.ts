import { describe, expect, it } from "vitest"
import { formsOf } from "../../../src/core/secret-forms.ts"
import type { Answer } from "../../support/ask.ts"
import { use } from "../../support/use.ts"
import { type Kaireon, startKaireon } from "./start.ts"

const CANARY = 'c4nary"pass/word+ü'
const answers: Answer[] = []
const kaireon = use(() => startKaireon(CANARY))

/** A call whose answer is searched for all secrets at the end. */
async function call(...args: Parameters<Kaireon["call"]>): Promise<Answer> {
  const answer = await kaireon.call(...args)
  answers.push(answer)
  return answer
}
const put = (body: object) => call("PUT", "", body)
const test = (id: string) => call("POST", "/test", { id })
const create = (body: object) => call("POST", "", { type: "postgresql", ...body })

describe("masks", () => {
  it("show the first and last two characters of a value with more than eight in a test's answer, and nothing of a shorter one", async () => {
    for (const [password, shown] of [
      ["12345678", "****"],
      ["123456789", "12***89"],
      ["svc_kaireon", "sv***on"],
      ["secret", "****"],
      ["x", "****"],
    ]) {
      const { body } = await create({ name: `mask ${password}`, config: kaireon.config, authConfig: { username: "nobody-here", password } })
      expect((await kaireon.test(body.id)).body.authConfig).toEqual({ username: "no***re", password: shown })
    }
  })

  it("that are sent back keep the stored values, and the login still works", async () => {
    const { body: made } = await create({ name: "round trip", config: kaireon.config, authConfig: kaireon.authConfig })
    const tested = (await test(made.id)).body
    expect(tested.status).toBe("active")
    await put({ id: made.id, authConfig: tested.authConfig })
    expect((await test(made.id)).body).toMatchObject({ status: "active", authConfig: tested.authConfig })
    await put({ id: made.id, authConfig: { username: "****", password: "****" }, config: made.config })
    expect((await test(made.id)).body.status).toBe("active")
    await put({ id: made.id, authConfig: { ...tested.authConfig, password: "another-password" } })
    expect((await test(made.id)).body).toMatchObject({ status: "error", authConfig: { username: tested.authConfig.username, password: "an***rd" } })
  })

  it("a password in config is moved, shown as a mask, and kept by the mask", async () => {
    const config = { ...kaireon.config, user: kaireon.database.user, password: CANARY }
    const { body: made } = await create({ name: "in config", config })
    expect(made.config).toEqual({ ...config, password: "****" })
    expect((await test(made.id)).body.status).toBe("active")
    expect((await put({ id: made.id, config: { ...made.config, note: "x" } })).body.config).toEqual({ ...config, password: "****", note: "x" })
    expect((await test(made.id)).body.status).toBe("active")
    await put({ id: made.id, config: kaireon.config })
    expect((await test(made.id)).body.authConfig, "config is replaced as a whole, including the credentials in it").toEqual({})
  })

  it("a connection string is parsed, shown as a mask, and kept by the mask", async () => {
    const { user, port } = kaireon.database
    const connectionString = `postgres://${user}:${encodeURIComponent(CANARY)}@127.0.0.1:${port}/postgres?sslmode=disable`
    const { body: made } = await create({ name: "in a string", config: { connectionString } })
    expect((await test(made.id)).body.status).toBe("active")
    await put({ id: made.id, config: { connectionString: "****" } })
    expect((await test(made.id)).body.status).toBe("active")
    await put({ id: made.id, config: made.config })
    expect((await test(made.id)).body.status).toBe("active")
    const { body: moved } = await put({ id: made.id, config: { ...made.config, connectionString: connectionString.replace("127.0.0.1", "nowhere.example") } })
    expect(moved.config.host, "a new string takes precedence over the displayed parts of the old one").toBe("nowhere.example")
  })

  it("a secret header is shown as a mask, and kept by the mask", async () => {
    const headers = { Accept: "text/csv", "X-Secret": CANARY.replace("ü", "u") }
    const { body: made } = await create({ name: "headers", type: "rest_api", config: { url: "https://api.example.com/", headers } })
    expect(made.config.headers).toEqual({ Accept: "text/csv", "X-Secret": "****" })
    const { body: again } = await put({ id: made.id, config: made.config })
    expect(again.config).toEqual(made.config)
    const native = (await kaireon.hub.call("GET", `/v1/connectors/${made.id}`)).body.config.headers
    expect(native[1]).toEqual({ name: "X-Secret", value: { set: true, fingerprint: expect.any(String) } })
  })
})

it("no answer, log line or stored document contains a secret, in any encoding", async () => {
  const { body: made } = await create({ name: "canary", config: { ...kaireon.config, database: "no-such-db" }, authConfig: kaireon.authConfig })
  for (const step of [
    () => test(made.id),
    () => call("GET", `/${made.id}`),
    () => call("GET", "?limit=100"),
    () => put({ id: made.id, authConfig: { password: CANARY, username: CANARY } }),
    () => test(made.id),
    () => put({ id: made.id, authConfig: { pasword: CANARY } }),
    () => put({ id: made.id, config: { nested: { secret: CANARY } } }),
    () => put({ id: made.id, config: { connectionString: `postgres://u:${encodeURIComponent(CANARY)}@h/d?x=1` } }),
    () => create({ name: "canary", authConfig: { password: CANARY } }),
  ])
    await step()
  const { store } = kaireon.hub.served.hub
  const workspace = (await kaireon.hub.call("GET", "/v1/me")).body.workspace.id
  const rows = await store.inWorkspace(workspace, (tx) => tx.selectFrom("connectors").select(["document"]).execute())
  const secret = CANARY.replace("ü", "u")
  for (const form of [...formsOf(CANARY), ...formsOf(secret)]) {
    for (const answer of answers) expect(answer.text).not.toContain(form)
    expect(kaireon.hub.log()).not.toContain(form)
    expect(JSON.stringify(rows)).not.toContain(form)
  }
  expect(answers.length).toBeGreaterThan(25)
})
