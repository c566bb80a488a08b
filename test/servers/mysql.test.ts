import { describe, expect, test } from "vitest"
import { collect, valuesOf } from "../support/batches.ts"
import { failure } from "../support/failure.ts"
import { until } from "../support/waiting.ts"
import { LOW, useShop } from "./shop.ts"

const shop = useShop()

describe("logging in", () => {
  test.each([
    [{ user: "nobody" }, "auth_failed"],
    [{ password: undefined }, "auth_failed"],
    [{ database: "nowhere" }, "permission_denied"],
    [{ database: "locked" }, "permission_denied"],
    [{ tls: { kind: "verify" } }, "tls_untrusted"],
  ])("%j is %s", async (more, code) => expect((await failure(shop.run((session) => session.test(), more))).code).toBe(code))

  test("a database that is not there is so to whoever may know it", async () => {
    const root = { user: shop.user, password: shop.password }
    expect((await failure(shop.run((session) => session.test(), { ...root, database: "nowhere" }))).code).toBe("database_not_found")
    const facts = await shop.run((session) => session.test(), root)
    expect([facts.product, facts.version, facts.warnings?.[0]]).toEqual([
      "MariaDB",
      expect.stringMatching(/^1\d\.\d+\.\d+$/),
      expect.stringMatching(/everything/),
    ])
  })

  test("MariaDB refuses who must come over TLS like a wrong password, and the message says that it may be so", async () => {
    await shop.query("SET GLOBAL require_secure_transport = ON")
    try {
      const error = await failure(shop.run((session) => session.test()))
      expect([error.code, error.message]).toEqual(["auth_failed", expect.stringContaining("TLS")])
      expect((await shop.run((session) => session.test(), { tls: { kind: "verify", ca: shop.ca } })).product).toBe("MariaDB")
    } finally {
      await shop.query("SET GLOBAL require_secure_transport = OFF")
    }
  })
})

describe("discover", () => {
  const found = async (more: object = {}) => {
    const all = await shop.run((session) => collect(session.discover()), more)
    const streams = all.flatMap((each) => ("stream" in each ? [each.stream] : []))
    const skipped = all.flatMap((each) => ("skipped" in each ? [each.skipped] : []))
    const counted = all.flatMap((each) => ("counted" in each ? [each.counted] : []))
    return { streams, skipped, counted }
  }

  test("finds what may be read, names what may not, and adds up, by a constant number of statements", async () => {
    const questions = async (): Promise<number> => {
      const [row] = await shop.query("SELECT VARIABLE_VALUE AS v FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'QUESTIONS'")
      return Number(row?.["v"])
    }
    const spent: number[] = []
    let result = await found()
    for (const more of [0, 30]) {
      for (let index = 0; index < more; index++) await shop.query(`CREATE TABLE elsewhere.t${index} (id int)`)
      const before = await questions()
      const next = await found()
      spent.push((await questions()) - before)
      if (more === 0) result = next
    }
    expect(spent[1]).toBe(spent[0])
    const { streams, skipped, counted } = result
    expect([counted.length, counted[0]?.total, counted[0]?.byKind]).toEqual([1, streams.length + skipped.length, { table: 6, view: 2 }])
    expect(streams.map(({ path, kind, key }) => [path.join("/"), kind, key.join()])).toEqual([
      ["elsewhere/other", "table", "id"],
      ["shop/item", "table", "id"],
      ["shop/items", "view", ""],
      ["shop/nokey", "table", ""],
      ["shop/partly", "table", "id"],
      ["shop/we`ird.name", "table", 'co"l'],
    ])
    expect(skipped.map(({ path, reason }) => `${path.join("/")}: ${reason}`).sort()).toEqual([
      "shop/broken: The view does not work any more: it refers to something that is gone or that its definer may not read; repair or drop the view.",
      "shop/only_insert: The user may not read it; run GRANT SELECT ON `shop`.`only_insert` TO `low`@`127.0.0.1`.",
    ])
    const partly = streams.find(({ path }) => path[1] === "partly")
    expect([partly?.columns.map(({ name }) => name), partly?.comment]).toEqual([["id", "open"], "The user may read only these columns of it."])
    expect(streams.find(({ path }) => path[1] === "item")).toMatchObject({ comment: "What we sell", estimatedRows: 1 })
  })

  test("keeps to the database that is named", async () => {
    const { streams, counted } = await found({ database: "elsewhere" })
    expect([streams.map(({ path }) => path.join("/")), counted[0]?.total]).toEqual([["elsewhere/other"], 1])
  })
})

