import type { IncomingMessage, ServerResponse } from "node:http"
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { http } from "../../src/connectors/http.ts"
import type { Row } from "../../src/core/values.ts"
import { plainRows } from "../support/evaluator.ts"
import { failure } from "../support/failure.ts"
import { SERVER_NAME } from "../support/lease.ts"
import { type Loopback, listenHttp, listenRaw } from "../support/loopback.ts"
import { withSession } from "./context.ts"

type Serve = (request: IncomingMessage, response: ServerResponse) => void
let serve: Serve
let [first, second]: Loopback[] = []
const seen: { method: string; url: string; headers: IncomingMessage["headers"]; port: number }[] = []

beforeAll(async () => {
  const make = () =>
    listenHttp((request, response) => {
      seen.push({ method: request.method ?? "", url: request.url ?? "", headers: request.headers, port: request.socket.localPort ?? 0 })
      serve(request, response)
    })
  first = await make()
  second = await make()
})
afterAll(async () => {
  await first?.close()
  await second?.close()
})

const TOKEN = "very-secret-token"
const origin = (server: Loopback | undefined): string => `http://${SERVER_NAME}:${server?.port}`
const config = (more: object = {}) => ({ url: `${origin(first)}/start`, auth: { kind: "bearer", token: TOKEN }, ...more })

async function request(how: Serve, more: object = {}, input: Row = {}): Promise<Row | readonly Row[]> {
  serve = how
  seen.length = 0
  return await withSession({ connector: http }, config(more), async (session) => plainRows(await session.request(input)))
}
const json = (response: ServerResponse, value: unknown, status = 200, headers: Record<string, string> = {}): void =>
  void response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(value))

describe("redirects", () => {
  const to =
    (location: string, status = 302): Serve =>
    (incoming, response) =>
      incoming.url === "/start" ? void response.writeHead(status, { location }).end("moved") : json(response, { ok: true })

  test("within the origin keep the token; to another they lose it and every header that is a secret", async () => {
    expect(await request(to("/end"), { headers: [{ name: "X-Key", value: "also-secret" }] })).toEqual({ ok: true })
    expect(seen.map(({ url, headers }) => [url, headers.authorization, headers["x-key"]])).toEqual([
      ["/start", `Bearer ${TOKEN}`, "also-secret"],
      ["/end", `Bearer ${TOKEN}`, "also-secret"],
    ])
    expect(
      await request(to(`${origin(second)}/end`), {
        headers: [
          { name: "X-Key", value: "also-secret" },
          { name: "Accept", value: "application/json" },
        ],
      }),
    ).toEqual({ ok: true })
    expect(seen.map(({ port, headers }) => [port, headers.authorization, headers["x-key"], headers.accept])).toEqual([
      [first?.port, `Bearer ${TOKEN}`, "also-secret", "application/json"],
      [second?.port, undefined, undefined, "application/json"],
    ])
  })

  test.each(["http://169.254.169.254/latest", "http://10.0.0.1/", "http://[::ffff:10.0.0.1]/", "http://2130706433:1/"])(
    "to %s are judged by the door",
    async (location) => expect((await failure(request(to(location)))).code).toMatch(/egress_denied|host_unreachable/),
  )

  test.each([301, 302, 303])("of a POST by %i send nothing else and name the target, unless the status is one of success", async (status) => {
    const error = await failure(request(to("/start/", status), { method: "POST", body: [{ name: "a", value: "1" }] }))
    expect([error.code, error.message, seen.map(({ method }) => method)]).toEqual(["remote_failed", expect.stringContaining("/start/"), ["POST"]])
    expect(await request(to("/start/", status), { method: "POST", successStatuses: `200-299, ${status}` })).toEqual({ text: "moved" })
    expect(await request(to("/end", status), { successStatuses: "200-399" })).toEqual({ ok: true })
  })

  test("end after five", async () => {
    const error = await failure(request((_, response) => void response.writeHead(302, { location: "/start" }).end()))
    expect([error.code, seen.length]).toEqual(["redirected_too_often", 6])
  })
})

