import { describe, expect, test } from "vitest"
import { databricks } from "../../src/connectors/databricks.ts"
import type { Session } from "../../src/core/session.ts"
import type { Batch, Discovered, Stream } from "../../src/core/streams.ts"
import { ExactNumber, type Value } from "../../src/core/values.ts"
import { Failed, Refused } from "../fixtures/databricks/refused.ts"
import { startWorkspace } from "../fixtures/databricks.ts"
import { column } from "../fixtures/fixture.ts"
import { collect, rowsOf } from "../support/batches.ts"
import { failure } from "../support/failure.ts"
import { use } from "../support/use.ts"
import { within } from "../support/waiting.ts"
import { withSession } from "./context.ts"

const workspace = use(() => startWorkspace())

const subject = { connector: databricks }
type Options = Parameters<typeof withSession>[3]
const open = <T>(more: object, work: (session: Session) => Promise<T>, options?: Options): Promise<T> =>
  withSession(subject, { ...workspace.config, ...more }, work, options)
const listed = async (batches: AsyncIterable<Batch>): Promise<(readonly Value[])[]> => (await collect(batches)).flatMap(({ rows }) => rows)
const query = (statement: string, params: Value[] = [], more: object = {}, options?: Options) =>
  open(more, (session) => listed(session.query(statement, params)), options)
const stream = (name: string, more: Partial<Stream> = {}): Stream => ({ path: ["main", "conformance", name], kind: "table", columns: [], key: [], ...more })
/** The requests of some work. */
async function asked(work: () => Promise<unknown>) {
  const before = workspace.server.requests.length
  await work()
  return workspace.server.requests.slice(before)
}

/** The stages of a test and how it ended. */
async function staged(more: object) {
  return await withSession(subject, { ...workspace.config, ...more }, async (session, lease) => {
    const outcome = await session.test().catch((error: unknown) => error as Error)
    return { outcome, stages: lease.trace.stages.map(({ name, status }) => `${name} ${status}`) }
  })
}

describe("a test", () => {
  test("tells the warehouse, who is logged in, and the version", async () => {
    const { outcome, stages } = await staged({})
    expect(outcome).toEqual({
      product: "Databricks",
      version: "2026.35",
      details: { warehouse: "Shared", state: "RUNNING", size: "2X-Small", type: "SERVERLESS", user: "jackfield@example.com" },
    })
    expect(stages.slice(-3)).toEqual(["auth passed", "permission passed", "probe passed"])
  })

  test("does not start a warehouse that is stopped, and says so", async () => {
    workspace.server.warehouse = "STOPPED"
    try {
      const requests = await asked(async () => {
        const { outcome } = await staged({})
        expect(outcome).toMatchObject({
          details: { state: "STOPPED" },
          warnings: [expect.stringMatching(/stopped, so the test ran no statement; the first query starts it.*billed/)],
        })
      })
      expect(requests.filter(({ path }) => path.includes("/sql/statements"))).toEqual([])
      expect(workspace.server.warehouse).toBe("STOPPED")
    } finally {
      workspace.server.warehouse = "RUNNING"
    }
  })

  test.each([
    [{ warehouse: "ffffffffffffffff" }, "permission_denied", /no warehouse ffffffffffffffff.*grant CAN USE/],
    [{ catalog: "mian" }, "database_not_found", /no schema mian.conformance/],
    [{ catalog: "mian", schema: "" }, "database_not_found", /no catalog mian/],
    [{ schema: "conformance_" }, "database_not_found", /no schema main.conformance_/],
  ])("%j is named in the permission stage", async (more, code, says) => {
    const { outcome, stages } = await staged(more)
    expect(outcome).toMatchObject({ code, message: expect.stringMatching(says) })
    expect(stages.slice(-2)).toEqual(["auth passed", "permission failed"])
  })

  test.each([
    ["access token", { auth: { kind: "token", token: "dapi00" } }],
    ["OAuth access token", { auth: { kind: "token", token: "eyJ.x.y" } }],
    ["client secret", { auth: { kind: "oauth", clientId: "4f1b2c3d-0000-4000-8000-1234567890ab", clientSecret: "wrong" } }],
  ])("a wrong %s fails the login", async (_, more) => {
    const { outcome, stages } = await staged(more)
    expect(outcome).toMatchObject({ code: "auth_failed" })
    expect(stages.at(-1)).toBe("auth failed")
  })
})

