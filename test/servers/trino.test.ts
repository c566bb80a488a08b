import { setTimeout as sleep } from "node:timers/promises"
import { describe, expect, test } from "vitest"
import { trino } from "../../src/connectors/trino.ts"
import type { Session } from "../../src/core/session.ts"
import type { Batch, Cursor, Discovered, Stream } from "../../src/core/streams.ts"
import type { Column, Value } from "../../src/core/values.ts"
import { withSession } from "../conformance/context.ts"
import { column, type Posted } from "../fixtures/fixture.ts"
import { configOf, startTrino } from "../fixtures/trino.ts"
import { collect, rowsOf, valuesOf } from "../support/batches.ts"
import { failure } from "../support/failure.ts"
import { use } from "../support/use.ts"
import { within } from "../support/waiting.ts"

const server = use(() => startTrino())

const run = <T>(work: (session: Session) => Promise<T>, more: Posted = {}, options: object = {}): Promise<T> =>
  withSession({ connector: trino }, { ...configOf(server), ...more }, work, options)
const stream = (path: readonly string[], key: readonly string[] = [], columns: readonly Column[] = []): Stream => ({ path, kind: "table", columns, key })
const batchOf = (names: readonly string[], rows: readonly (readonly Value[])[]): Batch => ({ columns: names.map((name) => column(name, "unknown")), rows })

