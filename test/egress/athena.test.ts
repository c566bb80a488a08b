import { expect, test } from "vitest"
import { athena } from "../../src/connectors/athena.ts"
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

const GOOD = "127.0.0.2"
const dns = use(() => startDnsServer(hostileZone(GOOD)))
const lease = (): OpenLease =>
  new Door({ policy: new Policy({ fixed: parseEgressRules(`${GOOD}/32`) }), resolver: new Resolver({ servers: [dns.address] }) }).lease({
    deadlineMs: 10_000,
    operator: true,
  })
const asked = (): string[] => dns.asked.map((question) => question.split(" ")[0] ?? "")
const auth = { kind: "access_key", accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "secret" }
const role = { ...auth, kind: "assume_role", roleArn: "arn:aws:iam::123456789012:role/r" }

test("no field names a host except the bastion's: only region and endpoint determine the destination", () => {
  expect(targetFields(athena.fields).filter((field) => !JSON.stringify(field).includes("tunnel"))).toEqual([])
})

test("no form of a forbidden destination is connected to, or looked up outside of AWS, as a region or an endpoint", async () => {
  const forms = [...INSIDE, ...PRIVATE, ...BROKEN, ...urlForms(443)].flatMap(({ about, text }) =>
    [text, `x.${text}`, `eu-central-1.amazonaws.com@${text}`, `eu-central-1#${text}`, `${text}/eu-central-1`].flatMap((form) => [
      { about, config: { region: form, auth } },
      { about, config: { region: form, auth: role } },
      { about, config: { region: "eu-central-1", auth, endpoint: { kind: "vpc", host: form } } },
      { about, config: { region: "eu-central-1", auth, endpoint: { kind: "vpc", host: `${form}.athena.eu-central-1.vpce.amazonaws.com` } } },
    ]),
  )
  using watch = watchSockets()
  for (const { about, config } of forms) {
    await using open = lease()
    const outcome = await attempt(athena, config, open)
    expect(outcome.by, `${about}: ${JSON.stringify(config)} ${JSON.stringify(outcome)}`).not.toBe("hole")
    expect(open.sockets).toEqual([])
  }
  expect(watch).toMatchObject({ past: [], byDoor: [] })
  expect(asked().filter((name) => !/\.amazonaws\.com(\.cn)?$/.test(name))).toEqual([])
})

test("a region whose name resolves to a private address is not reached", async () => {
  using watch = watchSockets()
  await using open = lease()
  const outcome = await attempt(athena, { region: "eu-central-1", auth }, open)
  expect(outcome).toMatchObject({ by: "dial", code: "egress_denied" })
  expect([watch.past, watch.byDoor]).toEqual([[], []])
  expect(asked()).toContain("athena.eu-central-1.amazonaws.com")
})
