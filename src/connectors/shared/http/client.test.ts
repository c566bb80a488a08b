import { createServer } from "node:http"
import { gzipSync } from "node:zlib"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { json, startApi } from "../../../../test/support/api-server.ts"
import { testLease } from "../../../../test/support/lease.ts"
import { listen } from "../../../../test/support/loopback.ts"
import { use } from "../../../../test/support/use.ts"
import type { RequestFacts } from "../../../core/call.ts"
import { PlatformError } from "../../../core/errors.ts"
import { withPrivate } from "../../../core/http/request.ts"
import type { OpenLease } from "../../../net/door.ts"
import type { HttpAuth } from "./auth.ts"
import { type HttpClient, type HttpOptions, httpClient } from "./client.ts"
import { requestTo } from "./requests.ts"
import { RETRIES } from "./retry.ts"

const api = use(startApi)
let lease: OpenLease
const facts: RequestFacts[] = []
const turns: string[] = []
beforeEach(() => {
  lease = testLease()
  for (const list of [api.seen, facts, turns]) list.splice(0)
})
afterEach(() => lease.close())

const client = (options: HttpOptions = {}): HttpClient => httpClient(lease.dispatcher(), options)
const call = () => ({
  signal: lease.signal,
  remainingMs: () => lease.remainingMs(),
  turn: async (reason = "") => void turns.push(reason),
  measure: (each: RequestFacts) => void facts.push(each),
})
const get = () => requestTo(new URL(`${api.origin}/x`))
const failed = async (work: Promise<unknown>): Promise<PlatformError> => {
  const error = await work.then(
    () => undefined,
    (cause: unknown) => cause,
  )
  expect(error).toBeInstanceOf(PlatformError)
  return error as PlatformError
}
const read = async (body: AsyncIterable<Buffer>): Promise<string> => {
  const parts: Buffer[] = []
  for await (const part of body) parts.push(part)
  return Buffer.concat(parts).toString()
}

describe("send", () => {
  test("gives the whole answer, and asks as the hub does", async () => {
    api.serve = (_, response) => json(response, { a: 1 }, 201, { "x-own": "1" })
    const answer = await client().send(requestTo(new URL(`${api.origin}/x`), { json: { q: "é" } }), call())
    expect([answer.status, answer.headers["x-own"], answer.body.toString()]).toEqual([201, "1", '{"a":1}'])
    const [{ method, headers, body } = {} as never] = api.seen
    expect([method, headers["user-agent"], headers["content-type"], headers.accept, body]).toEqual([
      "POST",
      "jackfield",
      "application/json",
      "application/json, */*;q=0.5",
      '{"q":"é"}',
    ])
  })

  test("judges by the status, or as it is told; an answer that is judged is scrubbed by the call", async () => {
    api.serve = (_, response) => json(response, { said: "a-secret" }, 404)
    const scrubbing = { ...call(), scrub: (text: string) => text.replaceAll("a-secret", "[secret]") }
    const error = await failed(client().send(get(), scrubbing))
    expect([error.code, error.message]).toEqual(["stream_not_found", expect.stringContaining("[secret]")])
    expect(
      (
        await client()
          .with({ judge: () => undefined })
          .send(get(), call())
      ).status,
    ).toBe(404)
    const own = new PlatformError("database_not_found", "No such account.")
    expect(await failed(client({ judge: ({ status }) => (status === 404 ? own : undefined) }).send(get(), call()))).toBe(own)
  })

  test("takes no more bytes than it may, compressed or not", async () => {
    const big = Buffer.alloc(100_000)
    api.serve = ({ url }, response) =>
      url.search === "?zip" ? void response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(big)) : void response.end(big)
    for (const path of ["/x", "/x?zip"])
      expect((await failed(client({ maxBytes: 99_999 }).send(requestTo(new URL(`${api.origin}${path}`)), call()))).code).toBe("response_too_large")
    expect((await client({ maxBytes: 100_000 }).send(get(), call())).body.length).toBe(100_000)
  })

  test("an answer to HEAD has no body, whatever its headers say of one", async () => {
    api.serve = (_, response) => void response.writeHead(200, { "content-encoding": "gzip", "content-length": "500" }).end()
    expect((await client().send(requestTo(new URL(`${api.origin}/x`), { method: "HEAD" }), call())).body.length).toBe(0)
  })

  test("json is its body, with the digits of long numbers", async () => {
    api.serve = (_, response) => json(response, { a: [1] })
    expect(await client().json(get(), call())).toEqual({ a: [1] })
    api.serve = (_, response) => void response.end("<html>")
    expect((await failed(client().json(get(), call()))).code).toBe("response_invalid")
  })
})

