import { describe, expect, test } from "vitest"
import { hashPassword, verifyPassword } from "./passwords.ts"

describe("passwords", () => {
  test("match only their own hash, which differs each time and names its parameters", async () => {
    const [one, two] = [await hashPassword("correct horse"), await hashPassword("correct horse")]
    expect(one).not.toBe(two)
    expect(one).toMatch(/^scrypt\$32768\$8\$3\$[\w-]{22}\$[\w-]{43}$/)
    expect(await verifyPassword("correct horse", one)).toBe(true)
    expect(await verifyPassword("correct horsE", one)).toBe(false)
    expect(await verifyPassword("", one)).toBe(false)
  })

  test("match a hash that was made with another cost", async () => {
    const cheap = "scrypt$16$1$1$AAAAAAAAAAAAAAAAAAAAAA$"
    const { scryptSync } = await import("node:crypto")
    const stored = cheap + scryptSync("pw", Buffer.alloc(16), 32, { N: 16, r: 1, p: 1 }).toString("base64url")
    expect(await verifyPassword("pw", stored)).toBe(true)
  })

  test("match in every Unicode composition of their letters", async () => {
    expect(await verifyPassword("e\u0301te\u0301", await hashPassword("\u00e9t\u00e9"))).toBe(true)
  })

  test.each([undefined, "", "plain", "scrypt$1$2", "bcrypt$1$2$3$4$5"])("never match %j", async (stored) => {
    expect(await verifyPassword("plain", stored)).toBe(false)
  })

  test("are not hashed beyond 1,024 characters", async () => {
    const long = "x".repeat(1_025)
    expect(await verifyPassword(long, await hashPassword(long))).toBe(false)
  })
})
