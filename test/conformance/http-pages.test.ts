import { createHash, createHmac } from "node:crypto"
import type { ServerResponse } from "node:http"
import { beforeEach, describe, expect, test } from "vitest"
import { http } from "../../src/connectors/http.ts"
import type { Row } from "../../src/core/values.ts"
import { json, library, records as rows, type Seen, type Serve, startApi } from "../support/api-server.ts"
import { collect } from "../support/batches.ts"
import { plainRows } from "../support/evaluator.ts"
import { failure } from "../support/failure.ts"
import { SERVER_NAME } from "../support/lease.ts"
import { use } from "../support/use.ts"
import { withSession } from "./context.ts"

const api = use(startApi)
beforeEach(() => void api.seen.splice(0))

async function request(more: object, input: Row = {}, retries: string[] = []): Promise<Row | readonly Row[]> {
  const turn = async (retryOf?: string) => void retries.push(retryOf ?? "page")
  return await withSession({ connector: http }, { url: `${api.origin}/items`, ...more }, async (session) => plainRows(await session.request(input)), { turn })
}

describe("pages", () => {
  test.each([
    ["page number", { kind: "page", parameter: "page", sizeParameter: "size", size: 10 }, 4],
    ["page number until one is empty", { kind: "page", parameter: "page" }, 4],
    ["offset", { kind: "offset", parameter: "offset", sizeParameter: "size", size: 5 }, 6],
    ["offset of the size that comes", { kind: "offset", parameter: "offset" }, 4],
    ["cursor", { kind: "cursor", parameter: "cursor", cursor: "next" }, 3],
  ])("by %s give every record once", async (_, paging, requests) => {
    api.serve = library
    const turns: string[] = []
    expect(await request({ paging, records: "data.items" }, {}, turns)).toEqual(rows(0, 23))
    expect([api.seen.length, turns.length]).toEqual([requests, requests - 1])
  })

  test("in the body leave its other fields and the digits of numbers as they are", async () => {
    api.serve = library
    const template = '{"big": 12345678901234567890.10, "cursor": null, "q": {{ q }}}'
    const paging = { kind: "cursor", parameter: "cursor", cursor: "next", place: "body" }
    const got = await withSession(
      { connector: http },
      { url: `${api.origin}/items`, method: "POST", bodyTemplate: template, paging, records: "data.items" },
      (session) => session.request({ q: "x" }),
      { render: async () => '{"big": 12345678901234567890.10, "cursor": 0, "q": "x"}' },
    )
    expect(got).toEqual(rows(0, 23))
    expect(api.seen.at(-1)?.body).toBe('{"big":12345678901234567890.10,"cursor":"20","q":"x"}')
  })

  test.each([
    ["in the answer", { kind: "link", next: "links.next" }],
    ["in the Link header", { kind: "link" }],
  ])("by the address %s, relative ones too; the key goes along and stays out of the cursor", async (_, paging) => {
    api.serve = ({ url }, response) => {
      const at = Number(url.searchParams.get("p") ?? 0)
      const next = at < 2 ? `/items?p=${at + 1}&api_key=echoed` : null
      json(
        response,
        { items: rows(at * 2, 2), links: { next } },
        200,
        next === null ? {} : { link: `<https://x.example/a>; rel=prev, <${next}>; title="a, b"; rel="last next"` },
      )
    }
    const config = { paging, records: "items", auth: { kind: "query", name: "api_key", value: "key-canary" } }
    expect(await request(config)).toEqual(rows(0, 6))
    expect(api.seen.map(({ url }) => url.searchParams.get("api_key"))).toEqual(["key-canary", "key-canary", "key-canary"])
    const cursors = await withSession({ connector: http }, { url: `${api.origin}/items`, ...config }, async (session) =>
      (await collect(session.read({ path: ["items"], kind: "resource", columns: [], key: [] }))).map(({ cursor = "" }) =>
        Buffer.from(cursor, "base64url").toString(),
      ),
    )
    expect(cursors.join()).toContain("p=1")
    expect(cursors.join()).not.toMatch(/api_key|canary|echoed/)
  })

  test.each([
    ["another port", () => `${api.elsewhere}/items`],
    ["another scheme", () => api.origin.replace("http:", "https:")],
    ["another host", () => "http://169.254.169.254/latest"],
    ["no address", () => "javascript:alert(1)"],
    ["a login in it", () => `http://a:b@${SERVER_NAME}:${new URL(api.origin).port}/items`],
    ["a number", () => 7],
  ])("at %s are refused", async (_, next) => {
    api.serve = (_seen, response) => json(response, { items: rows(0, 1), next: next() })
    const error = await failure(request({ paging: { kind: "link", next: "next" }, records: "items" }))
    expect([error.code, api.seen.length]).toEqual(["response_invalid", 1])
  })

  test.each<[string, object, Serve, RegExp]>([
    ["a page that repeats", { kind: "page", parameter: "page" }, (_, response) => json(response, { items: rows(0, 5) }), /same page for two positions/],
    [
      "a cursor that stays",
      { kind: "cursor", parameter: "c", cursor: "next" },
      (_, response) => json(response, { items: rows(0, 1), next: "a" }),
      /leads back/,
    ],
    [
      "a cursor that cycles",
      { kind: "cursor", parameter: "c", cursor: "next" },
      ({ url }, response) => json(response, { items: rows(0, 1), next: url.searchParams.get("c") === "a" ? "b" : "a" }),
      /leads back/,
    ],
    [
      "an address that leads to itself",
      { kind: "link", next: "next" },
      ({ url }, response) => json(response, { items: rows(0, 1), next: `${url.pathname}?x=1` }),
      /leads back/,
    ],
    [
      "no end",
      { kind: "page", parameter: "page", maxPages: 5 },
      ({ url }, response) => json(response, { items: rows(Number(url.searchParams.get("page")), 1) }),
      /more than 5 pages/,
    ],
    [
      "a cursor that is an object",
      { kind: "cursor", parameter: "c", cursor: "next" },
      (_, response) => json(response, { items: [], next: { a: 1 } }),
      /no text or number/,
    ],
    ["pages that are no lists", { kind: "page", parameter: "page" }, (_, response) => json(response, { a: 1 }), /Records/],
  ])("%s ends in a fault", async (_, paging, how, says) => {
    api.serve = how
    const records = says.source === "Records" ? {} : { records: "items" }
    const error = await failure(request({ paging, ...records }))
    expect(error.message).toMatch(says)
    expect(api.seen.length).toBeLessThan(8)
  })

  test("an empty page with a cursor goes on; a last page may lack its list", async () => {
    api.serve = ({ url }, response) => {
      const at = Number(url.searchParams.get("c") ?? 0)
      json(response, at === 1 ? { items: [], next: 2 } : at === 3 ? { next: null } : { items: rows(at, 1), next: at + 1 })
    }
    expect(await request({ paging: { kind: "cursor", parameter: "c", cursor: "next" }, records: "items" })).toEqual([{ id: 0 }, { id: 2 }])
  })
})

