import { describe, expect, test } from "vitest"
import type { Batch } from "../../src/core/streams.ts"
import type { Value } from "../../src/core/values.ts"
import type { Posted } from "../fixtures/fixture.ts"
import { collect, rowsOf, valuesOf } from "../support/batches.ts"
import { failure } from "../support/failure.ts"
import { within } from "../support/waiting.ts"
import { batchOf, stream, useClickhouse } from "./clickhouse-run.ts"

const { server, run, query, append } = useClickhouse()

const as = (user: string): Posted => ({ auth: { kind: "password", user, password: server.password } })

describe("parameters", () => {
  test("are bound by the types that the statement gives them", async () => {
    const sql = `SELECT {p1:String}, {p2:Int64}, {p3:Decimal(38, 10)}, {p4:DateTime64(9, 'UTC')}, {p5:Nullable(String)}, {p6:Array(String)}, {p7:FixedString(2)}, {p8:Bool},
      {p9:Map(String, Int64)}, {p10:Float64}, {p11:Date32}, {p12:Enum8('a}' = 1)}, {p1:String}`
    const params = [
      "a\tb\\N'{p2:Int64}",
      "-9223372036854775808",
      "1.5",
      "1900-01-01T00:00:00.123456789Z",
      null,
      ["it's", "b\t\\"],
      "AP8=",
      true,
      { k: 1 },
      "-Infinity",
    ]
    const [row] = await query(sql, [...params, "1900-01-01", "a}"])
    expect(row).toEqual([...params.slice(0, 2), "1.5000000000", ...params.slice(3, 8), { k: "1" }, "-Infinity", "1900-01-01", "a}", params[0]])
  })

  test.each<[string, string, readonly Value[], RegExp]>([
    ["a value without a place", "SELECT 1", ["x"], /write \{p1:String\}/],
    ["a question mark", "SELECT ?", ["x"], /write \{p1:String\}/],
    ["a value that does not fit", "SELECT {p1:UInt8}", [256], /between 0 and 255/],
    ["an instant without a zone's type", "SELECT {p1:DateTime64(3)}", ["2024-01-01T00:00:00Z"], /'UTC'/],
    ["a place without a value", "SELECT {p2:String}", [], /p2/],
    ["a type that is none", "SELECT {p1:NoSuchType}", ["x"], /NoSuchType/],
    ["more than a URL takes", "SELECT length({p1:String})", ["x".repeat(300_000)], /256 KiB/],
  ])("%s is refused", async (_, sql, params, message) => {
    expect(await failure(query(sql, params))).toMatchObject({ code: "query_invalid", message: expect.stringMatching(message) })
  })
})

const settingsOf = (name: string, value: string): Posted => ({ settings: [{ name, value }] })

