import { randomBytes } from "node:crypto"
import { describe, expect, test } from "vitest"
import { bigquery } from "../../src/connectors/bigquery.ts"
import type { Session } from "../../src/core/session.ts"
import { column, HARD, type Posted } from "../fixtures/fixture.ts"
import { collect, rowsOf } from "../support/batches.ts"
import { withSession } from "./context.ts"

/**
 * The same against the real service: `JACKFIELD_LIVE_BIGQUERY` holds a connector's config as JSON, with a dataset in which the account may
 * create tables. The tables stay behind; their names begin with `jackfield_live_`. What is read is a few rows.
 */
const live = process.env["JACKFIELD_LIVE_BIGQUERY"]

describe.skipIf(live === undefined)("a real project", () => {
  const config = JSON.parse(live ?? "{}") as Posted
  const open = <T>(work: (session: Session) => Promise<T>): Promise<T> => withSession({ connector: bigquery }, config, work, { deadlineMs: 300_000 })

  test("is tested and discovered", { timeout: 300_000 }, async () => {
    expect(await open((session) => session.test())).toMatchObject({ product: "BigQuery" })
    expect((await open((session) => collect(session.discover()))).length).toBeGreaterThan(0)
  })

  test("says what a statement would read", { timeout: 300_000 }, async () => {
    const said = await open((session) => session.dryRun("SELECT ? AS a, 1 AS b", ["x"]))
    expect([said.bytes, said.columns.map(({ name, type }) => [name, type])]).toEqual([
      0,
      [
        ["a", "string"],
        ["b", "integer"],
      ],
    ])
  })

  test("keeps the hard row, and types as they are written", { timeout: 300_000 }, async () => {
    const types = ["integer", "string", "string", "string", "integer", "decimal", "timestamp", "date", "bytes", "json"] as const
    const columns = ["id", ...Object.keys(HARD)].map((name, at) => ({
      ...column(name, types[at] ?? "unknown"),
      ...(name === "exact" ? { precision: 38, scale: 10 } : {}),
    }))
    const path = [String(config["dataProject"] ?? config["project"]), String(config["dataset"]), `jackfield_live_${randomBytes(4).toString("hex")}`]
    const stream = { path, kind: "table" as const, columns, key: ["id"] }
    await open((session) => session.shape({ path, columns, key: ["id"] }, true))
    const rows = [[1, ...Object.values(HARD)]]
    expect(await open((session) => session.write(stream, { columns, rows }, { mode: "append" }))).toEqual({ written: 1, rejected: [], skipped: 0 })
    expect(await open((session) => session.write(stream, { columns, rows }, { mode: "upsert" }))).toEqual({ written: 1, rejected: [], skipped: 0 })
    expect(await open((session) => rowsOf(session.read(stream)))).toEqual([{ id: "1", ...HARD }])
    const report = await open((session) => session.write(stream, { columns, rows, ops: ["delete"] }, { mode: "upsert" }))
    expect(report).toEqual({ written: 1, rejected: [], skipped: 0 })
  })
})