describe("records", () => {
  test.each<[string, unknown, unknown]>([
    ["a list", { items: [{ a: 1 }, 2] }, [{ a: 1 }, { value: 2 }]],
    ["an empty list", { items: [] }, []],
    ["one object", { items: { a: 1 } }, { a: 1 }],
  ])("%s", async (_, answer, expected) => {
    api.serve = (_seen, response) => json(response, answer)
    expect(await request({ records: "items" })).toEqual(expected)
  })

  test.each<[string, unknown, RegExp]>([
    ["missing", { other: [] }, /nothing at items/],
    ["a text", { items: "none" }, /no list at items, but string/],
    ["no JSON", "text", /nothing at items/],
  ])("%s is response_invalid", async (_, answer, says) => {
    api.serve = (_seen, response) => (typeof answer === "string" ? void response.end(answer) : json(response, answer))
    const error = await failure(request({ records: "items" }))
    expect([error.code, error.message]).toEqual(["response_invalid", expect.stringMatching(says)])
  })
})

describe("success", () => {
  test.each<[string, object, number, unknown, string | undefined]>([
    ["true", { success: "status == 'ok'" }, 200, { status: "ok" }, undefined],
    ["not true", { success: "status == 'ok'" }, 200, { status: "error", why: "key-canary" }, "remote_failed"],
    ["nothing to be true", { success: "status" }, 200, "", "remote_failed"],
    ["a status that is listed", { successStatuses: "200, 404" }, 404, { a: 1 }, undefined],
    ["a status that is not", { successStatuses: "200-201" }, 202, { a: 1 }, "remote_failed"],
    ["a failure that is not", { successStatuses: "200-201" }, 404, { a: 1 }, "stream_not_found"],
  ])("%s", async (_, config, status, answer, code) => {
    api.serve = (_seen, response) => (answer === "" ? void response.writeHead(status).end() : json(response, answer, status))
    const more = { ...config, auth: { kind: "bearer", token: "key-canary" } }
    if (code === undefined) expect(await request(more)).toEqual(answer)
    else {
      const error = await failure(request(more))
      expect([error.code, error.details["status"]]).toEqual([code, status])
      expect(error.message).not.toContain("canary")
    }
  })
})

