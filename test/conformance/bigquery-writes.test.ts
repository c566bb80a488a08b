import { beforeEach, describe, expect, test } from "vitest"
import { bigquery } from "../../src/connectors/bigquery.ts"
import type { Session } from "../../src/core/session.ts"
import type { Commit, Stream } from "../../src/core/streams.ts"
import type { Value } from "../../src/core/values.ts"
import { Refused } from "../fixtures/bigquery/refused.ts"
import { Written } from "../fixtures/bigquery/written.ts"
import { startOwnBigQuery } from "../fixtures/bigquery.ts"
import { column } from "../fixtures/fixture.ts"
import { table } from "../fixtures/tables.ts"
import { failure } from "../support/failure.ts"
import { use } from "../support/use.ts"
import { withSession } from "./context.ts"

let engine: Written
const own = use(() =>
  startOwnBigQuery((registry) => {
    engine = new Written(registry)
    return engine
  }),
)
const run = <T>(work: (session: Session) => Promise<T>): Promise<T> => withSession({ connector: bigquery }, own.config, work)
const columns = [column("id", "integer", "INT64", false), column("name", "string", "STRING(5)")]
const PATH = ["jackfield-test", "conformance", "target"]
const stream: Stream = table(PATH, columns, ["id"])
const write = (rows: readonly (readonly Value[])[], mode: "append" | "upsert" = "append", commit?: Commit) =>
  run((session) => session.write(stream, { columns, rows }, { mode, ...(commit === undefined ? {} : { commit }) }))
const loaded = () => engine.lines.get("conformance.target") ?? []
const requests = () => own.front.requests.slice(before).map(({ line }) => line)
const stages = () => [...own.registry.keys()].filter((path) => path.includes("jackfield_stage_"))
let before = 0

beforeEach(() => {
  before = own.front.requests.length
  engine.lines.clear()
  engine.refusing = undefined
  own.registry.set("conformance.target", {
    type: "BASE TABLE",
    columns: [
      { name: "id", native: "INT64", nullable: false },
      { name: "name", native: "STRING(5)", nullable: true },
    ],
    key: ["id"],
  })
})

describe("load jobs", () => {
  test("take rows without a statement, and so without cost", async () => {
    expect(
      await write([
        [1, "one"],
        [2, null],
      ]),
    ).toEqual({ written: 2, rejected: [], skipped: 0 })
    expect(loaded()).toEqual([{ id: "1", name: "one" }, { id: "2" }])
    expect(requests().filter((line) => line.startsWith("POST /bigquery"))).toEqual([])
  })

  test("that fail for some rows are halved until those are known", async () => {
    engine.refusing = (lines) => {
      const bad = lines.findIndex(({ name }) => name === "bad")
      if (bad >= 0) throw new Refused(400, "invalid", `Error while reading data, error message: JSON parsing error in row ${bad + 1}: not this one`)
    }
    const rows = Array.from({ length: 9 }, (_, index) => [index, index === 3 || index === 7 ? "bad" : "good"])
    const report = await write(rows)
    expect([report.written, report.rejected.map(({ index }) => index)]).toEqual([7, [3, 7]])
    expect(report.rejected[0]?.reason).toMatch(/not this one/)
    expect(loaded().map(({ id }) => id)).toEqual(["0", "1", "2", "4", "5", "6", "8"])
  })

  test.each([
    ["quotaExceeded", "rate_limited", /limits are reached/],
    ["accessDenied", "permission_denied", /may not write.*Not now.*grant/],
    ["backendError", "server_unavailable", /./],
  ])("that fail by %s are no fault of a row, and are not halved", async (reason, code, message) => {
    let jobs = 0
    engine.refusing = () => {
      jobs++
      throw new Refused(403, reason, "Not now")
    }
    const error = await failure(
      write([
        [1, "a"],
        [2, "b"],
        [3, "c"],
      ]),
    )
    expect([error.code, error.message, jobs]).toEqual([code, expect.stringMatching(message), 1])
    expect(loaded()).toEqual([])
  })

  test("run once, though the answer to one is lost", async () => {
    own.front.loseNext(/uploadType=multipart/)
    expect(await write([[1, "one"]])).toMatchObject({ written: 1 })
    expect(loaded()).toHaveLength(1)
  })

  test("get no row that the target cannot hold", async () => {
    const report = await write([
      [1, "fits"],
      [2, "too long"],
      ["x", "a"],
      [null, "b"],
    ])
    expect([report.written, report.rejected.map(({ index }) => index).sort()]).toEqual([1, [1, 2, 3]])
    expect(loaded()).toEqual([{ id: "1", name: "fits" }])
  })
})