describe("a query", () => {
  test("takes parameters of every kind by their places", async () => {
    const params: Value[] = ["it's", 9, 1.5, true, null, new ExactNumber("12345678901234567890123456789.012345678")]
    expect(await query("SELECT :p1, :p2, :p3, :p4, :p5, :p6, :p1", params)).toEqual([
      ["it's", "9", 1.5, true, null, "12345678901234567890123456789.012345678", "it's"],
    ])
  })

  test("says which parameter is not given", async () =>
    expect(await failure(query("SELECT :p1"))).toMatchObject({ code: "query_invalid", message: expect.stringMatching(/UNBOUND_SQL_PARAMETER.*p1/) }))

  test("gives exact values", async () => {
    const statement = `SELECT CAST('99999999999999999999999999999999999999' AS DECIMAL(38,0)), CAST('-9223372036854775808' AS BIGINT), CAST('NaN' AS DOUBLE),
      CAST('-Infinity' AS DOUBLE), DATE '1582-10-04', CAST('1899-12-31 23:59:59.123456' AS TIMESTAMP), CAST('0001-01-01 00:00:00' AS TIMESTAMP_NTZ), PARSE_JSON('{"a":[1,null]}')`
    const exact = [
      "99999999999999999999999999999999999999",
      "-9223372036854775808",
      "NaN",
      "-Infinity",
      "1582-10-04",
      "1899-12-31T23:59:59.123456Z",
      "0001-01-01T00:00:00",
      { a: [1, null] },
    ]
    expect(await query(statement)).toEqual([exact])
  })

  test("pulls chunks one by one by links, without a login there, and none that is not wanted", async () => {
    const requests = await asked(async () => expect(await query("SELECT id FROM people")).toHaveLength(53))
    const links = requests.filter(({ host }) => host === workspace.storage)
    expect(links.map(({ path }) => path.split("?")[0]?.split("/").at(-1))).toEqual(["0", "1"])
    const few = await asked(async () => expect(await query("SELECT id FROM people", [], {}, { maxRows: 5 })).toHaveLength(5))
    expect(few.filter(({ host }) => host === workspace.storage)).toHaveLength(1)
    expect(few.find(({ method }) => method === "POST")?.body).toMatchObject({ row_limit: 5, disposition: "EXTERNAL_LINKS" })
  })

  test("asks anew for a link that has ended", async () => {
    const rows = await open(
      {},
      async (session) => {
        const all: Batch[] = []
        for await (const batch of session.query("SELECT id FROM people", [])) {
          workspace.server.expireLinks()
          all.push(batch)
        }
        return all.flatMap((batch) => batch.rows)
      },
      { batchRows: 5 },
    )
    expect(rows).toHaveLength(53)
    // A link that ends between the answer and its use.
    workspace.server.failNext(/blob/, (response) => response.writeHead(403).end("<Error>expired</Error>"))
    expect(await query("SELECT id FROM people")).toHaveLength(53)
    workspace.server.failNext(
      /blob/,
      ...[1, 2].map(() => (response: import("node:http").ServerResponse) => response.writeHead(403).end("<Error>sig=secret</Error>")),
    )
    const error = await failure(query("SELECT id FROM people"))
    expect(error).toMatchObject({ code: "remote_failed", message: expect.stringMatching(/blob\.core\.windows\.net.*answers 403/) })
    expect(JSON.stringify(error)).not.toContain("sig=")
  })

  test.each(["INSERT INTO people SELECT * FROM people", "WITH a AS (SELECT 1) INSERT INTO target SELECT 1, 'x'", "SELECT 1; SELECT 2", "DROP TABLE people"])(
    "%s is not sent",
    async (statement) => {
      const requests = await asked(async () => expect(await failure(query(statement))).toMatchObject({ code: "query_invalid" }))
      expect(requests).toEqual([])
    },
  )

  test.each<[string, object, RegExp]>([
    ["SELECT nothing FROM people", { code: "query_invalid", details: { code: "UNRESOLVED_COLUMN", sqlstate: "42703" } }, /`nothing`/],
    ["SELECT * FROM hidden", { code: "permission_denied", details: { code: "INSUFFICIENT_PERMISSIONS" } }, /grant it in Unity Catalog/],
    ["SELECT 1/0", { code: "query_invalid", details: { code: "DIVIDE_BY_ZERO" } }, /Division by zero/],
    ["SELEC 1", { code: "query_invalid" }, /begins with SELEC/],
  ])("%s is explained", async (statement, expected, says) => {
    const error = await failure(query(statement))
    expect(error).toMatchObject(expected)
    expect(error.message).toMatch(says)
  })

  test("a result that came to its end elsewhere says so", async () => {
    workspace.server.failNext(/statements$/, new Failed("X", "00000", "", "CLOSED"), new Failed("X", "HY008", "", "CANCELLED"))
    expect(await failure(query("SELECT 1"))).toMatchObject({ code: "remote_failed", message: expect.stringMatching(/closed the statement/) })
    expect(await failure(query("SELECT 1"))).toMatchObject({ code: "cancelled" })
  })

  test("too many requests, and a workspace that is down", async () => {
    workspace.server.failNext(/statements$/, new Refused(429, "REQUEST_LIMIT_EXCEEDED", "Too many requests."), new Refused(500, "INTERNAL_ERROR", "Oops."))
    expect(await failure(query("SELECT 1"))).toMatchObject({ code: "rate_limited" })
    expect(await failure(query("SELECT 1"))).toMatchObject({ code: "remote_failed" })
  })
})

