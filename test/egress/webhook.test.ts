import { expect, test } from "vitest"
import { webhook } from "../../src/connectors/webhook.ts"
import type { Session } from "../../src/core/session.ts"
import { Door, type OpenLease } from "../../src/net/door.ts"
import { Policy } from "../../src/net/policy.ts"
import { Resolver } from "../../src/net/resolver.ts"
import { parseEgressRules } from "../../src/net/rules.ts"
import { startApi } from "../support/api-server.ts"
import { collect } from "../support/batches.ts"
import { startDnsServer } from "../support/dns-server.ts"
import { use } from "../support/use.ts"
import { attempt } from "./configs.ts"
import { BROKEN, hostileZone, INSIDE, PRIVATE, urlForms } from "./forms.ts"
import { watchSockets } from "./watch.ts"

/** Allowed, and the address of no name that is asked for here. */
const GOOD = "127.0.0.2"
const dns = use(() => startDnsServer(hostileZone(GOOD)))
const api = use(startApi)
const lease = (allow: string): OpenLease =>
  new Door({ policy: new Policy({ fixed: parseEgressRules(allow) }), resolver: new Resolver({ servers: [dns.address] }) }).lease({
    deadlineMs: 10_000,
    operator: true,
  })

/** Writes a row to the stream that the catalog has. */
async function write(session: Session): Promise<unknown> {
  const [stream] = (await collect(session.discover())).flatMap((each) => ("stream" in each ? [each.stream] : []))
  if (stream === undefined) throw new Error("a webhook has a stream")
  return await session.write(stream, { columns: [{ name: "id", type: "integer", nativeType: "", nullable: true }], rows: [[1]] }, { mode: "append" })
}
const VERBS = { test: (session: Session) => session.test(), write }
const hostOf = (text: string): string => (text.includes(":") && !text.startsWith("[") && /^[0-9a-f:.%]+$/i.test(text) ? `[${text}]` : text)

test("no form of a forbidden destination is dialled by a delivery", async () => {
  const forms = [
    ...[...INSIDE, ...PRIVATE, ...BROKEN].flatMap(({ text }) => ["http", "https"].map((scheme) => `${scheme}://${hostOf(text)}/`)),
    ...urlForms(443).map(({ text }) => text),
  ]
  using watch = watchSockets()
  for (const url of forms) {
    await using open = lease(`${GOOD}/32`)
    const outcome = await attempt(webhook, { url, retries: 0 }, open, write)
    expect(outcome.by, `${url} ${JSON.stringify(outcome)}`).not.toBe("hole")
    expect(open.sockets, url).toEqual([])
  }
  expect(watch).toMatchObject({ past: [], byDoor: [] })
  expect(forms.length).toBeGreaterThan(150)
})

test.each([301, 302, 303, 307, 308])("a redirect by %i is followed nowhere, to an address that is allowed or not", async (status) => {
  const port = new URL(api.origin).port
  for (const [verb, use] of Object.entries(VERBS))
    for (const location of [
      `${api.elsewhere}/`,
      "http://169.254.169.254/latest/meta-data/",
      "http://10.0.0.1/",
      "//2130706433/",
      "/elsewhere",
      "file:///etc/passwd",
      "gopher://127.0.0.1/_x",
    ]) {
      api.seen.splice(0)
      api.serve = (_, response) => void response.writeHead(status, { location }).end()
      using watch = watchSockets()
      await using open = lease("127.0.0.0/8")
      const outcome = await attempt(webhook, { url: `http://127.0.0.1:${port}/hook`, signing: { kind: "hmac", key: "a key of the hub's" } }, open, use)
      expect(outcome, `${verb} ${location}`).toMatchObject({ by: "hole", what: expect.stringMatching(/^response_invalid: .* answers 30/) })
      expect([api.seen.map(({ url }) => url.pathname), watch.byDoor, watch.past]).toEqual([["/hook"], [`127.0.0.1:${port}`], []])
    }
})
