import { describe, expect, test } from "vitest"
import { snowflake } from "../../src/connectors/snowflake.ts"
import type { Session } from "../../src/core/session.ts"
import type { Batch } from "../../src/core/streams.ts"
import type { Value } from "../../src/core/values.ts"
import { Refused } from "../fixtures/snowflake/refused.ts"
import { startAccount } from "../fixtures/snowflake.ts"
import { collect } from "../support/batches.ts"
import { failure } from "../support/failure.ts"
import { use } from "../support/use.ts"
import { within } from "../support/waiting.ts"
import { withSession } from "./context.ts"

const account = use(() => startAccount())

const subject = { connector: snowflake }
type Options = Parameters<typeof withSession>[3]
const open = <T>(more: object, work: (session: Session) => Promise<T>, options?: Options): Promise<T> =>
  withSession(subject, { ...account.config, ...more }, work, options)
const rowsOf = async (batches: AsyncIterable<Batch>): Promise<(readonly Value[])[]> => (await collect(batches)).flatMap(({ rows }) => rows)
const query = (statement: string, params: Value[] = [], more: object = {}, options?: Options) =>
  open(more, (session) => rowsOf(session.query(statement, params)), options)

/** The stages of a test and how it ended. */
async function staged(more: object) {
  return await withSession(subject, { ...account.config, ...more }, async (session, lease) => {
    const outcome = await session.test().catch((error: unknown) => error as Error)
    return { outcome, stages: lease.trace.stages.map(({ name, status }) => `${name} ${status}`) }
  })
}

describe("a test", () => {
  test("tells who is logged in, and where", async () => {
    const { outcome, stages } = await staged({})
    expect(outcome).toEqual({
      product: "Snowflake",
      version: "10.0.0-stand-in",
      details: { user: "JACKFIELD", account: "STANDIN", region: "STAND_IN", role: "ANALYST", warehouse: "COMPUTE_WH", database: "SHOP", schema: "CONFORMANCE" },
    })
    expect(stages.slice(-3)).toEqual(["auth passed", "permission passed", "probe passed"])
  })

  test.each([
    [{ role: "ADMIN" }, "permission_denied", /GRANT ROLE ADMIN TO USER jackfield/],
    [{ warehouse: "LOCKED_WH" }, "permission_denied", /warehouse LOCKED_WH.*run GRANT USAGE ON WAREHOUSE "LOCKED_WH" TO ROLE "ANALYST"/],
    [{ warehouse: "compute_wh" }, "permission_denied", /warehouse compute_wh/],
    [{ database: "SHOPS" }, "database_not_found", /database SHOPS/],
    [{ schema: "CONFORMANC_" }, "database_not_found", /schema CONFORMANC_/],
  ])("%j is named in the permission stage", async (more, code, says) => {
    const { outcome, stages } = await staged(more)
    expect(outcome).toMatchObject({ code, message: expect.stringMatching(says) })
    expect(stages.slice(-2)).toEqual(["auth passed", "permission failed"])
  })

  test.each([
    ["user", { user: "somebody" }, /DESC USER.*SHA256:/],
    ["access token", { auth: { kind: "token", token: "pat-wrong" } }, /refused the token/],
    ["OAuth token", { auth: { kind: "oauth", token: "ver:1-wrong" } }, /refused the token/],
  ])("a wrong %s fails the login", async (_, more, says) => {
    const { outcome, stages } = await staged(more)
    expect(outcome).toMatchObject({ code: "auth_failed", message: expect.stringMatching(says) })
    expect(stages.at(-1)).toBe("auth failed")
  })

  test("without a warehouse it passes, and warns", async () => {
    const { outcome } = await staged({ role: "NOBODY", warehouse: "", schema: "" })
    expect(outcome).toMatchObject({ warnings: [expect.stringMatching(/no warehouse/)] })
  })
})

