import { describe, expect, it } from "vitest"
import { spellingsOf } from "./secret-forms.ts"

describe("the spellings of a value", () => {
  it("are computed once for values that are used again and again", () => {
    const first = spellingsOf("used again and again")
    expect(spellingsOf("another value")).not.toBe(first)
    expect(spellingsOf("used again and again")).toBe(first)
  })

  it("are kept for 32,768 characters of values at most, those that were asked for last", () => {
    const first = spellingsOf("asked for first")
    const second = spellingsOf("asked for second")
    for (let n = 0; n < 32; n++) {
      spellingsOf(`${n}`.padEnd(1_000, "x"))
      spellingsOf("asked for second")
    }
    spellingsOf("y".repeat(1_000))
    expect(spellingsOf("asked for second")).toBe(second)
    expect(spellingsOf("asked for first")).not.toBe(first)
    expect(spellingsOf("asked for first")).toEqual(first)
  })
})
