import { Webhook } from "standardwebhooks"
import { beforeEach, describe, expect, test } from "vitest"
import { webhook } from "../../src/connectors/webhook.ts"
import type { Session } from "../../src/core/session.ts"
import type { Commit, WriteReport } from "../../src/core/streams.ts"
import { ExactNumber, type Row, type Value } from "../../src/core/values.ts"
import { column, type Posted } from "../fixtures/fixture.ts"
import { json, type Serve, startApi } from "../support/api-server.ts"
import { failure } from "../support/failure.ts"
import { SERVER_NAME } from "../support/lease.ts"
import { use } from "../support/use.ts"
import { withSession as open } from "./context.ts"

const SECRET = `whsec_${Buffer.from("the receiver's own signing secret").toString("base64")}`
const api = use(startApi)
beforeEach(() => {
  api.seen.splice(0)
  api.serve = (_, response) => json(response, {}, 202)
})

type OpenOptions = NonNullable<Parameters<typeof open>[3]>
const withSession = <T>(posted: Posted, work: (session: Session) => Promise<T>, options: OpenOptions = {}): Promise<T> =>
  open({ connector: webhook }, posted, work, options)

interface Sending {
  readonly posted?: Posted
  readonly commit?: Commit
  readonly names?: readonly string[]
  readonly options?: OpenOptions
}

/** Appends rows of one column, or of those given. */
const send = (rows: readonly (readonly Value[])[], { posted = {}, commit, names = ["id"], options }: Sending = {}): Promise<WriteReport> =>
  withSession(
    { url: `${api.origin}/hook`, ...posted },
    (session) => {
      const columns = names.map((name) => column(name, "integer"))
      return session.write({ path: [SERVER_NAME], kind: "resource", columns, key: [] }, { columns, rows }, { mode: "append", commit })
    },
    options,
  )
const ids = (count: number): Value[][] => Array.from({ length: count }, (_, id) => [id])
const keys = (): unknown[] => api.seen.map(({ headers }) => headers["idempotency-key"])
const bodies = (): unknown[] => api.seen.map(({ body }) => JSON.parse(body))
const answerOnce = (status: number, headers: Record<string, string> = {}): Serve => {
  let times = 0
  return (_, response) => json(response, {}, times++ === 0 ? status : 200, headers)
}

describe("rows", () => {
  test("go out one by one in their order, and each refused one is named with the receiver's reason", async () => {
    api.serve = ({ body }, response) => ((JSON.parse(body) as Row)["id"] === 1 ? json(response, { error: "id 1 is taken" }, 422) : json(response, {}))
    const report = await send(ids(3))
    expect(report).toEqual({ written: 2, skipped: 0, rejected: [{ index: 1, reason: 'The receiver answers 422: {"error":"id 1 is taken"}.' }] })
    expect(bodies()).toEqual([{ id: 0 }, { id: 1 }, { id: 2 }])
    expect(api.seen.map(({ method, url, headers }) => [method, url.pathname, headers["content-type"]])).toEqual(
      Array.from({ length: 3 }, () => ["POST", "/hook", "application/json"]),
    )
  })

  test("hide a secret that a receiver says back", async () => {
    const token = "a-token-that-comes-back"
    api.serve = ({ headers }, response) => json(response, { you: headers.authorization }, 400)
    const report = await send(ids(1), { posted: { auth: { kind: "bearer", token } } })
    expect(report.rejected[0]?.reason).toContain("400")
    expect(JSON.stringify(report)).not.toContain(token)
  })

  test("keep every digit and every name", async () => {
    const names = ["text", "number", "fraction", "__proto__", 'a"b', "nothing"]
    await send([["9223372036854775807", new ExactNumber("9223372036854775807"), new ExactNumber("0.12345678901234567890"), 1, "x", null]], { names })
    expect(api.seen[0]?.body).toBe(
      '{"text":"9223372036854775807","number":9223372036854775807,"fraction":0.12345678901234567890,"__proto__":1,"a\\"b":"x","nothing":null}',
    )
  })

  test.each(["PUT", "PATCH"])("go by %s with the headers of the config", async (method) => {
    const headers = [
      { name: "X-Source", value: "jackfield-tests" },
      { name: "User-Agent", value: "warehouse" },
    ]
    await send(ids(1), { posted: { method, headers, auth: { kind: "query", name: "sig", value: "s&s" } } })
    expect(api.seen.map((each) => [each.method, each.url.search, each.headers["x-source"], each.headers["user-agent"]])).toEqual([
      [method, "?sig=s%26s", "jackfield-tests", "warehouse"],
    ])
  })

  test("go to the one stream, and are only appended", async () => {
    const write = (path: string[], mode: "append" | "upsert") =>
      failure(
        withSession({ url: api.origin }, (session) => session.write({ path, kind: "resource", columns: [], key: [] }, { columns: [], rows: [[]] }, { mode })),
      )
    expect(await write(["elsewhere"], "append")).toMatchObject({ code: "stream_not_found", message: expect.stringContaining(SERVER_NAME) })
    expect(await write([SERVER_NAME], "upsert")).toMatchObject({ code: "unsupported" })
    expect(await failure(send([[1, 2]], { names: ["id", "id"] }))).toMatchObject({ code: "query_invalid" })
    expect(api.seen).toEqual([])
  })
})

