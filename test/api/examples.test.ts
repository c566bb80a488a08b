import { beforeAll, describe, expect, it } from "vitest"
import { Written } from "../fixtures/bigquery/written.ts"
import { startOwnBigQuery } from "../fixtures/bigquery.ts"
import type { Answer } from "../support/ask.ts"
import { startDnsServer } from "../support/dns-server.ts"
import { startTestDatabase } from "../support/embedded.ts"
import { startHub } from "../support/hub.ts"
import { answerAt, checkerOf, type DescribedOperation, type Description, operationsIn } from "../support/openapi.ts"
import { standInCa, standIns } from "../support/stand-ins.ts"
import { use } from "../support/use.ts"

/** One operation whose examples are sent. The runs are in order: each uses what earlier ones have created. */
interface Run {
  readonly operation: string
  /** The operation whose last answer has the id for the path. */
  readonly of?: string
  /** Parameters of the path that replace the description's own examples. */
  readonly path?: Readonly<Record<string, string>>
  /** The request is sent with the login's session and not with a key. */
  readonly session?: true
  /** Runs before the request, to prepare what the example cannot know. */
  readonly before?: () => Promise<unknown>
}

const RUNS: readonly Run[] = [
  { operation: "createEgressRule" },
  { operation: "compareConnector" },
  { operation: "testConnectorConfig" },
  { operation: "createConnector" },
  { operation: "updateConnector" },
  // The examples' own database does not exist; the connector of that name now leads to one that does.
  { operation: "testConnector", before: () => hub.call("PATCH", "/v1/connectors/my-postgres", { config: live() }) },
  { operation: "discoverCatalog" },
  { operation: "queryConnector" },
  {
    operation: "dryRunQuery",
    path: { id: "my-warehouse" },
    before: () => hub.call("POST", "/v1/connectors", { name: "my-warehouse", type: "bigquery", config: warehouse.config }),
  },
  { operation: "setCheck" },
  { operation: "stageCredentials" },
  { operation: "testCredentials" },
  { operation: "switchCredentials" },
  { operation: "callConnector", path: { id: "my-http" } },
  { operation: "createWebhook" },
  { operation: "updateWebhook", of: "createWebhook" },
  { operation: "createUser" },
  { operation: "updateUser" },
  { operation: "setPassword" },
  { operation: "createKey" },
  { operation: "updateKey", of: "createKey" },
  { operation: "rotateKey", of: "createKey" },
  { operation: "createWorkspace" },
  { operation: "updateWorkspace" },
  { operation: "logIn" },
  { operation: "updateMe", session: true },
  { operation: "changePassword", session: true },
]

let document: Description
let operations: DescribedOperation[]
/** The last answer of each operation. */
const answers = new Map<string, Answer>()

const examplesOf = (operation: DescribedOperation) => Object.values(operation.body["application/json"]?.examples ?? {})

function live(): object {
  const { host, port, user, password } = database
  return { host, port, user, password, database: "postgres", tls: { kind: "off" } }
}

const database = use(() => startTestDatabase())
const warehouse = use(() =>
  startOwnBigQuery((registry) => {
    const engine = new Written(registry)
    engine.answer(/^select id, total from orders/, { fields: [{ name: "id", type: "INTEGER" }], rows: [] })
    return engine
  }),
)
const dns = use(() => startDnsServer(() => "NXDOMAIN"))
const hub = use(() =>
  startHub(
    {
      JACKFIELD_DNS: dns.address,
      JACKFIELD_EGRESS_ALLOW: `127.0.0.0/8:${database.port},127.0.0.1/32:${warehouse.front.port}`,
      // The password in the README and in the example.
      JACKFIELD_ADMIN_PASSWORD: "HnV3FZ-p7lMf091oDLV_",
    },
    { door: { standIns, extraCa: standInCa() ?? "" } },
  ),
)
beforeAll(async () => {
  await database.query("create table orders (id int primary key, total int); insert into orders values (1, 29000), (2, 31000)")
  document = (await hub.call("GET", "/openapi.json")).body
  operations = operationsIn(document)
})

function pathOf({ path, parameters }: DescribedOperation, run: Run): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const example = parameters.find((each) => each.in === "path" && each.name === name)?.example
    const value = run.path?.[name] ?? (run.of === undefined ? example : answers.get(run.of)?.body.id)
    return encodeURIComponent(String(value))
  })
}

describe("the examples in the description", () => {
  it("exist for every body, and all of them are sent here", () => {
    const withBody = operations.filter(({ body }) => body["application/json"] !== undefined)
    expect(withBody.filter((each) => examplesOf(each).length === 0).map(({ id }) => id)).toEqual([])
    expect(RUNS.map(({ operation }) => operation).sort()).toEqual(withBody.map(({ id }) => id).sort())
  })

  it.each(RUNS)("$operation", { timeout: 120_000 }, async (run) => {
    const operation = operations.find(({ id }) => id === run.operation)
    if (operation === undefined) throw new Error(`there is no operation ${run.operation}`)
    await run.before?.()
    const { method, responses } = operation
    for (const { summary, value } of examplesOf(operation)) {
      const key = run.session === true ? { key: answers.get("logIn")?.body.token as string } : {}
      const answer = await hub.call(method, pathOf(operation, run), value, key)
      expect(`${summary}: ${answer.status} ${answer.text}`).toMatch(new RegExp(`^.*: ${Object.keys(responses)[0]} `))
      if (answer.status !== 204) expect(checkerOf(document)(answerAt(method, operation.path, answer), answer.body)).toBeUndefined()
      answers.set(operation.id, answer)
    }
  })

  it("do what they claim: a query finds a row, and a test passes", () => {
    expect(answers.get("testConnector")?.body.ok).toBe(true)
    expect(answers.get("queryConnector")?.body.rows).toEqual([{ id: 2, total: 31000 }])
    expect(answers.get("callConnector")?.body).toMatchObject({ method: "GET", url: "https://api.example.com/v1/companies" })
  })
})
