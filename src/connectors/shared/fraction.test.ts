import { expect, test } from "vitest"
import { withoutZeros } from "./fraction.ts"

test.each([
  ["1.50", "1.5"],
  ["1.00", "1"],
  ["1.", "1"],
  ["100", "100"],
  ["1.050", "1.05"],
  ["2024-03-31T01:00:00.500000", "2024-03-31T01:00:00.5"],
  ["2024-03-31T01:00:00.000000", "2024-03-31T01:00:00"],
  ["1.0x0", "1.0x0"],
  ["", ""],
])("%s is %s", (text, short) => expect(withoutZeros(text)).toBe(short))

test("a million zeros take no longer than they are", () => {
  const zeros = "0".repeat(1_000_000)
  expect(withoutZeros(`1.${zeros}`)).toBe("1")
  expect(withoutZeros(`1.${zeros}1`)).toBe(`1.${zeros}1`)
})
