import type { ServerResponse } from "node:http"
import { request } from "node:https"
import { beforeEach, describe, expect, test } from "vitest"
import { indexOf } from "../../src/connectors/firebolt/catalog.ts"
import { firebolt } from "../../src/connectors/firebolt.ts"
import type { Session } from "../../src/core/session.ts"
import type { Batch, Stream } from "../../src/core/streams.ts"
import { DATABASE, ENGINE, startFirebolt } from "../fixtures/firebolt-server.ts"
import { column } from "../fixtures/fixture.ts"
import { drain, table } from "../fixtures/tables.ts"
import { collect, valuesOf } from "../support/batches.ts"
import { failure } from "../support/failure.ts"
import { use } from "../support/use.ts"
import { withSession } from "./context.ts"

const server = use(() => startFirebolt())
const run = <T>(work: (session: Session) => Promise<T>, more: object = {}, options: object = {}): Promise<T> =>
  withSession(
    { connector: firebolt },
    { clientId: server.clientId, clientSecret: server.secret, account: server.account, api: server.api, database: DATABASE, engine: ENGINE, ...more },
    work,
    options,
  )
const stream = (name: string, key: readonly string[] = []): Stream => table(["shop", name], [], key)
const since = (before: number) => server.requests.slice(before)

beforeEach(async () => {
  Object.assign(server, { engineUrl: undefined, moved: {} })
  await server.sql(`DROP SCHEMA IF EXISTS shop CASCADE; DELETE FROM standin.indexes; CREATE SCHEMA shop; GRANT USAGE, CREATE ON SCHEMA shop TO reader;
    CREATE TABLE shop.item (id int NOT NULL, name text NOT NULL); INSERT INTO shop.item VALUES (1, 'one'), (2, 'two');
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA shop TO reader; INSERT INTO standin.indexes VALUES ('shop', 'item', '["id"]')`)
})

describe("the test", () => {
  test("starts no engine, and says what the first query would start", async () => {
    const before = server.requests.length
    const facts = await run((session) => session.test())
    expect(facts).toMatchObject({ product: "Firebolt", version: "4.20.1", details: { database: DATABASE, engine: ENGINE, status: "STOPPED" } })
    expect(facts.warnings?.[0]).toMatch(/is stopped; the first query or write starts it.*auto_stop: 20 minutes.*started nothing/)
    expect(since(before).map(({ body, parameters }) => [/USE ENGINE/.test(body), parameters["engine"]])).toEqual(since(before).map(() => [false, undefined]))
  })

  test("does not warn of an engine that runs", async () => {
    await server.sql("UPDATE standin.engines SET status = 'RUNNING'")
    try {
      expect((await run((session) => session.test())).warnings).toBeUndefined()
    } finally {
      await server.sql("UPDATE standin.engines SET status = 'STOPPED'")
    }
  })

  test.each([
    [{ clientSecret: "wrong" }, "auth_failed", /refuses the login/],
    [{ clientId: "nobody" }, "auth_failed", /refuses the login/],
    [{ account: "nowhere" }, "auth_failed", /no account nowhere/],
    [{ database: "nowhere" }, "database_not_found", /no database nowhere.*GRANT USAGE ON DATABASE/],
    [{ engine: "nowhere" }, "database_not_found", /no engine nowhere.*GRANT USAGE ON ENGINE/],
  ])("%j is %s", async (more, code, message) => {
    const error = await failure(run((session) => session.test(), more))
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)])
  })
})

test("discovery starts no engine, and takes as many statements for many tables as for one", async () => {
  const counted = async (): Promise<number> => {
    const before = server.requests.length
    await run((session) => collect(session.discover()))
    expect(since(before).some(({ body, parameters }) => /USE ENGINE/.test(body) || parameters["engine"] !== undefined)).toBe(false)
    return since(before).length
  }
  const before = await counted()
  await server.sql("DO $$ BEGIN FOR i IN 1..40 LOOP EXECUTE format('CREATE TABLE shop.t%s (a int)', i); END LOOP; END $$")
  expect(await counted()).toBe(before)
})

test.each([
  ['["region","id"]', ["region", "id"]],
  ["region, id", ["region", "id"]],
  ['["co""l", "a, b"]', ['co"l', "a, b"]],
  ["['it''s']", ["it's"]],
  ["", []],
])("a primary index %s is %j", (text, names) => expect(indexOf(text)).toEqual(names))

