import { setTimeout as sleep } from "node:timers/promises"
import { describe, expect, test } from "vitest"
import type { Value } from "../../src/core/values.ts"
import { collect, rowsOf, valuesOf } from "../support/batches.ts"
import { failure } from "../support/failure.ts"
import { type Loopback, listenHttp } from "../support/loopback.ts"
import { within } from "../support/waiting.ts"
import { batchOf, stream, useTrino } from "./trino-run.ts"

const { server, run } = useTrino()

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

describe("an OAuth 2.0 client", () => {
  /** A provider whose tokens live for those seconds, one after the other. */
  const provider = (...lives: readonly number[]) => {
    let given = 0
    return listenHttp((_, response) => {
      const life = lives[Math.min(given++, lives.length - 1)] ?? 0
      response.setHeader("content-type", "application/json").end(JSON.stringify({ access_token: server.token(life), token_type: "Bearer", expires_in: 3_600 }))
    })
  }
  const auth = ({ url }: Loopback) => ({
    auth: { kind: "oauth2_client", tokenUrl: `${url}/token`, clientId: "hub", clientSecret: "its-own-secret-of-32-characters!" },
  })

  test("logs in with one token, which also cancels", async () => {
    await using tokens = await provider(600)
    const mark = "2 = 2 AND 8 = 8"
    const states = async () => await server.query(`SELECT error_code FROM system.runtime.queries WHERE query LIKE '%${mark}%' AND source = 'jackfield'`)
    const error = await failure(
      run((session) => collect(session.query(`SELECT max(comment) FROM tpch.sf1000.lineitem WHERE ${mark}`)), auth(tokens), { deadlineMs: 1_500 }),
    )
    expect([error.code, tokens.hits], error.message).toEqual(["timed_out", 1])
    await within(2_000, async () => JSON.stringify(await states()) === JSON.stringify([["USER_CANCELED"]]), "the statement is cancelled")
  })

  test("asks for one more when a token has expired, and for no third", async () => {
    await using tokens = await provider(2, 600)
    await run(async (session) => {
      await session.test()
      await sleep(3_500)
      expect((await session.test()).product).toBe("Trino")
    }, auth(tokens))
    expect(tokens.hits).toBe(2)
    await using useless = await provider(-60)
    expect(await failure(run((session) => session.test(), auth(useless)))).toMatchObject({ code: "auth_failed" })
    expect(useless.hits).toBe(1)
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
