import type { ServerResponse } from "node:http"
import { expect, test } from "vitest"
import { workspaceHost } from "../../src/connectors/databricks/workspace.ts"
import { databricks } from "../../src/connectors/databricks.ts"
import { targetFields } from "../../src/core/config.ts"
import { Door, type OpenLease } from "../../src/net/door.ts"
import { Policy } from "../../src/net/policy.ts"
import { Resolver } from "../../src/net/resolver.ts"
import { parseEgressRules } from "../../src/net/rules.ts"
import { withSession } from "../conformance/context.ts"
import { startWorkspace } from "../fixtures/databricks.ts"
import { collect } from "../support/batches.ts"
import { startDnsServer } from "../support/dns-server.ts"
import { failure } from "../support/failure.ts"
import { use } from "../support/use.ts"
import { attempt } from "./configs.ts"
import { BROKEN, hostileZone, INSIDE, PRIVATE, urlForms } from "./forms.ts"
import { watchSockets } from "./watch.ts"

/** An allowed address to which no name in this test resolves. */
const GOOD = "127.0.0.2"

const dns = use(() => startDnsServer(hostileZone(GOOD)))
const workspace = use(() => startWorkspace())

const lease = (): OpenLease =>
  new Door({ policy: new Policy({ fixed: parseEgressRules(`${GOOD}/32`) }), resolver: new Resolver({ servers: [dns.address] }) }).lease({
    deadlineMs: 10_000,
    operator: true,
  })

/** Names that were looked up. */
const asked = (): string[] => dns.asked.map((question) => question.split(" ")[0] ?? "")

const secret = "s3cret"
const logins = [
  { kind: "token", token: "dapi0123" },
  { kind: "oauth", clientId: "c", clientSecret: secret },
]
const config = (host: string, auth: object = logins[0] ?? {}) => ({ host, warehouse: "1a2b3c4d5e6f7890", auth })
const forms = [...INSIDE, ...PRIVATE, ...BROKEN, ...urlForms(443)]

test("no field names a host: only the workspace determines the destination", () =>
  expect(targetFields(databricks.fields).filter((field) => !JSON.stringify(field).includes("tunnel"))).toEqual([]))

test("no form of a forbidden destination is connected to, or even looked up, as a workspace", async () => {
  const around = forms.flatMap(({ about, text }) =>
    [text, `${text}.databricks.com`, `x.databricks.com@${text}`, `${text}#.azuredatabricks.net`, `https://${text}/?o=1`].map((form) => ({ about, form })),
  )
  const tally = { parse: 0, dial: 0 }
  using watch = watchSockets()
  for (const { about, form } of around) {
    await using open = lease()
    const outcome = await attempt(databricks, config(form), open)
    expect(outcome.by, `${about}: ${form} ${JSON.stringify(outcome)}`).not.toBe("hole")
    if (outcome.by !== "hole") tally[outcome.by]++
    expect(open.sockets, form).toEqual([])
  }
  expect(watch).toMatchObject({ past: [], byDoor: [] })
  expect(asked().length).toBeGreaterThan(0)
  expect(asked().filter((name) => !/\.(databricks\.(com|us|mil|cn|azure\.us|azure\.cn)|azuredatabricks\.net)$/.test(name))).toEqual([])
  expect(tally.dial).toBeGreaterThan(20)
  process.stdout.write(`\negress: ${around.length} workspaces: denied ${tally.parse + tally.dial} (${tally.parse} at parse, ${tally.dial} at dial), holes 0\n`)
})

test.each(logins)("a workspace whose name resolves to a private address is not reached with %j", async (login) => {
  using watch = watchSockets()
  await using open = lease()
  expect(await attempt(databricks, config("dbc-acme", login), open)).toMatchObject({ by: "dial", code: "egress_denied" })
  expect([watch.past, watch.byDoor]).toEqual([[], []])
  expect(asked()).toContain(workspaceHost("dbc-acme"))
})

test("a tenant cannot lead to another login page", async () => {
  for (const tenant of ["../x", "a/b", "a?b", "a#b", "a@b", ""]) {
    await using open = lease()
    const outcome = await attempt(databricks, config("dbc-acme", { kind: "entra", tenant, clientId: "c", clientSecret: secret }), open)
    expect(outcome, tenant).toMatchObject({ by: "parse" })
  }
})

/** Sets the link to the next statement's result. */
const resultAt = (external_link: string): void =>
  workspace.server.failNext(/statements$/, (response: ServerResponse) => {
    const links = [{ chunk_index: 0, row_count: 1, external_link, expiration: new Date(Date.now() + 900_000).toISOString() }]
    const manifest = { total_chunk_count: 1, schema: { columns: [{ name: "c", position: 0, type_name: "STRING", type_text: "STRING" }] } }
    const body = { statement_id: "01ef0000-0000-1000-8000-000000000000", status: { state: "SUCCEEDED" }, manifest, result: { external_links: links } }
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body))
  })

test("a result's link cannot reach a destination that the egress policy denies", async () => {
  const query = () => withSession({ connector: databricks }, workspace.config, (session) => collect(session.query("SELECT 1", [])))
  // The destinations here are not the ones on this machine that the test allows.
  const links = [...INSIDE, ...PRIVATE]
    .map(({ text }) => text)
    .filter((text) => !/^\[?(::1|127\.|0*1\b|localhost|::ffff:127|::ffff:7f)/i.test(text))
    .flatMap((text) => [`https://${text}/result`, `http://${text}/result`])
  using watch = watchSockets()
  for (const link of [
    ...links,
    "https://169.254.169.254/latest/meta-data",
    "file:///etc/passwd",
    "//169.254.169.254/x",
    "https://u:p@example.com/x",
    "https://example.com:8443/x",
    "x",
  ]) {
    resultAt(link)
    const error = await failure(query())
    expect(
      ["egress_denied", "response_invalid", "host_not_found", "dns_failed", "host_unreachable", "tls_name_mismatch", "tls_untrusted"],
      `${link} ${error.message}`,
    ).toContain(error.code)
    if (link.startsWith("http:")) expect(error.code).toBe("response_invalid")
  }
  expect(watch.past).toEqual([])
  const dialled = watch.byDoor.filter((each) => !JSON.stringify(each).includes("127.0.0.1"))
  expect(dialled).toEqual([])
})
