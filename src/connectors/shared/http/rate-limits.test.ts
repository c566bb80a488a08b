import { describe, expect, test, vi } from "vitest"
import type { HttpAnswer } from "../../../core/http/request.ts"
import { isRateLimit, retryAfterMs, waitMs } from "./rate-limits.ts"
import { failureOf } from "./statuses.ts"

const answerOf = (status: number, headers: Record<string, string> = {}, body = ""): HttpAnswer => ({
  status,
  headers,
  body: Buffer.from(body),
  url: new URL("https://a.example/"),
})

test.each([
  ["7", 7_000],
  [" 0 ", 0],
  ["Wed, 21 Oct 2026 07:28:30 GMT", 30_000],
  ["Wed, 21 Oct 2026 07:27:00 GMT", 0],
  ["", undefined],
  ["-1", undefined],
  ["soon", undefined],
  ["9999999999", undefined],
  ["1.5", 1_500],
  ["30s", 30_000],
  ["5, 7, 6", 7_000],
  ["Wed, 21 Oct 2026 07:28:10 GMT, Wed, 21 Oct 2026 07:28:30 GMT", 30_000],
  ["Wednesday, 21-Oct-26 07:28:30 GMT", 30_000],
  ["2026-10-21T07:28:30Z", 30_000],
])("Retry-After %j is %j ms", (said, expected) => {
  vi.useFakeTimers({ toFake: ["Date"], now: new Date("2026-10-21T07:28:00Z") })
  try {
    expect(retryAfterMs({ "retry-after": said })).toBe(expected)
  } finally {
    vi.useRealTimers()
  }
})

describe("a 403", () => {
  test.each<[string, Record<string, string>, string]>([
    ["with Retry-After", { "retry-after": "1" }, ""],
    ["with nothing left", { "x-ratelimit-remaining": "0" }, ""],
    ["with nothing left, by another name", { "x-rate-limit-remaining": "0" }, ""],
    ["with nothing left, by the standard's name", { "ratelimit-remaining": "0" }, ""],
    ["with nothing left of the requests", { "x-ratelimit-remaining-requests": "0" }, ""],
    ["with nothing left in a RateLimit header", { ratelimit: '"default";r=0;t=50' }, ""],
    ["with nothing left in an older RateLimit header", { ratelimit: "limit=100, remaining=0, reset=50" }, ""],
    ["in the words of GitHub", {}, '{"message":"You have exceeded a secondary rate limit. Please wait"}'],
    ["in other words of GitHub", {}, '{"message":"API rate limit exceeded for user ID 1."}'],
    ["in the words of Google", {}, '{"error":{"errors":[{"reason":"userRateLimitExceeded"}]}}'],
    ["in plain words", {}, "Too many requests"],
  ])("%s limits the rate", (_, headers, body) => {
    const answer = answerOf(403, headers, body)
    expect(isRateLimit(answer)).toBe(true)
    expect(failureOf(answer, {})).toMatchObject({ code: "rate_limited", message: expect.stringMatching(/call less often\.$/), details: { status: 403 } })
  })

  test.each<[string, Record<string, string>, string]>([
    ["without a word", {}, ""],
    ["with something left", { "x-ratelimit-remaining": "4999", "x-ratelimit-reset": "2000000000" }, '{"message":"Resource not accessible"}'],
    ["about a rate", {}, '{"message":"You may not change the rate limit of this key"}'],
  ])("%s is a refused login", (_, headers, body) => {
    expect(failureOf(answerOf(403, headers, body), {})).toMatchObject({ code: "auth_failed", details: { status: 403 } })
  })
})

describe("the wait without Retry-After", () => {
  const now = new Date("2026-10-21T07:28:00Z")
  const seconds = now.getTime() / 1_000 + 30
  test.each<[string, Record<string, string>]>([
    ["an instant in seconds", { "x-ratelimit-reset": String(seconds) }],
    ["an instant in milliseconds", { "x-rate-limit-reset": String(seconds * 1_000) }],
    ["a date", { "x-ratelimit-reset": "2026-10-21T07:28:30Z" }],
    ["seconds", { "ratelimit-reset": "30" }],
    ["a duration", { "x-ratelimit-reset-requests": "0m29s1000ms" }],
    ["the longest of several", { "x-ratelimit-reset-requests": "1s", "x-ratelimit-reset-tokens": "30s" }],
    ["a RateLimit header", { ratelimit: '"default";r=0;t=30' }],
    ["an older RateLimit header", { ratelimit: "limit=100, remaining=0, reset=30" }],
    ["milliseconds to wait", { "retry-after-ms": "30000" }],
  ])("is %s", (_, headers) => {
    vi.useFakeTimers({ toFake: ["Date"], now })
    try {
      expect(waitMs(answerOf(429, headers))).toBe(30_000)
      expect(waitMs(answerOf(403, { ...headers, "x-ratelimit-remaining": "0" }))).toBe(30_000)
      expect(waitMs(answerOf(429, { ...headers, "retry-after": "60" }))).toBe(60_000)
    } finally {
      vi.useRealTimers()
    }
  })

  test("is unknown where nothing says it, or the limit is not used up", () => {
    expect([waitMs(answerOf(429)), waitMs(answerOf(403, { "x-ratelimit-remaining": "7", "x-ratelimit-reset": "30" }))]).toEqual([undefined, undefined])
    for (const reset of ["soon", "-1", ""]) expect(waitMs(answerOf(429, { "x-ratelimit-reset": reset }))).toBeUndefined()
  })
})