describe("queries", () => {
  test("exact values come back as they are", async () => {
    const statement = `SELECT CAST('9223372036854775807' AS bigint), CAST('-2147483648' AS integer), CAST('12345678901234567890123456789.123456789' AS numeric(38,9)),
      CAST('nan' AS double precision), CAST('-infinity' AS real), CAST(0.1 AS double precision), DATE '1583-01-01', CAST('1816-02-03 04:05:06.5' AS timestamp),
      CAST('2024-03-31 01:30:00.123456+02' AS timestamptz), CAST('\\x00ff80' AS bytea), CAST('{"a":[1,9007199254740993]}' AS json), ARRAY[1, NULL], true, CAST(NULL AS text)`
    const [batch] = await run((session) => collect(session.query(statement)))
    expect(batch?.rows).toEqual([
      [
        "9223372036854775807",
        -2_147_483_648,
        "12345678901234567890123456789.123456789",
        "NaN",
        "-Infinity",
        0.1,
        "1583-01-01",
        "1816-02-03T04:05:06.5",
        "2024-03-30T23:30:00.123456Z",
        "AP+A",
        { a: [1, "9007199254740993"] },
        [1, null],
        true,
        null,
      ],
    ])
    expect(batch?.columns.map(({ type, precision, scale }) => [type, precision, scale]).slice(0, 4)).toEqual([
      ["integer", 64, undefined],
      ["integer", 32, undefined],
      ["decimal", 38, 9],
      ["float", 64, undefined],
    ])
  })

  test("parameters are bound by the server, and become constants where a URL cannot carry them", async () => {
    const before = server.requests.length
    const odd = `it's "$1" \\ -- 'x`
    expect(await run((session) => valuesOf(session.query("SELECT $1, $2, '$1'", [odd, 7])))).toEqual([[odd, 7, "$1"]])
    expect(since(before).at(-1)?.parameters["query_parameters"]).toBe(
      JSON.stringify([
        { name: "$1", value: odd },
        { name: "$2", value: 7 },
      ]),
    )
    const long = odd.repeat(500)
    expect(await run((session) => valuesOf(session.query(`SELECT $1, '$1' AS "$1" -- $1`, [long])))).toEqual([[long, "$1"]])
    expect(since(before).at(-1)).toMatchObject({
      parameters: expect.not.objectContaining({ query_parameters: expect.anything() }),
      body: expect.stringContaining("it''s"),
    })
  })

  test.each(["DELETE FROM shop.item", "SELECT 1; DELETE FROM shop.item", "CALL x()", "EXPLAIN (ANALYZE) SELECT 1", "STOP ENGINE x", ""])(
    "%j is refused before it is sent",
    async (statement) => {
      const before = server.requests.length
      expect((await failure(run((session) => drain(session, statement)))).code).toBe("query_invalid")
      expect(since(before)).toEqual([])
    },
  )

  test("rows are limited by the server, and each statement has its own timeout and is cancelled with its connection", async () => {
    const before = server.requests.length
    await run((session) => drain(session, "SELECT * FROM generate_series(1, 500)"), {}, { maxRows: 7 })
    const { parameters } = since(before).at(-1) ?? {}
    expect(parameters).toMatchObject({ cancel_query_on_connection_drop: "all", timezone: "UTC", engine: ENGINE, database: DATABASE })
    expect(Number(parameters?.["statement_timeout"])).toBeGreaterThan(0)
    expect(Number(parameters?.["max_result_rows"])).toBeGreaterThanOrEqual(7)
  })

  test("an expired token is renewed once", async () => {
    const rows = await run(async (session) => {
      await drain(session, "SELECT 1")
      server.expire()
      return await drain(session, "SELECT 1")
    })
    expect(rows).toBe(1)
  })
})

const lines = (...messages: readonly object[]): string => messages.map((each) => `${JSON.stringify(each)}\n`).join("")
const START = { message_type: "START", result_columns: [{ name: "n", type: "int" }] }
const DATA = { message_type: "DATA", data: [[1], [2]] }
const answers =
  (body: string, status = 200, type = "application/json") =>
  (response: ServerResponse): void => {
    response.writeHead(status, { "content-type": type })
    response.end(body)
  }

