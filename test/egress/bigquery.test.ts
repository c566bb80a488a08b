import { expect, test } from "vitest"
import { bigquery } from "../../src/connectors/bigquery.ts"
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
const asked = (): string[] => dns.asked.map((question) => (question.split(" ")[0] ?? "").toLowerCase())
const auth = { kind: "oauth_token", token: "ya29.0123456789" }
const refresh = { kind: "oauth_refresh", clientId: "c", clientSecret: "GOCSPX-0123456789", refreshToken: "1//0123456789" }
const project = "my-project-123"

test("no field names a host but the bastion's: project, endpoint and key never say where to go", () => {
  expect(targetFields(bigquery.fields).filter((field) => !JSON.stringify(field).includes("tunnel"))).toEqual([])
})

test("no form of a forbidden destination is dialled, or asked for outside of Google's APIs, by any field", async () => {
  const around = [...INSIDE, ...PRIVATE, ...BROKEN, ...urlForms(443)].flatMap(({ about, text }) =>
    [text, `x.${text}`, `eu@${text}`, `eu#${text}`, `${text}/eu`, `eu.${text}:443`].flatMap((form) => [
      { about, config: { project, auth, endpoint: { kind: "regional", region: form } } },
      { about, config: { project, auth, endpoint: { kind: "private", name: form } } },
      { about, config: { project: form, auth } },
      { about, config: { project, auth, location: form } },
      { about, config: { project, auth, dataProject: form, dataset: "d" } },
      { about, config: { project, auth, dataset: form } },
      { about, config: { project, auth: refresh, impersonate: `a@${form}` } },
      { about, config: { project, auth: refresh, impersonate: form } },
    ]),
  )
  using watch = watchSockets()
  for (const { about, config } of around) {
    await using open = lease()
    const outcome = await attempt(bigquery, config, open)
    expect(outcome.by, `${about}: ${JSON.stringify(config)} ${JSON.stringify(outcome)}`).not.toBe("hole")
    expect(open.sockets).toEqual([])
  }
  expect(watch).toMatchObject({ past: [], byDoor: [] })
  expect(asked().filter((name) => !/^([a-z0-9-]+\.)+googleapis\.com\.?$/.test(name))).toEqual([])
})

test.each([
  [auth, "bigquery.googleapis.com"],
  [refresh, "oauth2.googleapis.com"],
])("where Google's name leads to a private address, %j does not reach it", async (login, host) => {
  using watch = watchSockets()
  await using open = lease()
  const outcome = await attempt(bigquery, { project, auth: login }, open)
  expect(outcome).toMatchObject({ by: "dial" })
  expect([watch.past, watch.byDoor]).toEqual([[], []])
  expect(asked()).toContain(host)
})
