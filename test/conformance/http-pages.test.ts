import { createHash, createHmac } from "node:crypto"
import type { IncomingMessage, ServerResponse } from "node:http"
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { http } from "../../src/connectors/http.ts"
import type { Stream } from "../../src/core/streams.ts"
import type { Row } from "../../src/core/values.ts"
import { collect } from "../support/batches.ts"
import { failure } from "../support/failure.ts"
import { SERVER_NAME } from "../support/lease.ts"
import { type Loopback, listenHttp } from "../support/loopback.ts"
import { withSession } from "./context.ts"

interface Seen {
  readonly method: string
  readonly url: URL
  readonly headers: IncomingMessage["headers"]
  readonly body: string
}
type Serve = (seen: Seen, response: ServerResponse) => void

let server: Loopback
let other: Loopback
let serve: Serve
const seen: Seen[] = []
beforeAll(async () => {
  const make = () =>
    listenHttp(async (request, response) => {
      const body = Buffer.concat((await request.toArray()) as Buffer[]).toString()
      const one = { method: request.method ?? "", url: new URL(request.url ?? "/", origin()), headers: request.headers, body }
      seen.push(one)
      serve(one, response)
    })
  server = await make()
  other = await make()
})
afterAll(async () => {
  await server.close()
  await other.close()
})
beforeEach(() => void seen.splice(0))

const origin = (at = server): string => `http://${SERVER_NAME}:${at?.port}`
const json = (response: ServerResponse, value: unknown, status = 200, headers: Record<string, string> = {}): void =>
  void response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(value))
const rows = (from: number, count: number): Row[] => Array.from({ length: Math.max(0, count) }, (_, index) => ({ id: from + index }))

async function request(more: object, input: Row = {}, retries: string[] = []): Promise<Row | readonly Row[]> {
  const turn = async (retryOf?: string) => void retries.push(retryOf ?? "page")
  return await withSession({ connector: http }, { url: `${origin()}/items`, ...more }, (session) => session.request(input), { turn })
}

/** 23 records behind page, offset or cursor, as the query or the body says. */
const library: Serve = ({ url, body }, response) => {
  const given = body === "" ? Object.fromEntries(url.searchParams) : (JSON.parse(body) as Record<string, string>)
  const size = Number(given["size"] ?? 10)
  const from = given["page"] !== undefined ? (Number(given["page"]) - 1) * size : Number(given["offset"] ?? given["cursor"] ?? 0)
  const items = rows(from, Math.min(size, 23 - from))
  json(response, { data: { items }, total: 9_999, next: from + size < 23 ? String(from + size) : null })
}

