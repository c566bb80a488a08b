import { beforeEach, describe, expect, test } from "vitest"
import type { Batch, Stream } from "../../src/core/streams.ts"
import type { Value } from "../../src/core/values.ts"
import { column } from "../fixtures/fixture.ts"
import { startShop, stream, USER } from "../fixtures/mssql/shop.ts"
import { drain } from "../fixtures/tables.ts"
import { collect, rowsOf } from "../support/batches.ts"
import { failure } from "../support/failure.ts"
import { use } from "../support/use.ts"

const server = use(() => startShop())
const run: typeof server.run = (...given) => server.run(...given)
const item = () => server.item()
beforeEach(() => server.restock())

describe("the catalog", () => {
  const streams = async (): Promise<Map<string, Stream>> => {
    const found = await run((session) => collect(session.discover()))
    return new Map(found.flatMap((each) => ("stream" in each ? [[each.stream.path.join("."), each.stream] as const] : [])))
  }

  test("has names that need quoting, comments, keys in their order, and what is generated", async () => {
    await server.sql(`SET ROLE ${USER}; CREATE TABLE shop."we]ird [t" ("a]b" int NOT NULL, "c d" varchar(5), n int GENERATED ALWAYS AS IDENTITY, twice int GENERATED ALWAYS AS ("a]b" * 2) STORED, PRIMARY KEY (n, "a]b"));
      INSERT INTO shop."we]ird [t" ("a]b", "c d") VALUES (1, 'x'); RESET ROLE; INSERT INTO standin.described SELECT 'shop.item'::regclass, 'Things to sell'`)
    const found = await streams()
    expect(found.get("shop.item")).toMatchObject({ comment: "Things to sell", key: ["id"], kind: "table" })
    const weird = found.get("shop.we]ird [t")
    expect(weird?.key).toEqual(["n", "a]b"])
    expect(weird?.columns.map(({ name, generated }) => [name, generated])).toEqual([
      ["a]b", undefined],
      ["c d", undefined],
      ["n", "identity"],
      ["twice", "computed"],
    ])
    expect(await run((session) => rowsOf(session.read(weird as Stream)))).toEqual([{ "a]b": 1, "c d": "x", n: 1, twice: 2 }])
  })

  test("says what may not be read, with the GRANT, and which columns alone may be", async () => {
    await server.sql(`CREATE TABLE shop.closed (a int); CREATE TABLE shop.partly (a int, b int); GRANT INSERT ON shop.closed TO ${USER}; GRANT SELECT (a) ON shop.partly TO ${USER};
      CREATE VIEW shop.broken AS SELECT 1 AS a; GRANT SELECT ON shop.broken TO ${USER}; INSERT INTO standin.missing VALUES ('shop', 'broken', 'gone')`)
    const found = await run((session) => collect(session.discover()))
    const skipped = found.flatMap((each) => ("skipped" in each ? [each.skipped] : []))
    expect(skipped.find(({ path }) => path[1] === "closed")?.reason).toBe(`The login may not read it; run GRANT SELECT ON [shop].[closed] TO [${USER}].`)
    // Only an owner may look for what is missing, unless it is granted.
    expect(skipped.filter(({ path }) => path[1] === "broken")).toEqual([])
    await server.sql(`GRANT SELECT ON sys.sql_expression_dependencies TO ${USER}`)
    const again = await run((session) => collect(session.discover()))
    expect(again.flatMap((each) => ("skipped" in each && each.skipped.path[1] === "broken" ? [each.skipped.reason] : []))).toEqual([
      expect.stringMatching(/it reads gone, which is not there/),
    ])
    const partly = found.flatMap((each) => ("stream" in each && each.stream.path[1] === "partly" ? [each.stream] : []))[0]
    expect([partly?.columns.map(({ name }) => name), partly?.comment]).toEqual([["a"], "The login may read only these columns of it."])
  })

  test("keys of warehouses do not hold", async () => {
    expect((await streams()).get("shop.item")?.keyHolds).toBeUndefined()
    await server.sql("UPDATE standin.settings SET edition = 11")
    expect((await streams()).get("shop.item")).toMatchObject({ key: ["id"], keyHolds: false })
  })

  test("takes as many statements for many tables as for one", async () => {
    const counted = async (): Promise<readonly [number, number]> => {
      const before = server.seen.length
      const found = await streams()
      return [server.seen.length - before, found.size]
    }
    const [few] = await counted()
    await server.sql(`SET ROLE ${USER}; DO $$ BEGIN FOR i IN 1..300 LOOP EXECUTE format('CREATE TABLE shop.t%s (a int, b text)', i); END LOOP; END $$`)
    expect(await counted()).toEqual([few, 301])
  })
})

