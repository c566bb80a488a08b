import { beforeAll, beforeEach, describe, expect, test } from "vitest"
import { singlestore } from "../../src/connectors/singlestore.ts"
import type { Session } from "../../src/core/session.ts"
import type { Batch } from "../../src/core/streams.ts"
import { withSession } from "../conformance/context.ts"
import { column } from "../fixtures/fixture.ts"
import { startSingleStore } from "../fixtures/singlestore-front.ts"
import { drain, table } from "../fixtures/tables.ts"
import { collect, rowsOf, valuesOf } from "../support/batches.ts"
import { failure } from "../support/failure.ts"
import { use } from "../support/use.ts"
import { until } from "../support/waiting.ts"
import { mariadb } from "./mariadb.ts"

const server = use(() => startSingleStore())
const LOW = "'low'@'127.0.0.1'"
const run = <T>(work: (session: Session) => Promise<T>, more: object = {}, options: object = {}): Promise<T> =>
  withSession(
    { connector: singlestore },
    { host: "127.0.0.1", port: server.port, user: "low", password: "low-password", tls: { kind: "off" }, ...more },
    work,
    options,
  )
const stream = (name: string, key: readonly string[] = []) => table(["shop", name], [], key)
const rowsIn = (name: string) => server.query(`SELECT * FROM shop.${name} ORDER BY id`)

beforeAll(async () => {
  await server.query(`CREATE OR REPLACE USER ${LOW} IDENTIFIED BY 'low-password'`)
})
beforeEach(async () => {
  await server.query(`DROP DATABASE IF EXISTS shop; CREATE DATABASE shop CHARACTER SET utf8mb4; GRANT ALL ON shop.* TO ${LOW};
    CREATE TABLE shop.item (id int PRIMARY KEY, name varchar(10) NOT NULL, note varchar(20));
    INSERT INTO shop.item VALUES (1, 'one', 'kept'), (2, 'two', 'kept')`)
})

describe("the server", () => {
  test("says its own product and version", async () => {
    expect(await run((session) => session.test())).toMatchObject({ product: "SingleStore", version: "8.9.34", details: { user: "low@127.0.0.1" } })
  })

  test("that is none is named, with what to choose", async () => {
    await using other = await mariadb.start()
    const facts = await run((session) => session.test(), { port: other.port, user: other.user, password: other.password })
    expect([facts.product, facts.warnings?.[0]]).toEqual(["MySQL", "This server is not SingleStore; choose its own type."])
  })

  test("in another time zone is warned of", async () => {
    const [before] = await server.query("SELECT @@GLOBAL.time_zone AS zone")
    await server.query("SET GLOBAL time_zone = '+01:00'")
    try {
      expect((await run((session) => session.test())).warnings?.[0]).toMatch(/time zone is \+01:00.*default_time_zone/)
    } finally {
      await server.query(`SET GLOBAL time_zone = '${String(before?.["zone"])}'`)
    }
    expect((await run((session) => session.test())).warnings?.join()).not.toMatch(/time zone/)
  })
})

test("a catalog of 10,000 tables takes as many statements as one of a table", { timeout: 180_000 }, async () => {
  const questions = async (): Promise<number> =>
    Number((await server.query("SELECT VARIABLE_VALUE AS v FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'QUESTIONS'"))[0]?.["v"])
  const discovering = async () => {
    const before = await questions()
    const found = await run((session) => collect(session.discover()), { database: "shop" }, { deadlineMs: 120_000 })
    const streams = found.flatMap((each) => ("stream" in each ? [each.stream] : []))
    const many = streams.filter(({ path, columns }) => path.at(-1)?.startsWith("many_") && columns.length === 2)
    return { many: many.length, counted: found.flatMap((each) => ("counted" in each ? [each.counted.total] : [])), asked: (await questions()) - before }
  }
  const few = await discovering()
  // Tables in memory have one small file each.
  for (let part = 0; part < 20; part++)
    await server.query(Array.from({ length: 500 }, (_, n) => `CREATE TABLE shop.many_${part * 500 + n} (id int, name varchar(5)) ENGINE = MEMORY`).join("; "))
  expect(await discovering()).toEqual({ many: 10_000, counted: [10_001], asked: few.asked })
})