describe("retries", () => {
  const failing = (times: number, status: number): void => {
    api.serve = (_, response) => json(response, {}, api.seen.length <= times ? status : 200, { "retry-after": "0" })
  }

  test("are none unless they are asked for", async () => {
    failing(1, 503)
    expect((await failed(client().send(get(), call()))).details).toEqual({ status: 503, retryAfterMs: 0 })
    expect([api.seen.length, turns]).toEqual([1, []])
  })

  test("each takes a turn that says why, for the statuses and the requests that the rules name", async () => {
    failing(2, 503)
    expect((await client({ retries: RETRIES }).send(get(), call())).status).toBe(200)
    expect([api.seen.length, turns]).toEqual([3, ["503", "503"]])
    api.seen.splice(0)
    failing(1, 418)
    const teapot = { ...RETRIES, statuses: (status: number) => status === 418 }
    expect((await client({ retries: teapot }).send(get(), call())).status).toBe(200)
    api.seen.splice(0)
    failing(1, 503)
    expect((await failed(client({ retries: RETRIES }).send(requestTo(new URL(api.origin), { json: {} }), call()))).details["attempts"]).toBeUndefined()
    expect(api.seen.length).toBe(1)
  })

  test("a connection that was never made is tried again even by a POST; one that broke is not", async () => {
    const post = (url: string) => failed(client({ retries: { ...RETRIES, most: 1 } }).send(requestTo(new URL(url), { json: {} }), call()))
    const gone = await listen(createServer())
    await gone.close()
    expect((await post(`http://127.0.0.1:${gone.port}/`)).details["attempts"]).toBe(2)
    api.serve = (_, response) => void response.destroy()
    expect([(await post(api.origin)).code, api.seen.length]).toEqual(["connection_lost", 1])
  })
})

describe("a proof that is refused", () => {
  const tokens = (known: string[]): HttpAuth => {
    const bearer = (token = "none") => ({ authorization: `Bearer ${token}` })
    return {
      sign: (request) => withPrivate(request, bearer(known[0])),
      renew: async (refused) => {
        const next = known[known.indexOf(refused.headers["authorization"]?.slice(7) ?? "") + 1]
        return next === undefined ? undefined : withPrivate(refused, bearer(next))
      },
      show: (request) => request,
    }
  }
  const only = (token: string): void => {
    api.serve = ({ headers }, response) => (headers.authorization === `Bearer ${token}` ? void response.end("in") : json(response, {}, 401))
  }

  test("is replaced once, which takes a turn, whether the body is read or not", async () => {
    only("b")
    expect((await client({ auth: tokens(["a", "b", "c"]) }).send(get(), call())).body.toString()).toBe("in")
    expect([api.seen.length, turns]).toEqual([2, ["401"]])
    expect(await read((await client({ auth: tokens(["a", "b"]) }).open(get(), call())).body)).toBe("in")
    only("c")
    expect((await failed(client({ auth: tokens(["a", "b", "c"]) }).send(get(), call()))).code).toBe("auth_failed")
  })

  test("fails where there is no other", async () => {
    only("b")
    expect((await failed(client({ auth: tokens(["a"]) }).send(get(), call()))).code).toBe("auth_failed")
    expect([api.seen.length, turns]).toEqual([1, []])
  })
})

