import { randomBytes } from "node:crypto"
import { describe, expect, test } from "vitest"
import { clickhouse } from "../../src/connectors/clickhouse.ts"
import type { Session } from "../../src/core/session.ts"
import type { Row } from "../../src/core/values.ts"
import { column, HARD, type Posted } from "../fixtures/fixture.ts"
import { collect, rowsOf } from "../support/batches.ts"
import { withSession } from "./context.ts"

/**
 * The same against a real server or service: `JACKFIELD_LIVE_CLICKHOUSE` holds a connector's config as JSON, with a database in which the
 * user may create tables. The tables stay behind; their names begin with `jackfield_live_`.
 */
const live = process.env["JACKFIELD_LIVE_CLICKHOUSE"]

describe.skipIf(live === undefined)("a real ClickHouse", () => {
  const config = JSON.parse(live ?? "{}") as Posted
  const open = <T>(work: (session: Session) => Promise<T>): Promise<T> => withSession({ connector: clickhouse }, config, work, { deadlineMs: 300_000 })

  test("is tested and discovered", { timeout: 300_000 }, async () => {
    expect(await open((session) => session.test())).toMatchObject({ product: "ClickHouse" })
    expect((await open((session) => collect(session.discover()))).length).toBeGreaterThan(0)
  })

  test("keeps what its types hold of the hard row, upserts and deletes it", { timeout: 300_000 }, async () => {
    const { raw: _, nested: __, ...rest } = HARD
    const row: Row = { id: 1, ...rest }
    const types = ["integer", "string", "string", "string", "integer", "decimal", "timestamp", "date"] as const
    const columns = Object.keys(row).map((name, at) => ({
      ...column(name, types[at] ?? "unknown"),
      ...(name === "id" ? { precision: 32 } : {}),
      ...(name === "exact" ? { precision: 38, scale: 10 } : {}),
    }))
    const path = [String(config["database"] || "default"), `jackfield_live_${randomBytes(4).toString("hex")}`]
    const stream = { path, kind: "table" as const, columns, key: ["id"] }
    await open((session) => session.shape({ path, columns, key: ["id"] }, true))
    const batch = { columns, rows: [Object.values(row)] }
    for (const mode of ["append", "upsert"] as const)
      expect(await open((session) => session.write(stream, batch, { mode }))).toEqual({ written: 1, rejected: [], skipped: 0 })
    expect(await open((session) => rowsOf(session.read(stream)))).toEqual([row])
    expect(await open((session) => session.write(stream, { ...batch, ops: ["delete"] }, { mode: "upsert" }))).toMatchObject({ written: 1 })
    expect(await open((session) => rowsOf(session.read(stream)))).toEqual([])
  })

  test("ends a result that fails behind rows with its exception", { timeout: 300_000 }, async () => {
    const sql = "SELECT number, throwIf(number = 5000000, 'too far') FROM system.numbers"
    await expect(open((session) => collect(session.query(sql)))).rejects.toMatchObject({ code: "query_invalid", details: { code: "395" } })
  })
})
