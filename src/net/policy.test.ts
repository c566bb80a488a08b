import { networkInterfaces } from "node:os"
import { describe, expect, test } from "vitest"
import { PlatformError } from "../core/errors.ts"
import { type OwnPort, Policy } from "./policy.ts"
import { formatRule, parseEgressRules, type Rule } from "./rules.ts"

describe("parseEgressRules", () => {
  const spellings: [string, string][] = [
    ["10.0.0.0/8", "10.0.0.0/8"],
    ["127.0.0.0/8:5432", "127.0.0.0/8:5432"],
    ["127.0.0.1:5432-5439", "127.0.0.1/32:5432-5439"],
    [" 10.0.0.0/8 , ,192.168.0.0/16:1-65535,", "10.0.0.0/8 192.168.0.0/16:1-65535"],
    ["fd00::/8", "fd00::/8"],
    ["[FD00::/8]:5432", "[fd00::/8]:5432"],
    ["::1", "::1/128"],
    ["[::1]:5432", "[::1/128]:5432"],
    ["0.0.0.0/0", "0.0.0.0/0"],
    ["", ""],
  ]
  for (const [text, expected] of spellings) {
    test(`${JSON.stringify(text)} is parsed and formatted as ${JSON.stringify(expected)}`, () => {
      const rules = parseEgressRules(text)
      expect(rules.map(formatRule).join(" ")).toBe(expected)
      expect(parseEgressRules(rules.map(formatRule).join(","))).toEqual(rules)
    })
  }

  const wrong = ["10.0.0.0/33", "fd00::/129", "10.0.0.1/8", "10.0.0.0/8:0", "10.0.0.0/8:70000", "10.0.0.0/8:9-8", "db.internal", "10.0.0.0/8:x", "10/8"]
  for (const text of [
    ...wrong,
    "127.1",
    "[fd00::/8",
    "[fd00::/8]5432",
    "fe80::1%eth0",
    "169.254.169.254",
    "169.254.169.254/32:80",
    "::ffff:127.0.0.1",
    "0.0.0.0",
  ])
    test(`${text} is rejected by name`, () => {
      const fault = faultOf(() => parseEgressRules(`10.0.0.0/8,${text}`))
      expect(fault.code).toBe("config_invalid")
      expect(fault.message).toContain(`"${text}"`)
      expect(fault.faults).toHaveLength(1)
    })

  test("all faults are reported at once, and a block with host bits is answered with its network", () => {
    const fault = faultOf(() => parseEgressRules("10.1.0.1/8,nonsense"))
    expect(fault.faults).toHaveLength(2)
    expect(fault.message).toContain("10.0.0.0/8")
  })
})