describe("query", () => {
  test.each([
    "DELETE FROM shop.item",
    "SELECT 1; DELETE FROM shop.item",
    "WITH x AS (SELECT 1) DELETE FROM shop.item",
    "CALL shop.sneak()",
    "/*!CALL shop.sneak() */",
    "/*M! DELETE FROM shop.item */",
    "SELECT shop.thief()",
    "SELECT NEXTVAL(shop.numbers)",
    "SELECT 'x' INTO OUTFILE '/tmp/jackfield-outfile'",
    "SELECT 'x' INTO /* y */ DUMPFILE '/tmp/jackfield-outfile'",
    "SELECT 'x' INTO /*!50000 OUTFILE*/ '/tmp/jackfield-outfile'",
    "EXPLAIN DELETE FROM shop.nowhere",
    "COMMIT",
    "# a comment\nDROP TABLE shop.item",
    "",
  ])("%j is refused and changes nothing", async (statement) => {
    await shop.query(`GRANT FILE ON *.* TO ${LOW}; GRANT ALL ON shop.numbers TO ${LOW};
      CREATE FUNCTION shop.thief() RETURNS int NOT DETERMINISTIC MODIFIES SQL DATA BEGIN DELETE FROM shop.item; RETURN 1; END`)
    try {
      await shop.run(async (session) => {
        await valuesOf(session.query("SELECT 1"))
        expect((await failure(collect(session.query(statement)))).code).toMatch(/query_invalid|permission_denied/)
        expect(await valuesOf(session.query("SELECT count(*) FROM shop.item"))).toEqual([["1"]])
      })
    } finally {
      await shop.query(`REVOKE FILE ON *.* FROM ${LOW}`)
    }
    expect(await shop.query("SELECT id FROM shop.item")).toEqual([{ id: 1 }])
  })

  test.each(["SHOW TABLES IN shop", "EXPLAIN SELECT * FROM shop.item", "DESCRIBE shop.item", "(SELECT 1)", "-- why\nSELECT 1", "VALUES (1)", "SELECT 1;"])(
    "%j reads",
    async (statement) => expect((await shop.run((session) => valuesOf(session.query(statement)))).length).toBeGreaterThan(0),
  )

  test("parameters are bound, names told apart, reading may stop and go on", async () => {
    await shop.run(
      async (session) => {
        expect(
          await valuesOf(session.query("SELECT ?, ? + 1, ?, ? IS NULL, ?", ["'; DROP TABLE shop.item --", 1, "9007199254740993", null, true])),
        ).toMatchObject([["'; DROP TABLE shop.item --", expect.anything(), "9007199254740993", 1, 1]])
        expect(await valuesOf(session.query("SELECT id FROM shop.item LIMIT ?", [1]))).toEqual([[1]])
        for await (const batch of session.query("SELECT seq, seq FROM elsewhere.seq_1_to_100000")) {
          expect([batch.rows.length, batch.columns.map(({ name }) => name)]).toEqual([10, ["seq", "seq_2"]])
          break
        }
        expect((await valuesOf(session.query("SELECT seq FROM elsewhere.seq_1_to_1000"))).length).toBe(25)
        const [empty] = await collect(session.query("SELECT 1 AS one FROM dual WHERE false"))
        expect([empty?.columns[0]?.name, empty?.rows]).toEqual(["one", []])
        expect((await session.test()).product).toBe("MariaDB")
      },
      {},
      { batchRows: 10, maxRows: 25 },
    )
  })

  test("a large answer that nobody reads to its end is stopped at the server, and the session goes on", async () => {
    await shop.run(async (session) => {
      for await (const batch of session.query("SELECT REPEAT('x', 100000) FROM elsewhere.seq_1_to_100000")) {
        expect(batch.rows.length).toBeGreaterThan(0)
        break
      }
      expect(await valuesOf(session.query("SELECT 'still here'"))).toEqual([["still here"]])
    })
  })

  test("memory does not grow with the answer", async () => {
    await shop.run(
      async (session) => {
        const before = process.memoryUsage().rss
        let most = 0
        let seen = 0
        for await (const batch of session.query("SELECT seq, REPEAT('x', 1000) FROM elsewhere.seq_1_to_300000")) {
          // A reader that is slow at first: the server waits, and nothing gathers here.
          if (seen === 0) await new Promise((resolve) => setTimeout(resolve, 2_000))
          seen += batch.rows.length
          most = Math.max(most, process.memoryUsage().rss)
        }
        expect(seen).toBe(300_000)
        expect((most - before) / 1_048_576).toBeLessThan(200)
      },
      {},
      { deadlineMs: 60_000 },
    )
  })

  test("the server ends a statement at the deadline by itself", async () => {
    const error = await failure(shop.run((session) => collect(session.query("SELECT SLEEP(20), 1")), {}, { deadlineMs: 1_500 }))
    expect(error.code).toBe("timed_out")
  })

  test("a permission that lacks is named with its GRANT, and a broken connection is told apart", async () => {
    const denied = await failure(shop.run((session) => collect(session.query("SELECT * FROM shop.invisible"))))
    expect([denied.code, denied.message]).toEqual(["permission_denied", expect.stringContaining("GRANT SELECT ON `shop`.`invisible` TO `low`@`127.0.0.1`")])
    await shop.run(async (session) => {
      const broken = failure(collect(session.query("SELECT SLEEP(30)")))
      const sleeping = () => shop.query("SELECT ID FROM information_schema.PROCESSLIST WHERE USER = 'low' AND INFO LIKE '%SLEEP(30)%'")
      const [found] = await until(5_000, sleeping, ({ length }) => length > 0)
      await shop.query(`KILL CONNECTION ${found?.["ID"]}`)
      expect((await broken).code).toMatch(/server_unavailable|connection_lost/)
    })
  })
})
