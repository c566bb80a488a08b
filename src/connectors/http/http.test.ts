import { describe, expect, test } from "vitest"
import { openConfig, parseConfig } from "../../core/config.ts"
import type { Row } from "../../core/connector.ts"
import { PlatformError } from "../../core/errors.ts"
import { describeFields } from "../../core/schema.ts"
import { Scrubber } from "../../core/scrub.ts"
import { follow, type HttpRequest } from "../shared/http.ts"
import { bodyOf, rowsOf } from "./answer.ts"
import { type HttpConfig, httpFields, inputsOf } from "./fields.ts"
import { requestOf } from "./request.ts"

const posted = (more: object) => ({ url: "https://api.example.com/v1?a=1#part", ...more })

function configOf(more: object): HttpConfig {
  const { plain, secrets, faults, missing } = parseConfig(httpFields, posted(more))
  expect([...faults, ...missing]).toEqual([])
  const values = new Map([...secrets].map(([pointer, change]): [string, string] => [pointer, change === "keep" ? "" : change.value]))
  return openConfig(httpFields, plain, values) as HttpConfig
}

describe("the form", () => {
  test.each([
    "Host",
    "connection",
    "Content-Length",
    "Transfer-Encoding",
    "upgrade",
    "TE",
    "Trailer",
    "Expect",
    "Keep-Alive",
    "Proxy-Authorization",
    "X-Forwarded-For",
    "Forwarded",
    "a b",
    "x:y",
    "x\r\ny",
    "é",
  ])("a header %j is refused", (name) => {
    expect(parseConfig(httpFields, posted({ headers: [{ name, value: "1" }] })).faults.map(({ pointer }) => pointer)).toEqual(["/headers/0/name"])
    expect(parseConfig(httpFields, posted({ auth: { kind: "header", name, value: "12345" } })).faults.map(({ pointer }) => pointer)).toEqual(["/auth/name"])
  })

  test.each(["a\r\nHost: evil", "a\nb", "a\u0000b", "snow ☃"])("a header value %j is refused", (value) => {
    for (const name of ["Accept", "X-Key"])
      expect(parseConfig(httpFields, posted({ headers: [{ name, value }] })).faults.map(({ pointer }) => pointer)).toEqual(["/headers/0/value"])
    expect(parseConfig(httpFields, posted({ auth: { kind: "bearer", token: value } })).faults).toHaveLength(1)
  })

  test("what is secret is taken out, what is not is stored plainly", () => {
    const { plain, secrets } = parseConfig(
      httpFields,
      posted({
        headers: [
          { name: "Accept", value: "text/csv" },
          { name: "X-Trace", value: "hidden" },
        ],
        parameters: [
          { name: "page", value: "1" },
          { name: "api_key", value: "hidden too" },
          { name: "q", value: "" },
        ],
      }),
    )
    expect([...secrets.keys()]).toEqual(["/headers/X-Trace/value", "/parameters/api_key/value"])
    expect(JSON.stringify(plain)).not.toContain("hidden")
    expect(JSON.stringify(plain)).toContain("text/csv")
    expect(() => structuredClone(describeFields(httpFields))).not.toThrow()
  })
})