describe("a service principal", () => {
  test("gets one token for many statements, and another when it has ended", async () => {
    const requests = await asked(() =>
      open({ auth: workspace.oauth }, async (session) => {
        await listed(session.query("SELECT 1", []))
        await listed(session.query("SELECT 2", []))
        workspace.server.expireTokens()
        await listed(session.query("SELECT 3", []))
      }),
    )
    expect(requests.filter(({ path }) => path === "/oidc/v1/token")).toHaveLength(2)
  })

  test("a query that is cut off is cancelled with the token that it had", async () => {
    const running = open({ auth: workspace.oauth }, (session) => listed(session.query("SELECT COUNT(*) FROM range(1000000000000)", [])), { deadlineMs: 1_500 })
    await failure(running)
    await within(5_000, async () => workspace.server.running() === 0, "the statement has ended in the workspace")
  })
})

describe("discovery", () => {
  const summary = (found: Discovered[]) => ({
    streams: found
      .flatMap((each) =>
        "stream" in each ? [`${each.stream.path.join(".")} ${each.stream.columns.map(({ nativeType }) => nativeType)} ${each.stream.key}`] : [],
      )
      .toSorted(),
    skipped: found.flatMap((each) => ("skipped" in each ? [each.skipped.path.join(".")] : [])),
    total: found.flatMap((each) => ("counted" in each ? [each.counted.total] : [])),
  })
  const found = async (more: object) => summary(await open(more, (session) => collect(session.discover())))

  test("of all catalogs finds what discovery of one finds, and names the old metastore", async () => {
    const [one, all] = [await found({}), await found({ catalog: "", schema: "" })]
    expect(all.streams).toEqual(one.streams)
    expect(one.skipped).toEqual(["main.conformance.broken"])
    expect(all.skipped).toEqual(["hive_metastore", "main.conformance.broken"])
    expect(one.streams).toContain("main.conformance.people VARCHAR(16),BIGINT,STRING,DECIMAL(38,10),DATE region,id")
    expect([one, all].map(({ total, streams, skipped }) => total[0] === streams.length + skipped.length)).toEqual([true, true])
    expect(await found({ catalog: "hive_metastore" })).toEqual({ streams: [], skipped: ["hive_metastore"], total: [1] })
  })

  test("takes as many statements with a thousand tables", async () => {
    const statements = async (catalog: string) => (await asked(() => found({ catalog, schema: "" }))).filter(({ method }) => method === "POST").length
    expect([await statements("main"), await statements("")]).toEqual([3, 4])
    await workspace.server.sql(`CREATE SCHEMA many; DO $$ BEGIN FOR n IN 1..1000 LOOP EXECUTE format('CREATE TABLE many.t%s (a int, b text)', n); END LOOP; END $$;
      GRANT USAGE ON SCHEMA many TO "jackfield@example.com"; GRANT SELECT ON ALL TABLES IN SCHEMA many TO "jackfield@example.com"`)
    try {
      expect((await found({})).streams.length).toBeGreaterThan(1_000)
      expect([await statements("main"), await statements("")]).toEqual([3, 4])
    } finally {
      await workspace.server.sql("DROP SCHEMA many CASCADE")
    }
  })
})