describe("the cost of a test", () => {
  test("is none, and a suspended warehouse stays so: the test says what the first query starts", async () => {
    const { outcome } = await staged({ warehouse: "ASLEEP_WH" })
    expect(outcome).toMatchObject({
      warnings: [expect.stringMatching(/ASLEEP_WH \(X-Small\) is suspended, and the test did not start it; the first query .* billed by the second/)],
    })
    const [last] = account.server.requests.slice(-1)
    expect(last?.body["statement"]).toBe("SELECT CURRENT_VERSION() AS VERSION")
  })

  test("of a warehouse that does not resume by itself is that queries fail", async () => {
    const { outcome } = await staged({ warehouse: "HELD_WH" })
    expect(outcome).toMatchObject({ warnings: [expect.stringMatching(/HELD_WH .* does not resume by itself, so queries fail/)] })
  })

  test("names no warehouse that runs", async () => expect((await staged({})).outcome).not.toHaveProperty("warnings"))
})

describe("a query", () => {
  test("takes bind variables of every kind", async () => {
    const params: Value[] = ["it's", 9, 1.5, true, null, "9007199254740993"]
    expect(await query("SELECT ?, ?, ?, ?, ?, CAST(? AS NUMBER(38,0))", params)).toEqual([["it's", "9", 1.5, true, null, "9007199254740993"]])
  })

  test("pulls partitions one by one, and none that is not wanted", async () => {
    const seen = account.server.requests.length
    expect(await query("SELECT ID FROM PEOPLE")).toHaveLength(53)
    const pulled = () =>
      account.server.requests
        .slice(seen)
        .filter(({ path }) => path.includes("partition="))
        .map(({ path }) => path.split("=").at(-1))
    expect(pulled()).toEqual(["1"])
    await open({}, async (session) => {
      for await (const { rows } of session.query("SELECT ID FROM PEOPLE")) return rows
      return []
    })
    expect(pulled()).toEqual(["1"])
    const limited = await query("SELECT ID FROM PEOPLE", [], {}, { maxRows: 7 })
    expect([limited.length, account.server.requests.findLast(({ method }) => method === "POST")?.body["parameters"]]).toEqual([
      7,
      expect.objectContaining({ ROWS_PER_RESULTSET: "7" }),
    ])
  })

  test("an empty result has its columns", async () => {
    const [batch] = await open({}, (session) => collect(session.query("SELECT ID, NAME FROM PEOPLE WHERE ID < 0")))
    expect([batch?.columns.map(({ name, nativeType }) => `${name} ${nativeType}`), batch?.rows]).toEqual([["ID NUMBER(38,0)", "NAME VARCHAR(80)"], []])
  })

  test("only reads, and says what it refuses before anything is sent", async () => {
    const seen = account.server.requests.length
    const error = await failure(query("DELETE FROM PEOPLE"))
    expect([error.code, error.message]).toEqual(["query_invalid", expect.stringMatching(/begins with DELETE/)])
    expect(account.server.requests.length).toBe(seen)
  })

  test.each([
    ["SELECT 1 FORM PEOPLE WHERE", "query_invalid", { code: "001003" }],
    ["SELECT NO_SUCH FROM PEOPLE", "query_invalid", { code: "000904", line: 1 }],
    ["SELECT * FROM HIDDEN", "query_invalid", { code: "002003" }],
    ["SELECT 1 / 0", "query_invalid", { code: "100051" }],
    ["SELECT NO_SUCH_FUNCTION(1)", "query_invalid", { code: "002140" }],
  ])("%s fails with Snowflake's own code", async (statement, code, details) => {
    expect(await failure(query(statement))).toMatchObject({ code, details })
  })

  test("without a warehouse a table cannot be read", async () => {
    const error = await failure(query("SELECT * FROM PEOPLE", [], { role: "NOBODY", warehouse: "" }))
    expect([error.code, error.message]).toEqual(["database_not_found", expect.stringMatching(/no warehouse/)])
  })

  test("names its deadline to Snowflake, which keeps it too", async () => {
    await query("SELECT 1", [], {}, { deadlineMs: 7_000 })
    const timeout = Number(account.server.requests.findLast(({ method }) => method === "POST")?.body["timeout"])
    expect(timeout).toBeGreaterThan(4)
    expect(timeout).toBeLessThanOrEqual(7)
  })
})

