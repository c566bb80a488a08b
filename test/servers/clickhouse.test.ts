import { describe, expect, test } from "vitest"
import { clickhouse } from "../../src/connectors/clickhouse.ts"
import type { Session } from "../../src/core/session.ts"
import type { Batch, Stream } from "../../src/core/streams.ts"
import type { Column, Value } from "../../src/core/values.ts"
import { withSession } from "../conformance/context.ts"
import { configOf, startClickhouse } from "../fixtures/clickhouse.ts"
import { column, type Posted } from "../fixtures/fixture.ts"
import { collect, rowsOf, valuesOf } from "../support/batches.ts"
import { failure } from "../support/failure.ts"
import { use } from "../support/use.ts"
import { within } from "../support/waiting.ts"

const server = use(() => startClickhouse())

const run = <T>(work: (session: Session) => Promise<T>, more: Posted = {}, options: object = {}): Promise<T> =>
  withSession({ connector: clickhouse }, { ...configOf(server), ...more }, work, options)
const query = (sql: string, params: readonly Value[] = [], more: Posted = {}): Promise<Value[][]> =>
  run((session) => valuesOf(session.query(sql, params)), more)
const as = (user: string): Posted => ({ auth: { kind: "password", user, password: server.password } })
const stream = (name: string, key: readonly string[] = []): Stream => ({ path: ["conformance", name], kind: "table", columns: [], key })
const batchOf = (names: readonly string[], rows: readonly (readonly Value[])[]): Batch => ({ columns: names.map((name) => column(name, "unknown")), rows })
const append = (name: string, names: readonly string[], rows: readonly (readonly Value[])[]) =>
  run((session) => session.write(stream(name), batchOf(names, rows), { mode: "append" }))

const JSON_VALUE = { list: [1, "two", { deep: true }], "key.with.dots": 0.1, big: "9007199254740993", text: 'a\t"b"\\' }

/** A type, a value of it as SQL, the value as ours, and our type. */
const TYPES: readonly [string, string, Value, Column["type"]][] = [
  ["Int8", "-128", -128, "integer"],
  ["UInt32", "4294967295", 4294967295, "integer"],
  ["Int64", "-9223372036854775808", "-9223372036854775808", "integer"],
  ["UInt64", "18446744073709551615", "18446744073709551615", "integer"],
  ["Int128", "'-170141183460469231731687303715884105728'", "-170141183460469231731687303715884105728", "integer"],
  ["UInt256", `'${2n ** 256n - 1n}'`, `${2n ** 256n - 1n}`, "integer"],
  ["Decimal(38, 10)", "'1234567890123456789012345678.0123456789'", "1234567890123456789012345678.0123456789", "decimal"],
  ["Decimal(76, 38)", `'-${"9".repeat(38)}.${"9".repeat(38)}'`, `-${"9".repeat(38)}.${"9".repeat(38)}`, "decimal"],
  ["Decimal(9, 3)", "1.5", "1.500", "decimal"],
  ["Float32", "0.1", 0.1, "float"],
  ["Float64", "nan", "NaN", "float"],
  ["Float64", "-inf", "-Infinity", "float"],
  ["Float64", "1.7976931348623157e308", 1.7976931348623157e308, "float"],
  ["Bool", "true", true, "boolean"],
  ["String", "'naïve 👩\\t\\n\\\\N'", "naïve 👩\t\n\\N", "string"],
  ["String", "''", "", "string"],
  ["String", "'\\\\N'", "\\N", "string"],
  ["Nullable(String)", "NULL", null, "string"],
  ["LowCardinality(Nullable(String))", "'a'", "a", "string"],
  ["FixedString(5)", "unhex('00FFFE800A')", "AP/+gAo=", "bytes"],
  ["UUID", "'61f0c404-5cb3-11e7-907b-a6006ad3dba0'", "61f0c404-5cb3-11e7-907b-a6006ad3dba0", "string"],
  ["IPv4", "'192.0.2.1'", "192.0.2.1", "string"],
  ["IPv6", "'2001:db8::1'", "2001:db8::1", "string"],
  ["Enum8('a\\'b' = -1, 'it, (c)' = 2)", "'it, (c)'", "it, (c)", "string"],
  ["Date", "'2149-06-06'", "2149-06-06", "date"],
  ["Date32", "'1900-01-01'", "1900-01-01", "date"],
  ["DateTime('Europe/Berlin')", "toDateTime('2024-10-27 00:30:00', 'UTC')", "2024-10-27T00:30:00Z", "timestamp"],
  ["DateTime", "toDateTime(1711848600)", "2024-03-31T01:30:00Z", "timestamp"],
  ["DateTime64(9, 'UTC')", "'1900-01-01 00:00:00.123456789'", "1900-01-01T00:00:00.123456789Z", "timestamp"],
  ["DateTime64(3, 'America/New_York')", "toDateTime64('2024-11-03 05:30:00.500', 3, 'UTC')", "2024-11-03T05:30:00.5Z", "timestamp"],
  ["Array(Nullable(Int32))", "[1, NULL]", [1, null], "array"],
  ["Array(Array(String))", "[['a\\'b', ''], ['c\\\\d\\te']]", [["a'b", ""], ["c\\d\te"]], "array"],
  ["Array(Decimal(38, 2))", "['12345678901234567890123456789012345.67']", ["12345678901234567890123456789012345.67"], "array"],
  ["Array(DateTime64(3, 'UTC'))", "['2024-03-31 01:30:00.500']", ["2024-03-31T01:30:00.5Z"], "array"],
  ["Array(FixedString(2))", "[unhex('00FF')]", ["AP8="], "array"],
  ["Array(Float64)", "[nan, 1.5]", ["NaN", 1.5], "array"],
  ["Tuple(a Int64, `b c` Nullable(String))", "(1, NULL)", { a: "1", "b c": null }, "json"],
  ["Tuple(UInt8, String)", "(1, 'x')", [1, "x"], "json"],
  ["Map(String, Array(Int64))", "map('k\\'y', [1], '', [])", { "k'y": ["1"], "": [] }, "json"],
  ["Map(Int64, Bool)", "map(7, true)", { "7": true }, "json"],
  ["JSON", `'${JSON.stringify(JSON_VALUE).replaceAll("\\", "\\\\")}'`, JSON_VALUE, "json"],
  ["Array(JSON)", `['{"a": 1}']`, [{ a: 1 }], "array"],
]