describe("values", () => {
  /** The type, a value of it as SQL, and as ours. Those with a fourth member go in as well, and that is what is sent. */
  const TYPES: readonly (readonly [native: string, sql: string, value: Value, given?: Value])[] = [
    ["boolean", "true", true, true],
    ["tinyint", "-128", -128, -128],
    ["smallint", "-32768", -32768, -32768],
    ["integer", "2147483647", 2147483647, 2147483647],
    ["bigint", "-9223372036854775807 - 1", "-9223372036854775808", "-9223372036854775808"],
    ["bigint", "9223372036854775807", "9223372036854775807", "9223372036854775807"],
    ["bigint", "4611686018427387904", "4611686018427387904", "4611686018427387904"],
    ["bigint", "7", "7", 7],
    ["real", "REAL '1.1'", 1.1, 1.1],
    ["real", "REAL 'NaN'", "NaN", "NaN"],
    ["double", "1e300", 1e300, 1e300],
    ["double", "0.1e0", 0.1, 0.1],
    ["double", "infinity()", "Infinity", "Infinity"],
    ["double", "-infinity()", "-Infinity", "-Infinity"],
    [
      "decimal(38,10)",
      "DECIMAL '-1234567890123456789012345678.0123456789'",
      "-1234567890123456789012345678.0123456789",
      "-1234567890123456789012345678.0123456789",
    ],
    ["decimal(38,0)", "DECIMAL '99999999999999999999999999999999999999'", "99999999999999999999999999999999999999", "99999999999999999999999999999999999999"],
    ["decimal(5,2)", "DECIMAL '1.50'", "1.50", "1.5"],
    ["varchar", "U&'na\\00EFve \\+01F469'", "naïve 👩", "naïve 👩"],
    ["varchar(3)", "''''", "'", "'"],
    ["char(3)", "'a'", "a  ", "a"],
    ["varbinary", "X'00ff01'", "AP8B", "AP8B"],
    ["varbinary", "X''", "", ""],
    ["date", "DATE '1582-10-04'", "1582-10-04", "1582-10-04"],
    ["date", "DATE '0001-01-01'", "0001-01-01", "0001-01-01"],
    ["date", "DATE '-0044-03-15'", "-0044-03-15", "-0044-03-15"],
    ["time(6)", "TIME '23:59:59.999999'", "23:59:59.999999", "23:59:59.999999"],
    ["time(3)", "TIME '01:02:00'", "01:02:00", "01:02:00"],
    ["time(3) with time zone", "TIME '01:02:03.120 -08:00'", "01:02:03.12-08:00", "01:02:03.12-08:00"],
    ["timestamp(0)", "TIMESTAMP '1899-12-31 23:59:59'", "1899-12-31T23:59:59", "1899-12-31T23:59:59"],
    ["timestamp(9)", "TIMESTAMP '2024-03-31 02:30:00.123456789'", "2024-03-31T02:30:00.123456789", "2024-03-31T04:30:00.123456789+02:00"],
    ["timestamp(12)", "TIMESTAMP '2024-03-31 02:30:00.123456789012'", "2024-03-31T02:30:00.123456789012", "2024-03-31T02:30:00.123456789012"],
    ["timestamp(6) with time zone", "TIMESTAMP '2024-03-31 01:30:00.000001 UTC'", "2024-03-31T01:30:00.000001Z", "2024-03-31T01:30:00.000001Z"],
    ["timestamp(3) with time zone", "TIMESTAMP '2024-03-31 01:30:00 -03:30'", "2024-03-31T01:30:00-03:30", "2024-03-31T01:30:00-03:30"],
    ["timestamp(3) with time zone", "TIMESTAMP '2024-07-01 12:00:00 Europe/Berlin'", "2024-07-01T12:00:00+02:00"],
    ["timestamp(3) with time zone", "TIMESTAMP '2024-10-27 02:30:00 Europe/Berlin'", "2024-10-27T02:30:00+02:00"],
    ["timestamp(3) with time zone", "TIMESTAMP '1890-01-01 00:00:00.5 Europe/Berlin'", "1889-12-31T23:06:32.5Z"],
    ["interval day to second", "INTERVAL '-2' DAY", "-2 00:00:00.000"],
    ["interval year to month", "INTERVAL '14' MONTH", "1-2"],
    ["uuid", "UUID '12151fd2-7586-11e9-8f9e-2a86e4085a59'", "12151fd2-7586-11e9-8f9e-2a86e4085a59", "12151fd2-7586-11e9-8f9e-2a86e4085a59"],
    ["ipaddress", "IPADDRESS '2001:db8::1'", "2001:db8::1", "2001:db8::1"],
    ["json", `JSON '{"a":[1,null,9007199254740993]}'`, { a: [1, null, "9007199254740993"] }, { a: [1, null, 2] }],
    ["array(bigint)", "ARRAY[9007199254740993, NULL]", ["9007199254740993", null], ["9007199254740993", null]],
    ["array(array(varchar))", "ARRAY[ARRAY['a'], ARRAY[]]", [["a"], []], [["a"], []]],
    ["array(double)", "ARRAY[nan(), -infinity()]", ["NaN", "-Infinity"]],
    ["array(timestamp(3) with time zone)", "ARRAY[TIMESTAMP '2024-01-01 00:00:00 UTC']", ["2024-01-01T00:00:00Z"]],
    ["map(varchar, decimal(20,2))", "MAP(ARRAY['k'], ARRAY[DECIMAL '123456789012345678.90'])", { k: "123456789012345678.90" }, { k: "123456789012345678.90" }],
    ["map(integer, varbinary)", "MAP(ARRAY[1], ARRAY[X'ff'])", { "1": "/w==" }],
    ["row(a bigint, b row(c date))", "ROW(9007199254740993, ROW(DATE '2024-01-01'))", { a: "9007199254740993", b: { c: "2024-01-01" } }],
    ["row(a bigint, b varchar)", "ROW(1, 'x')", { a: "1", b: "x" }, { a: 1, b: "x" }],
    ["row(bigint, varchar)", "ROW(1, 'x')", ["1", "x"]],
  ]
  const names = TYPES.map((_, index) => `c${index}`)

  test("of each type come out the same by a stream and by a query, and go in again", async () => {
    await server.query(`CREATE TABLE memory.default.typed (${TYPES.map(([native], index) => `c${index} ${native}`).join(", ")})`)
    await server.query(`INSERT INTO memory.default.typed SELECT ${TYPES.map(([native, sql]) => `CAST(${sql} AS ${native})`).join(", ")}`)
    const wanted = TYPES.map(([, , value]) => value)
    await run(async (session) => {
      const [read] = await collect(session.read(stream(["memory", "default", "typed"])))
      expect(read?.rows[0]).toEqual(wanted)
      expect(read?.columns.map(({ type }) => type)).not.toContain("unknown")
      const [queried] = await collect(session.query("SELECT * FROM memory.default.typed"))
      expect(queried?.rows[0]).toEqual(wanted)
      expect(queried?.columns.map(({ type, nativeType }) => [type, nativeType.toLowerCase()])).toEqual(
        read?.columns.map(({ type, nativeType }) => [type, nativeType]),
      )
      const given = TYPES.flatMap(([, , , value], index) => (value === undefined ? [] : [{ name: names[index] ?? "", value }]))
      await server.query("DELETE FROM memory.default.typed").catch(() => undefined)
      await server.query("CREATE TABLE memory.default.again AS SELECT * FROM memory.default.typed WHERE false")
      const batch = batchOf(
        given.map(({ name }) => name),
        [given.map(({ value }) => value), given.map(() => null)],
      )
      expect(await session.write(stream(["memory", "default", "again"]), batch, { mode: "append" })).toEqual({ written: 2, rejected: [], skipped: 0 })
      const [again] = await rowsOf(session.query(`SELECT * FROM memory.default.again WHERE c0`))
      const expected = Object.fromEntries(TYPES.map(([, , value, sent], index) => [names[index], sent === undefined ? null : value]))
      expect(again).toEqual({ ...expected, [names[TYPES.findIndex(([native]) => native === "json")] ?? ""]: { a: [1, null, 2] } })
    })
  })

  test("of types that no other system has are unknown", async () => {
    const [batch] = await run((session) => collect(session.query("SELECT approx_set(1), CAST(approx_set(1) AS P4HyperLogLog)")))
    expect(batch?.columns.map(({ type }) => type)).toEqual(["unknown", "unknown"])
    expect(batch?.rows[0]).toEqual([expect.stringMatching(/^[\w+/=]+$/), expect.stringMatching(/^[\w+/=]+$/)])
  })

  test("are parameters, each with its own type", async () => {
    const sql = "SELECT typeof(?), typeof(?), typeof(?), typeof(?), ? || '!', ?, ? IS NULL"
    const [row] = await run((session) => valuesOf(session.query(sql, [1, 1.5, true, "9007199254740993", "it's -- ; ?", "\\\n", null])))
    expect(row).toEqual(["integer", "double", "boolean", "varchar(16)", "it's -- ; ?!", "\\\n", true])
  })

  test.each(["bigint", "decimal(20,3)", "varchar", "char(4)", "date", "timestamp(6)", "timestamp(6) with time zone", "uuid", "varbinary", "boolean"])(
    "a key of the type %s is read one by one behind a cursor",
    async (native) => {
      const two = { uuid: "uuid()", varbinary: "to_utf8(CAST(i AS varchar))", boolean: "i > 1" }
      const dated = `TIMESTAMP '1899-12-31 23:59:59.5' + i * INTERVAL '1' DAY`
      const value =
        two[native as keyof typeof two] ??
        (/^(date|time)/.test(native) ? `CAST(${dated} AS ${native})` : `CAST(CAST(i AS bigint) AS ${native.startsWith("char") ? "varchar" : native})`)
      const table = `memory.default.keyed_${native.replace(/\W/g, "")}`
      await server.query(`CREATE TABLE ${table} (k ${native} NOT NULL, i integer)`)
      await server.query(`INSERT INTO ${table} SELECT CAST(${value} AS ${native}), i FROM (VALUES 1, 2, 3, 3) t(i)`)
      const from = stream(table.split("."), ["k"])
      const seen: Value[] = []
      let after: Cursor | undefined
      for (let batches = 0; batches < 5; batches++) {
        const next = await run(
          async (session) => {
            for await (const batch of session.read(from, { after })) return batch
            return undefined
          },
          {},
          { batchRows: 1 },
        )
        if (next === undefined || next.rows.length === 0) break
        seen.push(...next.rows.map(([, i]) => i ?? null))
        after = next.cursor
        expect(after).toBeDefined()
      }
      expect(seen.toSorted()).toEqual([1, 2, 3, 3])
    },
  )
})

