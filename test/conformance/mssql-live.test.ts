import { randomBytes } from "node:crypto"
import { describe, expect, test } from "vitest"
import { mssql } from "../../src/connectors/mssql.ts"
import type { Session } from "../../src/core/session.ts"
import { column, HARD, type Posted } from "../fixtures/fixture.ts"
import { collect, rowsOf } from "../support/batches.ts"
import { withSession } from "./context.ts"

/**
 * The same against a real server: `JACKFIELD_LIVE_MSSQL` holds a connector's config as JSON, whose login may create tables in the schema
 * `dbo`. The tables stay behind; their names begin with `jackfield_live_`.
 */
const live = process.env["JACKFIELD_LIVE_MSSQL"]

describe.skipIf(live === undefined)("a real server", () => {
  const config = JSON.parse(live ?? "{}") as Posted
  const open = <T>(work: (session: Session) => Promise<T>, options: object = {}): Promise<T> =>
    withSession({ connector: mssql }, config, work, { deadlineMs: 120_000, ...options })

  test("is tested and discovered", { timeout: 120_000 }, async () => {
    expect(await open((session) => session.test())).toMatchObject({ product: expect.stringMatching(/SQL|Fabric/) })
    expect((await open((session) => collect(session.discover()))).length).toBeGreaterThan(0)
  })

  test("keeps the hard row, and commits it once", { timeout: 120_000 }, async () => {
    const types = ["integer", "string", "string", "string", "integer", "decimal", "timestamp", "date", "bytes", "string"] as const
    const columns = ["id", ...Object.keys(HARD)].map((name, at) => ({
      ...column(name, types[at] ?? "unknown", "", name !== "id"),
      ...(name === "exact" ? { precision: 38, scale: 10 } : {}),
    }))
    const path = ["dbo", `jackfield_live_${randomBytes(4).toString("hex")}`]
    const stream = { path, kind: "table" as const, columns, key: ["id"] }
    await open((session) => session.shape({ path, columns, key: ["id"] }, true))
    const rows = [[1, ...Object.values({ ...HARD, nested: JSON.stringify(HARD["nested"]) })]]
    const written = { written: 1, rejected: [], skipped: 0 }
    expect(await open((session) => session.write(stream, { columns, rows }, { mode: "append" }))).toEqual(written)
    expect(await open((session) => session.write(stream, { columns, rows }, { mode: "upsert" }))).toEqual(written)
    expect(await open((session) => rowsOf(session.read(stream)))).toEqual([{ id: "1", ...HARD, nested: JSON.stringify(HARD["nested"]) }])
    const commit = { run: "live", part: "0", sequence: 1 }
    const bad = { columns, rows: [rows[0] ?? [], ["x", ...(rows[0] ?? []).slice(1)]] }
    const once = await open((session) => session.write(stream, bad, { mode: "upsert", commit }))
    expect(once).toMatchObject({ written: 1, rejected: [{ index: 1 }] })
    expect(await open((session) => session.write(stream, bad, { mode: "upsert", commit }))).toMatchObject({ written: 1, already: true })
    expect(await open((session) => session.write(stream, { columns, rows, ops: ["delete"] }, { mode: "upsert" }))).toEqual(written)
  })

  test("tells values exactly", { timeout: 120_000 }, async () => {
    const statement = `SELECT CAST('1899-12-31T23:59:59.1234567' AS datetime2(7)) AS t, CAST('2024-01-01T00:30:00.5-05:30' AS datetimeoffset(7)) AS o,
      CAST(922337203685477.5807 AS money) AS m, CAST('99999999999999999999999999999999999999' AS decimal(38, 0)) AS d, CAST(0x00FF AS sql_variant) AS v, CAST(0.1 AS real) AS r,
      CAST('1753-01-01T00:00:00.003' AS datetime) AS old`
    expect(await open((session) => rowsOf(session.query(statement)))).toEqual([
      {
        t: "1899-12-31T23:59:59.1234567",
        o: "2024-01-01T00:30:00.5-05:30",
        m: "922337203685477.5807",
        d: "99999999999999999999999999999999999999",
        v: "AP8=",
        r: 0.1,
        old: "1753-01-01T00:00:00.003",
      },
    ])
  })

  test("is stopped in the middle, and goes on", { timeout: 120_000 }, async () => {
    const many = "SELECT a.object_id FROM sys.all_objects a, sys.all_objects b"
    await open(
      async (session) => {
        expect(await rowsOf(session.query(many))).toHaveLength(100)
        expect(await rowsOf(session.query("SELECT 1 AS a"))).toEqual([{ a: 1 }])
      },
      { maxRows: 100 },
    )
  })
})