/** The rows that came, and how a query ends that is answered so. */
const answered = (...planned: readonly ((response: ServerResponse) => void)[]) =>
  run(async (session) => {
    await drain(session, "SELECT 1")
    server.failNext(...planned)
    const rows: unknown[] = []
    const error = await (async () => {
      for await (const batch of session.query("SELECT n")) rows.push(...batch.rows)
    })().then(
      () => undefined,
      (cause: unknown) => cause as { code: string; message: string },
    )
    return { rows: rows.length, code: error?.code, message: error?.message }
  })

describe("answers", () => {
  test.each([
    [
      "an error behind rows",
      lines(START, DATA, { message_type: "FINISH_WITH_ERRORS", errors: [{ description: "Out of memory", source: "System Error" }] }),
      200,
      2,
      "remote_failed",
    ],
    ["an answer that ends early", lines(START, DATA), 200, 2, "connection_lost"],
    ["half a message", `${lines(START, DATA)}{"message_type":`, 200, 2, "response_invalid"],
    ["a page of HTML", "<html>\n<body>hello</body></html>", 200, 0, "response_invalid"],
    ["no answer at all", "", 200, 0, "connection_lost"],
    ["a text with a status", "Account system engine resources usage limit exceeded", 429, 0, "rate_limited"],
    ["errors with a status", JSON.stringify({ errors: [{ description: "no", source: "User Error" }] }), 400, 0, "query_invalid"],
    ["a refused token for the second time", JSON.stringify({ message: "Jwt is expired" }), 403, 0, "permission_denied"],
    [
      "a whole document over several lines",
      JSON.stringify({ meta: [{ name: "n", type: "int" }], data: [[1], [2], [3]], rows: 3 }, undefined, 2),
      200,
      3,
      undefined,
    ],
  ])("%s", async (_, body, status, rows, code) => {
    expect(await answered(answers(body, status))).toMatchObject({ rows, code })
  })

  test("without end and without rows are cut", async () => {
    const endless = (response: ServerResponse): void => {
      response.writeHead(200)
      const line = `${lines({ message_type: "START", result_columns: [] })}${" ".repeat(1_000_000)}\n`
      const more = (): void => void (!response.destroyed && response.write(line, () => setImmediate(more)))
      more()
    }
    expect(await answered(endless)).toMatchObject({ rows: 0, code: "response_invalid" })
  })
})