describe("values", () => {
  test("each type comes out the same by a stream and by a query, and goes in again", async () => {
    const columns = TYPES.map(([type], index) => `c${index} ${type}`).join(", ")
    await server.query("SET json_type_escape_dots_in_keys = 1")
    for (const name of ["types", "copy"]) await server.query(`CREATE TABLE conformance.${name} (id Int32, ${columns}) ENGINE = MergeTree ORDER BY id`)
    await server.query(`INSERT INTO conformance.types SELECT 1, ${TYPES.map(([type, source]) => `CAST(${source} AS ${type})`).join(", ")}`)
    const wanted = [1, ...TYPES.map(([, , value]) => value)]
    const read = async (name: string) => (await run((session) => collect(session.read(stream(name)))))[0]
    const streamed = await read("types")
    expect(streamed?.rows[0]).toEqual(wanted)
    expect(streamed?.columns.slice(1).map(({ type }) => type)).toEqual(TYPES.map(([, , , type]) => type))
    const [queried] = await run((session) => collect(session.query("SELECT * FROM conformance.types")))
    expect(queried?.rows[0]).toEqual(wanted)
    expect(queried?.columns.slice(1).map(({ type, nativeType }) => [type, nativeType])).toEqual(
      streamed?.columns.slice(1).map(({ type, nativeType }) => [type, nativeType]),
    )
    expect(await append("copy", ["id", ...TYPES.map((_, index) => `c${index}`)], [wanted])).toEqual({ written: 1, rejected: [], skipped: 0 })
    expect((await read("copy"))?.rows[0]).toEqual(wanted)
  })

  test("types without an equal are told as they are", async () => {
    const sql = `SELECT CAST(toInt8(1) AS Variant(Int8, String)), CAST('x' AS Dynamic), [CAST(toInt8(1) AS Variant(Int8, String)), NULL], sumState(toUInt8(1)), toTime64('12:34:56.5', 3),
      INTERVAL 3 DAY, CAST(5 AS SimpleAggregateFunction(sum, UInt64)), tuple(), (1, (2, [3])) FROM numbers(1)`
    const [batch] = await run((session) => collect(session.query(sql)))
    expect(batch?.rows).toEqual([["1", "x", ["1", null], "AQAAAAAAAAA=", "12:34:56.500", "3", "5", [], [1, [2, [3]]]]])
    expect(batch?.columns.map(({ type }) => type)).toEqual(["unknown", "unknown", "array", "unknown", "time", "integer", "integer", "json", "json"])
  })

  test("bytes in a text that are no UTF-8 are an error that names the column, and never another text", async () => {
    const error = await failure(query("SELECT 'ok' AS fine, unhex('FF00') AS raw"))
    expect(error).toMatchObject({ code: "response_invalid", message: expect.stringContaining("column raw holds bytes") })
  })

  test("a profile's own forms of values do not matter", async () => {
    const settings = [
      ["bool_true_representation", "yes"],
      ["format_tsv_null_representation", "nichts"],
      ["date_time_output_format", "unix_timestamp"],
      ["format_custom_field_delimiter", "|"],
      ["format_custom_escaping_rule", "CSV"],
    ].map(([name, value]) => ({ name, value }))
    expect(await query("SELECT true, NULL, toDateTime64(0.5, 1, 'UTC'), 'a|b'", [], { settings })).toEqual([[true, null, "1970-01-01T00:00:00.5Z", "a|b"]])
  })
})

