import dgram from "node:dgram"
import { lookup } from "node:dns"
import { existsSync } from "node:fs"
import { get } from "node:http"
import { connect, createServer } from "node:net"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { connectors } from "../../src/connectors/index.ts"
import { targetFields } from "../../src/core/config.ts"
import { Door, type OpenLease } from "../../src/net/door.ts"
import { Policy } from "../../src/net/policy.ts"
import { Resolver } from "../../src/net/resolver.ts"
import { parseEgressRules } from "../../src/net/rules.ts"
import { startDnsServer } from "../support/dns-server.ts"
import { type Loopback, listen, listenRaw } from "../support/loopback.ts"
import { type SshServer, startSshServer } from "../support/ssh-server.ts"
import { use } from "../support/use.ts"
import { attempt, configWith } from "./configs.ts"
import { BROKEN, type Form, hostileZone, INSIDE, PRIVATE, urlForms } from "./forms.ts"
import { watchSockets } from "./watch.ts"

/** An allowed address, for names that resolve to both an allowed and a denied one. */
const GOOD = "127.0.0.2"
const victims: Loopback[] = []
let port: number

const dns = use(() => startDnsServer(hostileZone(GOOD)))
beforeAll(async () => {
  victims.push(await listenRaw())
  port = victims[0]?.port ?? 0
  // The same port on every loopback address that a form may resolve to; with IPv6 if the machine has it.
  victims.push(await listen(createServer(), GOOD, port))
  await listen(createServer(), "::1", port).then(
    (six) => victims.push(six),
    () => undefined,
  )
})
afterAll(async () => {
  await Promise.all(victims.map((victim) => victim.close()))
})

const hits = (): number => victims.reduce((sum, victim) => sum + victim.hits, 0)

const lease = (allow: string): OpenLease =>
  new Door({ policy: new Policy({ fixed: parseEgressRules(allow) }), resolver: new Resolver({ servers: [dns.address] }) }).lease({
    deadlineMs: 10_000,
    operator: true,
  })

const fields = connectors.flatMap((connector) =>
  targetFields(connector.fields).map(({ path, format }) => ({ connector, path, format, name: [connector.type, ...path].join(".") })),
)

/** The forms for a field: plain hosts, or URLs with each host in both schemes and the URL tricks. */
const valuesFor = (format: "host" | "url", hosts: readonly Form[]): readonly Form[] =>
  format === "host"
    ? hosts
    : hosts.flatMap(({ about, text }) => {
        const host = text.includes(":") && !text.startsWith("[") && /^[0-9a-f:.%]+$/i.test(text) ? `[${text}]` : text
        return ["http", "https"].map((scheme) => ({ about, text: `${scheme}://${host}:${port}/` }))
      })

const tally = { cases: 0, parse: 0, dial: 0, holes: [] as string[] }

/** Types whose target is derived from something other than a host or a URL, each with the suite that runs its own corpus. */
const DERIVED: Readonly<Record<string, string>> = Object.fromEntries(["snowflake", "databricks", "firebolt", "athena"].map((type) => [type, `${type}.test.ts`]))

test("every type names its target in a field that the corpus covers, or has its own suite", () => {
  const types = [...fields.map(({ connector }) => connector.type), ...Object.keys(DERIVED)]
  expect(new Set(types)).toEqual(new Set(connectors.map(({ type }) => type)))
  for (const suite of Object.values(DERIVED)) expect(existsSync(new URL(suite, import.meta.url))).toBe(true)
})

describe("no form of a forbidden destination is connected to through any field", () => {
  for (const field of fields)
    test(field.name, async () => {
      const { connector, path, format, name } = field
      const forms = [...valuesFor(format, [...INSIDE, ...PRIVATE, ...BROKEN]), ...(format === "url" ? urlForms(port) : [])]
      const before = hits()
      using watch = watchSockets()
      for (const { about, text } of forms) {
        await using open = lease(`${GOOD}/32`)
        const outcome = await attempt(connector, configWith(connector.fields, { path, value: text, port }), open)
        tally.cases++
        if (outcome.by === "hole") tally.holes.push(`${name} = ${JSON.stringify(text)} (${about}): ${outcome.what}`)
        else tally[outcome.by]++
        expect(open.sockets, `${about}: ${text}`).toEqual([])
      }
      expect(tally.holes).toEqual([])
      expect(watch).toMatchObject({ past: [], byDoor: [] })
      expect(hits() - before).toBe(0)
      expect(forms.length).toBeGreaterThan(100)
    })

  afterAll(() => {
    const { cases, parse, dial, holes } = tally
    process.stdout.write(
      `\negress: ${cases} cases of ${INSIDE.length + PRIVATE.length + BROKEN.length} host and ${urlForms(port).length} URL forms × ${fields.length} fields ` +
        `(${fields.map(({ name }) => name).join(", ")}): denied ${parse + dial} (${parse} at parse, ${dial} at dial), holes ${holes.length}, hits ${hits()}\n`,
    )
  })
})