describe("retries", () => {
  /** Fails `times` times, then answers. */
  const failing = (times: number, status: number, headers: Record<string, string> = {}): Serve => {
    let left = times
    return (_, response) => (left-- > 0 ? json(response, {}, status, headers) : json(response, { ok: true }))
  }

  test.each([429, 502, 503, 504])("%i is tried again, and each time asks for a turn", async (status) => {
    api.serve = failing(2, status, { "retry-after": "0" })
    const turns: string[] = []
    expect(await request({}, {}, turns)).toEqual({ ok: true })
    expect([api.seen.length, turns]).toEqual([3, [String(status), String(status)]])
  })

  test.each([
    ["Retry-After", { "retry-after": "0" }],
    ["nothing left", { "x-ratelimit-remaining": "0" }],
  ])("a 403 with %s is tried again as a 429 is", async (_, headers) => {
    api.serve = failing(1, 403, headers)
    const turns: string[] = []
    expect(await request({}, {}, turns)).toEqual({ ok: true })
    expect(turns).toEqual(["403"])
    api.serve = failing(9, 403, headers)
    expect((await failure(request({ retryStatuses: "503" }))).code).toBe("rate_limited")
  })

  test.each([400, 401, 403, 404, 408, 500, 501])("%i is not", async (status) => {
    api.serve = failing(9, status)
    await failure(request({}))
    expect(api.seen.length).toBe(1)
  })

  test.each([
    ["GET", {}, 3],
    ["PUT", { method: "PUT" }, 3],
    ["DELETE", { method: "DELETE" }, 3],
    ["POST", { method: "POST" }, 1],
    ["PATCH", { method: "PATCH" }, 1],
    ["a POST that may be repeated", { method: "POST", repeatable: true }, 3],
    ["none at all", { retries: 0 }, 1],
  ])("%s: a connection that breaks and a 503", async (_, config, requests) => {
    for (const how of [failing(9, 503), (_seen: Seen, response: ServerResponse) => void response.destroy()]) {
      api.seen.splice(0)
      api.serve = how
      const error = await failure(request(config))
      expect(api.seen.length).toBe(requests)
      expect(error.details["attempts"]).toBe(requests === 1 ? undefined : requests)
    }
  })

  test("a POST that never left is made again", async () => {
    const turns: string[] = []
    const error = await failure(
      withSession({ connector: http }, { url: `http://${SERVER_NAME}:1/`, method: "POST" }, (session) => session.request({}), {
        turn: async (retryOf) => void turns.push(retryOf ?? ""),
      }),
    )
    expect([error.code, turns]).toEqual(["host_unreachable", ["host_unreachable", "host_unreachable"]])
  })

  test.each([
    ["seconds", () => "2"],
    ["a date", () => new Date(Date.now() + 2_500).toUTCString()],
  ])("Retry-After in %s is kept to", async (_, after) => {
    const times: number[] = []
    api.serve = (_seen, response) => {
      times.push(Date.now())
      times.length === 1 ? json(response, {}, 429, { "retry-after": after() }) : json(response, {})
    }
    await request({})
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(1_400)
  })

  test("a Retry-After beyond the deadline is told at once", async () => {
    api.serve = failing(9, 429, { "retry-after": "600" })
    const error = await failure(request({}))
    expect([error.code, error.details["retryAfterMs"], api.seen.length]).toEqual(["rate_limited", 600_000, 1])
  })
})

