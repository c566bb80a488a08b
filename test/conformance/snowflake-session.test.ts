import type { ServerResponse } from "node:http"
import { gzipSync } from "node:zlib"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { snowflake } from "../../src/connectors/snowflake.ts"
import type { Session } from "../../src/core/session.ts"
import type { Batch } from "../../src/core/streams.ts"
import type { Value } from "../../src/core/values.ts"
import type { Running } from "../fixtures/fixture.ts"
import { snowflakeFixture, startAccount } from "../fixtures/snowflake.ts"
import { collect } from "../support/batches.ts"
import { failure } from "../support/failure.ts"
import { use } from "../support/use.ts"
import { within } from "../support/waiting.ts"
import { claims, concerns, type Promised } from "./claims.ts"
import { withSession } from "./context.ts"

const account = use(() => startAccount())

const subject = { connector: snowflake }
type Options = Parameters<typeof withSession>[3]
const open = <T>(more: object, work: (session: Session) => Promise<T>, options?: Options): Promise<T> =>
  withSession(subject, { ...account.config, auth: account.byPassword, ...more }, work, options)
const rowsOf = async (batches: AsyncIterable<Batch>): Promise<(readonly Value[])[]> => (await collect(batches)).flatMap(({ rows }) => rows)
const query = (statement: string, params: Value[] = [], more: object = {}, options?: Options) =>
  open(more, (session) => rowsOf(session.query(statement, params)), options)

/** The paths that the work asks for, without their queries. */
async function pathsOf(work: () => Promise<unknown>): Promise<string[]> {
  const seen = account.server.requests.length
  await work()
  return account.server.requests.slice(seen).map(({ path }) => path.replace(/\?.*|(?<=\/queries\/)[0-9a-f-]{36}|(?<=\/results\/)[0-9a-f-]{36}/g, ""))
}

const LOGIN = "/session/v1/login-request"
const QUERY = "/queries/v1/query-request"
const says = (body: object) => (response: ServerResponse) => void response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body))
const refuses = (code: string, message: string) => says({ data: { nextAction: "RETRY_LOGIN" }, code, message, success: false, headers: null })
const TEXT = { name: "A", type: "text", nullable: true, length: 10, precision: null, scale: null }
const result = (data: object) =>
  says({ data: { rowtype: [TEXT], rowset: [], total: 0, queryId: "q", queryResultFormat: "json", ...data }, code: null, success: true })

describe("all claims hold with user and password", () => {
  let server: Running | undefined
  beforeAll(async () => {
    const running = await snowflakeFixture.start()
    const auth = running.others?.["user and password"]?.["auth"]
    server = {
      ...running,
      config: { ...running.config, auth },
      wrongSecret: { ...running.config, auth: { kind: "password", password: "wrong" } },
      wrongName: { ...running.wrongName, auth },
      at: (to) => ({ ...running.at(to), auth }),
      others: {},
      secrets: [(auth as { password: string }).password],
      provoke: (session) => collect(session.query(`SELECT '${(auth as { password: string }).password.replaceAll("'", "''")}'::NUMBER`)),
    } as Running
  })
  afterAll(async () => server?.[Symbol.asyncDispose]())

  for (const claim of claims as readonly Promised[]) {
    if (!concerns(claim, snowflake)) continue
    test(claim.name, async () => {
      if (server === undefined) throw new Error("there is no fixture")
      await claim.hold({ connector: snowflake, server })
    })
  }
})