describe("the front refuses as SingleStore does", () => {
  test.each([
    ["SELECT @@max_statement_time", /Unknown system variable 'max_statement_time'/],
    ["SELECT GET_LOCK('a', 1)", /Feature 'GET_LOCK' is not supported/],
  ])("%s", async (statement, message) => {
    const error = await failure(run((session) => drain(session, statement)))
    expect([error.code, error.message]).toEqual([expect.stringMatching(/query_invalid|remote_failed/), expect.stringMatching(message)])
  })

  test("and the hub sends none of it", async () => {
    const before = server.statements.length
    await run((session) => session.write(stream("item", ["id"]), batch([1, "changed"], ["x", "bad"], [3, "three"]), { mode: "upsert" }))
    await run((session) => collect(session.read(stream("item"))))
    await run((session) => collect(session.discover()))
    const sent = server.statements.slice(before).join("\n")
    expect(sent).not.toMatch(/SAVEPOINT|READ ONLY|CONSISTENT|max_statement_time|max_execution_time|time_zone =|ENGINES/i)
  })
})

describe("queries", () => {
  test.each([
    "DELETE FROM shop.item",
    "SELECT 1; DELETE FROM shop.item",
    "WITH x AS (SELECT 1) DELETE FROM shop.item",
    "SELECT * FROM shop.item INTO S3 'bucket/x'",
    "SELECT * FROM shop.item INTO OUTFILE '/tmp/x'",
    "SELECT id FROM shop.item LIMIT 1 /*! INTO @a */",
    "CALL shop.sneak()",
    "BEGIN",
    "",
  ])("%j is refused before it is sent", async (statement) => {
    const before = server.statements.length
    expect((await failure(run((session) => drain(session, statement)))).code).toBe("query_invalid")
    expect(server.statements.slice(before).filter((sent) => statement !== "" && sent.includes(statement))).toEqual([])
    expect(await rowsIn("item")).toHaveLength(2)
  })

  test("a text may have the word as a parameter", async () => {
    expect(await run((session) => valuesOf(session.query("SELECT ?", ["into"])))).toEqual([["into"]])
  })

  test("exact values come back as they are", async () => {
    const statement = `SELECT 9223372036854775807, CAST(18446744073709551615 AS UNSIGNED), CAST('-12345678901234567890123456789.123456789' AS DECIMAL(38,9)),
      DATE '1583-01-01', CAST('9999-12-31 23:59:59.999999' AS DATETIME(6)), x'00ff80', CAST(0.1 AS DOUBLE)`
    expect(await run((session) => valuesOf(session.query(statement)))).toEqual([
      ["9223372036854775807", "18446744073709551615", "-12345678901234567890123456789.123456789", "1583-01-01", "9999-12-31T23:59:59.999999", "AP+A", 0.1],
    ])
  })

  test("a query that is cut off is ended on its own node", async () => {
    const before = server.statements.length
    const slow = failure(run((session) => drain(session, "SELECT SLEEP(60)"), {}, { timeoutMs: 1_500 }))
    expect((await slow).code).toBe("timed_out")
    const running = () => server.query("SELECT COUNT(*) AS many FROM information_schema.PROCESSLIST WHERE INFO LIKE 'SELECT SLEEP%'")
    await until(5_000, running, ([row]) => Number(row?.["many"]) === 0)
    expect(server.statements.slice(before).filter((sent) => sent.startsWith("KILL"))).toEqual([expect.stringMatching(/^KILL QUERY \d+ 3$/)])
  })
})

const COLUMNS = [column("id", "integer"), column("name", "string")]
const batch = (...rows: Batch["rows"][number][]): Batch => ({ columns: COLUMNS, rows })