describe("Policy", () => {
  const open = (text: string, protect: readonly OwnPort[] = []): Policy => new Policy({ fixed: parseEgressRules(text), protect: () => protect })

  test("public addresses are allowed on every port except 25", async () => {
    expect(await open("").judge("1.1.1.1", 443)).toMatchObject({ allowed: true })
    expect(await open("").judge("2606:4700::1", 65_535)).toMatchObject({ allowed: true })
    expect(await open("").judge("1.1.1.1", 25)).toMatchObject({ allowed: false, allowWith: "1.1.1.1/32:25" })
    expect(await open("1.1.1.1:25").judge("1.1.1.1", 25)).toMatchObject({ allowed: true })
  })

  test("a denial names the rule that allows the address, and that rule allows nothing else", async () => {
    for (const address of ["10.1.2.3", "127.0.0.1", "::1", "fd00::1", "169.254.1.1", "100.64.0.1", "240.0.0.1", "192.0.2.1", "fec0::1"]) {
      const verdict = await open("").judge(address, 5432)
      if (verdict.allowed || verdict.allowWith === undefined) throw new Error(`${address} was to be denied with a way to allow it`)
      expect(await open(verdict.allowWith).judge(address, 5432)).toMatchObject({ allowed: true, because: `allowed by ${verdict.allowWith}` })
      expect(await open(verdict.allowWith).judge(address, 5433)).toMatchObject({ allowed: false })
    }
  })

  test("metadata, unspecified, multicast and embedded addresses are never allowed", async () => {
    const all = "0.0.0.0/0,::/0"
    for (const address of ["169.254.169.254", "fd00:ec2::254", "100.100.100.200", "168.63.129.16", "0.0.0.0", "::", "224.0.0.1", "::ffff:10.0.0.1"]) {
      const verdict = await open(all).judge(address, 80)
      expect(verdict.allowed, address).toBe(false)
      expect(verdict).not.toHaveProperty("allowWith")
    }
    expect(await open(all).judge("fe80::1%eth0", 80)).toMatchObject({ allowed: false })
  })

  test("the hub's own ports are never allowed, through any address of this machine", async () => {
    const policy = open("0.0.0.0/0,::/0", [
      { address: "0.0.0.0", port: 7420 },
      { address: "127.0.0.1", port: 5999 },
      { address: "10.9.8.7", port: 5432 },
    ])
    const mine = Object.values(networkInterfaces()).flatMap((each) => (each ?? []).map((one) => one.address))
    for (const address of [...mine.filter((each) => !each.startsWith("fe80")), "127.0.0.1", "127.9.9.9", "::1"]) {
      expect(await policy.judge(address, 7420), address).toMatchObject({ allowed: false })
      expect(await policy.judge(address, 5999), address).toMatchObject({ allowed: false })
      expect(await policy.judge(address, 7421), address).toMatchObject({ allowed: true })
      expect(await policy.judgeBehindBastion(address, 7420), address).toMatchObject({ allowed: false })
    }
    expect(await policy.judge("10.9.8.7", 5432)).toMatchObject({ allowed: false })
    expect(await policy.judge("10.9.8.8", 5432)).toMatchObject({ allowed: true })
  })

  test("the store's rules take effect at once, and an unreadable list denies everything", async () => {
    let rules: readonly Rule[] = []
    const policy = new Policy({ rules: () => Promise.resolve(rules) })
    expect(await policy.judge("10.0.0.1", 80)).toMatchObject({ allowed: false })
    rules = parseEgressRules("10.0.0.0/8")
    expect(await policy.judge("10.0.0.1", 80)).toMatchObject({ allowed: true })
    rules = []
    expect(await policy.judge("10.0.0.1", 80)).toMatchObject({ allowed: false })
    const broken = new Policy({ rules: () => Promise.reject(new PlatformError("store_unavailable", "The store is gone.")) })
    await expect(broken.judge("1.1.1.1", 80)).rejects.toMatchObject({ code: "store_unavailable" })
  })

  test("behind a bastion, private addresses are allowed, its loopback by a rule, metadata and link-local never", async () => {
    expect(await open("").judgeBehindBastion("10.0.0.5", 5432)).toMatchObject({ allowed: true })
    expect(await open("").judgeBehindBastion("1.1.1.1", 5432)).toMatchObject({ allowed: true })
    expect(await open("").judgeBehindBastion("127.0.0.1", 5432)).toMatchObject({ allowed: false, allowWith: "127.0.0.1/32:5432" })
    expect(await open("127.0.0.1:5432").judgeBehindBastion("127.0.0.1", 5432)).toMatchObject({ allowed: true })
    for (const address of ["169.254.169.254", "169.254.1.1", "fe80::1", "0.0.0.0", "::ffff:127.0.0.1", "ff02::1"])
      expect(await open("0.0.0.0/0,::/0").judgeBehindBastion(address, 5432), address).toMatchObject({ allowed: false })
  })
})

function faultOf(work: () => unknown): PlatformError {
  try {
    work()
  } catch (error) {
    if (error instanceof PlatformError) return error
    throw error
  }
  throw new Error("nothing was thrown")
}
