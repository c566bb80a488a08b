import { describe, expect, test } from "vitest"
import type { Column, Value } from "../../src/core/values.ts"
import { collect, valuesOf } from "../support/batches.ts"
import { failure } from "../support/failure.ts"
import { stream, useClickhouse } from "./clickhouse-run.ts"

const { server, run, query, append } = useClickhouse()

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
    ["Float32", ["1e39", -1e39, "", "x", true, "0x10"], /too large|not a number|parse/],
    ["Float64", ["1e400", "-1e400"], /too large/],
    ["Array(Float32)", [[1e39]], /too large/],
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

describe("a key of each type", () => {
  const KEYS: readonly (readonly [string, string])[] = [
    ["Int8", "number - 12"],
    ["UInt64", "18446744073709551615 - number"],
    ["Int256", "toInt256(number - 12) * toInt256('1000000000000000000000000000000')"],
    ["Decimal(38, 10)", "toDecimal128(number, 10) / 7"],
    ["String", "concat(['a\\t', 'ä\\\\N', '', '\\'\\n'][number % 4 + 1], toString(number))"],
    ["LowCardinality(String)", "toString(number)"],
    ["FixedString(3)", "unhex(['FF00', '0AFE', '5C4E'][number % 3 + 1] || hex(toUInt8(number)))"],
    ["Bool", "number % 2"],
    ["UUID", "generateUUIDv4(number)"],
    ["IPv4", "toIPv4(number * 100000000)"],
    ["IPv6", "toIPv6(concat('2001:db8::', toString(number)))"],
    ["Enum16('z' = -5, 'a\\'}' = 0, 'm' = 7)", "CAST([-5, 0, 7][number % 3 + 1] AS Enum16('z' = -5, 'a\\'}' = 0, 'm' = 7))"],
    ["Date", "toDate('1970-01-01') + number * 1000"],
    ["Date32", "toDate32('1900-01-01') + number * 1000"],
    ["DateTime('Europe/Berlin')", "toDateTime(1729983600 + number * 600, 'Europe/Berlin')"],
    ["DateTime64(9, 'America/New_York')", "toDateTime64(1730606400 + number * 600, 9, 'UTC') + toIntervalNanosecond(number)"],
    ["DateTime64(3)", "toDateTime64(number, 3, 'UTC') - toIntervalYear(60)"],
  ]
  test.each(KEYS)("%s: pages and slices are the whole", async (type, source) => {
    const name = `key ${type.replaceAll(/\W+/g, "_")}`
    await server.query(`CREATE TABLE conformance.\`${name}\` (k ${type}, n UInt8) ENGINE = MergeTree ORDER BY (k, n)`)
    await server.query(`INSERT INTO conformance.\`${name}\` SELECT ${source}, number FROM numbers(25)`)
    const whole = await run((session) => valuesOf(session.read(stream(name))))
    expect(whole).toHaveLength(25)
    const paged: Value[][] = []
    for (let after: string | undefined; ; ) {
      const [batch] = await run((session) => collect(take(session.read(stream(name), { after }))), {}, { batchRows: 4 })
      if (batch === undefined || batch.rows.length === 0) break
      paged.push(...batch.rows.map((row) => [...row]))
      after = batch.cursor
    }
    expect(paged).toEqual(whole)
    const parts = await run(async (session) => {
      await using slicing = await session.slices(stream(name), { kind: "all" }, 3)
      const each = slicing.slices.map((slice) => run((other) => valuesOf(other.read(stream(name), { slice }))))
      return (await Promise.all(each)).flat()
    })
    expect(parts.map((row) => JSON.stringify(row)).toSorted()).toEqual(whole.map((row) => JSON.stringify(row)).toSorted())
    const middle = whole[12]?.[0] ?? null
    const since = await run((session) => valuesOf(session.read(stream(name), { plan: { kind: "since", column: "k", from: middle } })))
    expect(since).toEqual(whole.slice(whole.findIndex(([k]) => k === middle)))
  })
})

/** The first batch alone. */
async function* take<T>(batches: AsyncIterable<T>): AsyncGenerator<T> {
  for await (const batch of batches) {
    yield batch
    return
  }
}
