import { describe, expect, test } from "vitest"
import type { HttpAnswer } from "../../../core/http/request.ts"
import { byStatus, byStatuses, failureOf, meaningOf, statusesFault, statusesIn } from "./statuses.ts"

const answerOf = (status: number, body = "", headers: Record<string, string> = {}): HttpAnswer => ({
  status,
  headers,
  body: Buffer.from(body),
  url: new URL("https://a.example/path?key=hidden"),
})
const call = { signal: new AbortController().signal, remainingMs: () => 1_000 }

test.each([
  [400, "query_invalid"],
  [401, "auth_failed"],
  [403, "auth_failed"],
  [404, "stream_not_found"],
  [405, "query_invalid"],
  [408, "timed_out"],
  [409, "query_invalid"],
  [410, "stream_not_found"],
  [413, "query_invalid"],
  [422, "query_invalid"],
  [429, "rate_limited"],
  [451, "query_invalid"],
  [500, "remote_failed"],
  [501, "remote_failed"],
  [502, "server_unavailable"],
  [503, "server_unavailable"],
  [504, "timed_out"],
  [529, "remote_failed"],
])("%i is %s", (status, code) => {
  expect(meaningOf(status).code).toBe(code)
  expect(byStatus(answerOf(status), call)).toMatchObject({ code, details: { status } })
})

test("304 and a redirect without an address are no success", () => {
  for (const status of [301, 302, 303, 304, 307, 308, 300])
    expect(byStatus(answerOf(status), call)).toMatchObject({ code: "remote_failed", details: { status } })
  expect(byStatus(answerOf(304), call)?.message).toMatch(/If-None-Match/)
  expect([200, 201, 204, 226].map((status) => byStatus(answerOf(status), call))).toEqual([undefined, undefined, undefined, undefined])
  expect(byStatus(answerOf(302, "", { location: "/x" }), call)).toBeUndefined()
})

describe("a failure", () => {
  test("names who answered, what was said and what to do, and not the query", () => {
    expect(failureOf(answerOf(404, '{"error":  "no\nsuch thing"}'), {}).message).toBe(
      `https://a.example answers 404: {"error": "no such thing"}; check the URL's path.`,
    )
    expect(failureOf(answerOf(429, ""), {}).message).toBe("https://a.example answers 429; call less often.")
  })

  test("is scrubbed before it is cut", () => {
    const scrub = (text: string): string => text.replaceAll("secret-value", "[secret]")
    const { message } = failureOf(answerOf(500, `${"x".repeat(295)}secret-value`), { scrub })
    expect(message).toContain(`${"x".repeat(295)}[secr;`)
    expect(message).not.toContain("secret")
  })

  test("says how long the server asks to wait", () => {
    expect(failureOf(answerOf(503, "", { "retry-after": "7" }), {}).details).toEqual({ status: 503, retryAfterMs: 7_000 })
  })
})

describe("a list of statuses", () => {
  test("has single ones and ranges", () => {
    const listed = statusesIn("200-299, 404")
    expect([199, 200, 250, 299, 300, 404].map(listed)).toEqual([false, true, true, true, false, true])
  })

  test.each(["", "abc", "200,", "99", "600", "299-200", "200-"])("%j is refused", (text) => expect(statusesFault(text)).toMatch(/^must be statuses/))
  test.each(["200", "200-299", " 429 , 502-504 "])("%j is taken", (text) => expect(statusesFault(text)).toBeUndefined())

  test("decides what is a success", () => {
    const judge = byStatuses("200-201, 404")
    expect([200, 404].map((status) => judge(answerOf(status), call))).toEqual([undefined, undefined])
    expect(judge(answerOf(202), call)).toMatchObject({ code: "remote_failed", details: { status: 202 } })
    expect(judge(answerOf(400), call)).toMatchObject({ code: "query_invalid" })
  })
})