describe("a login", () => {
  test("is sent once, when it is needed, and the session is closed", async () => {
    const paths = await pathsOf(() =>
      open({}, async (session) => {
        await Promise.all([rowsOf(session.query("SELECT 1")), rowsOf(session.query("SELECT 2"))])
      }),
    )
    expect(paths).toEqual([LOGIN, QUERY, QUERY, "/session"])
  })

  test("that nobody needed is not sent", async () => expect(await pathsOf(() => open({}, async () => undefined))).toEqual([]))

  test("of a wrong password is refused by the login, and nothing else is sent", async () => {
    const paths = await pathsOf(async () => {
      const error = await failure(query("SELECT 1", [], { auth: { kind: "password", password: "wrong" } }))
      expect([error.code, error.message]).toEqual(["auth_failed", expect.stringMatching(/user and password of jackfield.*check both.*key pair/)])
    })
    expect(paths).toEqual([LOGIN])
  })

  test.each([
    ["390120", "Duo Security authentication is denied.", "auth_failed", /second factor.*key pair or a programmatic access token/],
    ["390127", "Incorrect passcode was specified.", "auth_failed", /second factor/],
    ["390197", "Multi-factor authentication is required for this account. Log in to Snowsight to enroll.", "auth_failed", /second factor/],
    ["390101", "User access disabled.", "auth_failed", /disabled.*ALTER USER/],
    ["390102", "User temporarily locked.", "auth_failed", /locked.*MINS_TO_UNLOCK/],
    ["390106", "Specified password has expired.", "auth_failed", /password of jackfield has expired/],
    ["390422", "Incoming request with IP/Token 1.2.3.4 is not allowed to access Snowflake.", "permission_denied", /network policy/],
    ["390189", "Role 'X' specified in the connect string does not exist or not authorized.", "permission_denied", /GRANT ROLE/],
    ["390201", "The requested database does not exist or not authorized.", "database_not_found", /check warehouse, database and schema/],
  ])("that is refused with %s says what to do", async (code, message, ours, says) => {
    account.server.failNext(refuses(code, message))
    expect(await failure(query("SELECT 1"))).toMatchObject({ code: ours, message: expect.stringMatching(says), details: { code } })
  })

  test("is repeated when it did not get through", async () => {
    account.server.failNext((response) => response.writeHead(503).end())
    expect(await query("SELECT 1")).toEqual([["1"]])
  })

  test.each([
    [{ success: true, data: {} }, /no session token/],
    [{ success: true, data: { token: 'a"b' } }, /no session token/],
    [{ success: true, data: { token: "a\r\nb: c" } }, /no session token/],
    [{ hello: "world" }, /not the one of a login/],
  ])("whose answer is strange is refused: %j", async (body, says_) => {
    account.server.failNext(says(body))
    expect(await failure(query("SELECT 1"))).toMatchObject({ code: "response_invalid", message: expect.stringMatching(says_) })
  })
})

describe("a session that ends", () => {
  const again = (what: "token" | "master" | "session") =>
    pathsOf(() =>
      open({}, async (session) => {
        await rowsOf(session.query("SELECT 1"))
        account.server.expire(what)
        expect(await rowsOf(session.query("SELECT 2"))).toEqual([["2"]])
      }),
    )

  test("is renewed by its master token", async () => expect(await again("token")).toEqual([LOGIN, QUERY, QUERY, "/session/token-request", QUERY, "/session"]))
  test("whose master token has expired is begun anew", async () =>
    expect(await again("master")).toEqual([LOGIN, QUERY, QUERY, "/session/token-request", LOGIN, QUERY, "/session"]))
  test("that is gone is begun anew", async () =>
    expect(await again("session")).toEqual([LOGIN, QUERY, QUERY, "/session/token-request", LOGIN, QUERY, "/session"]))

  test("is renewed once for many requests", async () => {
    const paths = await pathsOf(() =>
      open({}, async (session) => {
        await rowsOf(session.query("SELECT 1"))
        account.server.expire("token")
        await Promise.all([1, 2, 3, 4].map(() => rowsOf(session.query("SELECT 2"))))
      }),
    )
    expect(paths.filter((path) => path === "/session/token-request")).toHaveLength(1)
  })

  test("again and again is an error, not a loop", async () => {
    const ended = refuses("390112", "Your session has expired. Please login again.")
    const paths = await pathsOf(async () => {
      account.server.failNext(
        ...[LOGIN].map(() => says({ success: true, data: { token: "t", masterToken: "m" } })),
        ended,
        ended,
        says({ success: true, data: { token: "t2" } }),
        ended,
      )
      expect(await failure(query("SELECT 1"))).toMatchObject({ code: "server_unavailable" })
    })
    expect(paths.length).toBeLessThan(9)
  })

  test("is seen by a reset", async () => {
    await open({}, async (session) => {
      await rowsOf(session.query("SELECT 1"))
      await session.reset()
      account.server.failNext(
        refuses("390111", "gone"),
        refuses("390115", "Master token is invalid."),
        refuses("390100", "Incorrect username or password was specified."),
      )
      expect(await failure(session.reset())).toMatchObject({ code: "auth_failed" })
    })
  })
})

