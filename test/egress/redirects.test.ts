import { createServer, type IncomingHttpHeaders } from "node:http"
import { createServer as createTlsServer } from "node:https"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { http } from "../../src/connectors/http.ts"
import { open, type Session } from "../../src/core/session.ts"
import { Door, type OpenLease } from "../../src/net/door.ts"
import { Policy } from "../../src/net/policy.ts"
import { Resolver } from "../../src/net/resolver.ts"
import { parseEgressRules } from "../../src/net/rules.ts"
import { certificate } from "../support/certificates.ts"
import { type DnsServer, startDnsServer } from "../support/dns-server.ts"
import { type Loopback, listen, listenHttp } from "../support/loopback.ts"
import { attempt, parsed } from "./configs.ts"
import { watchSockets } from "./watch.ts"

/** The requests that the servers received; each server has its own port and so its own origin. */
interface Seen {
  readonly path: string
  readonly headers: IncomingHttpHeaders
}
const authority = certificate({ name: "Test CA", ca: true })
const seen: Seen[] = []
let dns: DnsServer
let origin: Loopback
let secure: Loopback
let other: Loopback
let victim: Loopback
/** How `origin` and `secure` answer the next requests. */
let answer: { status: number; headers: Record<string, string>; body?: string } = { status: 200, headers: {} }

beforeAll(async () => {
  // A name whose second look-up returns an internal address: rebinding between the hop and its target.
  dns = await startDnsServer((name, type, count) => ({
    addresses: type === "AAAA" ? [] : [name === "rebind.test" && count > 1 ? "169.254.169.254" : "127.0.0.1"],
  }))
  const redirecting = createServer((_, response) => response.writeHead(answer.status, answer.headers).end(answer.body))
  origin = await listen(redirecting)
  const made = certificate({ name: "secure.test", names: ["secure.test"], issuer: authority })
  secure = await listen(createTlsServer(made, (_, response) => response.writeHead(answer.status, answer.headers).end(answer.body)))
  other = await listenHttp((request, response) => {
    seen.push({ path: request.url ?? "", headers: request.headers })
    response.end('{"ok":true}')
  })
  victim = await listenHttp((_, response) => response.end("inside"))
})
afterAll(async () => {
  await Promise.all([dns, origin, secure, other, victim].map((each) => each.close()))
})

/** All servers except the victim are allowed. */
function lease(): OpenLease {
  const fixed = parseEgressRules([origin, secure, other].map(({ port }) => `127.0.0.1:${port}`).join(","))
  return new Door({ policy: new Policy({ fixed }), resolver: new Resolver({ servers: [dns.address] }) }).lease({ deadlineMs: 10_000, operator: true })
}

const VERBS: Record<string, (session: Session) => Promise<unknown>> = { test: (session) => session.test(), request: (session) => session.request({}) }

describe("a redirect is checked like a first connection", () => {
  const targets: [string, () => string][] = [
    ["a port that is not allowed", () => `http://127.0.0.1:${victim.port}/`],
    ["the same over TLS", () => `https://127.0.0.1:${victim.port}/`],
    ["a decimal address", () => `http://2130706433:${victim.port}/`],
    ["a mapped address", () => `http://[::ffff:127.0.0.1]:${victim.port}/`],
    ["localhost", () => `http://localhost:${victim.port}/`],
    ["a public name that resolves to an internal address", () => `http://inside.test:${victim.port}/`],
    ["no scheme", () => `//127.0.0.1:${victim.port}/`],
    ["a metadata service", () => "http://169.254.169.254/latest/meta-data/"],
    ["a private address", () => "http://10.0.0.1/"],
    ["backslashes", () => `http:\\\\127.0.0.1:${victim.port}/`],
    ["a login", () => `http://127.0.0.1:${origin.port}@127.0.0.1:${victim.port}/`],
    ["a file", () => "file:///etc/passwd"],
    ["gopher", () => `gopher://127.0.0.1:${victim.port}/_x`],
    ["data", () => "data:application/json,{}"],
  ]
  for (const status of [301, 302, 303, 307, 308])
    for (const [verb, use] of Object.entries(VERBS))
      test(`${verb}, ${status}`, async () => {
        for (const [what, location] of targets) {
          answer = { status, headers: { location: location() } }
          using watch = watchSockets()
          await using open = lease()
          const outcome = await attempt(http, { url: `http://public.test:${origin.port}/` }, open, use)
          // The connector itself rejects schemes that it never follows, before any connection.
          const refused = outcome.by === "dial" || (outcome.by === "hole" && outcome.what.startsWith("remote_failed"))
          expect(refused, `${what}: ${JSON.stringify(outcome)}`).toBe(true)
          expect(new Set(watch.byDoor)).toEqual(new Set([`127.0.0.1:${origin.port}`]))
          expect(watch.past).toEqual([])
        }
        expect(victim.hits).toBe(0)
      })

  test("from https to http, with either one allowed", async () => {
    answer = { status: 302, headers: { location: `http://127.0.0.1:${victim.port}/` } }
    using watch = watchSockets()
    await using open = lease()
    const posted = { url: `https://secure.test:${secure.port}/`, tls: { kind: "verify", ca: authority.cert } }
    expect(await attempt(http, posted, open)).toMatchObject({ by: "dial", code: "egress_denied" })
    expect([watch.past, victim.hits]).toEqual([[], 0])
  })

  test("a chain whose last hop is internal, and a name that rebinds between two hops", async () => {
    answer = { status: 302, headers: { location: `http://rebind.test:${origin.port}/`, connection: "close" } }
    using watch = watchSockets()
    await using open = lease()
    expect(await attempt(http, { url: `http://rebind.test:${origin.port}/` }, open)).toMatchObject({ by: "dial", code: "egress_denied" })
    expect(watch.byDoor).toEqual([`127.0.0.1:${origin.port}`])
    expect(dns.asked.filter((each) => each === "rebind.test A")).toHaveLength(2)
  })

  test("links and refresh headers in an answer are not followed", async () => {
    const inside = `http://127.0.0.1:${victim.port}/`
    const headers = { refresh: `0;url=${inside}`, link: `<${inside}>; rel="next"`, "content-type": "application/json", location: inside }
    answer = { status: 200, headers, body: JSON.stringify([{ next: inside, "@odata.nextLink": inside, $ref: inside }]) }
    using watch = watchSockets()
    await using lent = lease()
    const config = parsed(http, { url: `http://public.test:${origin.port}/` })
    await using session = await open(http, config ?? {}, lent)
    expect(await session.request({})).toEqual([{ next: inside, "@odata.nextLink": inside, $ref: inside }])
    expect([new Set(watch.byDoor), watch.past, victim.hits]).toEqual([new Set([`127.0.0.1:${origin.port}`]), [], 0])
  })
})

