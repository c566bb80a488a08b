import fc from "fast-check"
import { afterAll, describe, expect, test } from "vitest"
import { openConfig, parseConfig } from "../../core/config.ts"
import { PlatformError } from "../../core/errors.ts"
import { parseExactly } from "../../core/exact-json.ts"
import type { HttpRequest } from "../../core/http/request.ts"
import { describeFields } from "../../core/schema.ts"
import type { Row, Value } from "../../core/values.ts"
import { Evaluator } from "../../evaluator/evaluator.ts"
import { authOf } from "../shared/http/auth/fields.ts"
import { type HttpConfig, httpFields, inputsOf } from "./fields.ts"
import { prepare } from "./request.ts"

const requestOf = async (config: HttpConfig, input: Row): Promise<HttpRequest> =>
  authOf(config.auth, { mode: "verify" }).show(await prepare(config, input, () => Promise.reject(new Error("no template"))))

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

  test("fill the URL and the body, and replace defaults", async () => {
    const { url, body, headers } = await requestOf(config, { q: ["a&b", "ü"], name: { deep: [1, null] }, page: 2 })
    expect(url.href).toBe("https://api.example.com/v1?a=1&q=a%26b&q=%C3%BC&page=2&api_key=hidden")
    expect(JSON.parse(String(body))).toEqual({ name: { deep: [1, null] }, q: ["a&b", "ü"] })
    expect(headers["content-type"]).toBe("application/json")
  })

  test("a form is sent as a form", async () => {
    const form = configOf({ method: "PUT", body: [{ name: "a" }], headers: [{ name: "Content-Type", value: "application/x-www-form-urlencoded" }] })
    expect((await requestOf(form, { a: "1 &2" })).body).toBe("a=1+%262")
  })

  test("unknown and missing ones are named, all at once", async () => {
    const attempt = async (input: Row): Promise<PlatformError | undefined> => {
      try {
        await requestOf(config, input)
      } catch (error) {
        if (error instanceof PlatformError) return error
        throw error
      }
      return undefined
    }
    const error = await attempt({ nme: "x", q: "" })
    expect(error?.code).toBe("query_invalid")
    expect(error?.faults.map(({ pointer }) => pointer)).toEqual(["/input/nme", "/input/q", "/input/name"])
    expect(await attempt({ q: "x", name: 0 })).toBeUndefined()
  })

  test.each([
    [{ kind: "basic", username: "me", password: "pass:word" }, "authorization", `Basic ${Buffer.from("me:pass:word").toString("base64")}`],
    [{ kind: "bearer", token: "abcd" }, "authorization", "Bearer abcd"],
    [{ kind: "header", name: "X-Key", value: "abcd" }, "x-key", "abcd"],
  ])("%j goes into its header, and stays with the origin", async (auth, name, value) => {
    const request = await requestOf(configOf({ auth }), {})
    expect(request.headers[name]).toBe(value)
    expect(request.private.has(name)).toBe(true)
  })

  test("a key in the query replaces what the URL has", async () =>
    expect((await requestOf(configOf({ auth: { kind: "query", name: "a", value: "k&k" } }), {})).url.search).toBe("?a=k%26k"))

  test("a Content-Type that a call gives must be one that the body can have", async () => {
    const config = configOf({ method: "POST", body: [{ name: "a" }], headers: [{ name: "Content-Type", input: "type" }] })
    expect((await requestOf(config, { a: "1 2", type: "application/x-www-form-urlencoded" })).body).toBe("a=1+2")
    await expect(requestOf(config, { a: 1, type: "multipart/form-data" })).rejects.toMatchObject({
      code: "query_invalid",
      faults: [{ pointer: "/input/type" }],
    })
  })

  test("numbers go into the URL, the JSON and the form with the digits that they came with", async () => {
    const digits = ["7615917337495251231", "0.1234567890123456789", "12345678901234567890.10"]
    for (const each of digits) {
      const input = parseExactly(`{"id": ${each}, "list": [${each}], "nested": {"n": ${each}}}`) as Row
      const parameters = [{ name: "id" }, { name: "list" }]
      expect((await requestOf(configOf({ parameters }), { id: input["id"] as Value, list: input["list"] as Value })).url.search).toBe(
        `?a=1&id=${each}&list=${each}`,
      )
      const json = configOf({ method: "POST", body: [{ name: "id" }, { name: "list" }, { name: "nested" }] })
      expect((await requestOf(json, input)).body).toBe(`{"id":${each},"list":[${each}],"nested":{"n":${each}}}`)
      const form = configOf({ method: "POST", body: [{ name: "id" }], headers: [{ name: "Content-Type", value: "application/x-www-form-urlencoded" }] })
      expect((await requestOf(form, { id: input["id"] as Value })).body).toBe(`id=${each}`)
      expect((await requestOf(configOf({ headers: [{ name: "X-Id", input: "id" }] }), { id: input["id"] as Value })).headers["x-id"]).toBe(each)
    }
  })

  test("stand in headers as they are, and only there", async () => {
    const headers = [
      { name: "X-Tenant", input: "tenant" },
      { name: "X-Plan", value: "free", input: "plan" },
    ]
    const config = configOf({ headers })
    expect(inputsOf(config)).toEqual([
      { name: "tenant", from: "header", required: true },
      { name: "plan", from: "header", required: false },
    ])
    expect((await requestOf(config, { tenant: "t 1" })).headers).toMatchObject({ "x-tenant": "t 1", "x-plan": "free" })
    expect((await requestOf(config, { tenant: "t", plan: 7 })).headers).toMatchObject({ "x-plan": "7" })
    for (const tenant of ["a\r\nHost: evil", "snow ☃", "\u0000"])
      await expect(requestOf(config, { tenant })).rejects.toMatchObject({ code: "query_invalid", faults: [{ pointer: "/input/tenant" }] })
  })
})

