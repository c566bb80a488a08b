import { describe, expect, test } from "vitest"
import { PlatformError } from "../errors.ts"
import { follow } from "./redirect.ts"
import type { HttpRequest } from "./request.ts"

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