describe("several rows at once", () => {
  const list = { body: { kind: "list", most: 2 } }

  test("are an array, or a member of an object, of at most so many", async () => {
    expect(await send(ids(5), { posted: list })).toEqual({ written: 5, skipped: 0, rejected: [] })
    await send(ids(2), { posted: { body: { kind: "object" } } })
    await send(ids(1), { posted: { body: { kind: "object", most: 3, member: "events" } } })
    const [rows] = [[{ id: 0 }, { id: 1 }]]
    expect(bodies()).toEqual([rows, [{ id: 2 }, { id: 3 }], [{ id: 4 }], { rows }, { events: [{ id: 0 }] }])
  })

  test("are rejected together, each with the reason, and the next ones go on", async () => {
    api.serve = ({ body }, response) => (body.includes('"id":0') ? json(response, "no zero", 400) : json(response, {}))
    const { written, rejected } = await send(ids(4), { posted: list })
    expect([written, rejected.map(({ index }) => index), rejected[1]?.reason]).toEqual([2, [0, 1], expect.stringMatching(/400 to all 2 rows.*no zero/)])
  })

  test("are rejected singly where the answer names them", async () => {
    api.serve = (_, response) => json(response, { rejected: [{ index: 1, reason: "too old" }] })
    const { written, rejected } = await send(ids(4), { posted: list })
    expect([written, rejected]).toEqual([2, [1, 3].map((index) => ({ index, reason: "The receiver rejects the row: too old" }))])
  })

  test.each([
    ["none of the rows", { rejected: [{ index: 2 }] }],
    ["no index", { rejected: ["a"] }],
    ["too much", { rejected: [], more: "x".repeat(70_000) }],
  ])("fail where the answer names %s", async (_, answer) => {
    api.serve = (_request, response) => json(response, answer)
    const error = await failure(send(ids(2), { posted: list }))
    expect([error.code, error.message]).toEqual(["response_invalid", expect.stringMatching(/answers with (more than 64 KiB|an entry of `rejected`)/)])
  })

  test.each([[{ rejected: 0 }], ["plain"], [null], [[]]])("are all taken after the answer %j", async (answer) => {
    api.serve = (_, response) => json(response, answer)
    expect(await send(ids(2), { posted: list })).toEqual({ written: 2, skipped: 0, rejected: [] })
  })
})

describe("the key", () => {
  const commit: Commit = { run: "run\r\n1", part: "ü", sequence: 3 }

  test("is the same for the same rows of the same commit, and another one for any other", async () => {
    await send(ids(2), { commit })
    await send(ids(2), { commit })
    await send(ids(2), { commit: { ...commit, sequence: 4 } })
    await send(ids(2), { commit, posted: { body: { kind: "list" } } })
    const [first, second, again, same, ...others] = keys()
    expect([again, same]).toEqual([first, second])
    expect(new Set([first, second, ...others]).size).toBe(5)
    for (const key of keys()) expect(key).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/)
  })

  test("is random without a commit, and goes into the header of one's choice", async () => {
    const posted = { idempotencyHeader: "X-Request-Id" }
    await send(ids(1), { posted })
    await send(ids(1), { posted })
    const [one, two] = api.seen.map(({ headers }) => headers["x-request-id"])
    expect(one).toMatch(/^[0-9a-f-]{36}$/)
    expect(two).not.toBe(one)
    expect(keys()).toEqual([undefined, undefined])
  })

  test.each([429, 500, 503])("stays through a retry after %i, which is signed anew and takes a turn", async (status) => {
    api.serve = answerOnce(status, { "retry-after": "0" })
    const turns: unknown[] = []
    const signing = { kind: "standard", secret: SECRET }
    const turn = async (reason?: string): Promise<void> => void turns.push(reason)
    expect(await send(ids(1), { posted: { signing }, options: { turn } })).toMatchObject({ written: 1, rejected: [] })
    expect([api.seen.length, new Set(keys()).size, turns]).toEqual([2, 1, [String(status)]])
    for (const { headers, body } of api.seen) expect(new Webhook(SECRET).verify(body, headers as Record<string, string>)).toEqual({ id: 0 })
    expect(api.seen.map(({ headers }) => headers["webhook-id"])).toEqual(keys())
  })

  test("stays through a connection that breaks", async () => {
    let times = 0
    api.serve = (_, response) => (times++ === 0 ? response.destroy() : json(response, {}))
    expect(await send(ids(1))).toMatchObject({ written: 1 })
    expect([api.seen.length, new Set(keys()).size]).toEqual([2, 1])
  })
})

