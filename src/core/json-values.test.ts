import { expect, test } from "vitest"
import { holdsMoreValues } from "./json-values.ts"

test.each<[string, number, boolean]>([
  ["[1,2,3,4]", 4, false],
  ["[1,2,3,4,5]", 4, true],
  [' \n{"a":1,"b":{"c":2,"d":3}}', 5, false],
  ['{"a":1,"b":{"c":2,"d":3},"e":4}', 4, true],
  ["[[],[],[]]", 4, true],
  ['["a,b,c,[{\\",,,,"]', 4, false],
  ["[1,2", 1, true],
  ["a, b, c, d, e", 1, false],
  ['"a,b,c,d,e"', 1, false],
  ["", 0, false],
])("%j holds more than %i values: %s", (json, most, more) => expect(holdsMoreValues(Buffer.from(json), most)).toBe(more))
