import { expect, test } from "vitest"
import { mssql } from "../../src/connectors/mssql.ts"
import { Door, type OpenLease } from "../../src/net/door.ts"
import { Policy } from "../../src/net/policy.ts"
import { Resolver } from "../../src/net/resolver.ts"
import { parseEgressRules } from "../../src/net/rules.ts"
import { AUTH, startShop } from "../fixtures/mssql/shop.ts"
import { startDnsServer } from "../support/dns-server.ts"
import { use } from "../support/use.ts"
import { attempt } from "./configs.ts"
import { BROKEN, hostileZone, INSIDE, PRIVATE } from "./forms.ts"
import { watchSockets } from "./watch.ts"

const dns = use(() => startDnsServer(hostileZone("127.0.0.2")))
const server = use(() => startShop())

/** Allows the server alone, by its port. */
const lease = (): OpenLease =>
  new Door({ policy: new Policy({ fixed: parseEgressRules(`127.0.0.1:${server.port}`) }), resolver: new Resolver({ servers: [dns.address] }) }).lease({
    deadlineMs: 10_000,
    operator: true,
  })

const config = (more: object = {}) => ({ host: "127.0.0.1", port: server.port, auth: AUTH, tls: { kind: "off" }, ...more })
const forms = [...INSIDE, ...PRIVATE, ...BROKEN]

test("a server routes a login to nothing that the door does not allow", async () => {
  using watch = watchSockets()
  for (const { about, text } of forms) {
    server.routes.push({ host: text, port: 1_433 })
    await using open = lease()
    const outcome = await attempt(mssql, config(), open)
    expect(outcome.by, `${about}: ${text} ${JSON.stringify(outcome)}`).toBe("dial")
    expect(server.routes, text).toEqual([])
  }
  expect(watch.past).toEqual([])
  expect(new Set(watch.byDoor)).toEqual(new Set([`127.0.0.1:${server.port}`]))
  process.stdout.write(`\negress: ${forms.length} routes of a login: denied ${forms.length}, holes 0\n`)
})

test("a host is no instance and no port", async () => {
  using watch = watchSockets()
  for (const { about, text } of forms)
    for (const host of [`${text}\\SQLEXPRESS`, `${text},1433`, `tcp:${text}`]) {
      await using open = lease()
      expect((await attempt(mssql, config({ host }), open)).by, `${about}: ${host}`).toBe("parse")
    }
  expect([watch.past, watch.byDoor]).toEqual([[], []])
})

test("a tenant is no path to another login", async () => {
  using watch = watchSockets()
  for (const tenant of ["../x", "a..b", "a/b", "a?b", "a#b", "a@b", "a%2fb", ""]) {
    await using open = lease()
    const outcome = await attempt(mssql, config({ auth: { kind: "entra", tenant, clientId: "c", clientSecret: "s3cret" } }), open)
    expect(outcome, tenant).toMatchObject({ by: "parse" })
  }
  expect([watch.past, watch.byDoor]).toEqual([[], []])
})
