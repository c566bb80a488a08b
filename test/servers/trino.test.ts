import { describe, expect, test } from "vitest"
import type { Session } from "../../src/core/session.ts"
import type { Cursor, Discovered } from "../../src/core/streams.ts"
import type { Value } from "../../src/core/values.ts"
import { column } from "../fixtures/fixture.ts"
import { collect, rowsOf, valuesOf } from "../support/batches.ts"
import { failure } from "../support/failure.ts"
import { batchOf, stream, useTrino } from "./trino-run.ts"
import { TRINO_TYPES } from "./trino-types.ts"

const { server, run } = useTrino()

describe("values", () => {
  const names = TRINO_TYPES.map((_, index) => `c${index}`)

  test("of each type come out the same by a stream and by a query, and go in again", async () => {
    await server.query(`CREATE TABLE memory.default.typed (${TRINO_TYPES.map(([native], index) => `c${index} ${native}`).join(", ")})`)
    await server.query(`INSERT INTO memory.default.typed SELECT ${TRINO_TYPES.map(([native, sql]) => `CAST(${sql} AS ${native})`).join(", ")}`)
    const wanted = TRINO_TYPES.map(([, , value]) => value)
    await run(async (session) => {
      const [read] = await collect(session.read(stream(["memory", "default", "typed"])))
      expect(read?.rows[0]).toEqual(wanted)
      expect(read?.columns.map(({ type }) => type)).not.toContain("unknown")
      const [queried] = await collect(session.query("SELECT * FROM memory.default.typed"))
      expect(queried?.rows[0]).toEqual(wanted)
      expect(queried?.columns.map(({ type, nativeType }) => [type, nativeType.toLowerCase()])).toEqual(
        read?.columns.map(({ type, nativeType }) => [type, nativeType]),
      )
      const given = TRINO_TYPES.flatMap(([, , , value], index) => (value === undefined ? [] : [{ name: names[index] ?? "", value }]))
      await server.query("DELETE FROM memory.default.typed").catch(() => undefined)
      await server.query("CREATE TABLE memory.default.again AS SELECT * FROM memory.default.typed WHERE false")
      const batch = batchOf(
        given.map(({ name }) => name),
        [given.map(({ value }) => value), given.map(() => null)],
      )
      expect(await session.write(stream(["memory", "default", "again"]), batch, { mode: "append" })).toEqual({ written: 2, rejected: [], skipped: 0 })
      const [again] = await rowsOf(session.query(`SELECT * FROM memory.default.again WHERE c0`))
      const expected = Object.fromEntries(TRINO_TYPES.map(([, , value, sent], index) => [names[index], sent === undefined ? null : value]))
      expect(again).toEqual({ ...expected, [names[TRINO_TYPES.findIndex(([native]) => native === "json")] ?? ""]: { a: [1, null, 2] } })
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
    // Before any cursor: behind one, such a row would not be looked for.
    const firstByB = async (session: Session) => {
      for await (const { rows } of session.read({ ...from, key: ["b"] })) return rows
      return []
    }
    const taken = run(firstByB, {}, { batchRows: 1 })
    expect((await failure(taken)).message).toContain("without a value in b")
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