describe("where the server says to go", () => {
  const FOREIGN = [
    "evil.example.com",
    "x.firebolt.io.evil.example.com",
    "127.0.0.1",
    "http://x.firebolt.io",
    "x.firebolt.io:8443",
    "u@x.firebolt.io",
    "firebolt.io",
    "[::1]",
    "x.firebolt.io@evil.example.com",
  ]
  test.each(FOREIGN)("an engine at %s is not gone to", async (engineUrl) => {
    Object.assign(server, { engineUrl })
    const error = await failure(run((session) => session.test()))
    expect([error.code, error.message]).toEqual(["response_invalid", expect.stringMatching(/which is not Firebolt's/)])
  })
  test.each(FOREIGN)("an endpoint at %s is not gone to", async (endpoint) => {
    Object.assign(server, { moved: { "Firebolt-Update-Endpoint": endpoint } })
    expect((await failure(run((session) => drain(session, "SELECT 1")))).code).toBe("response_invalid")
  })

  test("another endpoint of Firebolt's is, with its parameters", async () => {
    const host = server.requests.at(-1)?.host ?? ""
    Object.assign(server, { moved: { "Firebolt-Update-Endpoint": `https://${host}/moved?account_id=01hf9pchg0mnrd2g3hypm1dea4` } })
    expect(await run((session) => drain(session, "SELECT 1"))).toBe(1)
    expect(server.requests.at(-1)?.path).toBe("/moved")
  })
})

const batch = (...rows: Batch["rows"][number][]): Batch => ({ columns: [column("id", "integer"), column("name", "string")], rows })

describe("writes", () => {
  test("upserts change, add and delete, and the last of equal keys wins", async () => {
    const ops: Batch["ops"] = ["upsert", "upsert", "upsert", "delete"]
    const report = await run((session) =>
      session.write(stream("item", ["id"]), { ...batch([2, "zwei"], [3, "x"], [3, "drei"], [1, null]), ops }, { mode: "upsert" }),
    )
    expect(report).toMatchObject({ written: 3, skipped: 1, rejected: [] })
    expect(await server.sql("SELECT * FROM shop.item ORDER BY id")).toEqual([
      { id: 2, name: "zwei" },
      { id: 3, name: "drei" },
    ])
  })

  test("a bad row is rejected, and a statement that fails for every row is not its rows' fault", async () => {
    expect(await run((session) => session.write(stream("item"), batch([4, "four"], ["x", "bad"], [5, null]), { mode: "append" }))).toMatchObject({
      written: 1,
      rejected: [{ index: 1 }, { index: 2 }],
    })
    await server.sql("REVOKE INSERT ON shop.item FROM reader")
    expect((await failure(run((session) => session.write(stream("item"), batch([6, "six"]), { mode: "append" })))).code).toBe("query_invalid")
  })

  test("arrays are refused by their row", async () => {
    await server.sql("CREATE TABLE shop.list (id int, parts int[]); GRANT ALL ON shop.list TO reader")
    const rows: Batch = {
      columns: [column("id", "integer"), column("parts", "array")],
      rows: [
        [1, [1, 2]],
        [2, null],
      ],
    }
    expect(await run((session) => session.write(stream("list"), rows, { mode: "append" }))).toMatchObject({
      written: 1,
      rejected: [{ index: 0, reason: expect.stringMatching(/arrays/) }],
    })
  })
})

describe("the stand-in refuses", () => {
  /** A request of the test's own, past the connector. */
  const ask = (host: string, path: string, headers: Record<string, string>, body: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const sent = request(
        { host: "127.0.0.1", port: server.port, path, method: "POST", headers: { host, ...headers }, rejectUnauthorized: false },
        (response) => {
          response.toArray().then((parts: Buffer[]) => resolve(`${response.statusCode} ${Buffer.concat(parts).toString()}`), reject)
        },
      )
      sent.on("error", reject).end(body)
    })
  const FORM = { "content-type": "application/x-www-form-urlencoded" }

  test.each([
    ["a token request without an audience", "client_id=x&client_secret=y&grant_type=client_credentials", /^400 .*unexpected fields/s],
    ["a wrong audience", "client_id=x&client_secret=y&grant_type=client_credentials&audience=z", /^400/],
    ["a field more", "client_id=x&client_secret=y&grant_type=client_credentials&audience=z&scope=s", /^400 .*scope/s],
    ["a wrong secret", "client_id=x&client_secret=y&grant_type=client_credentials&audience=https%3A%2F%2Fapi.firebolt.io", /^401/],
  ])("%s", async (_, form, answer) => expect(await ask(server.api.replace("api", "id"), "/oauth/token", FORM, form)).toMatch(answer))

  test.each([
    ["no token", { authorization: "" }, {}, "SELECT 1", /^401/],
    ["a setting that is not documented", {}, { allow_anything: "1" }, "SELECT 1", /Unknown setting allow_anything/],
    ["another output format", {}, { output_format: "CSV" }, "SELECT 1", /^400/],
    ["another account", {}, { account_id: "x" }, "SELECT 1", /^400/],
    ["another database", {}, { database: "x" }, "SELECT 1", /Database 'x' does not exist/],
    ["another engine", {}, { engine: "x" }, "SELECT 1", /Engine 'x' does not exist/],
    ["data on the system engine", {}, { engine: undefined }, "SELECT * FROM shop.item", /does not support/],
    ["two statements", {}, {}, "SELECT 1; SELECT 2", /Multiple statements/],
    ["a parameter that is not given", {}, {}, "SELECT $1", /\$1 is not given/],
  ])("%s", async (_, headers, more, statement, answer) => {
    const seen = await run(async (session) => {
      await drain(session, "SELECT 1")
      return server.requests.at(-1)
    })
    const { host, parameters } = seen ?? { host: "", parameters: {} }
    const given = Object.entries({ ...parameters, ...more }).filter((pair): pair is [string, string] => pair[1] !== undefined)
    expect(await ask(host, `/query?${new URLSearchParams(given)}`, { authorization: `Bearer ${server.token()}`, ...headers }, statement)).toMatch(answer)
  })
})
