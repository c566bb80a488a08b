import type { IncomingHttpHeaders, ServerResponse } from "node:http"
import { beforeEach, describe, expect, it } from "vitest"
import { bytesIn } from "../../../../test/support/byte-sources.ts"
import { testLease } from "../../../../test/support/lease.ts"
import { listenHttp } from "../../../../test/support/loopback.ts"
import { use } from "../../../../test/support/use.ts"
import { within } from "../../../../test/support/waiting.ts"
import type { Call } from "../../../core/call.ts"
import { httpClient } from "../http/client.ts"
import { PastEnd } from "./source.ts"
import { urlSource } from "./url.ts"

const DATA = Buffer.from("0123456789abcdefghij")
const state = { etag: '"1"' as string | undefined, ranges: true, data: DATA, status: 200, headers: {} as Record<string, string>, lies: false, length: true }
const asked: IncomingHttpHeaders[] = []
let [turns, open] = [0, 0]

function answer(headers: IncomingHttpHeaders, response: ServerResponse): void {
  asked.push(headers)
  open++
  response.once("close", () => open--)
  for (const [name, value] of Object.entries({ ...(state.etag === undefined ? {} : { etag: state.etag }), ...state.headers })) response.setHeader(name, value)
  if (state.ranges) response.setHeader("accept-ranges", "bytes")
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? "") ?? []
  if (!state.ranges || from === undefined || headers["if-range"] !== state.etag)
    return void response.writeHead(state.status, state.length ? { "content-length": state.data.length } : {}).end(state.data)
  const part = state.data.subarray(Number(from), to ? Number(to) + 1 : undefined)
  response
    .writeHead(206, { "content-range": `bytes ${state.lies ? 0 : from}-${Number(from) + part.length - 1}/${state.data.length}`, "content-length": part.length })
    .end(part)
}

const server = use(() => listenHttp((request, response) => answer(request.headers, response)))
const lease = use(() => testLease())
beforeEach(() => {
  Object.assign(state, { etag: '"1"', ranges: true, data: DATA, status: 200, headers: {}, lies: false, length: true })
  asked.length = 0
  turns = 0
})

const call = {
  stage: (_: string, work: () => unknown) => work(),
  remainingMs: () => 10_000,
  turn: async () => void turns++,
  signal: new AbortController().signal,
} as unknown as Call
const source = (path = "x.csv") => urlSource(new URL(`${server.url}/${path}`), httpClient(lease.dispatcher()), call)

describe("a URL", () => {
  it("is requested once when it is read from its beginning, and every further request counts against the rate limit", async () => {
    const file = await source()
    expect(file).toMatchObject({ name: "x.csv", bytes: 20, ranges: true, mark: expect.stringMatching(/^[0-9a-f]{64}$/) })
    expect(await bytesIn(file.open())).toEqual(DATA)
    expect([asked.length, turns]).toEqual([1, 0])
    expect(await bytesIn(file.open(4, 9))).toEqual(DATA.subarray(4, 9))
    expect(await bytesIn(file.open(18))).toEqual(DATA.subarray(18))
    expect([asked.map(({ range }) => range), turns]).toEqual([[undefined, "bytes=4-8", "bytes=18-"], 2])
  })

  it.each<[string, Partial<typeof state>]>([
    ["without ranges", { ranges: false }],
    ["with a weak ETag", { etag: 'W/"1"' }],
    ["without an ETag", { etag: undefined }],
    ["whose content-length is that of encoded content", { headers: { "content-encoding": "gzip" }, ranges: false }],
  ])("%s is read from its beginning for every part", async (_, more) => {
    Object.assign(state, more)
    const file = await source()
    expect(file.ranges).toBe(false)
    expect(await bytesIn(file.open(4, 9))).toEqual(DATA.subarray(4, 9))
    expect(await bytesIn(file.open(18))).toEqual(DATA.subarray(18))
    expect(asked.map(({ range }) => range)).toEqual([undefined, undefined])
  })

  it("fails if its file has changed by the time of a further request", async () => {
    for (const ranges of [true, false]) {
      Object.assign(state, { etag: '"1"', ranges, data: DATA })
      const file = await source()
      await bytesIn(file.open())
      Object.assign(state, { etag: '"2"', data: Buffer.from("other bytes of another length") })
      await expect(bytesIn(file.open(4))).rejects.toMatchObject({ code: "query_invalid", message: expect.stringContaining("x.csv was changed") })
    }
  })

  it("returns no wrong bytes if its server sends a different part from the requested one", async () => {
    const file = await source()
    await bytesIn(file.open())
    state.lies = true
    await expect(bytesIn(file.open(4))).rejects.toMatchObject({ details: { status: 206 } })
  })

  it("has no bytes past its end", async () => {
    const file = await source()
    await expect(bytesIn(file.open(21))).rejects.toThrow(PastEnd)
    expect(await bytesIn(file.open(20))).toEqual(Buffer.alloc(0))
  })

  it("has no mark if its server names no version", async () => {
    Object.assign(state, { etag: undefined, length: false })
    const file = await source()
    expect([file.mark, file.bytes, file.ranges]).toEqual(["", undefined, false])
    await file[Symbol.asyncDispose]()
  })

  it("closes a response that no caller reads", async () => {
    state.data = Buffer.alloc(50_000_000, "x")
    const file = await source()
    expect(open).toBe(1)
    await file[Symbol.asyncDispose]()
    await within(5_000, () => open === 0, "the response is closed")
  })

  it.each<[number, string]>([
    [401, "auth_failed"],
    [403, "auth_failed"],
    [404, "stream_not_found"],
    [429, "rate_limited"],
    [500, "remote_failed"],
    [503, "server_unavailable"],
    [504, "timed_out"],
    [400, "query_invalid"],
  ])("that answers %i is %s", async (status, code) => {
    state.status = status
    await expect(source()).rejects.toMatchObject({ code, details: { status } })
  })

  it("may not have a content coding that was not requested", async () => {
    state.headers = { "content-encoding": "br" }
    await expect(source()).rejects.toMatchObject({ code: "response_invalid", message: expect.stringContaining("br") })
  })

  it.each([
    ["a/b%20c.csv?x=1", "b c.csv"],
    ["a/%zz", "%zz"],
    ["", "127.0.0.1"],
  ])("names its file: %j", async (path, name) => {
    const file = await source(path)
    expect(file.name).toBe(name)
    await file[Symbol.asyncDispose]()
  })
})
