import { describe, expect, test } from "vitest"
import { Concealer, isRandom } from "./conceal.ts"

const TOKEN = "tok_9f8E7d6C5b4A39281706"

describe("a value that is random", () => {
  test.each([
    TOKEN,
    "9f86d081884c7d65",
    "d41d8cd98f00b204e9800998ecf8427e",
    "7d444840-9dc0-11d1-b245-5ffdce74fad2",
    "hJ3k-Lq9z_XwP0v7TtRm",
    "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----",
    "qzxvkjwpmbtrnslfhdgc",
  ])("%s", (value) => expect(isRandom(value)).toBe(true))
})

describe("a value that is not", () => {
  test.each([
    "9f8E7d6C5b4A392",
    "production",
    "administrator123",
    "aaaaaaaaaaaaaaaaaaaaaaaa",
    "0000000000000000",
    "1234123412341234",
    "production-database-readonly",
    "a.very.long.host.name",
  ])("%s", (value) => expect(isRandom(value)).toBe(false))
})

describe("an answer", () => {
  const concealer = new Concealer([TOKEN, "production", "aaaaaaaaaaaaaaaaaaaaaaaa"])
  test("has each random secret hidden, also within a text, at any depth and in names, and says in how many places", () => {
    const answer = { headers: { authorization: `Bearer ${TOKEN}` }, list: [TOKEN, 1, null, [`${TOKEN}${TOKEN}`]], [TOKEN]: true }
    expect(concealer.hide(answer)).toEqual({
      value: { headers: { authorization: "Bearer [secret]" }, list: ["[secret]", 1, null, ["[secret][secret]"]], "[secret]": true },
      hidden: 5,
    })
  })

  test("that holds a short or common value, or another spelling, is left as it is", () => {
    const answer = { env: "production", fill: "aaaaaaaaaaaaaaaaaaaaaaaa", upper: TOKEN.toUpperCase(), part: TOKEN.slice(0, 15) }
    const { value, hidden } = concealer.hide(answer)
    expect([value, hidden]).toEqual([answer, 0])
    expect(value).toBe(answer)
  })
})