describe("commits", () => {
  const commit = (sequence: number): Commit => ({ run: "r", part: "p", sequence })

  test("are load jobs of their own id: a repeat writes nothing", async () => {
    expect(await write([[1, "one"]], "append", commit(0))).toMatchObject({ written: 1 })
    await write([[1, "one"]], "append", commit(0))
    expect(loaded()).toHaveLength(1)
    expect(await run((session) => session.committed(stream, { run: "r", part: "p" }))).toBe(0)
    expect(await run((session) => session.committed(stream, { run: "other", part: "p" }))).toBeUndefined()
  })

  test("whose job failed are tried under another id, and are done once", async () => {
    const name = { run: "failing", part: "p", sequence: 0 }
    engine.refusing = () => {
      throw new Refused(403, "quotaExceeded", "Not now")
    }
    expect((await failure(write([[1, "one"]], "append", name))).code).toBe("rate_limited")
    expect(await run((session) => session.committed(stream, { run: "failing", part: "p" }))).toBeUndefined()
    engine.refusing = undefined
    engine.answer(/^INSERT INTO .* SELECT .* FROM .*jackfield_stage_/, () => {
      const [stage = ""] = stages()
      engine.lines.set("conformance.target", [...loaded(), ...(engine.lines.get(stage) ?? [])])
      return { fields: [], rows: [], touched: 1 }
    })
    for (let time = 0; time < 2; time++) await write([[1, "one"]], "append", name)
    expect(loaded().map(({ id }) => id)).toEqual(["1"])
    expect(await run((session) => session.committed(stream, { run: "failing", part: "p" }))).toBe(0)
  })
})

test("a commit whose load job fails for one row writes the others, once", async () => {
  engine.refusing = (lines) => {
    if (lines.some(({ name }) => name === "bad")) throw new Refused(400, "invalid", "JSON parsing error")
  }
  engine.answer(/^INSERT INTO .* SELECT .* FROM .*jackfield_stage_/, () => {
    engine.lines.set("conformance.target", [...loaded(), ...(engine.lines.get(stages()[0] ?? "") ?? [])])
    return { fields: [], rows: [], touched: 1 }
  })
  const rows = [
    [1, "good"],
    [2, "bad"],
    [3, "good"],
  ]
  const once = () => write(rows, "append", { run: "partly", part: "p", sequence: 0 })
  expect((await once()).rejected.map(({ index }) => index)).toEqual([1])
  await once()
  expect(loaded().map(({ id }) => id)).toEqual(["1", "3"])
})

describe("the table in which rows wait", () => {
  const merged: string[] = []
  beforeEach(() => {
    merged.splice(0)
    engine.answer(/^MERGE INTO/, () => {
      merged.push(...(engine.lines.get(stages()[0] ?? "") ?? []).map((line) => JSON.stringify(line)))
      return { fields: [], rows: [], touched: 1 }
    })
  })

  test("holds the last row of each key, expires by itself, and is dropped", async () => {
    expect(
      await write(
        [
          [1, "a"],
          [2, "b"],
          [1, "c"],
        ],
        "upsert",
      ),
    ).toEqual({ written: 2, rejected: [], skipped: 1 })
    expect(merged.sort()).toEqual(['{"id":"1","name":"c","jackfield_gone":false}', '{"id":"2","name":"b","jackfield_gone":false}'])
    expect(stages()).toEqual([])
    const made = own.front.requests.slice(before).find(({ line }) => line.endsWith("/tables"))
    const expires = Number((JSON.parse(made?.body ?? "{}") as { expirationTime: string }).expirationTime) - Date.now()
    expect(expires > 80_000_000 && expires <= 86_400_000).toBe(true)
  })

  test("is dropped when the statement that takes it over fails, and the failure is told", async () => {
    engine.answer(/^MERGE INTO/, () => {
      throw new Refused(400, "invalidQuery", "UPDATE/MERGE must match at most one source row for each target row")
    })
    const error = await failure(write([[1, "a"]], "upsert"))
    expect([error.code, error.message, stages()]).toEqual(["query_invalid", expect.stringMatching(/at most one source row/), []])
  })

  test("is left to BigQuery when it cannot be dropped, and the rows are written", async () => {
    using _stuck = {
      [Symbol.dispose]: own.front.answer(/^DELETE /, (response) => void response.writeHead(503, { "content-type": "application/json" }).end("{}")),
    }
    expect(await write([[1, "a"]], "upsert")).toMatchObject({ written: 1 })
    expect(merged).toHaveLength(1)
  })
})
