import { randomBytes } from "node:crypto"
import { describe, expect, test } from "vitest"
import { databricks } from "../../src/connectors/databricks.ts"
import type { Session } from "../../src/core/session.ts"
import { column, HARD, type Posted } from "../fixtures/fixture.ts"
import { collect, rowsOf } from "../support/batches.ts"
import { withSession } from "./context.ts"

/**
 * The same against a real workspace: `JACKFIELD_LIVE_DATABRICKS` holds a connector's config as JSON, with a catalog and a schema in which
 * the principal may create tables. The tables stay behind; their names begin with `jackfield_live_`.
 */
const live = process.env["JACKFIELD_LIVE_DATABRICKS"]

describe.skipIf(live === undefined)("a real workspace", () => {
  const config = JSON.parse(live ?? "{}") as Posted
  const open = <T>(work: (session: Session) => Promise<T>): Promise<T> => withSession({ connector: databricks }, config, work, { deadlineMs: 600_000 })

  test("is tested and discovered", { timeout: 600_000 }, async () => {
    expect(await open((session) => session.test())).toMatchObject({ product: "Databricks" })
    expect((await open((session) => collect(session.discover()))).length).toBeGreaterThan(0)
  })

  test("keeps the hard row, and types as they are written", { timeout: 600_000 }, async () => {
    const types = ["integer", "string", "string", "string", "integer", "decimal", "timestamp", "date", "bytes", "json"] as const
    const columns = ["id", ...Object.keys(HARD)].map((name, at) => ({
      ...column(name, types[at] ?? "unknown"),
      ...(name === "exact" ? { precision: 38, scale: 10 } : {}),
    }))
    const path = [String(config["catalog"]), String(config["schema"]), `jackfield_live_${randomBytes(4).toString("hex")}`]
    const stream = { path, kind: "table" as const, columns, key: ["id"] }
    await open((session) => session.shape({ path, columns, key: ["id"] }, true))
    const rows = [[1, ...Object.values(HARD)]]
    expect(await open((session) => session.write(stream, { columns, rows }, { mode: "append" }))).toEqual({ written: 1, rejected: [], skipped: 0 })
    expect(await open((session) => session.write(stream, { columns, rows }, { mode: "upsert" }))).toEqual({ written: 1, rejected: [], skipped: 0 })
    expect(await open((session) => rowsOf(session.read(stream)))).toEqual([{ id: "1", ...HARD }])
    const report = await open((session) => session.write(stream, { columns, rows, ops: ["delete"] }, { mode: "upsert" }))
    expect(report).toEqual({ written: 1, rejected: [], skipped: 0 })
    const exact = await open((session) =>
      rowsOf(session.query("SELECT TIMESTAMP '1899-12-31T23:59:59.123456Z' AS t, DOUBLE('NaN') AS n, X'00FF' AS b, array(1, 2) AS a", [])),
    )
    expect(exact).toMatchObject([{ t: "1899-12-31T23:59:59.123456Z", n: "NaN", b: "AP8=" }])
  })
})
