import { expect, test } from "vitest"
import { accountFault, apiFault } from "../../src/connectors/firebolt/api.ts"
import { firebolt } from "../../src/connectors/firebolt.ts"
import { targetFields } from "../../src/core/config.ts"
import { Door, type OpenLease } from "../../src/net/door.ts"
import { Policy } from "../../src/net/policy.ts"
import { Resolver } from "../../src/net/resolver.ts"
import { parseEgressRules } from "../../src/net/rules.ts"
import { startDnsServer } from "../support/dns-server.ts"
import { use } from "../support/use.ts"
import { attempt } from "./configs.ts"
import { BROKEN, hostileZone, INSIDE, PRIVATE, urlForms } from "./forms.ts"
import { watchSockets } from "./watch.ts"

/** An allowed address to which no name in this test resolves. */
const GOOD = "127.0.0.2"
const dns = use(() => startDnsServer(hostileZone(GOOD)))
const lease = (): OpenLease =>
  new Door({ policy: new Policy({ fixed: parseEgressRules(`${GOOD}/32`) }), resolver: new Resolver({ servers: [dns.address] }) }).lease({
    deadlineMs: 10_000,
    operator: true,
  })
const forms = [...INSIDE, ...PRIVATE, ...BROKEN, ...urlForms(443)].map(({ text }) => text)

test("no field names a host freely", () => expect(targetFields(firebolt.fields)).toEqual([]))

test("no form of a forbidden destination is connected to as an API endpoint", async () => {
  const around = forms.flatMap((text) => [
    text,
    `api.${text}`,
    `api.${text}.firebolt.io`,
    `api.x.firebolt.io@${text}`,
    `api.${text}#.firebolt.io`,
    `api.${text}/.firebolt.io`,
  ])
  const taken: string[] = []
  using watch = watchSockets()
  for (const api of around) {
    await using open = lease()
    const outcome = await attempt(firebolt, { clientId: "c", clientSecret: "a-secret-of-firebolt", account: "a", api, database: "d", engine: "e" }, open)
    expect(outcome.by, `${api} ${JSON.stringify(outcome)}`).not.toBe("hole")
    expect(open.sockets, api).toEqual([])
    if (apiFault(api) === undefined) taken.push(api)
  }
  expect(watch).toMatchObject({ past: [], byDoor: [] })
  // Every accepted value was looked up below Firebolt's own domain.
  expect(taken.length).toBeGreaterThan(10)
  for (const question of dns.asked) expect(question.split(" ")[0]).toMatch(/\.firebolt\.io\.?$/i)
})

test("an account is a single part of a path", () => {
  for (const text of [...forms, "..", ".", "a/b", "a%2Fb", "a?b", "a#b", "", " "]) if (accountFault(text) === undefined) expect(text).toMatch(/^[\w-]+$/)
  expect(["..", "a/b", "a?b", ""].map(accountFault).includes(undefined)).toBe(false)
})
