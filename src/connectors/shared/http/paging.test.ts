import { expect, test } from "vitest"
import { linkIn, placedPage } from "./paging.ts"

test("a Link header of 64 KiB is gone through once, whatever is in it", () => {
  for (const part of ["<", "<a", "<a>;", "<a>; a", '<a>;a="\\"', "<a>;rel ", ";", " "]) expect(linkIn(part.repeat(65_536 / part.length))).toBeNull()
  // The end of a long row of beginnings is still found.
  expect(linkIn(`${"<".repeat(65_000)}/next>; rel=next`)).toBe("/next")
})

test("an address on plain http of the same host is read over https, as a server behind a proxy means it; other hosts are refused", () => {
  const nextOf = (next: string, at: string): unknown => {
    const answer = { status: 200, headers: {}, body: Buffer.alloc(0), url: new URL(at) }
    return placedPage({ kind: "link", next: "next", maxPages: 9 }, undefined, { answer, next, total: null, counts: [], count: 0, given: 0 }, new URL(at).origin)
      .next
  }
  expect(nextOf("http://a.example/x?p=2", "https://a.example/x")).toEqual({ url: "https://a.example/x?p=2" })
  expect(nextOf("http://a.example:8443/x?p=2", "https://a.example:8443/x")).toEqual({ url: "https://a.example:8443/x?p=2" })
  for (const [next, at] of [
    ["https://a.example/x", "http://a.example/x"],
    ["http://b.example/x", "https://a.example/x"],
    ["http://a.example:8080/x", "https://a.example/x"],
  ] as const)
    expect(() => nextOf(next, at)).toThrow(/pages are read only from/)
})