test("destinations that are never allowed stay denied if the operator allows everything", async () => {
  using watch = watchSockets()
  const never = ["169.254.169.254", "2852039166", "fd00:ec2::254", "100.100.100.200", "168.63.129.16", "192.0.0.192", "0", "::", "::ffff:127.0.0.1"]
  for (const { connector, path, format, name } of fields)
    for (const { text } of valuesFor(
      format,
      [...never, "metadata.google.internal", "224.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "::127.0.0.1"].map((each) => ({ about: "never", text: each })),
    )) {
      await using open = lease("0.0.0.0/0,::/0")
      const outcome = await attempt(connector, configWith(connector.fields, { path, value: text, port }), open)
      expect(outcome, `${name} = ${text}`).toMatchObject({ by: "dial", code: "egress_denied" })
    }
  expect(watch).toMatchObject({ past: [], byDoor: [] })
})

describe("behind a bastion", () => {
  let bastion: SshServer
  beforeAll(async () => {
    bastion = await startSshServer({ user: "hub", password: "let me in", forwarding: false })
  })
  afterAll(async () => await bastion.close())

  for (const { connector, path, name } of fields.filter((field) => field.format === "host" && field.path.length === 1 && "tunnel" in field.connector.fields))
    test(`${name}: no form of loopback or metadata is forwarded`, async () => {
      using watch = watchSockets()
      const auth = { kind: "password", password: "let me in" }
      const tunnel = { kind: "ssh", host: "127.0.0.1", port: bastion.port, user: "hub", hostKey: bastion.hostKey, auth }
      let denied = 0
      for (const { about, text } of [...INSIDE, ...BROKEN]) {
        // The bastion uses its own resolver, so a flood of answers from our resolver does not concern it.
        if (about.startsWith("a flood")) continue
        await using open = lease(`${GOOD}/32,127.0.0.1:${bastion.port}`)
        const outcome = await attempt(connector, { ...configWith(connector.fields, { path, value: text, port }), tunnel }, open)
        expect(outcome.by, `${about}: ${text} ${JSON.stringify(outcome)}`).not.toBe("hole")
        denied++
      }
      expect(watch.past).toEqual([])
      expect(new Set(watch.byDoor)).toEqual(new Set([`127.0.0.1:${bastion.port}`]))
      expect(bastion.forwards).toEqual([])
      process.stdout.write(`\negress behind a bastion: ${denied} forms × ${name}: denied ${denied}, forwarded ${bastion.forwards.length}\n`)
    })
})

describe("the watch itself", () => {
  test("catches a socket, a request, a look-up and UDP that bypass the egress check", async () => {
    using watch = watchSockets()
    const socket = connect(port, "127.0.0.1").on("error", () => undefined)
    await new Promise((resolve) => socket.once("close", resolve))
    await new Promise((resolve) => get(`http://127.0.0.1:${port}/`).once("error", resolve))
    expect(() => lookup("good.example", () => undefined)).toThrow("The watch")
    expect(() => dgram.createSocket("udp4")).toThrow("The watch")
    connect("/var/run/docker.sock").on("error", () => undefined)
    const found = [`127.0.0.1:${port}`, `127.0.0.1:${port}`, "lookup(good.example)", "createSocket(udp4)", "path /var/run/docker.sock"]
    expect(watch.past).toEqual(found)
  })

  test("allows checked connections and records them", async () => {
    const before = hits()
    using watch = watchSockets()
    await using open = lease(`127.0.0.1:${port}`)
    await open.dial({ host: "localtest.example", port }).catch(() => undefined)
    await using allowed = lease("127.0.0.1/32")
    await allowed.dial({ host: "localhost", port })
    expect(watch).toMatchObject({ past: [], byDoor: [`127.0.0.1:${port}`] })
    expect(hits() - before).toBe(1)
  })
})
