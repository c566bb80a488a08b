import { expect, test } from "vitest"
import { didYouMean, nearest } from "./nearest.ts"

test.each([
  ["postgre", "postgres"],
  ["mysq", "mysql"],
  ["hsot", "host"],
  ["Password", "password"],
  ["quer", "query"],
  ["nothing", undefined],
  ["", undefined],
])("%j was probably %s", (word, meant) => expect(nearest(word, ["postgres", "mysql", "host", "password", "query"])).toBe(meant))

test("a word that is right has no hint", () => {
  expect([didYouMean("host", ["host"]), didYouMean("hst", ["host"])]).toEqual(["", ' Did you mean "host"?'])
})