describe("reading", () => {
  test("sees one moment where the database allows it, and works where it does not", async () => {
    expect(await run((session) => rowsOf(session.read(stream("item"))))).toHaveLength(2)
    await server.snapshots(false)
    expect(await run((session) => rowsOf(session.read(stream("item"))))).toHaveLength(2)
  })

  test("a server that dies in mid-read is an error behind the rows so far", async () => {
    await server.sql(
      `SET ROLE ${USER}; CREATE TABLE shop.many AS SELECT i AS id, repeat('x', 500) AS filler FROM generate_series(1, 100000) i; ALTER TABLE shop.many ADD PRIMARY KEY (id)`,
    )
    let rows = 0
    const error = await failure(
      run(async (session) => {
        for await (const batch of session.read(stream("many"))) {
          if (rows === 0) server.drop()
          rows += batch.rows.length
        }
      }),
    )
    expect(error.code).toBe("connection_lost")
    expect(rows).toBeGreaterThan(0)
    expect(rows).toBeLessThan(100_000)
  })

  test("a reader that waits holds the server up, and gets every row", async () => {
    await server.sql(
      `SET ROLE ${USER}; CREATE TABLE shop.many AS SELECT i AS id, repeat('x', 500) AS filler FROM generate_series(1, 60000) i; ALTER TABLE shop.many ADD PRIMARY KEY (id)`,
    )
    let rows = 0
    let [before, meanwhile] = [server.sent, 0]
    await run(async (session) => {
      for await (const batch of session.read(stream("many"))) {
        if (rows === 0) {
          // Until nothing more comes: buffers of both sides are full.
          for (let last = -1; last !== server.sent; ) {
            last = server.sent
            await new Promise((resolve) => setTimeout(resolve, 200))
          }
          meanwhile = server.sent - before
        }
        rows += batch.rows.length
      }
      before = server.sent - before
    })
    expect(rows).toBe(60_000)
    expect(before).toBeGreaterThan(60_000_000)
    expect(meanwhile).toBeLessThan(20_000_000)
  })
})