describe("what did not get through is sent again", () => {
  test.each([429, 502, 503, 504])("%s", async (status) => {
    account.server.failNext(new Refused(status, "", "later", undefined, { "retry-after": "0" }), new Refused(status, "", "later"))
    expect(await query("SELECT 1 + 1")).toEqual([["2"]])
  })

  test("with the same request id, so that a statement runs once", async () => {
    const seen = account.server.requests.length
    account.server.failNext(new Refused(503, "", "later"))
    await query("SELECT 1")
    const posts = account.server.requests.slice(seen).filter(({ method }) => method === "POST")
    const asked = posts.map(({ path }) => new URL(path, "https://x").searchParams)
    expect(asked.map((each) => each.get("retry"))).toEqual([null, "true"])
    expect(asked[0]?.get("requestId")).toBe(asked[1]?.get("requestId"))
  })

  test("but not for ever, and not when the wait is longer than the deadline", async () => {
    account.server.failNext(...Array.from({ length: 4 }, () => new Refused(429, "", "later", undefined, { "retry-after": "0" })))
    expect(await failure(query("SELECT 1"))).toMatchObject({ code: "rate_limited" })
    account.server.failNext(new Refused(429, "", "later", undefined, { "retry-after": "3600" }))
    expect(await failure(query("SELECT 1"))).toMatchObject({ code: "rate_limited", details: { retryAfterMs: 3_600_000 } })
  })

  test("and so is what a broken connection lost, once", async () => {
    const seen = account.server.requests.length
    account.server.failNext((response) => response.destroy())
    expect(await query("SELECT 2")).toEqual([["2"]])
    const ids = account.server.requests
      .slice(seen)
      .flatMap(({ method, path }) => (method === "POST" ? [new URL(path, "https://x").searchParams.get("requestId")] : []))
    expect([ids.length, new Set(ids).size]).toEqual([2, 1])
  })

  test.each([
    [200, "response_invalid", /not JSON/],
    [403, "auth_failed", /answers 403 and knows no such account/],
    [404, "auth_failed", /answers 404 and knows no such account/],
  ])("a page of HTML with %i is what it is", async (status, code, says) => {
    account.server.failNext((response) => response.writeHead(status, { "content-type": "text/html" }).end("<html>"))
    expect(await failure(query("SELECT 1"))).toMatchObject({ code, message: expect.stringMatching(says) })
  })

  test.each([
    [{ statementHandle: "../../evil", resultSetMetaData: { rowType: [] }, data: [] }, /no statement handle/],
    [{ statementHandle: "3f0c1c1e-52ba-4b84-9b1c-3b8f2f4f1a11" }, /names no columns/],
    [{ statementHandle: "3f0c1c1e-52ba-4b84-9b1c-3b8f2f4f1a11", resultSetMetaData: { rowType: [] } }, /has no rows/],
  ])("an answer without its parts is refused: %j", async (body, says) => {
    account.server.failNext((response) => response.writeHead(202).end('{"statementHandle":"3f0c1c1e-52ba-4b84-9b1c-3b8f2f4f1a11"}'))
    account.server.failNext((response) => response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body)))
    expect(await failure(query("SELECT 1"))).toMatchObject({ code: "response_invalid", message: expect.stringMatching(says) })
  })

  test("a redirect is not followed", async () => {
    account.server.failNext(new Refused(307, "", "elsewhere", undefined, { location: "https://127.0.0.1:1/" }))
    expect(await failure(query("SELECT 1"))).toMatchObject({
      code: "response_invalid",
      message: expect.stringContaining("is a redirect (307) to https://127.0.0.1:1"),
    })
  })
})

test("a statement whose handle is not known yet when the caller goes is cancelled all the same", async () => {
  await withSession(subject, account.config, async (session, lease) => {
    const ended = failure(collect(session.query("SELECT SYSTEM$WAIT(60)")))
    await within(5_000, async () => account.server.running() === 1, "it runs")
    await lease.close()
    expect(await ended).toMatchObject({ code: "cancelled" })
  })
  await within(2_000, async () => account.server.running() === 0, "it is gone")
  expect(account.server.requests.at(-1)).toMatchObject({ method: "POST", path: expect.stringMatching(/\/cancel\?requestId=/) })
})
