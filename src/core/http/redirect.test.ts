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

  test.each([301, 302, 303, 307, 308])("%i keeps the method of a GET and a HEAD", (status) => {
    for (const method of ["GET", "HEAD"]) {
      const next = follow({ ...get, method }, status, "y#part")
      expect([next.method, next.url.href, next.headers["authorization"]]).toEqual([method, "https://a.example/y#part", "Bearer t"])
    }
  })

  test.each(["POST", "PUT", "PATCH", "DELETE"])("%s is sent again after 307 and 308 alone, and other redirects name their target", (method) => {
    const { body: _, ...bare } = from
    for (const request of [
      { ...from, method },
      { ...bare, method },
    ]) {
      for (const status of [307, 308]) expect(follow(request, status, "/x/")).toEqual({ ...request, url: new URL("https://a.example/x/") })
      for (const status of [301, 302, 303])
        expect(() => follow(request, status, "/x/?token=hidden")).toThrow(
          `https://a.example redirects the ${method} to https://a.example/x/ (${status}), and nothing was sent there; use that URL if it is the right one.`,
        )
      for (const status of [301, 307, 308])
        for (const away of ["https://b.example/", "http://a.example/x"]) expect(() => follow(request, status, away)).toThrow(away.replace(/\/$/, ""))
    }
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
