import fc from "fast-check"
import { expect, test } from "vitest"
import { Concealer } from "./conceal.ts"
import { hiddenInRecords } from "./conceal-encoded.ts"
import { EncodedRecords } from "./encoded-records.ts"
import type { Row } from "./values.ts"

const SECRETS = ['kQ7#xV2p"Lz9\\mR4tY', "8271938471928374", "ünï-Zx81Qw73Er64Ty", "[81,72,93],64:52{7}"]
const concealer = new Concealer(SECRETS)

const encodedOf = (rows: readonly Row[]) => new EncodedRecords("list", Buffer.from(JSON.stringify(rows).slice(1, -1)), rows.length, false)
const decoded = ({ bytes }: EncodedRecords): unknown => JSON.parse(`[${bytes.toString()}]`)

test("the secrets in encoded records are hidden as they are in records", async () => {
  const text = fc
    .array(fc.oneof(fc.constantFrom(...SECRETS, '"', "\\", ",", "82719384"), fc.string({ unit: "grapheme", maxLength: 4 })), { maxLength: 4 })
    .map((parts) => parts.join(""))
  const value = fc.oneof(text, fc.constantFrom(8271938471928374, 8271938, null, true), fc.array(text, { maxLength: 3 }), fc.constant([81, 72, 93]))
  const row = fc.dictionary(text, value, { maxKeys: 4 })
  await fc.assert(
    fc.asyncProperty(fc.array(row, { maxLength: 5 }), async (rows) => {
      const plain = concealer.hide(rows as Row[])
      const encoded = await concealer.hideEncoded(encodedOf(rows as Row[]))
      expect(decoded(encoded.value)).toEqual(JSON.parse(JSON.stringify(plain.value)))
      // Two names that become the same one are one field of a record, and two members of its JSON.
      expect(encoded.hidden).toBeGreaterThanOrEqual(plain.hidden)
    }),
    { numRuns: 500 },
  )
})

test("a secret is found where two parts meet, and a number is left as it is", async () => {
  const [digits, umlauts] = ["8271938471928374", "ünï-Zx81Qw73Er64Ty"]
  for (const before of [1_048_560, 1_048_570, 1_048_576]) {
    const rows = [{ text: `${"x".repeat(before)}${umlauts}${umlauts}`, number: 8271938471928374, digits }]
    const { value, hidden } = await hiddenInRecords(encodedOf(rows), [digits, umlauts], "[secret]")
    expect([hidden, decoded(value)]).toEqual([3, [{ text: `${"x".repeat(before)}[secret][secret]`, number: 8271938471928374, digits: "[secret]" }]])
  }
})

test("records without secrets stay the same", async () => {
  const records = encodedOf([{ a: 1 }])
  expect((await concealer.hideEncoded(records)).value).toBe(records)
})