describe("keys that a caller names", () => {
  test("a row without a value in it is an error, also behind a cursor, and never lost", async () => {
    await server.query("CREATE TABLE memory.default.holes (a integer, b integer)")
    await server.query("INSERT INTO memory.default.holes VALUES (1, 1), (2, 1), (2, NULL), (3, 1)")
    const from = stream(["memory", "default", "holes"], ["a", "b"])
    const [first] = await run(
      async (session) => {
        for await (const batch of session.read(from)) return [batch]
        return []
      },
      {},
      { batchRows: 1 },
    )
    expect(first?.rows).toEqual([[1, 1]])
    for (const after of [undefined, first?.cursor])
      expect(await failure(run((session) => collect(session.read(from, { after }))))).toMatchObject({
        code: "query_invalid",
        message: expect.stringContaining("without a value in a, b"),
      })
    expect(await run((session) => valuesOf(session.read(stream(["memory", "default", "holes"]))))).toHaveLength(4)
    expect((await failure(run((session) => collect(session.read({ ...from, key: ["nowhere"] }))))).message).toContain("nowhere")
  })

  test("a row without one is rejected by an upsert", async () => {
    await server.query("CREATE TABLE lake.conformance.holes (a integer, b varchar)")
    const to = stream(["lake", "conformance", "holes"], ["a"])
    const report = await run((session) =>
      session.write(
        to,
        batchOf(
          ["a", "b"],
          [
            [1, "one"],
            [null, "none"],
            [1, "again"],
          ],
        ),
        { mode: "upsert" },
      ),
    )
    expect(report).toEqual({ written: 1, rejected: [{ index: 1, reason: "The row has no value in its key (a)." }], skipped: 1 })
  })

  test("slices from a sample of the keys are the whole, each row once", async () => {
    const from = stream(["tpch", "tiny", "orders"], ["orderkey"])
    await run(async (session) => {
      await using slicing = await session.slices(from, { kind: "all" }, 4)
      expect([slicing.slices.length, slicing.consistent]).toEqual([4, false])
      const counts: number[] = []
      for (const slice of slicing.slices) counts.push((await valuesOf(session.read({ ...from, columns: [column("orderkey", "integer")] }, { slice }))).length)
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(15_000)
      for (const count of counts) expect(count).toBeGreaterThan(3_000)
    })
  })
})