describe("a query", () => {
  test("takes bind variables of every kind, and gives the values of the SQL API", async () => {
    const params: Value[] = ["it's", 9, 1.5, true, null, "9007199254740993"]
    const statement = "SELECT ?, ?, ?, ?, ?, CAST(? AS NUMBER(38,0)), CAST('2024-03-31' AS DATE), CAST('2024-03-31T01:30:00.123456Z' AS TIMESTAMP_LTZ)"
    const rows = await query(statement, params)
    expect(rows).toEqual([["it's", "9", 1.5, true, null, "9007199254740993", "2024-03-31", "2024-03-31T01:30:00.123456Z"]])
    expect(rows).toEqual(await query(statement, params, { auth: account.config["auth"] as object }))
  })

  test("reads chunks from the storage, and none that is not wanted", async () => {
    expect(await query("SELECT ID FROM PEOPLE ORDER BY ID")).toEqual(
      await query("SELECT ID FROM PEOPLE ORDER BY ID", [], { auth: account.config["auth"] as object }),
    )
    const all = await pathsOf(() => query("SELECT ID FROM PEOPLE"))
    expect(all.filter((path) => path.startsWith("/results/"))).toHaveLength(2)
    const some = await pathsOf(() =>
      open({}, async (session) => {
        for await (const { rows } of session.query("SELECT ID FROM PEOPLE")) return rows
        return []
      }),
    )
    expect(some.filter((path) => path.startsWith("/results/"))).toHaveLength(0)
  })

  test("asks for the result while it runs", async () => {
    const paths = await pathsOf(() => query("SELECT SYSTEM$WAIT(2)"))
    expect([...new Set(paths)]).toEqual([LOGIN, QUERY, "/queries//result", "/session"])
  })

  test("that did not get through is repeated with the same ids", async () => {
    const seen = account.server.requests.length
    await open({}, async (session) => {
      await rowsOf(session.query("SELECT 1"))
      account.server.failNext((response) => response.destroy())
      expect(await rowsOf(session.query("SELECT 2"))).toEqual([["2"]])
    })
    const asked = account.server.requests
      .slice(seen)
      .filter(({ path }) => path.startsWith(QUERY))
      .map(({ path, body }) => [new URL(path, "https://x").searchParams, body["sequenceId"]] as const)
    // The stand-in broke the second one off before it read the body.
    expect(asked.map(([, sequence]) => sequence)).toEqual([1, undefined, 2])
    expect(asked[1]?.[0].get("requestId")).toBe(asked[2]?.[0].get("requestId"))
    expect(asked.map(([parameters]) => parameters.get("retryCount"))).toEqual([null, null, "1"])
  })

  test("is cancelled by its request id before it is answered", async () => {
    await withSession(subject, { ...account.config, auth: account.byPassword }, async (session, lease) => {
      const ended = failure(collect(session.query("SELECT SYSTEM$WAIT(60)")))
      await within(5_000, async () => account.server.running() === 1, "it runs")
      await lease.close()
      expect(await ended).toMatchObject({ code: "cancelled" })
    })
    await within(2_000, async () => account.server.running() === 0, "it is gone")
    const sent = account.server.requests.findLast(({ path }) => path.startsWith(QUERY))
    const abort = account.server.requests.findLast(({ path }) => path.startsWith("/queries/v1/abort-request"))
    expect(abort?.body["requestId"]).toBe(new URL(sent?.path ?? "", "https://x").searchParams.get("requestId"))
  })

  test("that runs for ever ends by the deadline", async () => {
    const running = says({ data: { getResultUrl: "/queries/x/result", queryId: "x" }, code: "333333", message: null, success: true })
    account.server.failNext(says({ success: true, data: { token: "t", masterToken: "m" } }), ...Array.from({ length: 100 }, () => running))
    expect(await failure(query("SELECT 1", [], {}, { deadlineMs: 1_500 }))).toMatchObject({ code: "timed_out" })
    account.server.failNext()
    account.server.forget()
  })
})