describe("a read", () => {
  test("of what is not there, or not this principal's, says so", async () => {
    for (const path of [
      ["main", "conformance", "hidden"],
      ["main", "conformance", "x"],
      ["other", "conformance", "people"],
      ["main", "conformance", "a.b"],
      [],
    ])
      expect(await failure(open({}, (session) => collect(session.read(stream("", { path })))))).toMatchObject({ code: "stream_not_found" })
  })

  test("looks a table up without the warehouse, by its name alone too", async () => {
    const requests = await asked(async () => expect((await open({}, (session) => rowsOf(session.read(stream("", { path: ["people"] }))))).length).toBe(53))
    expect(requests.filter(({ method }) => method === "POST")).toHaveLength(1)
    expect(requests[0]?.path).toBe("/api/2.1/unity-catalog/tables/main.conformance.people")
  })

  test("loses no row where a key that nobody enforces comes twice", async () => {
    await workspace.server.sql(`CREATE TABLE conformance.twice (id bigint NOT NULL, n int); INSERT INTO conformance.twice SELECT i / 4, i FROM generate_series(0, 21) i;
      INSERT INTO standin.keys VALUES ('conformance', 'twice', 'id', 1); GRANT SELECT ON conformance.twice TO "jackfield@example.com"`)
    const seen: Value[] = []
    let cursor: string | undefined
    for (let pages = 0; pages < 20; pages++) {
      const batch = await open(
        {},
        async (session) => {
          for await (const each of session.read(stream("twice"), { after: cursor })) return each
          return undefined
        },
        { batchRows: 3 },
      )
      if (batch === undefined || batch.rows.length === 0) break
      seen.push(...batch.rows.map((row) => row[1] ?? null))
      cursor = batch.cursor
    }
    expect(seen.toSorted((a, b) => Number(a) - Number(b))).toEqual(Array.from({ length: 22 }, (_, index) => index))
  })
})

