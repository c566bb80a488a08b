import { generateKeyPairSync } from "node:crypto"
import type { ServerResponse } from "node:http"
import { beforeEach, describe, expect, test } from "vitest"
import { bigquery } from "../../src/connectors/bigquery.ts"
import type { Session } from "../../src/core/session.ts"
import { Refused } from "../fixtures/bigquery/refused.ts"
import { Written } from "../fixtures/bigquery/written.ts"
import { startOwnBigQuery } from "../fixtures/bigquery.ts"
import { json } from "../fixtures/bigquery-server.ts"
import { collect, valuesOf } from "../support/batches.ts"
import { failure } from "../support/failure.ts"
import { use } from "../support/use.ts"
import { withSession } from "./context.ts"

let engine: Written
const own = use(() =>
  startOwnBigQuery((registry) => {
    engine = new Written(registry)
    return engine
  }),
)
const run = <T>(work: (session: Session) => Promise<T>, more: object = {}): Promise<T> => withSession({ connector: bigquery }, { ...own.config, ...more }, work)
const query = (sql: string, params: readonly (string | number)[] = [], more: object = {}) => run((session) => valuesOf(session.query(sql, params)), more)
/** Requests of the test that runs. */
let before = 0
const requests = () => own.front.requests.slice(before)
const lines = (): string[] => requests().map(({ line }) => line)
const statements = (): { dryRun: boolean; query: Record<string, unknown> }[] =>
  requests()
    .filter(({ line }) => line.endsWith("/jobs"))
    .map(({ body }) => (JSON.parse(body) as { configuration: { dryRun?: boolean; query: Record<string, unknown> } }).configuration)
    .map(({ dryRun = false, query: own }) => ({ dryRun, query: own }))

beforeEach(() => {
  before = own.front.requests.length
  engine.ran.splice(0)
  own.front.jobs.bytesOf = () => 0
})

describe("tokens", () => {
  const expire = (): void => {
    for (const grant of own.front.tokens.granted.values()) Object.assign(grant, { until: 0 })
  }

  test("a token is asked for once, and renewed once when BigQuery refuses it", async () => {
    const before = own.front.tokens.asked
    await run(async (session) => {
      await session.test()
      expect(own.front.tokens.asked - before).toBe(1)
      expire()
      expect(await valuesOf(session.query("SELECT 1"))).toEqual([["1"]])
      expect(own.front.tokens.asked - before).toBe(2)
    })
  })

  test("a token that is refused though it is new is a refused login", async () => {
    const before = own.front.tokens.asked
    const refused = new Refused(401, "authError", "Invalid Credentials")
    using _refusing = { [Symbol.dispose]: own.front.answer(/ \/bigquery\//, (response) => json(response, 401, refused.body)) }
    const error = await failure(query("SELECT 1"))
    expect([error.code, own.front.tokens.asked - before, lines().filter((line) => line.includes("/bigquery/"))]).toEqual([
      "auth_failed",
      1,
      ["POST /bigquery/v2/projects/jackfield-test/jobs"],
    ])
  })

  test("a token that somebody copied is not renewed", async () => {
    const token = own.token()
    const auth = { kind: "oauth_token", token }
    expect(await query("SELECT 1", [], { auth })).toEqual([["1"]])
    expire()
    const before = own.front.tokens.asked
    const error = await failure(query("SELECT 1", [], { auth }))
    expect([error.code, own.front.tokens.asked]).toEqual(["auth_failed", before])
    expect(error.message).not.toContain(token)
  })

  test("all tokens come from Google, whatever URLs the key names, for the scope of BigQuery alone", async () => {
    await query("SELECT 1")
    const [, grant] = [...own.front.tokens.granted].at(-1) ?? []
    expect(grant?.scopes).toEqual(["https://www.googleapis.com/auth/bigquery"])
    expect(lines().filter((line) => line.includes("token"))).toEqual(["oauth2.googleapis.com POST /token"])
    await query("SELECT 1", [], { drive: true })
    expect([...own.front.tokens.granted.values()].at(-1)?.scopes).toContain("https://www.googleapis.com/auth/drive.readonly")
  })

  const otherKey = (): string => {
    const { privateKey } = generateKeyPairSync("rsa", {
      modulusLength: 2_048,
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: { type: "pkcs8", format: "pem" },
    })
    return JSON.stringify({ ...JSON.parse(own.key), private_key: privateKey })
  }
  test.each<[string, () => object, string, RegExp]>([
    ["a key of another account", () => ({ auth: { kind: "service_account", key: otherKey() } }), "auth_failed", /Invalid JWT Signature|refuses/],
    [
      "a refresh token that was revoked",
      () => ({ auth: { ...own.refresh, refreshToken: "1//gone-and-revoked" } }),
      "auth_failed",
      /expired or revoked|refuses/,
    ],
    ["a client of another secret", () => ({ auth: { ...own.refresh, clientSecret: "GOCSPX-another-secret" } }), "auth_failed", /client|refuses/],
    [
      "an account that it may not act for",
      () => ({ impersonate: "no@jackfield-test.iam.gserviceaccount.com" }),
      "auth_failed",
      /Service Account Token Creator/,
    ],
    [
      "a token without the scope",
      () => ({ auth: { kind: "oauth_token", token: own.front.tokens.make("a", ["https://www.googleapis.com/auth/drive.readonly"]) } }),
      "permission_denied",
      /lacks the scope of BigQuery.*auth\/bigquery/,
    ],
    ["a project that it may not use", () => ({ project: "another-project" }), "permission_denied", /bigquery.jobs.create/],
  ])("%s is told as it is", async (_, more, code, message) => {
    const error = await failure(run((session) => session.test(), more()))
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)])
    expect(JSON.stringify([error.message, error.details])).not.toContain("PRIVATE KEY")
  })
})