describe("a result that lies is refused, and never short", () => {
  const login = says({ success: true, data: { token: "t", masterToken: "m" } })
  const stage = () => `https://${account.stage}/results/x/0`
  const rows =
    (...texts: string[]) =>
    (response: ServerResponse) =>
      void response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(texts.map((text) => JSON.stringify([text])).join(",")))

  test.each([
    ["a chunk with fewer rows than it should have", { total: 2, chunks: [{ url: "stage", rowCount: 2 }] }, [rows("a")], /1 rows in a chunk of 2/],
    ["a chunk with more", { total: 1, chunks: [{ url: "stage", rowCount: 1 }] }, [rows("a", "b")], /2 rows in a chunk of 1/],
    ["a chunk without a count", { total: 1, chunks: [{ url: "stage" }] }, [rows("a")], /in a chunk of undefined/],
    ["fewer chunks than rows", { total: 9, chunks: [{ url: "stage", rowCount: 1 }] }, [rows("a")], /1 rows of 9/],
    ["rows of the answer alone, fewer than it says", { total: 3, rowset: [["a"]] }, [], /1 rows of 3/],
    ["Arrow", { queryResultFormat: "arrow", rowsetBase64: "" }, [], /as arrow and not as JSON/],
    ["rows that are no lists of texts", { rowset: [[1]] }, [], /rows in a form of their own/],
    ["rows shorter than the columns", { total: 1, rowset: [[]] }, [], /row of 0 values for 1 columns/],
    [
      "a chunk that ends in the middle",
      { total: 1, chunks: [{ url: "stage", rowCount: 1 }] },
      [(response: ServerResponse) => void response.writeHead(200).end('["a')],
      /ends in the middle/,
    ],
    ["a link over http", { total: 1, chunks: [{ url: "http://169.254.169.254/latest", rowCount: 1 }] }, [], /link that is not https/],
    ["a link with a port", { total: 1, chunks: [{ url: "https://169.254.169.254:8080/latest", rowCount: 1 }] }, [], /link that is not https/],
    ["a link with a login", { total: 1, chunks: [{ url: "https://a:b@example.com/", rowCount: 1 }] }, [], /link that is not https/],
    [
      "a header that steals",
      { total: 1, chunks: [{ url: "stage", rowCount: 1 }], chunkHeaders: { authorization: "x" } },
      [],
      /asks for the header authorization/,
    ],
  ])("%s", async (_, data, more, says_) => {
    const text = JSON.stringify(data).replace('"stage"', JSON.stringify(stage()))
    account.server.failNext(login, result(JSON.parse(text) as object), ...more)
    expect(await failure(query("SELECT A"))).toMatchObject({ code: "response_invalid", message: expect.stringMatching(says_) })
    account.server.forget()
  })

  test("a result elsewhere is not fetched", async () => {
    account.server.failNext(login, says({ data: { getResultUrl: "//169.254.169.254/latest", queryId: "x" }, code: "333333", success: true }))
    expect(await failure(query("SELECT 1"))).toMatchObject({
      code: "response_invalid",
      message: expect.stringMatching(/leads to https:\/\/169\.254\.169\.254/),
    })
  })

  test("a link that has ended is asked for anew, once", async () => {
    const chunks = [{ url: stage(), rowCount: 1 }]
    const expired = (response: ServerResponse) => void response.writeHead(403).end("<Error>expired</Error>")
    account.server.failNext(login, result({ total: 1, chunks }), expired, result({ total: 1, chunks }), rows("a"))
    expect(await query("SELECT A")).toEqual([["a"]])
    account.server.failNext(login, result({ total: 1, chunks }), expired, result({ total: 1, chunks }), expired)
    expect(await failure(query("SELECT A"))).toMatchObject({ code: "remote_failed", message: expect.stringMatching(/answers 403/) })
    account.server.forget()
  })
})
