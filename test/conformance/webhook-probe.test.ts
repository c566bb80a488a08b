import type { OutgoingHttpHeaders } from "node:http"
import { beforeEach, describe, expect, test } from "vitest"
import { webhook } from "../../src/connectors/webhook.ts"
import type { ServerFacts } from "../../src/core/connector.ts"
import type { Posted } from "../fixtures/fixture.ts"
import { startApi } from "../support/api-server.ts"
import { failure } from "../support/failure.ts"
import { use } from "../support/use.ts"
import { withSession } from "./context.ts"

const SIGNING = { kind: "standard", secret: `whsec_${Buffer.alloc(32, 1).toString("base64")}` }
const BEARER = { kind: "bearer", token: "the-token-of-the-receiver" }
const api = use(startApi)
beforeEach(() => api.seen.splice(0))

/** Tests against a receiver that answers each method so; a method without an answer gets 404. */
function probe(answers: Readonly<Record<string, readonly [number, OutgoingHttpHeaders?]>>, posted: Posted = {}): Promise<ServerFacts> {
  api.serve = ({ method }, response) => {
    const [status, headers = {}] = answers[method] ?? [404]
    response.writeHead(status, headers).end(method === "HEAD" ? undefined : "said")
  }
  return withSession({ connector: webhook }, { url: `${api.origin}/hook`, ...posted }, (session) => session.test())
}
const methods = (): string[] => api.seen.map(({ method }) => method)
const warned = ({ warnings = [] }: ServerFacts): string => warnings.join("\n")

describe("a test delivers nothing", () => {
  test("and says so, and what it did not check", async () => {
    const facts = await probe({ OPTIONS: [204, { allow: "POST, OPTIONS", server: "receiver/2" }] }, { auth: BEARER, signing: SIGNING })
    expect([facts.product, facts.details, methods()]).toEqual(["HTTP server", { status: 204, server: "receiver/2" }, ["OPTIONS"]])
    expect(warned(facts)).toMatch(/^The test asked by OPTIONS and delivered nothing, .*: whether it takes POST, the credentials, the signature\.\n/)
    const [asked] = api.seen
    expect([asked?.headers.authorization, asked?.body]).toEqual([`Bearer ${BEARER.token}`, ""])
    for (const name of ["webhook-id", "webhook-signature", "idempotency-key", "content-type"]) expect(asked?.headers[name]).toBeUndefined()
  })

  test.each([400, 404, 405, 500, 501])("and asks by HEAD where OPTIONS is answered by %i", async (status) => {
    const facts = await probe({ OPTIONS: [status], HEAD: [200] })
    expect(methods()).toEqual(["OPTIONS", "HEAD"])
    expect(warned(facts)).toContain("asked by HEAD")
  })

  test("by HEAD alone where the config says so, whatever the answer", async () => {
    for (const status of [200, 403, 404, 405, 422]) {
      api.seen.splice(0)
      await probe({ HEAD: [status] }, { probe: "head" })
      expect(methods()).toEqual(["HEAD"])
    }
  })

  test("whatever the config", async () => {
    for (const method of ["POST", "PUT", "PATCH"])
      for (const body of [{ kind: "row" }, { kind: "list" }, { kind: "object" }])
        for (const OPTIONS of [[200], [404], [405, { allow: "GET" }], [501]] as const)
          await probe({ OPTIONS: [OPTIONS[0], OPTIONS[1] ?? {}] }, { method, body, retries: 5 })
    expect(new Set(methods())).toEqual(new Set(["OPTIONS", "HEAD"]))
    expect(api.seen.every(({ body }) => body === "")).toBe(true)
  })
})

describe("a test warns", () => {
  test("of a method that is not among those that the receiver names", async () => {
    for (const status of [200, 405]) expect(warned(await probe({ OPTIONS: [status, { allow: "GET, HEAD" }] }))).toContain("POST is not among them")
    expect(warned(await probe({ OPTIONS: [405, { allow: "post" }] }))).not.toContain("among them")
    expect(methods()).not.toContain("HEAD")
  })

  test("of an answer that leaves open whether deliveries work", async () => {
    const answers = await probe({ OPTIONS: [404], HEAD: [404] })
    expect(warned(answers)).toContain("answers 404 to HEAD; if deliveries fail, check the URL's path")
  })

  test("of plain http", async () => expect(warned(await probe({ OPTIONS: [200] }))).toContain("plain http"))

  test.each([
    ["there are no credentials", { signing: SIGNING }, { OPTIONS: [401] }],
    ["a signature may be missing", { auth: { kind: "header", name: "X-Key", value: "some-key" }, signing: SIGNING }, { OPTIONS: [401] }],
    ["the receiver asks for others", { auth: BEARER, signing: SIGNING }, { OPTIONS: [401, { "www-authenticate": "Signature" }] }],
    ["it answers HEAD", { auth: BEARER, probe: "head" }, { HEAD: [401] }],
    ["it is a 403", { auth: BEARER }, { OPTIONS: [403] }],
  ] as const)("of a refusal that is not certain, since %s", async (_, posted, answers) =>
    expect(warned(await probe(answers as Parameters<typeof probe>[0], posted))).toMatch(/answers 40[13] to (OPTIONS|HEAD)/),
  )
})

describe("a test fails", () => {
  test.each([
    [{ auth: BEARER }, {}],
    [{ auth: BEARER, signing: SIGNING }, { "www-authenticate": 'Bearer realm="hooks"' }],
    [{ auth: { kind: "basic", username: "me", password: "a-password" }, signing: SIGNING }, { "www-authenticate": "Basic" }],
    [{ auth: { kind: "header", name: "X-Key", value: "some-key" } }, {}],
  ])("where the credentials are certainly refused: %j", async (posted, headers) => {
    const error = await failure(probe({ OPTIONS: [401, headers] }, posted))
    expect([error.code, error.details["status"], error.details["certain"]]).toEqual(["auth_failed", 401, undefined])
  })

  test.each([
    [410, {}, "stream_not_found"],
    [429, {}, "rate_limited"],
    [502, {}, "server_unavailable"],
    [503, {}, "server_unavailable"],
    [504, {}, "timed_out"],
    [302, { location: "/elsewhere" }, "response_invalid"],
    [308, { location: "/elsewhere" }, "response_invalid"],
  ])("after %i, once", async (status, headers, code) => {
    expect((await failure(probe({ OPTIONS: [status, headers] }))).code).toBe(code)
    expect(api.seen.map(({ method, url }) => [method, url.pathname])).toEqual([["OPTIONS", "/hook"]])
  })
})