describe("rows that ClickHouse would change to fit", () => {
  const REFUSED: readonly [string, readonly Value[], RegExp][] = [
    ["Int8", [128, -129, "1.5", "x", "", {}], /whole number|between -128 and 127/],
    ["UInt64", [-1, "18446744073709551616"], /between 0 and 18446744073709551615/],
    ["Decimal(5, 2)", ["1.239", "1000", "x", "--1", "."], /decimals|not a number/],
    ["Date", ["1969-12-31", "2149-06-07", "2024-02-30", "2024-01-01T00:00:01Z", 5], /between|no date|time of day/],
    ["Date32", ["1899-12-31", "2300-01-01"], /between 1900-01-01 and 2299-12-31/],
    ["DateTime", ["1969-12-31T23:59:59Z", "2106-02-07T06:28:16Z", "2024-01-01T00:00:00.5Z", "yesterday"], /between|decimals|no date/],
    ["DateTime64(3, 'UTC')", ["1899-12-31T23:59:59Z", "2300-01-01T00:00:00Z", "2024-01-01T00:00:00.1234Z"], /between|decimals/],
    ["DateTime64(9, 'UTC')", ["2262-04-11T23:47:16.854775808Z"], /between/],
    ["FixedString(2)", ["AAAA", "not base64"], /bytes/],
    ["Bool", ["maybe", 2], /neither true nor false/],
    ["Array(UInt8)", [[256], [null], "x", { a: 1 }], /between 0 and 255|no empty value|not a list/],
    ["Tuple(a UInt8, b String)", [[1], { a: 1, c: "x" }, { a: 1 }], /tuple|no empty value/],
    ["Map(String, UInt8)", [{ a: 300 }, [1]], /between|not an object/],
    ["String", [null], /no empty value/],
    ["Enum8('a' = 1)", ["b"], /Unknown element/],
    ["UUID", ["x"], /uuid/i],
    ["IPv4", ["1.2.3"], /IPv4/],
    ["JSON", ["[1]", [1]], /object/],
  ]
  test.each(REFUSED)("%s", async (type, values, reason) => {
    const name = `refused ${type.replaceAll(/\W/g, "_")}`
    await server.query(`CREATE TABLE conformance.\`${name}\` (id Int32, v ${type}) ENGINE = MergeTree ORDER BY id`)
    const report = await append(
      name,
      ["id", "v"],
      values.map((value, index) => [index, value]),
    )
    expect(report).toMatchObject({ written: 0, skipped: 0 })
    expect(report.rejected.map(({ index }) => index)).toEqual(values.map((_, index) => index))
    for (const rejected of report.rejected) expect(rejected.reason).toMatch(reason)
    expect(await server.query(`SELECT count() FROM conformance.\`${name}\``)).toEqual([[0]])
  })

  test("the first row is a row also where it looks like a header, and equal batches are both there", async () => {
    await server.query("CREATE TABLE conformance.plain (id String, v String) ENGINE = MergeTree ORDER BY id SETTINGS non_replicated_deduplication_window = 100")
    for (let time = 0; time < 2; time++)
      expect(
        await append(
          "plain",
          ["id", "v"],
          [
            ["id", "v"],
            ["String", "String"],
          ],
        ),
      ).toMatchObject({ written: 2 })
    expect(await server.query("SELECT count() FROM conformance.plain")).toEqual([[4]])
  })

  test("a constraint of the table finds its row", async () => {
    await server.query("CREATE TABLE conformance.checked (id Int32, CONSTRAINT small CHECK id < 10) ENGINE = MergeTree ORDER BY id")
    const report = await append("checked", ["id"], [[1], [20], [2], [30]])
    expect(report).toMatchObject({ written: 2, rejected: [{ index: 1 }, { index: 3 }] })
    expect(report.rejected[0]?.reason).toContain("small")
  })

  test("ten thousand rows are one part", async () => {
    await server.query("CREATE TABLE conformance.many (id Int32, v String) ENGINE = MergeTree ORDER BY id")
    const rows = Array.from({ length: 10_000 }, (_, index): Value[] => [index, `row ${index}`])
    expect(await append("many", ["id", "v"], rows)).toEqual({ written: 10_000, rejected: [], skipped: 0 })
    expect(await server.query("SELECT count() FROM system.parts WHERE database = 'conformance' AND table = 'many'")).toEqual([[1]])
  })
})

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
