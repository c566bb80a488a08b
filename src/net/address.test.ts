import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { type AddressClass, bytesOf, classify, holds, spell } from "./address.ts"

/**
 * facts: the forms in IANA's registries, the metadata services by name, and the addresses that ipaddr.js calls
 * unicast.
 */
const EXPECTED: Record<AddressClass, string[]> = {
  public: ["1.1.1.1", "8.8.8.8", "99.255.255.255", "172.15.0.1", "172.32.0.1", "192.0.1.1", "223.255.255.255", "2606:4700::1111", "2a00::1", "3ffe::1"],
  private: ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "172.17.0.1", "10.96.0.1", "fc00::1", "fdff::1"],
  loopback: ["127.0.0.1", "127.255.255.254", "::1", "0:0:0:0:0:0:0:1"],
  "link-local": ["169.254.1.1", "fe80::1", "febf::1"],
  metadata: [
    ...["169.254.169.254", "169.254.169.253", "169.254.169.123", "169.254.170.2", "169.254.170.23", "169.254.0.23"],
    ...["100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254"],
  ],
  cgnat: ["100.64.0.1", "100.127.255.255"],
  documentation: ["192.0.2.1", "198.51.100.1", "203.0.113.7", "2001:db8::1", "3fff::1", "3fff:fff:ffff::1"],
  benchmarking: ["198.18.0.1", "198.19.255.255"],
  multicast: ["224.0.0.1", "239.255.255.255", "255.255.255.255", "ff02::1"],
  unspecified: ["0.0.0.0", "0.1.2.3", "::"],
  reserved: [
    ...["192.0.0.1", "192.31.196.1", "192.52.193.1", "192.88.99.1", "192.175.48.1", "240.0.0.1"],
    ...["100::1", "100:0:0:1::1", "5f00::1", "200::1", "4000::1", "fec0::1", "2001:1::1", "2001:20::1", "2620:4f:8000::1"],
    ...["fe80::1%eth0", "::1%lo", "127.1", "0177.0.0.1", "2130706433", "localhost", "", "256.0.0.1", "1.2.3.4/8"],
  ],
  embedded: [
    ...["::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "::7f00:1", "::ffff:0:127.0.0.1", "64:ff9b::a9fe:a9fe"],
    ...["64:ff9b:1::7f00:1", "2002:7f00:1::", "2001:0:4136:e378:8000:63bf:3fff:fdd2"],
  ],
}

describe("classify", () => {
  for (const [expected, addresses] of Object.entries(EXPECTED))
    for (const address of addresses) test(`${JSON.stringify(address)} is ${expected}`, () => expect(classify(address).class).toBe(expected))

  test("IPv6 is public only within 2000::/3 and without an embedded IPv4 address", () => {
    const ipv6 = fc.uint8Array({ minLength: 16, maxLength: 16 })
    fc.assert(
      fc.property(ipv6, (bytes) => {
        const found = classify(spell([...bytes])).class
        if (found === "public") expect((bytes[0] ?? 0) >> 5).toBe(1)
      }),
    )
  })

  test("no IPv4 address becomes public by being written into IPv6", () => {
    const forms = [(v4: string) => `::ffff:${v4}`, (v4: string) => `::${v4}`, (v4: string) => `::ffff:0:${v4}`, (v4: string) => `64:ff9b::${v4}`]
    fc.assert(
      fc.property(fc.ipV4(), fc.constantFrom(...forms), (v4, form) => {
        expect(["embedded", "unspecified", "loopback"]).toContain(classify(form(v4)).class)
      }),
    )
  })

  test("an address has one canonical spelling, which has the same class", () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (address) => {
        const { canonical, class: kind } = classify(address)
        expect(classify(canonical)).toEqual({ canonical, class: kind })
        expect(bytesOf(canonical)).toEqual(bytesOf(address))
      }),
    )
    expect(classify("2001:DB8:0:0:0:0:0:1").canonical).toBe("2001:db8::1")
  })
})

test("a block contains exactly the addresses that share its first bits", () => {
  const block = { bytes: [172, 16, 0, 0], prefix: 12 }
  expect(holds(block, [172, 31, 255, 255])).toBe(true)
  expect(holds(block, [172, 32, 0, 0])).toBe(false)
  expect(holds({ bytes: [0, 0, 0, 0], prefix: 0 }, [8, 8, 8, 8])).toBe(true)
  expect(holds({ bytes: [0, 0, 0, 0], prefix: 0 }, new Array<number>(16).fill(0))).toBe(false)
})