describe("names", () => {
  test("in upper case are the same in lower case, for a table, its columns and its key", async () => {
    const columns = [{ ...column("ID", "integer", "", false), precision: 32 }, column("Na me", "string")]
    const wanted = { path: ["LAKE", "Conformance", "Upper"], columns, key: ["ID"] }
    await run(async (session) => {
      expect((await session.shape(wanted, true)).map(({ kind }) => kind)).toEqual(["create"])
      expect(await session.shape(wanted, true)).toEqual([])
      const to = { ...wanted, kind: "table" as const }
      await session.write(to, { columns, rows: [[1, "one"]] }, { mode: "append" })
      await session.write(to, { columns, rows: [[1, "two"]] }, { mode: "upsert" })
      expect(await rowsOf(session.read(to))).toEqual([{ id: 1, "na me": "two" }])
    })
  })

  test("are found in the connector's own catalog and schema", async () => {
    const place = { catalog: "lake", schema: "conformance" }
    expect(await run((session) => valuesOf(session.read(stream(["target"]))), place)).toHaveLength(2)
    expect(await run((session) => valuesOf(session.query("SELECT * FROM target")), place)).toHaveLength(2)
    expect(await failure(run((session) => collect(session.read(stream(["target"])))))).toMatchObject({ code: "stream_not_found" })
  })
})

describe("discovery", () => {
  const streams = (found: readonly Discovered[]) => found.flatMap((each) => ("stream" in each ? [each.stream] : []))

  test("takes four statements for a catalog, however many tables it has", async () => {
    for (let part = 0; part < 12; part++)
      await Promise.all(Array.from({ length: 10 }, (_, i) => server.query(`CREATE TABLE memory.default.many_${part}_${i} (a integer, b varchar)`)))
    const asked = async (): Promise<number> => Number((await server.query("SELECT count(*) FROM system.runtime.queries WHERE source = 'jackfield'"))[0]?.[0])
    const before = await asked()
    const found = streams(await run((session) => collect(session.discover()), { catalog: "memory" }))
    expect(found.filter(({ path }) => path[2]?.startsWith("many_"))).toHaveLength(120)
    expect((await asked()) - before).toBe(4)
  })

  test("has comments, views over what is gone, and no table that the user may not see", async () => {
    await server.query("CREATE TABLE lake.conformance.noted (a integer) COMMENT 'what it''s for'")
    await server.query("CREATE VIEW lake.conformance.stale AS SELECT a FROM lake.conformance.noted")
    await server.query("CREATE TABLE lake.conformance.secret_wages (a integer)")
    const found = await run((session) => collect(session.discover()), { catalog: "lake" })
    const byName = new Map(streams(found).map((each) => [each.path[2], each]))
    expect(byName.get("noted")).toMatchObject({ comment: "what it's for", kind: "table" })
    expect(byName.get("stale")?.kind).toBe("view")
    expect(byName.has("secret_wages")).toBe(false)
    const error = await failure(run((session) => collect(session.query("SELECT * FROM lake.conformance.secret_wages"))))
    expect(error).toMatchObject({ code: "permission_denied" })
    await server.query("DROP TABLE lake.conformance.noted")
    expect(streams(await run((session) => collect(session.discover()), { catalog: "lake" })).map(({ path }) => path[2])).toContain("stale")
    const stale = await failure(run((session) => collect(session.read(stream(["lake", "conformance", "stale"])))))
    expect(stale).toMatchObject({ code: "query_invalid", message: expect.stringContaining("noted") })
    await server.query("DROP VIEW lake.conformance.stale")
  })

  test("of a catalog whose system is down fails if it is the only one", async () => {
    expect(await failure(run((session) => collect(session.discover()), { catalog: "gone" }))).toMatchObject({ code: "remote_failed" })
    expect(await failure(run((session) => session.test(), { catalog: "nowhere" }))).toMatchObject({ code: "database_not_found" })
    expect(await failure(run((session) => session.test(), { catalog: "lake", schema: "nowhere" }))).toMatchObject({ code: "database_not_found" })
  })
})