test("a token that has expired is renewed once, and the row is sent again under its key, signed", async () => {
  let [tokens, deliveries] = [0, 0]
  api.serve = ({ url, headers }, response) => {
    if (url.pathname === "/token") return json(response, { access_token: `token-${++tokens}`, token_type: "Bearer" })
    // The first token is good for one delivery.
    json(response, {}, headers.authorization === "Bearer token-2" || ++deliveries === 1 ? 200 : 401)
  }
  const auth = { kind: "oauth2_client", tokenUrl: `${api.origin}/token`, clientId: "hub", clientSecret: "the-secret-of-the-client" }
  expect(await send(ids(2), { posted: { auth, signing: { kind: "standard", secret: SECRET } } })).toMatchObject({ written: 2, rejected: [] })
  const sent = api.seen.filter(({ url }) => url.pathname === "/hook")
  expect([tokens, sent.length, new Set(sent.map(({ headers }) => headers["webhook-id"])).size]).toEqual([2, 3, 2])
  for (const { headers, body } of sent) new Webhook(SECRET).verify(body, headers as Record<string, string>)
})

describe("answers", () => {
  const answering = async (status: number, posted: Posted = {}, headers: Record<string, string> = {}) => {
    api.serve = ({ body }, response) => (body === '{"id":0}' ? json(response, {}) : json(response, { why: "because" }, status, headers))
    return await failure(send(ids(3), { posted: { retries: 0, ...posted } }))
  }

  test.each([
    [401, "auth_failed"],
    [403, "auth_failed"],
    [404, "stream_not_found"],
    [405, "query_invalid"],
    [410, "stream_not_found"],
    [429, "rate_limited"],
    [500, "remote_failed"],
    [503, "server_unavailable"],
  ])("of %i end the write with %s, which says how many rows were taken before", async (status, code) => {
    const error = await answering(status)
    expect([error.code, error.details["written"], error.details["status"]]).toEqual([code, 1, status])
    expect(error.message).toMatch(/; 1 of the 3 records of the batch had been written before\.$/)
    if (status === 410) expect(error.message).toContain("Gone")
    expect(api.seen).toHaveLength(2)
  })

  test("of 401 refuse certainly only what was sent", async () => {
    expect((await answering(401)).details["certain"]).toBe(false)
    expect((await answering(401, { signing: { kind: "standard", secret: SECRET } })).details["certain"]).toBeUndefined()
  })

  test.each([301, 302, 303, 307, 308])("of %i are not followed, to the same origin or another", async (status) => {
    for (const location of ["/other", `${api.elsewhere}/other`]) {
      api.seen.splice(0)
      const error = await answering(status, {}, { location })
      expect([error.code, error.message]).toEqual(["response_invalid", expect.stringContaining("/other")])
      expect(api.seen.map(({ url }) => url.pathname)).toEqual(["/hook", "/hook"])
    }
  })

  test("count as a success where the config lists their status", async () => {
    api.serve = (_, response) => json(response, {}, 409)
    expect(await send(ids(2), { posted: { successStatuses: "200-299, 409" } })).toMatchObject({ written: 2, rejected: [] })
    expect(await send(ids(2))).toMatchObject({ written: 0, rejected: [{ index: 0 }, { index: 1 }] })
  })

  test("without an end are read for 64 KiB, and the row is taken", async () => {
    api.serve = (_, response) => {
      response.writeHead(200, { "content-type": "text/plain" })
      const more = (): void => void (response.destroyed || response.write("x".repeat(65_536), () => setImmediate(more)))
      more()
    }
    expect(await send(ids(2))).toMatchObject({ written: 2, rejected: [] })
  })
})

describe("the form", () => {
  test.each([
    ["a header that the connector sets", { headers: [{ name: "Webhook-Id", value: "1" }] }],
    ["a content type", { headers: [{ name: "content-type", value: "text/plain" }] }],
    ["a key in such a header", { idempotencyHeader: "webhook-signature" }],
    ["a key in Host", { idempotencyHeader: "Host" }],
    ["a secret without whsec_", { signing: { kind: "standard", secret: SECRET.slice(6) } }],
    ["a secret that is too short", { signing: { kind: "standard", secret: `whsec_${Buffer.alloc(23).toString("base64")}` } }],
    ["a secret that is no base64", { signing: { kind: "standard", secret: `${SECRET}!` } }],
    ["a GET", { method: "GET" }],
    ["a login in the URL", { url: "https://me:secret@example.com/" }],
  ])("refuses %s", async (_, posted) => {
    await expect(withSession({ url: api.origin, ...posted }, async () => undefined)).rejects.toThrow("faults")
  })

  test("has no capability but discovery and writing", () =>
    expect([webhook.commits, webhook.read, webhook.request, webhook.upserts]).toEqual(["none", undefined, undefined, undefined]))
})