describe("open", () => {
  test("gives the body as it was sent, ranges and codings included", async () => {
    const zipped = gzipSync("rows")
    api.serve = ({ headers }, response) =>
      headers.range === "bytes=2-3"
        ? void response.writeHead(206, { "content-range": "bytes 2-3/4" }).end("ws")
        : void response.writeHead(200, { "content-encoding": "gzip", etag: '"1"' }).end(zipped)
    const whole = await client().open(get(), call())
    expect([whole.status, whole.headers["etag"], Buffer.from(await read(whole.body)).length > 0]).toEqual([200, '"1"', true])
    const part = await client().open(requestTo(new URL(api.origin), { headers: { range: "bytes=2-3" } }), call())
    expect([part.status, part.headers["content-range"], await read(part.body)]).toEqual([206, "bytes 2-3/4", "ws"])
  })

  test("judges a failure by a part of its body", async () => {
    api.serve = (_, response) => void response.writeHead(500).end("x".repeat(1_000_000))
    expect((await failed(client({ maxBytes: 10 }).open(get(), call()))).message).toMatch(/^http:\/\/\S+ answers 500: x{300}; try/)
  })

  test("a body that breaks is connection_lost, and one that is left or closed ends its connection", async () => {
    let open = 0
    api.serve = ({ url }, response) => {
      open++
      response.once("close", () => open--)
      response.writeHead(200, { "content-length": "1000000" })
      response.write("x".repeat(100), () => url.search === "?break" && response.destroy())
    }
    const broken = await client().open(requestTo(new URL(`${api.origin}/?break`)), call())
    expect((await failed(read(broken.body))).code).toBe("connection_lost")
    const left = await client().open(get(), call())
    for await (const _ of left.body) break
    const closed = await client().open(get(), call())
    closed.close()
    closed.close()
    await expect.poll(() => open).toBe(0)
    expect(facts.map(({ outcome }) => outcome)).toEqual(["none", "none", "none"])
  })

  test("a redirect that is not followed is an answer", async () => {
    api.serve = (_, response) => void response.writeHead(302, { location: "/y" }).end("moved")
    const answer = await client({ redirects: false }).open(get(), call())
    expect([answer.status, answer.headers["location"], await read(answer.body)]).toEqual([302, "/y", "moved"])
    answer.close()
  })
})

describe("each request is measured", () => {
  test("by its method, status class and the bytes that went over the network", async () => {
    const zipped = gzipSync("x".repeat(10_000))
    api.serve = ({ method }, response) =>
      method === "GET" ? void response.writeHead(200, { "content-encoding": "gzip" }).end(zipped) : json(response, { error: 1 }, 422)
    await client().send(get(), call())
    await read((await client().open(get(), call())).body)
    await failed(client().send(requestTo(new URL(api.origin), { json: "é" }), call()))
    expect(facts.map(({ durationMs, ...each }) => [durationMs > 0, each])).toEqual([
      [true, { method: "GET", outcome: "2xx", sentBytes: 0, receivedBytes: zipped.length }],
      [true, { method: "GET", outcome: "2xx", sentBytes: 0, receivedBytes: zipped.length }],
      [true, { method: "POST", outcome: "4xx", sentBytes: 4, receivedBytes: 11 }],
    ])
  })

  test("also when no answer came, and when it was not whole", async () => {
    api.serve = (_, response) => void response.destroy()
    await failed(client().send(get(), call()))
    api.serve = (_, response) => void response.writeHead(200, { "content-length": "10" }).write("half", () => response.destroy())
    await failed(client().send(get(), call()))
    expect(facts.map(({ outcome, receivedBytes }) => [outcome, receivedBytes])).toEqual([
      ["none", 0],
      ["none", 4],
    ])
  })
})