describe("statements that only read", () => {
  test.each([
    ["url()", "SELECT * FROM url('http://127.0.0.1:1/', 'TSV', 'a String')"],
    ["s3()", "SELECT * FROM s3('http://127.0.0.1:1/bucket/x.tsv', 'TSV', 'a String')"],
    ["remote()", "SELECT * FROM remote('127.0.0.1:1', 'system.one')"],
    ["mysql()", "SELECT * FROM mysql('127.0.0.1:1', 'a', 'b', 'c', 'd')"],
    ["one inside of an IN", "SELECT 1 WHERE 1 IN (SELECT * FROM url('http://127.0.0.1:1/', 'TSV', 'a UInt8'))"],
    ["one with settings of its own", "SELECT * FROM (SELECT * FROM url('http://127.0.0.1:1/', 'TSV', 'a String') SETTINGS readonly = 0)"],
    ["one that is explained", "EXPLAIN SELECT * FROM url('http://127.0.0.1:1/', 'TSV', 'a String')"],
    ["one in a common table", "WITH x AS (SELECT * FROM url('http://127.0.0.1:1/', 'TSV', 'a String')) SELECT * FROM x"],
    ["SETTINGS", "SELECT 1 SETTINGS max_block_size = 7"],
    ["SETTINGS that lift the limit", "SELECT 1 SETTINGS readonly = 2"],
  ])("ClickHouse refuses %s", async (_, sql) => {
    expect(await failure(query(sql))).toMatchObject({ code: "query_invalid", details: { code: "164" } })
  })

  test.each([
    ["DESCRIBE of a table function", "DESCRIBE TABLE url('http://127.0.0.1:1/', 'TSV')"],
    ["the same without TABLE", "desc /* x */ `url`('http://127.0.0.1:1/', 'TSV')"],
    ["two statements", "SELECT 1; DROP TABLE conformance.people"],
    ["an INSERT", "INSERT INTO conformance.people VALUES (1)"],
    ["KILL", "KILL QUERY WHERE 1"],
    ["SYSTEM", "SYSTEM SHUTDOWN"],
    ["SET", "SET readonly = 0"],
    ["an INSERT behind WITH", "WITH 1 AS x INSERT INTO conformance.target SELECT x, 'x'"],
    ["a format of its own", "SELECT 1 FORMAT JSON"],
    ["a format behind a comment", "SELECT 1 FORMAT /* x */ CSV"],
  ])("the hub or ClickHouse refuses %s", async (_, sql) => {
    expect(await failure(query(sql))).toMatchObject({ code: "query_invalid" })
    expect((await server.query("SELECT count() FROM conformance.people"))[0]).toEqual([53])
  })

  test.each([
    ["SHOW", "SHOW TABLES FROM conformance LIKE 'people'", [["people"]]],
    ["DESCRIBE", "DESCRIBE TABLE system.one", [["dummy", "UInt8", "", "", "", "", ""]]],
    ["EXISTS", "EXISTS TABLE conformance.people", [[1]]],
    ["FROM first", "FROM numbers(2) SELECT number", [["0"], ["1"]]],
    ["a comment at its end", "SELECT 1 -- done", [[1]]],
    ["a semicolon at its end", "SELECT 1;", [[1]]],
    ["two columns of one name", "SELECT number, number FROM numbers(1)", [["0", "0"]]],
    ["no rows", "SELECT 1 WHERE 0", []],
  ])("%s is read", async (_, sql, rows) => {
    expect(await query(sql)).toEqual(rows)
  })

  test("a profile with readonly = 1 is refused, and so is one with 2 that writes", async () => {
    expect(await failure(query("SELECT 1", [], as("reader one")))).toMatchObject({
      code: "permission_denied",
      message: expect.stringContaining("readonly = 1"),
    })
    const report = run((session) => session.write(stream("target"), batchOf(["id"], [[9]]), { mode: "append" }), as("reader two"))
    expect(await failure(report)).toMatchObject({ details: { code: "164" } })
  })
})

describe("a refusal says what it is", () => {
  test.each<[string, string, Posted, string, string, RegExp]>([
    ["a role that the user lacks", "SELECT 1", { roles: [{ role: "owner" }] }, "permission_denied", "512", /take it out of the roles/],
    ["memory", "SELECT groupArray(number) FROM numbers(10000000)", settingsOf("max_memory_usage", "50000000"), "server_unavailable", "241", /max_memory_usage/],
    ["a result that is too large", "SELECT * FROM numbers(9)", settingsOf("max_result_rows", "5"), "response_too_large", "396", /ask for less/],
    ["a set that is too large", "SELECT 1 IN (SELECT number FROM numbers(9))", settingsOf("max_rows_in_set", "5"), "response_too_large", "191", /ask for less/],
    ["FINAL where there is none", "SELECT * FROM conformance.people FINAL", {}, "query_invalid", "181", /FINAL/],
    ["an aggregate that is none", "SELECT sumOfNothing(1)", {}, "query_invalid", "46", /sumOfNothing/],
    ["a setting that is none", "SELECT 1", settingsOf("max_nothing", "1"), "query_invalid", "115", /max_nothing/],
    ["an argument too many", "SELECT count(1, 2, 3)", {}, "query_invalid", "42", /count/],
    ["a limit below nothing", "SELECT 1 LIMIT 'x'", {}, "query_invalid", "440", /LIMIT/],
  ])("%s", async (_, sql, more, code, theirs, message) => {
    expect(await failure(query(sql, [], more))).toMatchObject({ code, details: { code: theirs }, message: expect.stringMatching(message) })
  })
})