describe("a query only reads", () => {
  test.each([
    "DELETE FROM lake.conformance.target",
    "EXPLAIN ANALYZE DELETE FROM lake.conformance.target",
    "EXPLAIN /* */ ANALYZE VERBOSE DELETE FROM lake.conformance.target",
    "SELECT 1; DELETE FROM lake.conformance.target",
    "EXECUTE IMMEDIATE 'DELETE FROM lake.conformance.target'",
    "CALL lake.system.rollback_to_snapshot('conformance', 'target', 1)",
    "SET SESSION query_max_run_time = '1s'",
    `SELECT * FROM TABLE(lake.system."query"(query => 'DELETE FROM x'))`,
    "SELECT * FROM TABLE ( raw_query(query => 'x'))",
  ])("%s is refused", async (statement) => {
    expect(await failure(run((session) => collect(session.query(statement))))).toMatchObject({ code: "query_invalid", details: {} })
    expect(await server.query("SELECT count(*) FROM lake.conformance.target")).toEqual([[2]])
  })

  test.each([
    "VALUES 1",
    "TABLE lake.conformance.target",
    "SHOW CATALOGS",
    "(SELECT 1)",
    "WITH x AS (SELECT 1) SELECT * FROM x",
    "EXPLAIN (TYPE VALIDATE) SELECT 1",
    "SELECT 'EXPLAIN ANALYZE'",
    "SELECT * FROM TABLE(sequence(1, 3))",
    "DESCRIBE lake.conformance.target;",
    "SELECT ';' ; -- done;",
  ])("%s runs", async (statement) => {
    expect((await run((session) => valuesOf(session.query(statement)))).length).toBeGreaterThan(0)
  })
})

describe("settings", () => {
  test("reach the server: source, tags, time zone and session properties", async () => {
    const more = {
      clientTags: "a,b",
      session: [
        { name: "query_max_run_time", value: "90s" },
        { name: "lake.compression_codec", value: "GZIP" },
      ],
    }
    const [row] = await run((session) => rowsOf(session.query(`SELECT "user", source FROM system.runtime.queries WHERE query LIKE '%tagged%'`)), more)
    expect(row).toEqual({ user: server.user, source: "jackfield" })
    const shown = await run((session) => valuesOf(session.query("SHOW SESSION LIKE '%'")), more)
    expect(
      shown
        .filter(([name]) => name === "query_max_run_time" || name === "lake.compression_codec")
        .map(([, value]) => value)
        .toSorted(),
    ).toEqual(["90s", "GZIP"])
    expect(await run((session) => valuesOf(session.query("SELECT current_timezone()")))).toEqual([["UTC"]])
  })

  test("that the server does not take are the connector's fault", async () => {
    for (const more of [{ session: [{ name: "no_such_property", value: "1" }] }, { roles: [{ catalog: "system", role: "nobody" }] }])
      expect((await failure(run((session) => session.test(), more))).message).toMatch(/no_such_property|role/i)
  })

  test("a statement that runs too long for the server ends in it", async () => {
    const error = await failure(
      run((session) => collect(session.query("SELECT max(comment) FROM tpch.sf1000.lineitem")), { session: [{ name: "query_max_run_time", value: "1s" }] }),
    )
    expect(error).toMatchObject({ code: "timed_out", details: { code: "EXCEEDED_TIME_LIMIT" } })
  })
})