describe("inputs", () => {
  const config = configOf({
    method: "POST",
    parameters: [
      { name: "q", value: "" },
      { name: "page", value: "1" },
      { name: "sort", value: "", required: false },
      { name: "api_key", value: "hidden" },
    ],
    body: [{ name: "name" }, { name: "q", value: "x" }],
  })

  test("one shape: required, default, from; a secret default is not shown", () => {
    expect(inputsOf(config)).toEqual([
      { name: "q", from: "parameter", required: true },
      { name: "page", from: "parameter", required: false, default: "1" },
      { name: "sort", from: "parameter", required: false },
      { name: "api_key", from: "parameter", required: false },
      { name: "name", from: "body", required: true },
    ])
    expect(inputsOf({ ...config, method: "GET" }).map(({ from }) => from)).not.toContain("body")
  })

  test("fill the URL and the body, and replace defaults", () => {
    const { url, body, headers } = requestOf(config, { q: ["a&b", "ü"], name: { deep: [1, null] }, page: 2 })
    expect(url.href).toBe("https://api.example.com/v1?a=1&q=a%26b&q=%C3%BC&page=2&api_key=hidden")
    expect(JSON.parse(body ?? "")).toEqual({ name: { deep: [1, null] }, q: ["a&b", "ü"] })
    expect(headers["content-type"]).toBe("application/json")
  })

  test("a form is sent as a form", () => {
    const form = configOf({ method: "PUT", body: [{ name: "a" }], headers: [{ name: "Content-Type", value: "application/x-www-form-urlencoded" }] })
    expect(requestOf(form, { a: "1 &2" }).body).toBe("a=1+%262")
  })

  test("unknown and missing ones are named, all at once", () => {
    const attempt = (input: Row): PlatformError | undefined => {
      try {
        requestOf(config, input)
      } catch (error) {
        if (error instanceof PlatformError) return error
        throw error
      }
      return undefined
    }
    const error = attempt({ nme: "x", q: "" })
    expect(error?.code).toBe("query_invalid")
    expect(error?.faults.map(({ pointer }) => pointer)).toEqual(["/input/nme", "/input/q", "/input/name"])
    expect(attempt({ q: "x", name: 0 })).toBeUndefined()
  })

  test.each([
    [{ kind: "basic", username: "me", password: "pass:word" }, "authorization", `Basic ${Buffer.from("me:pass:word").toString("base64")}`],
    [{ kind: "bearer", token: "abcd" }, "authorization", "Bearer abcd"],
    [{ kind: "header", name: "X-Key", value: "abcd" }, "x-key", "abcd"],
  ])("%j goes into its header, and stays with the origin", (auth, name, value) => {
    const request = requestOf(configOf({ auth }), {})
    expect(request.headers[name]).toBe(value)
    expect(request.private.has(name)).toBe(true)
  })

  test("a key in the query replaces what the URL has", () =>
    expect(requestOf(configOf({ auth: { kind: "query", name: "a", value: "k&k" } }), {}).url.search).toBe("?a=k%26k"))
})

describe("redirects", () => {
  const from: HttpRequest = {
    method: "POST",
    url: new URL("https://a.example/x"),
    headers: { authorization: "Bearer t", "x-key": "k", accept: "*/*", "content-type": "application/json" },
    private: new Set(["authorization", "x-key"]),
    body: "{}",
  }
  const get: HttpRequest = {
    method: "GET",
    url: new URL("https://a.example/x?k=1"),
    headers: { authorization: "Bearer t", accept: "*/*" },
    private: new Set(["authorization"]),
  }

  test.each([
    [301, "GET", undefined],
    [302, "GET", undefined],
    [303, "GET", undefined],
    [307, "POST", "{}"],
    [308, "POST", "{}"],
  ])("%i within the origin makes a POST a %s", (status, method, body) => {
    const next = follow(from, status, "/y")
    expect([next.method, next.body, next.url.href, next.headers["authorization"]]).toEqual([method, body, "https://a.example/y", "Bearer t"])
    expect("content-type" in next.headers).toBe(body !== undefined)
  })

  test.each(["https://b.example/", "https://a.example:444/", "//b.example/x"])("secrets do not go along to %s", (location) =>
    expect(follow(get, 302, location).headers).toEqual({ accept: "*/*" }),
  )

  test.each([
    [from, 307, "https://b.example/"],
    [get, 302, "http://a.example/"],
    [get, 302, "file:///etc/passwd"],
    [get, 302, "https://user:pass@b.example/"],
    [get, 302, "https://"],
  ])("%# is not followed", (request, status, location) => expect(() => follow(request, status, location)).toThrow(PlatformError))
})

describe("answers", () => {
  const answer = (body: string | Buffer, type = "") =>
    rowsOf(
      bodyOf(
        { status: 200, headers: { "content-type": type }, body: Buffer.from(body), url: new URL("https://a.example/") },
        { records: undefined, success: undefined, successStatuses: undefined },
        new Scrubber([]),
      ),
    )
  test.each([
    ['{"a":9007199254740993}', "application/json", { a: "9007199254740993" }],
    ['[{"a":1},2]', "application/problem+json; charset=utf-8", [{ a: 1 }, { value: 2 }]],
    ["3", "application/json", { value: 3 }],
    ['{"a":1}', "text/plain", { a: 1 }],
    ["{not json", "text/plain", { text: "{not json" }],
    ["hello", "", { text: "hello" }],
    [Buffer.from([0xe9]), "text/plain; charset=iso-8859-1", { text: "é" }],
    ["", "application/json", {}],
  ])("%j as %s", (body, type, rows) => expect(answer(body, type)).toEqual(rows))

  test("JSON that is none is response_invalid", () => expect(() => answer("{", "application/json")).toThrow(/it is not/))
})