describe("answers", () => {
  test.each([
    ["gzip", gzipSync],
    ["deflate", deflateSync],
    ["br", brotliCompressSync],
    ["gzip, br", (text: string) => brotliCompressSync(gzipSync(text))],
  ] as const)("as %s are read", async (coding, pack) =>
    expect(await request((_, response) => void response.writeHead(200, { "content-encoding": coding }).end(pack('{"a":1}')))).toEqual({ a: 1 }),
  )

  test.each([
    ["a bomb", gzipSync(Buffer.alloc(64 * 1_048_576)), "gzip", "response_too_large"],
    ["a flood", Buffer.alloc(11 * 1_048_576, 97), "", "response_too_large"],
    ["half a gzip", gzipSync("x".repeat(1_000)).subarray(0, 20), "gzip", "response_invalid"],
    ["no gzip at all", Buffer.from("plain"), "gzip", "response_invalid"],
    ["no brotli at all", Buffer.from("plain text"), "br", "response_invalid"],
    ["an unknown coding", Buffer.from("x"), "zstd-ish", "response_invalid"],
  ])("%s is refused", async (_, body, coding, code) =>
    expect(
      (await failure(request((_request, response) => void response.writeHead(200, coding === "" ? {} : { "content-encoding": coding }).end(body)))).code,
    ).toBe(code),
  )

  test.each([
    [400, "query_invalid"],
    [401, "auth_failed"],
    // A 403 that says when to come back limits the rate.
    [403, "rate_limited"],
    [404, "stream_not_found"],
    [429, "rate_limited"],
    [500, "remote_failed"],
    [503, "server_unavailable"],
    [504, "timed_out"],
  ])("%i that asks for a wait is %s, with a scrubbed excerpt", async (status, code) => {
    const error = await failure(
      request((_, response) => json(response, { pad: "x".repeat(270), token: TOKEN, more: "y".repeat(500) }, status, { "retry-after": "7" }), { retries: 0 }),
    )
    expect(error).toMatchObject({ code, details: { status, retryAfterMs: 7_000 } })
    expect(error.message.length).toBeLessThan(420)
    expect(error.message).not.toContain(TOKEN.slice(0, 8))
  })

  test("a 403 that asks for no wait is auth_failed", async () => {
    const error = await failure(request((_, response) => json(response, { token: TOKEN }, 403), { retries: 0 }))
    expect([error.code, error.details]).toEqual(["auth_failed", { status: 403 }])
    expect(error.message).not.toContain(TOKEN.slice(0, 8))
  })

  test("what is stored plainly is not scrubbed, what is secret is", async () => {
    const parameters = [
      { name: "mode", value: "special" },
      { name: "api_key", value: "abcdefgh" },
    ]
    const error = await failure(request((_, response) => json(response, { said: "special abcdefgh" }, 400), { parameters }))
    expect(error.message).toContain('"special [secret]"')
  })

  test("a connection that breaks, and what is no HTTP, are told apart", async () => {
    expect(
      (await failure(request((_, response) => void response.writeHead(200, { "content-length": "100" }).write("half", () => response.destroy())))).code,
    ).toBe("connection_lost")
    await using other = await listenRaw((socket) => socket.end("SSH-2.0-OpenSSH_9.2\r\n"))
    expect((await failure(withSession({ connector: http }, config({ url: origin(other) }), (session) => session.request({})))).code).toBe("protocol_invalid")
  })

  const head = "HTTP/1.1 200 OK\r\n"
  const rest = 'Content-Length: 7\r\n\r\n{"a":1}'
  test.each([
    ["a blank in a header's name", `${head}X Name: a\r\n${rest}`, "response_invalid", /malformed header: a blank/],
    ["a blank at its end", `${head}X-Name : a\r\n${rest}`, "response_invalid", /malformed header: a blank/],
    ["a header without a colon", `${head}XName\r\n${rest}`, "response_invalid", /malformed header/],
    ["a control character in a header", `${head}X-Name: a\u0001b\r\n${rest}`, "response_invalid", /malformed header: a control character/],
    ["a folded header", `${head}X-Name: a\r\n b\r\n${rest}`, "response_invalid", /malformed header: a value that continues/],
    ["lines that end in LF alone", 'HTTP/1.1 200 OK\nContent-Length: 7\n\n{"a":1}', "response_invalid", /malformed lines/],
    ["the same Content-Length twice", `${head}Content-Length: 7\r\n${rest}`, "response_invalid", /Content-Length twice/],
    ["two lengths", `${head}Content-Length: 8\r\n${rest}`, "response_invalid", /Content-Length twice/],
    ["a list of lengths", `${head}Content-Length: 7, 7\r\n\r\n{"a":1}`, "response_invalid", /Content-Length/],
    ["a length that is no number", `${head}Content-Length: seven\r\n\r\n`, "response_invalid", /Content-Length is not one number/],
    ["length and chunks", `${head}Transfer-Encoding: chunked\r\n${rest}`, "response_invalid", /malformed header: Content-Length/],
    ["a chunk of no size", `${head}Transfer-Encoding: chunked\r\n\r\nzz\r\n`, "response_invalid", /size of a chunk/],
    ["an interim answer", `HTTP/1.1 100 Continue\r\n\r\n${head}${rest}`, "response_invalid", /100 Continue/],
    ["another version", `HTTP/9.9 200 OK\r\n${rest}`, "protocol_invalid", /scheme and port/],
    ["another protocol", "SSH-2.0-OpenSSH_9.2\r\n", "protocol_invalid", /scheme and port/],
  ])("with %s are told apart", async (_, text, code, says) => {
    await using other = await listenRaw((socket) => void socket.once("data", () => socket.write(text)))
    const error = await failure(withSession({ connector: http }, config({ url: origin(other) }), (session) => session.request({})))
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(says)])
  })

  test("whose headers come twice with one value have it once", async () => {
    const type = "Content-Type: text/plain; charset=iso-8859-1\r\n"
    await using other = await listenRaw(
      (socket) => void socket.once("data", () => socket.write(`${head}${type}${type}Content-Length: 4\r\n\r\nK\xf6ln`, "latin1")),
    )
    expect(await withSession({ connector: http }, config({ url: origin(other) }), (session) => session.request({}))).toEqual({ text: "Köln" })
  })
})