describe("long results", () => {
  test("that fail behind rows are errors, over an answer that is compressed and cut", async () => {
    let rows = 0
    const read = run(async (session) => {
      for await (const batch of session.query("SELECT number, throwIf(number = 700000, 'too far') FROM numbers(1000000)")) rows += batch.rows.length
    })
    expect(await failure(read)).toMatchObject({ code: "query_invalid", details: { code: "395" }, message: expect.stringContaining("too far") })
    expect(rows).toBeGreaterThan(0)
  })

  test("a million rows come whole, and the statement of a reader who leaves ends", async () => {
    let rows = 0
    let sum = 0n
    await run(async (session) => {
      for await (const batch of session.query("SELECT number FROM numbers(1000000)"))
        for (const [value] of batch.rows) {
          rows++
          sum += BigInt(String(value))
        }
    })
    expect([rows, sum]).toEqual([1_000_000, 499_999_500_000n])
    await run(async (session) => {
      for await (const _ of session.query("SELECT number AS left FROM numbers(100000000000)")) break
    })
    const left = async (): Promise<boolean> =>
      Number((await server.query("SELECT count() FROM system.processes WHERE query LIKE '%AS left%' AND query NOT LIKE '%processes%'"))[0]?.[0]) === 0
    await within(5_000, left, "the statement ends")
  })

  test("a statement that runs too long for ClickHouse ends there", async () => {
    const error = await failure(run((session) => session.write(stream("slow view"), batchOf(["id"], [[1]]), { mode: "append" })))
    expect(error.code).toBe("stream_not_found")
    const settings = [{ name: "max_rows_to_read", value: "1000" }]
    expect(await failure(query("SELECT count() FROM numbers(100000) WHERE number % 3 = 0", [], { settings }))).toMatchObject({ code: "response_too_large" })
  })
})

describe("the catalog", () => {
  const discovered = (more: Posted = {}) => run((session) => collect(session.discover()), more)
  const found = async (name: string, more: Posted = {}) =>
    (await discovered(more)).flatMap((each) => ("stream" in each && each.stream.path[1] === name ? [each.stream] : []))[0]

  test("knows keys, computed columns, comments, rows, kinds and views over dropped things", async () => {
    await server.query(`CREATE TABLE conformance.events (at DateTime('UTC'), id UInt64, \`na\`\`me, (x)\` String, day Date MATERIALIZED toDate(at), upper String ALIAS upperUTF8(\`na\`\`me, (x)\`),
      raw String EPHEMERAL, tags Nested(k String, v Int8)) ENGINE = MergeTree ORDER BY (id, \`na\`\`me, (x)\`, toDate(at)) COMMENT 'Each event'`)
    await server.query("INSERT INTO conformance.events (at, id, `na``me, (x)`) SELECT toDateTime(number * 86400, 'UTC'), number, 'n' FROM numbers(5)")
    const events = await found("events")
    expect(events).toMatchObject({ key: ["id", "na`me, (x)"], keyHolds: false, estimatedRows: 5, comment: "Each event", kind: "table" })
    expect(events?.columns.map(({ name, type, generated }) => [name, type, generated])).toEqual([
      ["at", "timestamp", undefined],
      ["id", "integer", undefined],
      ["na`me, (x)", "string", undefined],
      ["day", "date", "computed"],
      ["upper", "string", "computed"],
      ["tags.k", "array", undefined],
      ["tags.v", "array", undefined],
    ])
    expect((await run((session) => rowsOf(session.read(stream("events")))))[1]).toMatchObject({ day: "1970-01-02", upper: "N", "tags.k": [] })
    await server.query("CREATE TABLE conformance.base (a Int8) ENGINE = MergeTree ORDER BY tuple()")
    await server.query("CREATE VIEW conformance.gone AS SELECT a FROM conformance.base")
    await server.query("CREATE MATERIALIZED VIEW conformance.kept ENGINE = MergeTree ORDER BY a AS SELECT a FROM conformance.base")
    await server.query("DROP TABLE conformance.base")
    expect(await found("gone")).toMatchObject({ kind: "view", key: [] })
    expect(await found("kept")).toMatchObject({ kind: "materialized view" })
    expect((await failure(run((session) => collect(session.read(stream("gone")))))).message).toContain("conformance.base")
    for (const key of ["toDate(at), id", "nullable"] as const) {
      const [name, columns, more] =
        key === "nullable" ? ["by_null", "a Nullable(Int8)", "a SETTINGS allow_nullable_key = 1"] : ["by_expression", "at DateTime, id Int8", `(${key})`]
      await server.query(`CREATE TABLE conformance.${name} (${columns}) ENGINE = MergeTree ORDER BY ${more}`)
      expect(await found(name)).toMatchObject({ key: [] })
    }
  })

  test("of ten thousand tables takes two statements, and the greeting", async () => {
    await server.query("CREATE DATABASE wide ENGINE = Memory")
    const names = Array.from({ length: 10_000 }, (_, index) => `t${index}`)
    for (let at = 0; at < names.length; at += 1_000)
      await server.query(
        names
          .slice(at, at + 1_000)
          .map((name) => `CREATE TABLE wide.${name} (id Int64, name String, at DateTime) ENGINE = Memory`)
          .join(";"),
      )
    const before = (await server.served()).requests
    const all = await discovered({ database: "wide" })
    expect((await server.served()).requests - before).toBe(3)
    expect(all.filter((each) => "stream" in each)).toHaveLength(10_000)
    expect(all.find((each) => "counted" in each)).toMatchObject({ counted: { total: 10_000, byKind: { table: 10_000 } } })
    await server.query("DROP DATABASE wide")
  }, 120_000)

  test("a name without its database is the connector's own", async () => {
    const rows = run((session) => valuesOf(session.read({ ...stream("people"), path: ["people"] })), { database: "conformance" })
    expect(await rows).toHaveLength(53)
  })
})

