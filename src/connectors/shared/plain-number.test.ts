import { expect, test } from "vitest"
import { plainNumber, withinDigits } from "./plain-number.ts"

test.each([
  ["12", "12"],
  ["-1.25e3", "-1250"],
  ["1.2345678901234567890e25", "12345678901234567890000000"],
  ["12345678901234567890e-5", "123456789012345.6789"],
  ["-1.25E-20", "-0.0000000000000000000125"],
  ["0e5", "0"],
  ["100", "100"],
  ["1e+2", "100"],
  ["1e400", "1e400"],
])("%s is %s", (number, plain) => expect(plainNumber(number)).toBe(plain))

test("a number with too many digits has no plain form", () => {
  expect([withinDigits("9".repeat(38), 38), withinDigits("9".repeat(39), 38), withinDigits("1e50", 38)]).toEqual(["9".repeat(38), undefined, undefined])
})
