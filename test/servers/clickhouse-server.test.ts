import { describe, expect, test } from "vitest"
import { clickhouse } from "../../src/connectors/clickhouse.ts"
import { PlatformError } from "../../src/core/errors.ts"
import type { Session } from "../../src/core/session.ts"
import type { Value } from "../../src/core/values.ts"
import { withSession } from "../conformance/context.ts"
import type { Posted } from "../fixtures/fixture.ts"
import { collect, valuesOf } from "../support/batches.ts"
import { failure } from "../support/failure.ts"
import { SERVER_NAME } from "../support/lease.ts"
import { use } from "../support/use.ts"
import { until, within } from "../support/waiting.ts"
import { clickhouseDebian } from "./clickhouse-debian.ts"

// ClickHouse itself, as old as Debian's: streaming, cancelling, users. Its answers end without a mark, and it takes no parameters.

const server = use(() => clickhouseDebian.start())

const login = (user: string, password: string): Posted => ({ kind: "password", user, password })
const config = (more: Posted = {}): Posted => ({
  host: SERVER_NAME,
  port: server.port,
  auth: login(server.user, server.password),
  tls: { kind: "verify", ca: server.ca },
  ...more,
})
const run = <T>(work: (session: Session) => Promise<T>, more: Posted = {}, options: object = {}): Promise<T> =>
  withSession({ connector: clickhouse }, config(more), work, options)
const query = (sql: string, more: Posted = {}): Promise<Value[][]> => run((session) => valuesOf(session.query(sql)), more)
/** Statements of ours that have that text. */
const running = async (text: string): Promise<number> =>
  Number(await server.query(`SELECT count() FROM system.processes WHERE user != 'seed' AND query LIKE '%${text}%'`))

describe("users", () => {
  test("log in with odd passwords, over TLS and without", async () => {
    for (const more of [{}, { port: server.plainPort, tls: { kind: "off" } }]) {
      const facts = await run((session) => session.test(), more)
      expect(facts).toMatchObject({ product: "ClickHouse", version: "18.16.1", details: { user: "jackfield", database: "default", timezone: "Etc/UTC" } })
      expect(facts.warnings?.[0]).toContain("too old")
    }
  })

  test.each([
    ["a wrong password", "jackfield", "wrong", "193"],
    ["no password", "jackfield", undefined, "194"],
    ["a user who is not there", "nobody", "wrong", "192"],
  ])("%s is refused", async (_, user, password, code) => {
    const auth = { kind: "password", user, ...(password === undefined ? {} : { password }) }
    expect(await failure(run((session) => session.test(), { auth }))).toMatchObject({ code: "auth_failed", details: { code, status: 401 } })
  })

  test("whose profile has readonly = 1 are told so, and those with 2 may read", async () => {
    const reader = await failure(run((session) => session.test(), { auth: login("reader", server.password) }))
    expect(reader).toMatchObject({ code: "permission_denied", message: expect.stringContaining("readonly = 1") })
    const two = { auth: login("two", server.password) }
    expect((await run((session) => session.test(), two)).warnings?.join()).toContain("readonly = 2")
    expect(await query("SELECT 1", two)).toEqual([[1]])
  })

  test("who may not see a database are told so", async () => {
    await server.query("CREATE DATABASE IF NOT EXISTS closed")
    await server.query("CREATE TABLE closed.t (a Int8) ENGINE = Memory")
    const narrow = { auth: login("narrow", server.password) }
    expect(await failure(query("SELECT * FROM closed.t", narrow))).toMatchObject({ code: "permission_denied", details: { code: "291" } })
    expect(await failure(run((session) => session.test(), { database: "nowhere" }))).toMatchObject({ code: "database_not_found", details: { code: "81" } })
  })
})

describe("statements that only read", () => {
  test.each([
    ["a table function that opens a connection", "SELECT * FROM url('http://127.0.0.1:1/', 'TSV', 'a String')", "164"],
    ["another one", "SELECT * FROM remote('127.0.0.1:1', 'system.one')", "164"],
  ])("%s is refused by the server", async (_, sql, code) => {
    expect(await failure(query(sql))).toMatchObject({ code: "query_invalid", details: { code } })
  })

  test("a parameter is refused before the statement is sent", async () => {
    expect(await failure(run((session) => collect(session.query("SELECT {p1:String}", ["x"]))))).toMatchObject({ code: "unsupported" })
  })

  test("values come out exactly, and times are wall clocks where the server cannot say more", async () => {
    const sql = `SELECT toInt8(-5), 'a\\tb\\\\N', [1, 2], [NULL, 'it\\'s'], (1, 'x'), toDecimal128('-1.5', 10), toDateTime('2024-03-31 01:30:00', 'UTC'),
      nan, -inf, toFixedString(unhex('00ff'), 2), toDate('2020-01-01'), toUUID('61f0c404-5cb3-11e7-907b-a6006ad3dba0'), toInt64('-9223372036854775808'), NULL`
    const [batch] = await run((session) => collect(session.query(sql)))
    expect(batch?.rows).toEqual([
      [
        ...[-5, "a\tb\\N", [1, 2], [null, "it's"], [1, "x"], "-1.5000000000", "2024-03-31T01:30:00", "NaN", "-Infinity", "AP8=", "2020-01-01"],
        ...["61f0c404-5cb3-11e7-907b-a6006ad3dba0", "-9223372036854775808", null],
      ],
    ])
    expect(batch?.columns[6]).toMatchObject({ type: "timestamp", zoned: false })
  })
})