describe("the test", () => {
  test("reads no table, and says what it did and what other uses may cost", async () => {
    const facts = await run((session) => session.test())
    expect(facts).toMatchObject({ product: "BigQuery", details: { project: "jackfield-test", location: "europe-west3", maximumBytesBilled: "none" } })
    expect(facts.warnings).toEqual([
      expect.stringMatching(/SELECT 1, which reads no table and costs nothing.*ten megabytes/),
      expect.stringMatching(/no limit of bytes billed/),
    ])
    expect(statements().map(({ dryRun, query: { query: sql } }) => [dryRun, sql])).toEqual([
      [true, "SELECT 1"],
      [false, "SELECT 1"],
    ])
    expect((await run((session) => session.test(), { maximumBytesBilled: 10_485_760 })).warnings).toHaveLength(1)
  })

  test.each<[object, string, RegExp]>([
    [{ dataset: "nowhere" }, "database_not_found", /no dataset jackfield-test.nowhere/],
    [{ location: "EU" }, "query_invalid", /not found in location EU/],
  ])("%j is %s", async (more, code, message) => {
    const error = await failure(run((session) => session.test(), more))
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)])
  })

  test("a dataset in another location than the connector's is a fault of the config", async () => {
    using _other = { [Symbol.dispose]: own.front.answer(/datasets\/conformance$/, (response) => json(response, 200, { location: "US" })) }
    const error = await failure(run((session) => session.test()))
    expect(error).toMatchObject({ code: "config_invalid", faults: [{ pointer: "/location", message: expect.stringMatching(/is in US/) }] })
  })
})

