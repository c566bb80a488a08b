import { expect, test } from "vitest"
import { readAccount } from "../../src/connectors/snowflake/account.ts"
import { snowflake } from "../../src/connectors/snowflake.ts"
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

/** Allowed, and the address of no name that is asked for here. */
const GOOD = "127.0.0.2"

const dns = use(() => startDnsServer(hostileZone(GOOD)))

const lease = (): OpenLease =>
  new Door({ policy: new Policy({ fixed: parseEgressRules(`${GOOD}/32`) }), resolver: new Resolver({ servers: [dns.address] }) }).lease({
    deadlineMs: 10_000,
    operator: true,
  })

/** Names that were looked up. */
const asked = (): string[] => dns.asked.map((question) => question.split(" ")[0] ?? "")

const config = (account: string) => ({ account, user: "u", auth: { kind: "token", token: "pat-secret" } })

test("no field names a host: the account alone says where to go", () =>
  expect(targetFields(snowflake.fields).filter((field) => !JSON.stringify(field).includes("tunnel"))).toEqual([]))

test("no form of a forbidden destination is dialled, or even asked for, as an account", async () => {
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
  // Whatever was taken as an account was looked up below Snowflake's own domains, and led to loopback, which is denied.
  expect(asked().length).toBeGreaterThan(0)
  expect(asked().filter((name) => !/\.snowflakecomputing\.(com|cn)$/.test(name))).toEqual([])
  expect(tally.dial).toBeGreaterThan(20)
  process.stdout.write(`\negress: ${forms.length} accounts: denied ${tally.parse + tally.dial} (${tally.parse} at parse, ${tally.dial} at dial), holes 0\n`)
})

test("where its name leads to a private address, the account is not reached", async () => {
  using watch = watchSockets()
  await using open = lease()
  const outcome = await attempt(snowflake, config("acme-prod"), open)
  expect(outcome).toMatchObject({ by: "dial", code: "egress_denied" })
  expect([watch.past, watch.byDoor]).toEqual([[], []])
  expect(asked()).toContain(readAccount("acme-prod").host)
})
