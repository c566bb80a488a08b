import type { Zone } from "../support/dns-server.ts"

/** One spelling of a destination that must not be reached; `about` names the trick. */
export interface Form {
  readonly about: string
  readonly text: string
}

const forms = (about: string, ...texts: string[]): Form[] => texts.map((text) => ({ about, text }))

/** Spellings of loopback, metadata and other addresses that are never allowed. A host field takes them unchanged. */
export const INSIDE: readonly Form[] = [
  ...forms("decimal", "2130706433", "2852039166"),
  ...forms("hexadecimal", "0x7f000001", "0x7F.0x0.0x0.0x1"),
  ...forms("octal", "017700000001", "0177.0.0.1"),
  ...forms("mixed bases", "0x7f.1", "0177.0x0.1"),
  ...forms("short", "127.1", "127.0.1"),
  ...forms("this network", "0", "0.0.0.0", "0.1.2.3"),
  ...forms("trailing dot", "127.0.0.1.", "localhost."),
  ...forms("localhost", "localhost", "LOCALHOST", "ⓛocalhost", "a.localhost", "localhost.localdomain"),
  ...forms("full width", "１２７.０.０.１"),
  ...forms("circled", "①②⑦.⓪.⓪.①"),
  ...forms("ideographic dots", "127。0。0。1"),
  ...forms("internationalised name", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "ｌｏｃａｌｈｏｓｔ", "ⓜetadata.google.internal"),
  ...forms("plain", "127.0.0.1", "127.255.255.254", "::1", "::", "0:0:0:0:0:0:0:1", "[::1]", "[::]"),
  ...forms("IPv4-mapped", "::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:169.254.169.254", "[::ffff:127.0.0.1]"),
  ...forms("IPv4-compatible", "::127.0.0.1", "::a9fe:a9fe"),
  ...forms("SIIT", "::ffff:0:127.0.0.1"),
  ...forms("NAT64", "64:ff9b::a9fe:a9fe", "64:ff9b::7f00:1", "64:ff9b:1::7f00:1"),
  ...forms("6to4", "2002:7f00:1::", "2002:a9fe:a9fe::"),
  ...forms("Teredo", "2001:0:4136:e378:8000:63bf:80ff:fffe"),
  ...forms("multicast, broadcast", "224.0.0.1", "255.255.255.255", "ff02::1"),
  ...forms("link-local", "169.254.0.1", "fe80::1"),
  ...forms("metadata: AWS, GCP, Azure, Oracle, DigitalOcean", "169.254.169.254", "169.254.169.253", "169.254.169.123", "fd00:ec2::254", "fd20:ce::254"),
  ...forms("metadata: ECS, EKS, Tencent, Alibaba, Azure, Oracle classic", "169.254.170.2", "169.254.170.23", "fd00:ec2::23", "169.254.0.23"),
  ...forms("metadata: outside link-local", "100.100.100.200", "168.63.129.16", "192.0.0.192"),
  ...forms("metadata by name", "metadata.google.internal", "metadata.tencentyun.com", "metadata.packet.net", "metadata", "instance-data"),
  ...forms("a public name that answers with loopback", "localtest.example", "127.0.0.1.nip.example", "xn--bcher-kva.example", "_srv.example"),
  ...forms("only AAAA", "six.example"),
  ...forms("a CNAME chain inside", "cdn.example"),
  ...forms("one bad answer among good ones", "mixed.example", "bad-six.example"),
  ...forms("a flood of answers", "flood.example"),
]

/** Private networks and special ranges: a bastion may reach them, but the hub may not. */
export const PRIVATE: readonly Form[] = [
  ...forms("private", "10.0.0.1", "172.16.0.1", "172.17.0.1", "172.31.255.255", "192.168.0.1", "10.96.0.1", "10.43.0.1", "fc00::1", "fdff::1"),
  ...forms("carrier-grade NAT", "100.64.0.1", "100.127.255.255"),
  ...forms("site-local", "fec0::1"),
  ...forms("special purpose", "192.0.0.1", "192.0.2.1", "198.51.100.1", "203.0.113.1", "198.18.0.1", "240.0.0.1"),
  ...forms("special purpose, forgotten", "192.88.99.1", "192.31.196.1", "192.52.193.1", "192.175.48.1"),
  ...forms("IPv6 outside global unicast", "100::1", "100:0:0:1::1", "5f00::1", "200::1", "4000::1"),
  ...forms("IPv6 special purpose", "2001:db8::1", "3fff::1", "2001:2::1", "2620:4f:8000::1"),
  ...forms("cluster names", "kubernetes.default.svc", "db.default.svc.cluster.local", "host.docker.internal", "gateway.docker.internal", "nas.local"),
  ...forms("single labels", "postgres", "redis", "kubernetes"),
]