describe("credentials do not follow a redirect to another origin", () => {
  const logins: Record<string, Record<string, unknown>> = {
    basic: { auth: { kind: "basic", username: "me", password: "open-sesame" } },
    bearer: { auth: { kind: "bearer", token: "open-sesame" } },
    "key in a header": { auth: { kind: "header", name: "X-Api-Key", value: "open-sesame" } },
    "key in the query": { auth: { kind: "query", name: "api_key", value: "open-sesame" } },
    "headers of the config": {
      headers: [
        { name: "Authorization", value: "open-sesame" },
        { name: "Cookie", value: "session=open-sesame" },
        { name: "X-Anything", value: "open-sesame" },
      ],
    },
  }
  for (const [kind, login] of Object.entries(logins))
    test(kind, async () => {
      answer = { status: 307, headers: { location: `http://public.test:${other.port}/elsewhere` } }
      await using lent = lease()
      const config = parsed(http, { url: `http://public.test:${origin.port}/`, ...login })
      await using session = await open(http, config ?? {}, lent)
      seen.length = 0
      await session.request({})
      expect(seen).toHaveLength(1)
      const told = JSON.stringify(seen)
      expect(told).not.toContain("open-sesame")
      expect(told).not.toContain(Buffer.from("me:open-sesame").toString("base64"))
    })
})

describe("neither config nor input can redirect a request", () => {
  const forbidden = [
    "Host",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "Forwarded",
    "Connection",
    "Transfer-Encoding",
    "Content-Length",
    "Upgrade",
    "Proxy-Authorization",
  ]
  for (const name of forbidden)
    test(`a header ${name} is rejected`, () => {
      const url = `http://public.test:${other.port}/`
      expect(parsed(http, { url, headers: [{ name, value: "127.0.0.1" }] })).toBeUndefined()
      expect(parsed(http, { url, auth: { kind: "header", name, value: "127.0.0.1" } })).toBeUndefined()
      expect(parsed(http, { url, headers: [{ name: "X-Fine", value: "127.0.0.1" }] })).toBeDefined()
    })

  test("a line break in a header's name or value is rejected", () => {
    const url = `http://public.test:${other.port}/`
    for (const row of [
      { name: "X-A", value: "a\r\nHost: 127.0.0.1" },
      { name: "X-A\r\nHost", value: "127.0.0.1" },
      { name: "X-A", value: "a\nb" },
    ])
      expect(parsed(http, { url, headers: [row] })).toBeUndefined()
  })

  test("an input's value is only ever a value", async () => {
    const values = [
      `@127.0.0.1:${victim.port}/`,
      "#",
      "?x=1",
      "/../../admin",
      "\r\nHost: inside\r\n\r\nGET / HTTP/1.1",
      "&other=1",
      "%0d%0aHost:%20x",
      "\\@inside",
    ]
    const config = parsed(http, { url: `http://public.test:${other.port}/base`, parameters: [{ name: "q" }] })
    using watch = watchSockets()
    await using lent = lease()
    await using session = await open(http, config ?? {}, lent)
    seen.length = 0
    for (const value of values) await session.request({ q: value })
    expect(
      seen.map(({ path, headers }) => ({ path: new URL(path, "http://x").pathname, q: new URL(path, "http://x").searchParams.get("q"), host: headers.host })),
    ).toEqual(values.map((q) => ({ path: "/base", q, host: `public.test:${other.port}` })))
    expect([new Set(watch.byDoor), watch.past, victim.hits]).toEqual([new Set([`127.0.0.1:${other.port}`]), [], 0])
  })
})