describe("pages", () => {
  test.each([
    ["page number", { kind: "page", parameter: "page", sizeParameter: "size", size: 10 }, 3],
    ["page number until one is empty", { kind: "page", parameter: "page" }, 4],
    ["offset", { kind: "offset", parameter: "offset", sizeParameter: "size", size: 5 }, 5],
    ["offset of the size that comes", { kind: "offset", parameter: "offset" }, 4],
    ["cursor", { kind: "cursor", parameter: "cursor", cursor: "next" }, 3],
  ])("by %s give every record once", async (_, paging, requests) => {
    serve = library
    const turns: string[] = []
    expect(await request({ paging, records: "data.items" }, {}, turns)).toEqual(rows(0, 23))
    expect([seen.length, turns.length]).toEqual([requests, requests - 1])
  })

  test("in the body leave its other fields and the digits of numbers as they are", async () => {
    serve = library
    const template = '{"big": 12345678901234567890.10, "cursor": null, "q": {{ q }}}'
    const paging = { kind: "cursor", parameter: "cursor", cursor: "next", place: "body" }
    const got = await withSession(
      { connector: http },
      { url: `${origin()}/items`, method: "POST", bodyTemplate: template, paging, records: "data.items" },
      (session) => session.request({ q: "x" }),
      { render: async () => '{"big": 12345678901234567890.10, "cursor": 0, "q": "x"}' },
    )
    expect(got).toEqual(rows(0, 23))
    expect(seen.at(-1)?.body).toBe('{"big":12345678901234567890.10,"cursor":"20","q":"x"}')
  })

  test.each([
    ["in the answer", { kind: "link", next: "links.next" }],
    ["in the Link header", { kind: "link" }],
  ])("by the address %s, relative ones too; the key goes along and stays out of the cursor", async (_, paging) => {
    serve = ({ url }, response) => {
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
    expect(seen.map(({ url }) => url.searchParams.get("api_key"))).toEqual(["key-canary", "key-canary", "key-canary"])
    const cursors = await withSession({ connector: http }, { url: `${origin()}/items`, ...config }, async (session) =>
      (await collect(session.read({ path: ["items"], kind: "resource", columns: [], key: [] }))).map(({ cursor }) => cursor),
    )
    expect(cursors.join()).not.toMatch(/api_key|canary|echoed/)
  })

  test.each([
    ["another port", () => `${origin(other)}/items`],
    ["another scheme", () => origin().replace("http:", "https:")],
    ["another host", () => "http://169.254.169.254/latest"],
    ["no address", () => "javascript:alert(1)"],
    ["a login in it", () => `http://a:b@${SERVER_NAME}:${server.port}/items`],
    ["a number", () => 7],
  ])("at %s are refused", async (_, next) => {
    serve = (_seen, response) => json(response, { items: rows(0, 1), next: next() })
    const error = await failure(request({ paging: { kind: "link", next: "next" }, records: "items" }))
    expect([error.code, seen.length]).toEqual(["response_invalid", 1])
  })

  test.each<[string, object, Serve, RegExp]>([
    ["a page that repeats", { kind: "page", parameter: "page" }, (_, response) => json(response, { items: rows(0, 5) }), /same page twice/],
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
    serve = how
    const records = says.source === "Records" ? {} : { records: "items" }
    const error = await failure(request({ paging, ...records }))
    expect(error.message).toMatch(says)
    expect(seen.length).toBeLessThan(8)
  })

  test("an empty page with a cursor goes on; a last page may lack its list", async () => {
    serve = ({ url }, response) => {
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
    serve = (_seen, response) => json(response, answer)
    expect(await request({ records: "items" })).toEqual(expected)
  })

  test.each<[string, unknown, RegExp]>([
    ["missing", { other: [] }, /nothing at items/],
    ["a text", { items: "none" }, /no list at items, but string/],
    ["no JSON", "text", /nothing at items/],
  ])("%s is response_invalid", async (_, answer, says) => {
    serve = (_seen, response) => (typeof answer === "string" ? void response.end(answer) : json(response, answer))
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
    ["a failure that is not", { successStatuses: "200-201" }, 404, { a: 1 }, "query_invalid"],
  ])("%s", async (_, config, status, answer, code) => {
    serve = (_seen, response) => (answer === "" ? void response.writeHead(status).end() : json(response, answer, status))
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
    serve = failing(2, status, { "retry-after": "0" })
    const turns: string[] = []
    expect(await request({}, {}, turns)).toEqual({ ok: true })
    expect([seen.length, turns]).toEqual([3, [String(status), String(status)]])
  })

  test.each([400, 401, 404, 408, 500, 501])("%i is not", async (status) => {
    serve = failing(9, status)
    await failure(request({}))
    expect(seen.length).toBe(1)
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
      seen.splice(0)
      serve = how
      const error = await failure(request(config))
      expect(seen.length).toBe(requests)
      if (how !== serve || error.code === "connection_lost") expect(error.details["attempts"]).toBe(requests === 1 ? undefined : requests)
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
    serve = (_seen, response) => {
      times.push(Date.now())
      times.length === 1 ? json(response, {}, 429, { "retry-after": after() }) : json(response, {})
    }
    await request({})
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(1_400)
  })

  test("a Retry-After beyond the deadline is told at once", async () => {
    serve = failing(9, 429, { "retry-after": "600" })
    const error = await failure(request({}))
    expect([error.code, error.details["retryAfterMs"], seen.length]).toEqual(["rate_limited", 600_000, 1])
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
    serve = verified
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
    serve = ({ headers, body }, response) => {
      const text = [`${SERVER_NAME}:${server.port}`, createHash("sha256").update(body).digest("hex"), headers["x-time"]].join(".")
      json(response, { good: headers.authorization === `HMAC ${createHmac("sha512", KEY).update(text).digest("base64")}`, at: headers["x-time"] })
    }
    const answer = (await request({ method: "PUT", auth, body: [{ name: "a", value: "1" }] })) as Row
    expect([answer["good"], new Date(String(answer["at"])).toISOString()]).toEqual([true, answer["at"]])
  })

  test("is made anew for each retry and page, and does not follow to another origin", async () => {
    serve = ({ url, headers, method, body }, response) => {
      if (seen.length === 1) return json(response, {}, 503)
      if (seen.length === 2) return void response.writeHead(302, { location: `${origin(other)}/elsewhere` }).end()
      json(response, { signature: headers["x-signature"] ?? null, method, body, path: url.pathname })
    }
    expect(await request({ auth: { kind: "hmac", key: KEY, timestamp: "milliseconds" } })).toMatchObject({ signature: null, path: "/elsewhere" })
    expect(new Set(seen.slice(0, 2).map(({ headers }) => headers["x-signature"])).size).toBe(2)
  })
})

describe("a stream", () => {
  const stream: Stream = { path: ["items"], kind: "resource", columns: [], key: [] }
  const session = <T>(more: object, work: Parameters<typeof withSession<T>>[2]) => withSession({ connector: http }, { url: `${origin()}/items`, ...more }, work)

  test("has the columns of its first page, and wider ones as they come", async () => {
    serve = ({ url }, response) =>
      json(
        response,
        url.searchParams.get("page") === "1"
          ? [
              { a: 1, b: null },
              { a: 1.5, b: "x" },
            ]
          : url.searchParams.get("page") === "2"
            ? [{ a: 2, c: [1] }]
            : [],
      )
    const paging = { kind: "page", parameter: "page" }
    await session({ paging, key: "a, b" }, async (open) => {
      const [, found] = await collect(open.discover())
      expect(found).toMatchObject({
        stream: {
          path: ["items"],
          key: ["a", "b"],
          columns: [
            { name: "a", type: "float" },
            { name: "b", type: "string" },
          ],
        },
      })
      const batches = await collect(open.read(stream))
      expect(batches.map(({ columns, rows: each }) => [columns.map(({ name }) => name), each])).toEqual([
        [
          ["a", "b"],
          [
            [1, null],
            [1.5, "x"],
          ],
        ],
        [["a", "b", "c"], [[2, null, [1]]]],
      ])
    })
  })

  test.each([
    ["POST", { method: "POST" }],
    ["inputs without a value", { parameters: [{ name: "q" }] }],
    ["a URL made of inputs", { url: "http://db.example.test/{% if a %}{{ a }}{% endif %}/items" }],
  ])("is none with %s, and says why", async (_, more) => {
    serve = library
    await session(more, async (open) => {
      expect((await collect(open.discover()))[1]).toMatchObject({ skipped: { path: ["items"], reason: expect.stringMatching(/GET|row by row/) } })
      expect((await failure(collect(open.read(stream)))).code).toBe("unsupported")
    })
    expect(seen).toEqual([])
  })

  test("of another name is not found, and a cursor of another kind is refused", async () => {
    serve = library
    await session({}, async (open) => {
      expect((await failure(collect(open.read({ ...stream, path: ["other"] })))).code).toBe("stream_not_found")
      for (const cursor of ["", "x", "null", '{"place":1}']) expect((await failure(collect(open.read(stream, { after: cursor })))).code).toBe("query_invalid")
      const away = JSON.stringify({ place: { url: `${origin(other)}/x` }, done: 0 })
      expect((await failure(collect(open.read(stream, { after: away })))).code).toBe("query_invalid")
    })
  })
})