describe("writing", () => {
  test("in a catalog without MERGE is refused with the reason, and nothing is written", async () => {
    await server.query("CREATE TABLE memory.default.plain (a integer, b varchar)")
    const to = stream(["memory", "default", "plain"], ["a"])
    const error = await failure(run((session) => session.write(to, batchOf(["a", "b"], [[1, "x"]]), { mode: "upsert" })))
    expect(error).toMatchObject({ code: "unsupported", message: expect.stringContaining("choose another catalog") })
    expect(await server.query("SELECT count(*) FROM memory.default.plain")).toEqual([[0]])
  })

  test("many rows takes several statements, each below the server's limit, and quotation marks count", async () => {
    await server.query("CREATE TABLE memory.default.wide (a integer, b varchar)")
    const rows = Array.from({ length: 3_000 }, (_, index): Value[] => [index, "'".repeat(400)])
    const report = await run((session) => session.write(stream(["memory", "default", "wide"]), batchOf(["a", "b"], rows), { mode: "append" }))
    expect(report).toEqual({ written: 3_000, rejected: [], skipped: 0 })
    expect(await server.query("SELECT count(*), count(DISTINCT a), min(length(b)), max(length(b)) FROM memory.default.wide")).toEqual([
      [3_000, 3_000, 400, 400],
    ])
  })

  test("a row that is too large for a statement is rejected, and the others are written", async () => {
    await server.query("CREATE TABLE memory.default.large (a integer, b varchar)")
    const rows: Value[][] = [
      [1, "x"],
      [2, "x".repeat(1_100_000)],
      [3, "y"],
    ]
    const report = await run((session) => session.write(stream(["memory", "default", "large"]), batchOf(["a", "b"], rows), { mode: "append" }))
    expect(report).toMatchObject({ written: 2, rejected: [{ index: 1, reason: expect.stringContaining("exceeds the maximum length") }] })
  })

  test.each([
    ["a", 2_147_483_648],
    ["a", "1.5"],
    ["d", "12345.6"],
    ["v", "abcd"],
    ["t", "2024-13-01T00:00:00Z"],
    ["j", "no"],
  ])("a value of %s that does not fit is its row's fault", async (name, value) => {
    await server.query("CREATE TABLE IF NOT EXISTS memory.default.tight (a integer, d decimal(5,1), v varchar(3), t timestamp(3) with time zone, j uuid)")
    const report = await run((session) => session.write(stream(["memory", "default", "tight"]), batchOf([name], [[null], [value]]), { mode: "append" }))
    expect(report).toMatchObject({ written: 1, rejected: [{ index: 1, reason: expect.stringMatching(/.{10}/) }] })
  })
})

describe("long results", () => {
  test("a million rows pass a slow consumer in flat memory", { timeout: 120_000 }, async () => {
    await run(
      async (session) => {
        let [rows, sum, most] = [0, 0n, 0]
        const before = process.memoryUsage().rss
        for await (const batch of session.query("SELECT orderkey, extendedprice, shipdate, comment FROM tpch.sf1.lineitem LIMIT 1000000", [])) {
          rows += batch.rows.length
          for (const row of batch.rows) sum += BigInt(String(row[0]))
          if (rows % 50_000 === 0) {
            most = Math.max(most, process.memoryUsage().rss - before)
            await sleep(20)
          }
        }
        expect([rows, sum > 0n]).toEqual([1_000_000, true])
        expect(most).toBeLessThan(250 * 1_048_576)
      },
      {},
      { deadlineMs: 110_000, batchRows: 1_000 },
    )
  })

  test("a consumer that stops ends the statement on the server", async () => {
    const mark = "1 = 1 AND 7 = 7"
    await run(async (session) => {
      for await (const batch of session.query(`SELECT * FROM tpch.sf100.lineitem WHERE ${mark}`)) if (batch.rows.length > 0) break
      const states = async () =>
        await server.query(`SELECT state, error_code FROM system.runtime.queries WHERE query LIKE '%${mark}%' AND source = 'jackfield'`)
      await within(5_000, async () => JSON.stringify(await states()) === JSON.stringify([["FAILED", "USER_CANCELED"]]), "the statement is cancelled")
    })
  })

  // The last one: nothing is left after it.
  test("a server that dies while it is read is an error behind the rows that came", { timeout: 60_000 }, async () => {
    let rows = 0
    const error = await failure(
      run(async (session) => {
        for await (const batch of session.read(stream(["tpch", "sf10", "lineitem"]))) {
          rows += batch.rows.length
          if (rows > 20_000) process.kill(server.pid, "SIGKILL")
        }
      }),
    )
    expect(["connection_lost", "host_unreachable"]).toContain(error.code)
    expect(rows).toBeGreaterThan(20_000)
  })
})