describe("slices", () => {
  test("of a Delta table show one version of it, whatever is written meanwhile", async () => {
    const people = stream("people")
    const rows = await open({}, async (session) => {
      await using slicing = await session.slices(people, { kind: "all" }, 4)
      expect([slicing.consistent, slicing.slices.length]).toEqual([true, 4])
      await workspace.server.sql("INSERT INTO conformance.people VALUES ('r0', 1, 'late', 0, NULL), ('z', 2, 'late', 0, NULL)")
      const all: Record<string, unknown>[] = []
      for (const slice of slicing.slices) all.push(...(await open({}, (other) => rowsOf(other.read(people, { slice })))))
      return all
    })
    await workspace.server.sql("DELETE FROM conformance.people WHERE name = 'late'")
    expect(rows).toHaveLength(53)
    expect(new Set(rows.map((row) => `${row["region"]} ${row["id"]}`)).size).toBe(53)
  })

  test("of a view are not of one version, and a version is a number", async () => {
    await workspace.server.sql(`CREATE VIEW conformance.seen AS SELECT * FROM conformance.people; GRANT SELECT ON conformance.seen TO "jackfield@example.com"`)
    const { consistent } = await open({}, async (session) => await session.slices(stream("seen", { kind: "view" }), { kind: "all" }, 4))
    expect(consistent).toBe(false)
    const slice = { id: "whole", of: "1; DROP TABLE people" }
    expect(await failure(open({}, (session) => collect(session.read(stream("people"), { slice }))))).toMatchObject({ code: "request_invalid" })
  })
})

describe("a write", () => {
  const target = stream("target", { columns: [column("id", "integer", "BIGINT", false), column("name", "string", "VARCHAR(20)")], key: ["id"] })

  test("of many deletes takes one statement, and one parameter", async () => {
    const rows = Array.from({ length: 700 }, (_, index): Value[] => [1_000 + index, "x"])
    const write = (ops?: Batch["ops"]) =>
      open({}, (session) => session.write(target, { columns: target.columns, rows, ...(ops === undefined ? {} : { ops }) }, { mode: "upsert" }))
    expect(await write()).toEqual({ written: 700, rejected: [], skipped: 0 })
    const requests = await asked(async () => expect(await write(rows.map(() => "delete"))).toEqual({ written: 700, rejected: [], skipped: 0 }))
    const [sent, ...more] = requests.filter(({ method }) => method === "POST")
    expect([more, sent?.body["parameters"]]).toEqual([[], [{ name: "p1", type: "STRING", value: expect.any(String) }]])
    expect(await query("SELECT COUNT(*) AS n FROM target WHERE id >= 1000")).toEqual([["0"]])
  })

  test("names each bad row, and the column type's own fault", async () => {
    const rows = [
      [5_001, "ok"],
      [5_002, "n".repeat(21)],
      [null, "no key"],
      ["9223372036854775808", "too large"],
    ]
    const report = await open({}, (session) => session.write(target, { columns: target.columns, rows }, { mode: "append" }))
    expect(report).toMatchObject({ written: 1, skipped: 0 })
    expect(report.rejected.map(({ index, reason }) => `${index} ${reason}`)).toEqual([
      expect.stringMatching(/^1 .*length limitation/),
      expect.stringMatching(/^2 .*NOT NULL constraint/),
      expect.stringMatching(/^3 .*(NUMERIC_VALUE_OUT_OF_RANGE|CAST_INVALID_INPUT)/),
    ])
  })

  test("that lacks a right says what to grant", async () => {
    await workspace.server.sql(`CREATE TABLE conformance.sealed (id bigint); GRANT SELECT ON conformance.sealed TO "jackfield@example.com"`)
    const error = await failure(open({}, (session) => session.write(stream("sealed"), { columns: [column("id", "integer")], rows: [[1]] }, { mode: "append" })))
    expect(error).toMatchObject({ code: "permission_denied", message: expect.stringMatching(/grant it INSERT on `main`\.`conformance`\.`sealed`/) })
  })

  test("columns of tables without type widening say how to allow it", async () => {
    await workspace.server.sql(
      `CREATE TABLE conformance.narrow (id int); GRANT ALL ON conformance.narrow TO "jackfield@example.com"; ALTER TABLE conformance.narrow OWNER TO "jackfield@example.com"`,
    )
    const wanted = { path: ["main", "conformance", "narrow"], columns: [{ ...column("id", "integer"), precision: 64 }], key: [] }
    const error = await failure(open({}, (session) => session.shape(wanted, true)))
    expect(error.message).toMatch(/delta\.enableTypeWidening/)
  })
})
