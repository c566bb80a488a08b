import type { ServerResponse } from "node:http"
import { beforeEach, describe, expect, test } from "vitest"
import { http } from "../../src/connectors/http.ts"
import type { Row } from "../../src/core/values.ts"
import { isRefusal } from "../../src/hub/connectors/login-gate.ts"
import { json, type Serve, startApi } from "../support/api-server.ts"
import { failure } from "../support/failure.ts"
import { use } from "../support/use.ts"
import { withSession } from "./context.ts"

// The far side is a stand-in: a server on loopback whose answers each test decides.
const api = use(startApi)
beforeEach(() => void api.seen.splice(0))

const TOKEN = { kind: "bearer", token: "very-secret-token" }
const probe = (serve: Serve, more: object = {}) => {
  api.serve = serve
  return withSession({ connector: http }, { url: `${api.origin}/start`, auth: TOKEN, ...more }, (session) => session.test())
}
const request = (serve: Serve, more: object = {}, input: Row = {}) => {
  api.serve = serve
  return withSession({ connector: http }, { url: `${api.origin}/start`, auth: TOKEN, ...more }, (session) => session.request(input))
}
const methods = (): string[] => api.seen.map(({ method }) => method)

/** HEAD fails in that way; GET is answered. */
const refusing =
  (how: (response: ServerResponse) => void, value: unknown = [{ id: 1 }]): Serve =>
  ({ method }, response) =>
    method === "HEAD" ? how(response) : json(response, value)

describe("a test", () => {
  test("sends GET, never the method that changes something", async () => {
    expect(await probe((_, response) => json(response, {}), { method: "DELETE" })).toMatchObject({ product: "HTTP server", details: { status: 200 } })
    const posting = await probe((_, response) => json(response, {}, 405), { method: "POST" })
    expect(posting.warnings?.[0]).toMatch(/a test does not send POST/)
    expect(methods()).toEqual(["GET", "GET"])
  })

  test.each(["get", "head_first"])("by %s passes where GET succeeds, whatever HEAD does", async (how) => {
    for (const status of [301, 304, 400, 401, 403, 404, 405, 406, 410, 415, 422, 429, 500, 501, 503])
      expect(
        await probe(
          refusing((response) => void response.writeHead(status).end()),
          { probe: how },
        ),
        String(status),
      ).toMatchObject({ details: { status: 200 } })
    expect(
      await probe(
        refusing((response) => void response.destroy()),
        { probe: how },
      ),
    ).toMatchObject({ details: { status: 200 } })
  })

  test.each(["get", "head_first"])("by %s passes where HEAD hangs", async (how) => {
    api.serve = refusing(() => undefined)
    const work = withSession({ connector: http }, { url: `${api.origin}/start`, probe: how }, (session) => session.test(), { deadlineMs: 3_000 })
    expect(await work).toMatchObject({ details: { status: 200 } })
  })

  test("reads no body that it does not judge, which may have no end", async () => {
    const endless: Serve = (_, response) => void response.writeHead(200, { "content-type": "text/event-stream" }).write("data: 1\n\n")
    expect(await probe(endless, { method: "POST" })).toMatchObject({ details: { status: 200 } })
    const failing = await failure(probe((_, response) => json(response, { error: "broken" }, 500), { method: "POST" }))
    expect(failing.message).toContain("broken")
  })

  test("names the address to which the URL redirects if it is of another origin", async () => {
    const to =
      (origin: string): Serve =>
      ({ url }, response) =>
        url.pathname === "/start" ? void response.writeHead(302, { location: `${origin}/end` }).end() : json(response, {})
    expect((await probe(to(api.elsewhere))).warnings).toEqual([expect.stringContaining(`redirects to ${api.elsewhere};`)])
    expect((await probe(to(api.origin))).warnings).toBeUndefined()
  })

  test("by GET fails where HEAD alone succeeds", async () => {
    const error = await failure(probe(({ method }, response) => json(response, {}, method === "HEAD" ? 200 : 401)))
    expect([error.code, isRefusal(error)]).toEqual(["auth_failed", true])
  })

  test("by HEAD alone never refuses the credentials for certain", async () => {
    const error = await failure(probe((_, response) => json(response, {}, 401), { probe: "head" }))
    expect([error.code, isRefusal(error), methods()]).toEqual(["auth_failed", false, ["HEAD"]])
  })

  test("by the connector's own request proves a POST", async () => {
    const error = await failure(probe(({ method }, response) => json(response, {}, method === "POST" ? 401 : 200), { method: "POST", probe: "request" }))
    expect([error.code, isRefusal(error), methods()]).toEqual(["auth_failed", true, ["POST"]])
  })

  test.each<[string, object, unknown]>([
    ["success is not true", { success: "ok" }, { ok: false, error: "invalid_auth" }],
    ["success judges a text", { success: "text == 'fine'" }, "no"],
    ["the records are not there", { records: "items" }, { error: "invalid_auth" }],
    ["a status is not one of success", { successStatuses: "201" }, { ok: true }],
    ["its pages are no lists", { paging: { kind: "page", parameter: "page" } }, { error: "invalid_auth" }],
  ])("fails as a call does when %s", async (_, more, answer) => {
    const serve: Serve = (_seen, response) => (typeof answer === "string" ? void response.end(answer) : json(response, answer))
    const called = await failure(request(serve, more))
    const tested = await failure(probe(serve, more))
    expect([tested.code, tested.message]).toEqual([called.code, called.message])
  })

  test("warns where success judges an answer to another request than a call's", async () => {
    const serve: Serve = (_, response) => json(response, { ok: false })
    expect((await probe(serve, { success: "ok", method: "POST" })).warnings?.[0]).toMatch(/does not meet Successful when/)
    expect((await probe(serve, { success: "ok", parameters: [{ name: "q" }] })).warnings?.[0]).toMatch(/does not meet Successful when/)
    expect((await probe(serve, { success: "ok", probe: "head" })).warnings?.[0]).toMatch(/no body/)
  })

  test("asks for the first page as a call does", async () => {
    await probe((_, response) => json(response, []), { paging: { kind: "page", parameter: "page", sizeParameter: "size", size: 7 } })
    expect(api.seen.map(({ url }) => url.search)).toEqual(["?size=7&page=1"])
  })

  test("warns of a next page that nobody asks for", async () => {
    const serve: Serve = (_, response) => json(response, [], 200, { link: "</start?page=2>; rel=next" })
    expect((await probe(serve)).warnings?.[0]).toMatch(/Paging is off/)
    expect((await probe(serve, { paging: { kind: "page", parameter: "page" } })).warnings).toBeUndefined()
  })

  test("passes with a warning where only the inputs lack", async () => {
    const facts = await probe((_, response) => json(response, { error: "q is required" }, 400), { parameters: [{ name: "q", value: "" }] })
    expect(facts.warnings?.[0]).toMatch(/required inputs/)
  })

  test.each([
    [401, "auth_failed"],
    [403, "auth_failed"],
    [404, "stream_not_found"],
    [400, "query_invalid"],
    [429, "rate_limited"],
    [500, "remote_failed"],
    [503, "server_unavailable"],
  ])("of %i is %s", async (status, code) => expect((await failure(probe((_, response) => json(response, {}, status)))).code).toBe(code))
})