describe("writes", () => {
  test("a refused row ends the transaction, and the others are written all the same", async () => {
    const report = await run((session) =>
      session.write(stream("item"), batch([3, "three"], ["x", "bad"], [4, "far too long a name"], [1, "again"], [5, "five"]), { mode: "append" }),
    )
    expect([report.written, report.skipped, report.rejected.map(({ index }) => index)]).toEqual([2, 0, [1, 2, 3]])
    expect((await rowsIn("item")).map((row) => row["id"])).toEqual([1, 2, 3, 5])
  })

  test("an upsert sets the columns outside the key and no others", async () => {
    expect(await run((session) => session.write(stream("item", ["id"]), batch([1, "one"], [2, "zwei"], [9, "nine"]), { mode: "upsert" }))).toEqual({
      written: 3,
      rejected: [],
      skipped: 0,
    })
    expect(await rowsIn("item")).toEqual([
      { id: 1, name: "one", note: "kept" },
      { id: 2, name: "zwei", note: "kept" },
      { id: 9, name: "nine", note: null },
    ])
  })

  test("an upsert of keys alone keeps the rows that are there", async () => {
    await server.query("CREATE TABLE shop.tag (id int, tag varchar(9), PRIMARY KEY (id, tag)); INSERT INTO shop.tag VALUES (1, 'a')")
    const tags: Batch = {
      columns: [column("id", "integer"), column("tag", "string")],
      rows: [
        [1, "a"],
        [1, "b"],
      ],
    }
    expect(await run((session) => session.write(stream("tag", ["id", "tag"]), tags, { mode: "upsert" }))).toEqual({ written: 2, rejected: [], skipped: 0 })
    const ids: Batch = { columns: [column("id", "integer")], rows: [[1]] }
    await server.query("ALTER TABLE shop.item MODIFY name varchar(10) NOT NULL DEFAULT ''")
    expect(await run((session) => session.write(stream("item", ["id"]), ids, { mode: "upsert" }))).toEqual({ written: 1, rejected: [], skipped: 0 })
    expect((await rowsIn("item"))[0]).toEqual({ id: 1, name: "one", note: "kept" })
  })

  test("an upsert into a table of several unique keys is refused", async () => {
    await server.query("CREATE TABLE shop.two (id int PRIMARY KEY, name varchar(10) NOT NULL UNIQUE)")
    const error = await failure(run((session) => session.write(stream("two", ["id"]), batch([1, "one"]), { mode: "upsert" })))
    expect([error.code, error.message]).toEqual(["unsupported", expect.stringContaining("shop.two has 2 unique keys")])
    expect(await run((session) => session.write(stream("two"), batch([1, "one"]), { mode: "append" }))).toMatchObject({ written: 1 })
  })
})

test("a table that the hub makes has the types of SingleStore", async () => {
  const wanted = {
    ...table(
      ["shop", "made"],
      [
        column("id", "integer", "", false),
        { ...column("at", "timestamp"), zoned: true, precision: 3 },
        { ...column("wall", "timestamp"), zoned: false, precision: 0 },
        { ...column("clock", "time"), precision: 2 },
        column("doc", "json"),
      ],
      ["id"],
    ),
  }
  expect((await run((session) => session.shape(wanted, true))).map(({ kind }) => kind)).toEqual(["create"])
  expect(server.statements.findLast((sent) => sent.startsWith("CREATE TABLE"))).toMatch(
    /timestamp\(6\).*datetime\(6\).*time\(6\).*json.*PRIMARY KEY \(`id`\)\) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin$/,
  )
  expect(await run((session) => session.shape(wanted, true))).toEqual([])
  const rows: Batch = { columns: wanted.columns, rows: [[1, "1999-12-31T23:59:59.5Z", "1583-01-01T00:00:00", "-01:02:03", { a: [1, "9007199254740993"] }]] }
  expect(await run((session) => session.write(wanted, rows, { mode: "append" }))).toMatchObject({ written: 1, rejected: [] })
  expect(await run((session) => rowsOf(session.read(wanted)))).toEqual([
    { id: "1", at: "1999-12-31T23:59:59.5Z", wall: "1583-01-01T00:00:00", clock: "-01:02:03", doc: { a: [1, "9007199254740993"] } },
  ])
})

test("discovery takes as many statements for many tables as for one, and names its own types", async () => {
  const counted = async (): Promise<number> => {
    const before = server.statements.length
    await run((session) => collect(session.discover()))
    return server.statements.length - before
  }
  const before = await counted()
  for (let index = 0; index < 30; index++) await server.query(`CREATE TABLE shop.t${index} (a int)`)
  expect(await counted()).toBe(before)
})