/** Texts that are not a host, or that different parsers read as different hosts. */
export const BROKEN: readonly Form[] = [
  ...forms("percent-encoded", "%31%32%37.0.0.1", "127.0.0.1%00.example", "%2fvar%2frun", "%2Fvar%2Frun%2Fpostgresql"),
  ...forms("impossible addresses", "256.0.0.1", "0x100000001", "1.2.3.4.5", "0.0.0.256", "[::1", "::g"),
  ...forms("zone", "fe80::1%eth0", "fe80::1%25eth0", "::1%lo"),
  ...forms("white space", "127.0.0.1 ", " 127.0.0.1", "127.0.\t0.1", "127.0.0.1\n", "127.0.0.1\r\nHost: x"),
  ...forms("login", "good.example@127.0.0.1", "good.example:x@127.0.0.1"),
  ...forms("backslash", "127.0.0.1\\@good.example", "good.example\\@127.0.0.1"),
  ...forms("fragment, query, path", "127.0.0.1#@good.example", "127.0.0.1?@good.example", "127.0.0.1/good.example", "good.example/../"),
  ...forms("with a port", "127.0.0.1:22", "good.example:22"),
  ...forms("two hosts", "good.example,127.0.0.1", "127.0.0.1;good.example", "127.0.0.1|good.example"),
  ...forms("local sockets", "/var/run/postgresql", "/tmp/.s.PGSQL.5432", "@abstract", "unix:/var/run/x", "./socket"),
  ...forms("null byte", "good.example\0.127.0.0.1"),
]

/** Whole URLs whose trick is not in the host; `port` is that of a listener that counts connections. */
export const urlForms = (port: number): readonly Form[] => [
  ...forms("no slashes", `http:127.0.0.1:${port}/`, "http:169.254.169.254/", `https:127.0.0.1:${port}`),
  ...forms("backslashes", `http:\\\\127.0.0.1:${port}/`, `http://127.0.0.1:${port}\\@good.example/`, `http://good.example\\@127.0.0.1:${port}/`),
  ...forms("many slashes", `http:////127.0.0.1:${port}/`, `http:///127.0.0.1:${port}/`),
  ...forms(
    "stripped tab and line break",
    `ht\ntp://127.0.0.1:${port}/`,
    `http://127.0.0.1:${port}\t0/`,
    ` http://127.0.0.1:${port}/`,
    `http://127.0.\r\n0.1:${port}/`,
  ),
  ...forms("login", `http://good.example@127.0.0.1:${port}/`, `http://a:b@127.0.0.1:${port}/`, `http://127.0.0.1:${port}@good.example:${port}/`),
  ...forms("fragment and query", `http://127.0.0.1:${port}#@good.example/`, `http://127.0.0.1:${port}?@good.example/`),
  ...forms("percent-encoded host", `http://%31%32%37.0.0.1:${port}/`, `http://127.0.0.1%00.good.example:${port}/`, `http://localhos%74:${port}/`),
  ...forms(
    "other schemes",
    "file:///etc/passwd",
    `gopher://127.0.0.1:${port}/_x`,
    "data:text/plain,x",
    `ftp://127.0.0.1:${port}/`,
    `dict://127.0.0.1:${port}/x`,
  ),
  ...forms("more schemes", `ldap://127.0.0.1:${port}/`, "unix:/var/run/docker.sock", "jar:file:///x!/", `ws://127.0.0.1:${port}/`, "javascript:0", "blob:x"),
  ...forms("not absolute", `//127.0.0.1:${port}/`, "/latest/meta-data/", `127.0.0.1:${port}`, "localhost"),
  ...forms("port", "http://127.0.0.1:0/", "http://127.0.0.1:65536/", `http://127.0.0.1:0${port}/`),
  ...forms("IPv6 with a zone", `http://[fe80::1%25eth0]:${port}/`, `http://[::1%25lo]:${port}/`),
]

/** A hostile DNS: every name resolves to loopback, except names that a form needs for something else. `good` is an allowed address. */
export const hostileZone =
  (good: string): Zone =>
  (name, type) => {
    const special: Record<string, readonly string[]> = {
      "metadata.google.internal": ["169.254.169.254"],
      "metadata.tencentyun.com": ["169.254.0.23"],
      "six.example": type === "A" ? [] : ["::1"],
      "mixed.example": [good, "127.0.0.1"],
      "bad-six.example": [good, "::ffff:127.0.0.1"],
      "flood.example": Array.from({ length: 33 }, (_, index) => (type === "A" ? `127.0.3.${index}` : "::1")),
    }
    if (name === "cdn.example") return { addresses: ["127.0.0.1"], via: ["edge.example", "inside.example"] }
    return { addresses: special[name] ?? ["127.0.0.1", "::1"] }
  }