describe("a 401", () => {
  const refused: Serve = (_, response) => json(response, {}, 401)
  const stops = async (serve: Serve, more: object = {}, input: Row = {}): Promise<boolean> => isRefusal(await failure(request(serve, more, input)))
  const byRow = { parameters: [{ name: "id" }] }

  test("to the connector's own request refuses its credentials", async () => {
    expect(await stops(refused)).toBe(true)
    for (const auth of [
      { kind: "basic", username: "u", password: "p" },
      { kind: "header", name: "X-Own", value: "k" },
      { kind: "query", name: "k", value: "k" },
    ])
      expect(await stops(refused, { auth }), auth.kind).toBe(true)
    expect(await stops(refused, { auth: { kind: "none" }, headers: [{ name: "X-Api-Key", value: "k" }] })).toBe(true)
    expect(await stops(refused, { auth: { kind: "none" }, parameters: [{ name: "access_token", value: "k" }] })).toBe(true)
  })

  test("refuses none where the connector has none, and says what lacks", async () => {
    const none = { auth: { kind: "none" } }
    expect((await failure(request(refused, none))).message).toMatch(/carries no credentials, so set Authentication\.$/)
    expect(await stops(refused, none)).toBe(false)
    expect(await stops(refused, { ...none, headers: [{ name: "X-Tenant", value: "7" }] })).toBe(false)
    expect(isRefusal(await failure(probe(refused, none)))).toBe(false)
  })

  test("from another origin, where the credentials were not sent, names that address", async () => {
    const serve: Serve = ({ headers }, response) =>
      headers.authorization === undefined ? json(response, {}, 401) : void response.writeHead(302, { location: `${api.elsewhere}/x` }).end()
    const error = await failure(request(serve))
    expect([isRefusal(error), error.message]).toEqual([false, expect.stringContaining(api.elsewhere)])
  })

  test("to one row does not refuse credentials that the same URL accepts without the row", async () => {
    const serve: Serve = ({ url }, response) => json(response, {}, url.searchParams.get("id") === "2" ? 401 : 200)
    const error = await failure(request(serve, byRow, { id: 2 }))
    expect([error.code, isRefusal(error), error.message]).toEqual(["permission_denied", false, expect.stringMatching(/check the inputs/)])
    expect(api.seen.map(({ url }) => url.search)).toEqual(["?id=2", ""])
  })

  test("to a row refuses none where a test may send only HEAD, and no GET is sent to find out", async () => {
    expect(await stops(refused, { ...byRow, probe: "head" }, { id: 2 })).toBe(false)
    expect(api.seen.map(({ method, url }) => [method, url.search])).toEqual([["GET", "?id=2"]])
  })

  test("to every row refuses them", async () => expect(await stops(refused, byRow, { id: 2 })).toBe(true))

  test.each([404, 403, 500, 429])("to a row and %i without it leaves open whose fault it is", async (status) =>
    expect(await stops(({ url }, response) => json(response, {}, url.search === "" ? status : 401), byRow, { id: 2 })).toBe(false),
  )

  test("to a test's GET where a call sends POST, or to the path above a URL of inputs, refuses none", async () => {
    const template = { url: `${api.origin}/users/{% if id %}{{ id }}{% endif %}` }
    for (const more of [{ method: "POST" }, template]) expect(isRefusal(await failure(probe(refused, more)))).toBe(false)
  })

  test("to HEAD refuses none", async () => expect(await stops(refused, { method: "HEAD" })).toBe(false))
})