describe("HMAC", () => {
  const KEY = "hmac-key-canary"
  const verified: Serve = ({ method, url, headers, body }, response) => {
    const at = String(headers["x-timestamp"])
    const text = [at, method, url.pathname, url.search.slice(1), body].join("\n")
    const good = headers["x-signature"] === createHmac("sha256", KEY).update(text).digest("hex") && Math.abs(Date.now() / 1_000 - Number(at)) < 60
    json(response, { good }, good ? 200 : 401)
  }

  test("is what a server that verifies it expects", async () => {
    api.serve = verified
    const config = { method: "POST", auth: { kind: "hmac", key: KEY }, parameters: [{ name: "q", value: "a b&c=é" }], body: [{ name: "a", value: "1" }] }
    expect(await request(config)).toEqual({ good: true })
    const wrong = await failure(request({ ...config, auth: { kind: "hmac", key: `${KEY}x` } }))
    expect(wrong.code).toBe("auth_failed")
  })

  test("of chosen parts, SHA-512, base64, a prefix, a key in base64, names of its own", async () => {
    const auth = {
      ...{ kind: "hmac", key: Buffer.from(KEY).toString("base64"), keyEncoding: "base64", algorithm: "sha512", encoding: "base64", separator: "dot" },
      ...{
        parts: [{ part: "host" }, { part: "body_sha256" }, { part: "timestamp" }],
        header: "Authorization",
        prefix: "HMAC ",
        timestampHeader: "X-Time",
        timestamp: "iso",
      },
    }
    api.serve = ({ headers, body }, response) => {
      const text = [`${SERVER_NAME}:${new URL(api.origin).port}`, createHash("sha256").update(body).digest("hex"), headers["x-time"]].join(".")
      json(response, { good: headers.authorization === `HMAC ${createHmac("sha512", KEY).update(text).digest("base64")}`, at: headers["x-time"] })
    }
    const answer = (await request({ method: "PUT", auth, body: [{ name: "a", value: "1" }] })) as Row
    expect([answer["good"], new Date(String(answer["at"])).toISOString()]).toEqual([true, answer["at"]])
  })

  test("is made anew for each retry and page, and does not follow to another origin", async () => {
    api.serve = ({ url, headers, method, body }, response) => {
      if (api.seen.length === 1) return json(response, {}, 503)
      if (api.seen.length === 2) return void response.writeHead(302, { location: `${api.elsewhere}/elsewhere` }).end()
      json(response, { signature: headers["x-signature"] ?? null, method, body, path: url.pathname })
    }
    expect(await request({ auth: { kind: "hmac", key: KEY, timestamp: "milliseconds" } })).toMatchObject({ signature: null, path: "/elsewhere" })
    expect(new Set(api.seen.slice(0, 2).map(({ headers }) => headers["x-signature"])).size).toBe(2)
  })
})