describe("long results", () => {
  test("wait for their reader on the server", async () => {
    const rowsRead = async (): Promise<number> =>
      Number(await server.query("SELECT sum(read_rows) FROM system.processes WHERE query LIKE '%AS slowly%' AND user != 'seed'"))
    await run(async (session) => {
      for await (const batch of session.query("SELECT number AS slowly FROM system.numbers")) {
        expect(batch.rows[0]).toEqual(["0"])
        // The server stops when the buffers between it and the reader are full: so many looks in a row show the same.
        const looks: number[] = []
        const stands = await until(15_000, rowsRead, (now) => {
          if (now !== looks.at(-1)) looks.length = 0
          return looks.push(now) === 30 && now > 0
        })
        expect(looks).toEqual(Array.from({ length: 30 }, () => stands))
        break
      }
    })
    await within(5_000, async () => (await running("AS slowly")) === 0, "the statement ends when its reader leaves")
  })

  test("that fail behind a million rows are errors, with the rows before counted", async () => {
    let rows = 0
    const read = run(async (session) => {
      for await (const batch of session.query("SELECT number, throwIf(number = 3000000) FROM (SELECT number FROM system.numbers LIMIT 10000000)"))
        rows += batch.rows.length
    })
    expect(await failure(read)).toMatchObject({ code: "query_invalid", details: { code: "395" }, message: expect.stringContaining("non zero") })
    expect(rows).toBeGreaterThan(100_000)
    expect(rows).toBeLessThanOrEqual(3_000_000)
  })

  test("a text that looks like an exception is a value in a row of several columns", async () => {
    const said = "Code: 60, e.displayText() = DB::Exception: none"
    expect(await query(`SELECT '${said}', 1 UNION ALL SELECT 'b', 2`)).toHaveLength(2)
    // Alone in its row it might be the server's own, and such a doubt is no result.
    expect((await failure(query(`SELECT '${said}'`))).details["code"]).toBe("60")
  })
})

const LONG = "SELECT count() AS endless FROM system.numbers WHERE sipHash64(number) = 1"

describe("a statement that is cut off", () => {
  test.each([["over TLS", false] as const, ["without", true] as const])("is killed on the server, %s", async (_, plain) => {
    await run(
      async (session, ..._rest) => {
        const ended = failure(valuesOf(session.query(LONG)))
        await within(5_000, async () => (await running("AS endless")) === 1, "it runs")
        expect((await ended).code).toBe("timed_out")
      },
      plain ? { port: server.plainPort, tls: { kind: "off" } } : {},
      { deadlineMs: 2_000 },
    )
    await within(2_000, async () => (await running("AS endless")) === 0, "it is gone")
  })

  test("by its caller too", async () => {
    await withSession({ connector: clickhouse }, config(), async (session, lease) => {
      const ended = failure(valuesOf(session.query(LONG)))
      await within(5_000, async () => (await running("AS endless")) === 1, "it runs")
      lease.abort(new PlatformError("cancelled", "The caller went away."))
      expect((await ended).code).toBe("cancelled")
    })
    await within(2_000, async () => (await running("AS endless")) === 0, "it is gone")
  })

  test("KILL QUERY by somebody else is told", async () => {
    const ended = failure(query(LONG))
    await within(5_000, async () => (await running("AS endless")) === 1, "it runs")
    await server.query("KILL QUERY WHERE query LIKE '%AS endless%' AND user = 'jackfield' ASYNC")
    expect(await ended).toMatchObject({ code: "cancelled", details: { code: "394" } })
  })
})

test("a server that dies in the middle of a result is an error, behind the rows so far", async () => {
  await using other = await clickhouseDebian.start()
  let rows = 0
  const more = { port: other.port, auth: login(other.user, other.password), tls: { kind: "verify", ca: other.ca } }
  const read = run(async (session) => {
    for await (const batch of session.query("SELECT number FROM system.numbers")) {
      if (rows === 0) process.kill(other.pid, "SIGKILL")
      rows += batch.rows.length
    }
  }, more)
  expect(await failure(read)).toMatchObject({ code: "connection_lost" })
  expect(rows).toBeGreaterThan(0)
})