describe("a ReplacingMergeTree", () => {
  const upsert = (name: string, rows: readonly (readonly Value[])[], key: readonly string[] = [], ops?: Batch["ops"]) =>
    run((session) => session.write(stream(name, key), { ...batchOf(["id", "name"], rows), ...(ops === undefined ? {} : { ops }) }, { mode: "upsert" }))
  const make = (name: string, engine: string) =>
    server.query(`CREATE TABLE conformance.${name} (id Int32, name String, version UInt32 DEFAULT 0) ENGINE = ${engine}`)

  test("is read as one row of each key, before its parts are merged", async () => {
    await make("replaced", "ReplacingMergeTree ORDER BY id")
    await server.query("SYSTEM STOP MERGES conformance.replaced")
    for (const name of ["a", "b", "c"])
      await append(
        "replaced",
        ["id", "name"],
        [
          [1, name],
          [2, name],
        ],
      )
    expect(await server.query("SELECT count() FROM conformance.replaced")).toEqual([[6]])
    expect(await run((session) => valuesOf(session.read(stream("replaced"))))).toEqual([
      [1, "c", 0],
      [2, "c", 0],
    ])
    expect(
      await upsert(
        "replaced",
        [
          [1, "x"],
          [1, "d"],
        ],
        ["id"],
      ),
    ).toEqual({ written: 1, rejected: [], skipped: 1 })
    await server.query("SYSTEM START MERGES conformance.replaced")
    expect(await upsert("replaced", [[2, ""]], ["id"], ["delete"])).toEqual({ written: 1, rejected: [], skipped: 0 })
    expect(await run((session) => valuesOf(session.read(stream("replaced"))))).toEqual([[1, "d", 0]])
  })

  test.each([
    ["a version", "versioned", "ReplacingMergeTree(version) ORDER BY id", /highest version/],
    ["an expression in its key", "by_half", "ReplacingMergeTree ORDER BY intDiv(id, 2)", /no primary key|unique key|no ReplacingMergeTree/],
    ["another engine", "summed", "SummingMergeTree ORDER BY id", /no ReplacingMergeTree/],
  ])("with %s takes no upserts", async (_, name, engine, message) => {
    await make(name, engine)
    expect(await failure(upsert(name, [[1, "a"]]))).toMatchObject({ code: "query_invalid", message: expect.stringMatching(message) })
    expect(await append(name, ["id", "name"], [[1, "a"]])).toMatchObject({ written: 1 })
  })

  test("by another key than its own takes none either", async () => {
    expect(await failure(upsert("replaced", [[1, "a"]], ["name"]))).toMatchObject({
      code: "query_invalid",
      message: expect.stringContaining("no unique key on name"),
    })
  })
})