describe("writing", () => {
  const batch = (rows: readonly (readonly Value[])[], columns = ["id", "name", "price"], ops?: Batch["ops"]): Batch => ({
    columns: columns.map((name) => column(name, "string")),
    rows,
    ...(ops === undefined ? {} : { ops }),
  })

  test("rejects the rows that the types or the table refuse, by name, and writes the others", async () => {
    const report = await run((session) =>
      session.write(
        stream("item"),
        batch([
          [3, "three", "3.30"],
          ["x", "no number", "1"],
          [4, "longer than ten", "4"],
          [1, "taken", "1"],
          [5, null, "5"],
          [6, "six", "123456789012.00"],
          [7, "seven", "7"],
          [8.5, "half", "8"],
        ]),
        { mode: "append" },
      ),
    )
    expect(report.written).toBe(2)
    expect(report.rejected.map(({ index }) => index)).toEqual([1, 2, 3, 4, 5, 7])
    expect(report.rejected.find(({ index }) => index === 5)?.reason).toBe("column price: it is not a value of decimal(10,2).")
    expect(report.rejected.find(({ index }) => index === 2)?.reason).toMatch(/truncated/)
    expect((await item()).map(({ id }) => id)).toEqual([1, 2, 3, 7])
  })

  test("rejects texts that the code page of a column lacks, which the server would store as question marks", async () => {
    await server.sql(`SET ROLE ${USER}; CREATE TABLE shop.paged (id int PRIMARY KEY, code varchar(10)); RESET ROLE;
      INSERT INTO standin.declared VALUES ('shop.paged'::regclass, 'code', 'varchar(10)')`)
    const rows = [
      [1, "café"],
      [2, "日本"],
      [3, null],
    ]
    for (const mode of ["append", "upsert"] as const) {
      const report = await run((session) => session.write(stream("paged"), batch(rows, ["id", "code"]), { mode }))
      expect(report).toMatchObject({
        written: 2,
        rejected: [{ index: 1, reason: "column code: it has characters that are not in the code page of varchar(10)." }],
      })
      expect(await server.sql("DELETE FROM shop.paged RETURNING code")).toEqual([{ code: "café" }, { code: null }])
    }
    expect(server.seen.some((sql) => sql.includes("[c1] nvarchar(max) COLLATE Latin1_General_CI_AS NULL"))).toBe(true)
  })

  test("merges by the key and deletes, with texts that differ as the table says", async () => {
    const report = await run((session) =>
      session.write(
        stream("item"),
        batch(
          [
            [2, "second", "2"],
            [1, null, "123456789012.00"],
            [9, "nine", null],
            [9, "last", "9.99"],
          ],
          undefined,
          ["upsert", "delete", "upsert", "upsert"],
        ),
        { mode: "upsert" },
      ),
    )
    expect(report).toMatchObject({ written: 3, rejected: [], skipped: 1 })
    expect(await item()).toEqual([
      { id: 2, name: "second", price: "2.00" },
      { id: 9, name: "last", price: "9.99" },
    ])
    expect(server.seen.some((sql) => /^MERGE INTO \[shop\]\.\[item\] WITH \(HOLDLOCK\) T USING [\s\S]*;$/.test(sql))).toBe(true)
  })

  test("keeps the values of an identity column, and refuses computed ones", async () => {
    await server.sql(
      `SET ROLE ${USER}; CREATE TABLE shop.counted (n int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a int, twice int GENERATED ALWAYS AS (a * 2) STORED)`,
    )
    await run(async (session) => {
      expect(await session.write(stream("counted"), batch([[41, 1]], ["n", "a"]), { mode: "append" })).toMatchObject({ written: 1 })
      expect(await session.write(stream("counted"), batch([[5]], ["a"]), { mode: "append" })).toMatchObject({ written: 1 })
      expect((await failure(session.write(stream("counted"), batch([[1, 2]], ["a", "twice"]), { mode: "append" }))).message).toMatch(/twice/)
      expect(await session.write(stream("counted"), batch([[41, 7]], ["n", "a"]), { mode: "upsert" })).toMatchObject({ written: 1 })
    })
    expect(await server.sql("SELECT n, a FROM shop.counted ORDER BY a")).toEqual([
      { n: 1, a: 5 },
      { n: 41, a: 7 },
    ])
  })

  test("two upserts of the same rows at once are one after the other", async () => {
    const rows = Array.from({ length: 50 }, (_, at) => [100 + at, "same", "1"])
    const reports = await Promise.all([1, 2, 3].map(() => run((session) => session.write(stream("item"), batch(rows), { mode: "upsert" }))))
    expect(reports.map(({ written }) => written)).toEqual([50, 50, 50])
    expect(await item()).toHaveLength(52)
  })

  test("an error that ends the transaction writes nothing", async () => {
    await server.sql(`CREATE FUNCTION shop.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM 'x'::int; RETURN NEW; END $$;
      CREATE TRIGGER refuse BEFORE INSERT ON shop.item FOR EACH ROW WHEN (NEW.id = 13) EXECUTE FUNCTION shop.refuse()`)
    const error = await failure(
      run((session) =>
        session.write(
          stream("item"),
          batch([
            [12, "a", "1"],
            [13, "b", "1"],
          ]),
          { mode: "append" },
        ),
      ),
    )
    expect([error.code, error.message]).toEqual(["query_invalid", expect.stringMatching(/whole transaction back/)])
    expect(await item()).toHaveLength(2)
  })

  test("says which right lacks", async () => {
    await server.sql(`CREATE TABLE shop.closed (id int); CREATE TABLE shop.hidden (id int); GRANT SELECT ON shop.closed TO ${USER}`)
    const error = await failure(run((session) => session.write(stream("closed"), batch([[1]], ["id"]), { mode: "append" })))
    expect([error.code, error.message]).toEqual(["permission_denied", expect.stringMatching(/run GRANT INSERT ON \[shop\]\.\[closed\] TO \[low\]\.$/)])
    const read = await failure(run((session) => drain(session, "SELECT * FROM shop.hidden")))
    expect(read.message).toMatch(/run GRANT SELECT ON \[shop\]\.\[hidden\] TO \[low\]\.$/)
  })
})
