import { describe, expect, test } from "vitest"
import { startDnsServer, type Zone } from "../../test/support/dns-server.ts"
import { parseHost } from "./host.ts"
import { parseDnsServers, parseHosts, Resolver } from "./resolver.ts"

describe("parseHost", () => {
  const addresses: [string, string][] = [
    ...["2130706433", "0x7f000001", "017700000001", "0177.0.0.1", "0x7f.1", "127.1", "127.0.1", "127.0.0.1."].map((form): [string, string] => [
      form,
      "127.0.0.1",
    ]),
    ...["１２７.０.０.１", "①②⑦.⓪.⓪.①", "127。0。0。1"].map((form): [string, string] => [form, "127.0.0.1"]),
    ["0", "0.0.0.0"],
    ["[::1]", "::1"],
    ["::FFFF:127.0.0.1", "::ffff:7f00:1"],
    ["2001:DB8:0::1", "2001:db8::1"],
  ]
  for (const [text, address] of addresses) test(`${text} means ${address}`, () => expect(parseHost(text)).toEqual({ kind: "address", address }))

  for (const [text, name] of [
    ["LOCALHOST", "localhost"],
    ["ⓛocalhost", "localhost"],
    ["localhost.", "localhost"],
    ["DB.Example.COM.", "db.example.com"],
    ["bücher.example", "xn--bcher-kva.example"],
    ["_srv.example.com", "_srv.example.com"],
  ] as const)
    test(`${text} means the name ${name}`, () => expect(parseHost(text)).toEqual({ kind: "name", name }))

  const wrong = ["", ".", "..", "a..b", "256.0.0.1", "0x100000001", "1.2.3.4.5", "a b", "a\tb", "a\nb", "a@b", "a/b", "a\\b", "a:80", "a?b", "a#b", "%31"]
  for (const text of [...wrong, "fe80::1%eth0", "[::1", "[a]", "/var/run/postgresql", "a,b", "\0", "-a.example", `${"a".repeat(64)}.example`, "a".repeat(300)])
    test(`${JSON.stringify(text).slice(0, 40)} is rejected`, () => expect(() => parseHost(text)).toThrow(expect.objectContaining({ code: "config_invalid" })))
})

describe("Resolver", () => {
  const withZone = async (
    zone: Zone,
    work: (resolve: (name: string) => Promise<readonly string[]>, asked: readonly string[]) => Promise<void>,
    deadlineMs = 5_000,
  ) => {
    await using server = await startDnsServer(zone)
    const resolver = new Resolver({ servers: [server.address], hosts: parseHosts("db=10.0.0.5,pair.test=10.0.0.6|fd00::6"), deadlineMs })
    await work((name) => resolver.resolve(parseHost(name)), server.asked)
  }
  const never: Zone = () => "NXDOMAIN"

  test("looks up A and AAAA of the whole name and returns all addresses, IPv4 first", async () => {
    await withZone(
      () => ({ addresses: ["2606:4700::1", "1.1.1.1", "1.0.0.1"] }),
      async (resolve, asked) => {
        expect(await resolve("db.example.test.")).toEqual(["1.1.1.1", "1.0.0.1", "2606:4700::1"])
        expect([...asked].sort()).toEqual(["db.example.test A", "db.example.test AAAA"])
      },
    )
  })

  test("addresses, fixed names and localhost need no DNS; a single label has no search list", async () => {
    await withZone(never, async (resolve, asked) => {
      expect(await resolve("10.0.0.1")).toEqual(["10.0.0.1"])
      expect(await resolve("DB")).toEqual(["10.0.0.5"])
      expect(await resolve("pair.test")).toEqual(["10.0.0.6", "fd00::6"])
      for (const name of ["localhost", "localhost.", "a.b.localhost"]) expect(await resolve(name)).toEqual(["127.0.0.1"])
      await expect(resolve("metadata")).rejects.toMatchObject({ code: "host_not_found", message: expect.stringContaining("JACKFIELD_HOSTS") as string })
      expect(asked).toEqual([])
    })
  })

  test("follows a CNAME chain to its addresses", async () => {
    await withZone(
      () => ({ addresses: ["10.1.1.1"], via: ["a.example.test", "internal.example.test"] }),
      async (resolve) => expect(await resolve("cdn.example.test")).toEqual(["10.1.1.1"]),
    )
  })

  test("an unknown name, a name without address and a failing server are distinguished", async () => {
    const zone: Zone = (name) => (name.startsWith("gone") ? "NXDOMAIN" : name.startsWith("empty") ? { addresses: [] } : "SERVFAIL")
    await withZone(zone, async (resolve) => {
      await expect(resolve("gone.example.test")).rejects.toThrow("does not exist in DNS")
      await expect(resolve("empty.example.test")).rejects.toThrow("has no address in DNS")
      await expect(resolve("broken.example.test")).rejects.toThrow("The DNS server failed")
    })
  })

  test("one address family is enough if the other fails", async () => {
    await withZone(
      (_, type) => (type === "A" ? { addresses: ["1.1.1.1"] } : "SERVFAIL"),
      async (resolve) => expect(await resolve("db.example.test")).toEqual(["1.1.1.1"]),
    )
  })

  test("more than 32 addresses are rejected", async () => {
    const addresses = Array.from({ length: 33 }, (_, index) => `1.1.1.${index}`)
    await withZone(
      () => ({ addresses }),
      async (resolve) => await expect(resolve("flood.example.test")).rejects.toThrow("33 addresses"),
    )
    await withZone(
      () => ({ addresses: addresses.slice(1) }),
      async (resolve) => expect(await resolve("much.example.test")).toHaveLength(32),
    )
  })

  test("a server that does not answer fails at the deadline", async () => {
    const begun = performance.now()
    await withZone(
      () => "silence",
      async (resolve) =>
        await expect(resolve("db.example.test")).rejects.toMatchObject({ code: "dns_failed", message: expect.stringContaining("0.6 s") as string }),
      600,
    )
    expect(performance.now() - begun).toBeLessThan(5_000)
  })

  test("stops when the signal fires", async () => {
    await using server = await startDnsServer(() => "silence")
    const controller = new AbortController()
    const waiting = new Resolver({ servers: [server.address] }).resolve(parseHost("db.example.test"), controller.signal)
    setTimeout(() => controller.abort(), 50)
    await expect(waiting).rejects.toMatchObject({ code: "dns_failed" })
  })
})

test("JACKFIELD_HOSTS and JACKFIELD_DNS name their invalid entries", () => {
  expect([...parseHosts(" a=10.0.0.1 , B.test=::1|10.0.0.2,")]).toEqual([
    ["a", ["10.0.0.1"]],
    ["b.test", ["::1", "10.0.0.2"]],
  ])
  for (const text of ["a", "a=", "=10.0.0.1", "a=b", "a=10.0.0.1|", "10.0.0.1=10.0.0.2", "a=fe80::1%eth0"])
    expect(() => parseHosts(text), text).toThrow(`"${text}"`)
  expect(parseDnsServers("10.0.0.2, [fd00::2]:53,127.0.0.1:5353")).toEqual(["10.0.0.2", "[fd00::2]:53", "127.0.0.1:5353"])
  expect(() => parseDnsServers("dns.example")).toThrow("JACKFIELD_DNS")
})
