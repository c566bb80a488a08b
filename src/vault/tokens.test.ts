import { expect, test } from "vitest"
import { hashToken, newApiKey, randomText, visiblePrefix } from "./tokens.ts"

test("an API key is its prefix and 32 characters of base62, different each time", () => {
  const keys = new Set(Array.from({ length: 200 }, () => newApiKey()))
  expect(keys.size).toBe(200)
  for (const key of keys) expect(key).toMatch(/^jf_[0-9A-Za-z]{32}$/)
  expect(newApiKey("dbn_live")).toMatch(/^dbn_live_[0-9A-Za-z]{32}$/)
})

test("random text uses the whole alphabet", () => {
  expect(new Set(randomText(5_000)).size).toBe(62)
})

test("the visible part of a key is its prefix and four characters", () => {
  const key = newApiKey("dbn_live")
  expect(visiblePrefix(key)).toBe(key.slice(0, "dbn_live_".length + 4))
  expect(visiblePrefix("a-key-that-somebody-chose-for-the-first-admin")).toBe("a-ke")
  expect(visiblePrefix("my_own_key_with_underscores_and_more")).toBe("my_o")
})

test("a key is stored as its SHA-256", () => {
  expect(hashToken("abc").toString("hex")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
})
