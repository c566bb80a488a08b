import { expect, test } from "vitest"
import { linkIn } from "./paging.ts"

test("a Link header of 64 KiB is gone through once, whatever is in it", () => {
  for (const part of ["<", "<a", "<a>;", "<a>; a", '<a>;a="\\"', "<a>;rel ", ";", " "]) expect(linkIn(part.repeat(65_536 / part.length))).toBeNull()
  // The end of a long row of beginnings is still found.
  expect(linkIn(`${"<".repeat(65_000)}/next>; rel=next`)).toBe("/next")
})
