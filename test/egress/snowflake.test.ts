import type { ServerResponse } from "node:http"
import { expect, test } from "vitest"
import { readAccount } from "../../src/connectors/snowflake/account.ts"
import { snowflake } from "../../src/connectors/snowflake.ts"
import { targetFields } from "../../src/core/config.ts"
import { open, type Session } from "../../src/core/session.ts"
import { Door, type OpenLease } from "../../src/net/door.ts"
import { Policy } from "../../src/net/policy.ts"
import { Resolver } from "../../src/net/resolver.ts"
import { parseEgressRules } from "../../src/net/rules.ts"
import { opened } from "../conformance/context.ts"
import { startAccount } from "../fixtures/snowflake.ts"
import { collect } from "../support/batches.ts"
import { startDnsServer } from "../support/dns-server.ts"
import { failure } from "../support/failure.ts"
import { standIns } from "../support/stand-ins.ts"
import { use } from "../support/use.ts"
import { attempt } from "./configs.ts"
import { BROKEN, hostileZone, INSIDE, PRIVATE, urlForms } from "./forms.ts"
import { watchSockets } from "./watch.ts"

/** An allowed address to which no name in this test resolves. */
const GOOD = "127.0.0.2"

const dns = use(() => startDnsServer(hostileZone(GOOD)))
const account = use(() => startAccount())

const lease = (): OpenLease =>
  new Door({ policy: new Policy({ fixed: parseEgressRules(`${GOOD}/32`) }), resolver: new Resolver({ servers: [dns.address] }) }).lease({
    deadlineMs: 10_000,
    operator: true,
  })

/** Names that were looked up. */
const asked = (): string[] => dns.asked.map((question) => question.split(" ")[0] ?? "")

const config = (account: string) => ({ account, user: "u", auth: { kind: "token", token: "pat-secret" } })

test("no field names a host: only the account determines the destination", () =>
  expect(targetFields(snowflake.fields).filter((field) => !JSON.stringify(field).includes("tunnel"))).toEqual([]))

test("no form of a forbidden destination is connected to, or even looked up, as an account", async () => {
  const forms = [...INSIDE, ...PRIVATE, ...BROKEN, ...urlForms(443)].flatMap(({ about, text }) =>
    [text, `${text}.snowflakecomputing.com`, `x.snowflakecomputing.com@${text}`, `${text}#.snowflakecomputing.com`, `x.${text}/#`].map((form) => ({
      about,
      form,
    })),
  )
  const tally = { parse: 0, dial: 0 }
  using watch = watchSockets()
  for (const { about, form } of forms) {
    await using open = lease()
    const outcome = await attempt(snowflake, config(form), open)
    expect(outcome.by, `${about}: ${form} ${JSON.stringify(outcome)}`).not.toBe("hole")
    if (outcome.by !== "hole") tally[outcome.by]++
    expect(open.sockets, form).toEqual([])
  }
  expect(watch).toMatchObject({ past: [], byDoor: [] })
  // Every accepted account was looked up below Snowflake's own domains, and resolved to loopback, which is denied.
  expect(asked().length).toBeGreaterThan(0)
  expect(asked().filter((name) => !/\.snowflakecomputing\.(com|cn)$/.test(name))).toEqual([])
  expect(tally.dial).toBeGreaterThan(20)
  process.stdout.write(`\negress: ${forms.length} accounts: denied ${tally.parse + tally.dial} (${tally.parse} at parse, ${tally.dial} at dial), holes 0\n`)
})

test("an account whose name resolves to a private address is not reached", async () => {
  using watch = watchSockets()
  await using open = lease()
  const outcome = await attempt(snowflake, config("acme-prod"), open)
  expect(outcome).toMatchObject({ by: "dial", code: "egress_denied" })
  expect([watch.past, watch.byDoor]).toEqual([[], []])
  expect(asked()).toContain(readAccount("acme-prod").host)
})

/** The next result of the drivers' protocol lies at that link: a login, and an answer whose rows are one chunk. */
function chunkAt(url: string): void {
  const says = (data: object) => (response: ServerResponse) =>
    void response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ data, code: null, message: null, success: true }))
  const rowtype = [{ name: "A", type: "text", nullable: true, length: 10, precision: null, scale: null }]
  const result = { rowtype, rowset: [], total: 1, queryId: "q", queryResultFormat: "json", chunks: [{ url, rowCount: 1 }] }
  account.server.failNext(says({ token: "t", masterToken: "m" }), says(result))
}

test("the link of a chunk leads to nothing that the door does not allow", async () => {
  const door = new Door({
    standIns,
    extraCa: account.server.ca,
    policy: new Policy({ fixed: parseEgressRules(`127.0.0.1:${account.server.port}`) }),
    resolver: new Resolver({ servers: [dns.address] }),
  })
  const links = [...INSIDE, ...PRIVATE].flatMap(({ text }) => [`https://${text}/chunk`, `http://${text}/chunk`])
  const named = [
    "https://10.0.0.1/x",
    "https://169.254.169.254/latest/meta-data",
    "https://metadata.google.internal/x",
    "https://localhost/x",
    "https://[::1]/x",
  ]
  const codes = new Map<string, number>()
  using watch = watchSockets()
  for (const link of [...named, ...links, "file:///etc/passwd", "//169.254.169.254/x", "https://u:p@example.com/x", "https://example.com:8443/x", "x"]) {
    await using lease = door.lease({ deadlineMs: 10_000, operator: true })
    chunkAt(link)
    const error = await failure(withLease(lease, (session) => collect(session.query("SELECT A", []))))
    account.server.forget()
    expect(["egress_denied", "response_invalid", "host_not_found", "dns_failed"], `${link} ${error.message}`).toContain(error.code)
    if (!link.startsWith("https:")) expect(error.code, link).toBe("response_invalid")
    if (named.includes(link)) expect(error.code, link).toBe("egress_denied")
    codes.set(error.code, (codes.get(error.code) ?? 0) + 1)
  }
  expect(watch.past).toEqual([])
  expect(new Set(watch.byDoor)).toEqual(new Set([`127.0.0.1:${account.server.port}`]))
  process.stdout.write(`\negress: ${[...codes.values()].reduce((sum, many) => sum + many, 0)} links of chunks: ${JSON.stringify(Object.fromEntries(codes))}\n`)
})

/** A session of the account by user and password, over that lease. */
async function withLease<T>(over: OpenLease, work: (session: Session) => Promise<T>): Promise<T> {
  await using session = await open(snowflake, opened(snowflake, { ...account.config, auth: account.byPassword }), over)
  return await work(session)
}