describe("a query", () => {
  test("is validated without cost first, and is not run when BigQuery says that it does more than read", async () => {
    expect(await query("SELECT 1")).toEqual([["1"]])
    expect(statements().map(({ dryRun }) => dryRun)).toEqual([true, false])
    engine.answer(/FROM calls/, { fields: [], rows: [], statementType: "SCRIPT" })
    const error = await failure(query("SELECT * FROM calls"))
    expect([error.code, error.message]).toEqual(["query_invalid", expect.stringMatching(/for BigQuery this one is SCRIPT/)])
    expect(engine.ran.filter(({ sql }) => sql.includes("calls"))).toEqual([])
  })

  test("has parameters of the types that BigQuery finds for them", async () => {
    const undeclared = [
      { parameterType: { type: "NUMERIC" } },
      { parameterType: { type: "DATE" } },
      { parameterType: { type: "ARRAY", arrayType: { type: "INT64" } } },
    ]
    engine.answer(/FROM priced/, { fields: [], rows: [], undeclared })
    await run((session) => collect(session.query("SELECT 1 FROM priced WHERE a = ? AND d = ? AND i IN UNNEST(?)", ["1.50", "2024-02-29", [1, null]])))
    expect(engine.ran.at(-1)?.params).toEqual([
      { parameterType: { type: "NUMERIC" }, parameterValue: { value: "1.5" } },
      { parameterType: { type: "DATE" }, parameterValue: { value: "2024-02-29" } },
      { parameterType: { type: "ARRAY", arrayType: { type: "INT64" } }, parameterValue: { arrayValues: [{ value: "1" }, { value: null }] } },
    ])
  })

  test("is limited in the bytes that are billed, as the connector says", async () => {
    own.front.jobs.bytesOf = () => 20_000_000
    expect(await query("SELECT 1", [], { maximumBytesBilled: 20_000_000 })).toEqual([["1"]])
    expect(statements().map(({ query: { maximumBytesBilled: most } }) => most)).toEqual([undefined, "20000000"])
    const error = await failure(query("SELECT 1", [], { maximumBytesBilled: 10_485_760 }))
    expect([error.code, error.message]).toEqual(["query_invalid", expect.stringMatching(/more than the connector allows.*ask for less, or raise/)])
  })

  test("runs once, though the answer to its job is lost", async () => {
    await run(async (session) => {
      await valuesOf(session.query("SELECT 1"))
      engine.ran.splice(0)
      own.front.failNext((_, request) => void request.socket.destroy())
      own.front.loseNext(/"jobId"/)
      expect(await valuesOf(session.query("SELECT 1"))).toEqual([["1"]])
      own.front.loseNext(/GET .*\/queries\//)
      expect(await valuesOf(session.query("SELECT 1"))).toEqual([["1"]])
    })
    expect(engine.ran).toHaveLength(2)
  })

  test.each(["DELETE FROM t WHERE true", "SELECT 1; DROP TABLE t", "EXPORT DATA OPTIONS(uri='gs://x/*') AS SELECT 1", "CALL p()", ""])(
    "%j is refused before it is sent",
    async (sql) => {
      expect((await failure(query(sql))).code).toBe("query_invalid")
      expect(lines()).toEqual([])
    },
  )
})

describe("a dry run", () => {
  const told = {
    fields: [
      { name: "id", type: "INTEGER" },
      { name: "tags", type: "STRING", mode: "REPEATED" },
    ],
    rows: [],
  }

  test("says the bytes and the columns, and runs nothing", async () => {
    engine.answer(/FROM big/, { ...told, undeclared: [{ parameterType: { type: "DATE" } }] })
    own.front.jobs.bytesOf = () => 5_000_000_000_000
    const said = await run((session) => session.dryRun("SELECT id, tags FROM big WHERE day = ?", ["2024-02-29"]))
    expect(said).toMatchObject({ bytes: 5_000_000_000_000, accuracy: "exact", details: { statement: "SELECT", maximumBytesBilled: "none" } })
    expect(said.columns.map(({ name, type, nativeType }) => [name, type, nativeType])).toEqual([
      ["id", "integer", "INT64"],
      ["tags", "array", "ARRAY<STRING>"],
    ])
    expect(said.warnings).toBeUndefined()
    expect([engine.ran, statements().map(({ dryRun }) => dryRun)]).toEqual([[], [true, true]])
    expect(statements()[1]?.query["queryParameters"]).toEqual([{ parameterType: { type: "DATE" }, parameterValue: { value: "2024-02-29" } }])
  })

  test("warns of a statement that the connector's limit would refuse", async () => {
    engine.answer(/FROM big/, told)
    own.front.jobs.bytesOf = () => 20_000_000
    const dry = (most: number) => run((session) => session.dryRun("SELECT id FROM big"), { maximumBytesBilled: most })
    expect((await dry(10_485_760)).warnings).toEqual([expect.stringMatching(/20000000 bytes, and the connector allows 10485760/)])
    expect((await dry(20_000_000)).warnings).toBeUndefined()
  })

  test("refuses what a query refuses", async () => {
    expect((await failure(run((session) => session.dryRun("DROP TABLE big")))).code).toBe("query_invalid")
    expect(lines()).toEqual([])
    engine.answer(/FROM calls/, { fields: [], rows: [], statementType: "SCRIPT" })
    expect((await failure(run((session) => session.dryRun("SELECT * FROM calls")))).code).toBe("query_invalid")
    engine.answer(/FROM lost/, () => {
      throw new Refused(404, "notFound", "Not found: Table jackfield-test:conformance.lost")
    })
    expect((await failure(run((session) => session.dryRun("SELECT * FROM lost")))).message).toMatch(/conformance.lost/)
  })

  test("has no bytes where BigQuery does not say them, and takes no number of another form", async () => {
    const answered = (statistics: object) => (response: ServerResponse) => json(response, 200, { statistics })
    const select = { statementType: "SELECT" }
    own.front.failNext(answered({ query: select }), answered({ query: select }))
    expect(await run((session) => session.dryRun("SELECT 1"))).toEqual({ columns: [], details: { statement: "SELECT", tables: 0, maximumBytesBilled: "none" } })
    own.front.failNext(answered({ totalBytesProcessed: "1e3", query: select }))
    expect((await failure(run((session) => session.dryRun("SELECT 1")))).code).toBe("response_invalid")
  })
})