describe("a URL with a template", () => {
  const pool = new Evaluator()
  const { render } = pool.for({ workspaceId: "one" })
  afterAll(() => pool.close())
  const urlOf = async (url: string, input: Row) => (await prepare(configOf({ url }), input, render)).url.href

  test.each<[string, Row, string]>([
    ["https://a.example/users/{{ id }}/posts?tag={{ tag }}#x", { id: "7", tag: "a b&c=d#e" }, "https://a.example/users/7/posts?tag=a%20b%26c%3Dd%23e"],
    ["https://a.example/{{ id }}", { id: "../../admin?x=1#y" }, "https://a.example/..%2F..%2Fadmin%3Fx%3D1%23y"],
    ["https://a.example/{{ id }}", { id: "@evil.example/\\//" }, "https://a.example/%40evil.example%2F%5C%2F%2F"],
    ["https://a.example/{{ id | lower }}.json", { id: "ÄB" }, "https://a.example/%C3%A4b.json"],
    ["https://a.example/x{% if page %}?page={{ page }}{% endif %}", {}, "https://a.example/x"],
    ["https://a.example/x{% if page %}?page={{ page }}{% endif %}", { page: 2 }, "https://a.example/x?page=2"],
  ])("%s of %j", async (url, input, expected) => expect(await urlOf(url, input)).toBe(expected))

  test.each<[string, Row]>([
    ["https://a.example/users/{{ id }}/x", { id: ".." }],
    ["https://a.example/users/{{ id }}", { id: "." }],
    ["https://a.example/users/.{{ id }}/x", { id: "." }],
    ["https://a.example/users/%2e{{ id }}/x", { id: "." }],
    ["https://a.example/users/{{ id | default('') }}/x", {}],
    ["https://a.example/users/{{ id }}", { id: "" }],
  ])("%s of %j is refused", async (url, input) => expect(urlOf(url, input)).rejects.toMatchObject({ code: "query_invalid" }))

  test("has its variables among the inputs, first", () => {
    const config = configOf({ url: "https://a.example/{{ b }}/{{ a }}", parameters: [{ name: "a" }, { name: "c" }] })
    expect(inputsOf(config).map(({ name, from }) => [name, from])).toEqual([
      ["b", "url"],
      ["a", "url"],
      ["c", "parameter"],
    ])
  })

  test.each([
    ["https://{{ host }}/x", /host/],
    ["https://a.example:{{ port }}/x", /absolute/],
    ["https://a.example{{ x }}/", /host/],
    ["{{ scheme }}://a.example/", /must start with/],
    ["https://a.example/{{ id }", /line 1, column 19/],
    ["https://a.example/{{ id | nope }}", /filter nope/],
    ["https://u:p@a.example/{{ id }}", /user name/],
  ])("%s is refused when it is saved", (url, says) => {
    const [fault] = parseConfig(httpFields, { url }).faults
    expect([fault?.pointer, fault?.message]).toEqual(["/url", expect.stringMatching(says)])
  })

  test("whatever the value: host, path and query keep their parts", async () => {
    const text = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom("/", "\\", ".", "%", "?", "#", "&", "=", "@", ":", "\u0000", "{{", "é") }))
    await fc.assert(
      fc.asyncProperty(text, text, async (id, q) => {
        const href = await urlOf("https://a.example/v/{{ id }}/end?q={{ q }}&last=1", { id, q }).catch((error: unknown) => error)
        if (error(href)) return
        const url = new URL(href as string)
        expect([url.origin, url.pathname.split("/").length, [...url.searchParams]]).toEqual([
          "https://a.example",
          4,
          [
            ["q", q.toWellFormed()],
            ["last", "1"],
          ],
        ])
      }),
      { numRuns: 200 },
    )
  })
  const error = (value: unknown): boolean => value instanceof PlatformError && value.code === "query_invalid"

  test("and a form keeps its fields", async () => {
    const config = configOf({
      method: "POST",
      bodyTemplate: "a={{ a }}&b={{ b }}",
      headers: [{ name: "Content-Type", value: "application/x-www-form-urlencoded" }],
    })
    const { body } = await prepare(config, { a: "1&c=2", b: "é +" }, render)
    expect([...new URLSearchParams(String(body))]).toEqual([
      ["a", "1&c=2"],
      ["b", "é +"],
    ])
  })
})
