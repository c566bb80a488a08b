import { beforeEach, describe, expect, test } from "vitest"
import type { Batch, ReadPlan, Stream } from "../../src/core/streams.ts"
import type { Column, Value } from "../../src/core/values.ts"
import { column } from "../fixtures/fixture.ts"
import { collect, valuesOf } from "../support/batches.ts"
import { failure } from "../support/failure.ts"
import { LOW, useShop } from "./shop.ts"

// The verbs of a sync at a MariaDB.

const shop = useShop()
const stream = (name: string, key: readonly string[] = []): Stream => ({ path: ["synced", name], kind: "table", columns: [], key })

beforeEach(async () => {
  await shop.query(`DROP DATABASE IF EXISTS synced; CREATE DATABASE synced CHARACTER SET utf8mb4; GRANT ALL ON synced.* TO ${LOW}; USE synced; SET time_zone = '+00:00';
    CREATE TABLE item (id int PRIMARY KEY, name text, changed timestamp NULL);
    INSERT INTO item SELECT seq, CONCAT('item ', seq), IF(seq MOD 10 = 0, NULL, '2024-01-01 00:00:00' + INTERVAL seq DIV 3 HOUR) FROM seq_1_to_40;
    CREATE TABLE nokey (n int, at date); INSERT INTO nokey SELECT seq, '2024-01-01' + INTERVAL seq DIV 10 DAY FROM seq_0_to_39;
    CREATE TABLE loose (id int PRIMARY KEY) ENGINE = MyISAM`)
})

describe("columns", () => {
  test("say what a destination needs to make them", async () => {
    await shop.query(
      "CREATE TABLE synced.typed (a bigint unsigned PRIMARY KEY, b decimal(20,4), c varchar(9), d datetime(3), e timestamp NULL, f text, g double)",
    )
    const found = await shop.run((session) => collect(session.discover()), { database: "synced" })
    const typed = found.flatMap((each) => ("stream" in each && each.stream.path[1] === "typed" ? [each.stream] : []))[0]
    expect(typed?.columns.map(({ name, nativeType: _, nullable: __, ...more }) => [name, more])).toEqual([
      ["a", { type: "integer", precision: 65 }],
      ["b", { type: "decimal", precision: 20, scale: 4 }],
      ["c", { type: "string", maxLength: 9 }],
      ["d", { type: "timestamp", precision: 3, zoned: false }],
      ["e", { type: "timestamp", precision: 0, zoned: true }],
      ["f", { type: "string", maxLength: 65_535 }],
      ["g", { type: "float", precision: 64 }],
    ])
  })
})

describe("since", () => {
  const read = async (from: Stream, plan: ReadPlan, after?: string, options: object = {}) =>
    await shop.run((session) => collect(session.read(from, { plan, after })), {}, options)
  const ids = (batches: Batch[]): Value[] => batches.flatMap(({ rows }) => rows.map(([id]) => id ?? null))

  test("without a key it never ends between equal values", async () => {
    const plan = { kind: "since", column: "at" } as const
    const batches = await read(stream("nokey"), plan, undefined, { batchRows: 4 })
    expect(batches.map(({ rows }) => rows.length)).toEqual([10, 10, 10, 10])
    expect(ids(await read(stream("nokey"), plan, batches[1]?.cursor)).length).toBe(20)
  })

  test.each([
    ["item", { column: "nope" }],
    ["item", { column: "id", from: "many" }],
    ["item", { column: "changed", from: "never" }],
    ["item", { column: "changed", from: "2024-02-30T00:00:00Z" }],
    ["nokey", { column: "at", until: "2024-13-01" }],
    ["texts", { column: "t" }],
  ])("%s by %j is refused", async (name, plan) => {
    await shop.query("CREATE TABLE synced.texts (t varchar(9)); INSERT INTO synced.texts VALUES ('a'), ('A'), ('b')")
    expect((await failure(read(stream(name), { kind: "since", ...plan }))).code).toBe("query_invalid")
  })

  test("a bound may have a zone, and a text goes with a key", async () => {
    expect(ids(await read(stream("item"), { kind: "since", column: "changed", from: "2024-01-01T15:00:00+02:00" }))).toEqual([39])
    expect(ids(await read(stream("item"), { kind: "since", column: "name", from: "item 8" }))).toEqual([8, 9])
  })
})

describe("keys", () => {
  const batch: Batch = { columns: [column("id", "integer"), column("code", "string")], rows: [[2, "a"]] }
  test("an upsert goes by a unique key without NULLs, and by no other one", async () => {
    await shop.query("CREATE TABLE synced.coded (id int, code varchar(9) NOT NULL UNIQUE, other int UNIQUE); INSERT INTO synced.coded VALUES (1, 'a', 1)")
    expect(await shop.run((session) => session.write(stream("coded", ["code"]), batch, { mode: "upsert" }))).toMatchObject({ written: 1 })
    expect(await shop.query("SELECT id, code FROM synced.coded")).toEqual([{ id: 2, code: "a" }])
    for (const key of ["id", "other"]) {
      const { code, message } = await failure(shop.run((session) => session.write(stream("coded", [key]), batch, { mode: "upsert" })))
      expect([code, message]).toEqual(["query_invalid", expect.stringContaining("without NULLs")])
    }
  })
})

describe("shape", () => {
  const wanted = (columns: readonly Column[], key: readonly string[] = ["id"]) => ({ path: ["synced", "made"], columns, key })
  const id = { ...column("id", "integer", "", false), precision: 32 }

  test("says what it would do, does it, and has nothing more to do", async () => {
    const one = wanted([id, { ...column("name", "string"), maxLength: 10 }])
    const dry = await shop.run((session) => session.shape(one, false))
    expect(dry).toEqual([
      {
        kind: "create",
        statement:
          "CREATE TABLE `synced`.`made` (`id` int NOT NULL, `name` varchar(10), PRIMARY KEY (`id`)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin",
      },
    ])
    expect(await shop.run((session) => session.shape(one, true))).toEqual(dry)
    expect(await shop.run((session) => session.shape(one, true))).toEqual([])
    const two = wanted([{ ...id, precision: 64 }, { ...column("name", "string"), maxLength: 20 }, column("at", "timestamp")])
    expect((await shop.run((session) => session.shape(two, true))).map(({ kind }) => kind)).toEqual(["widen", "widen", "add"])
    expect(await shop.run((session) => session.shape(two, false))).toEqual([])
    const three = wanted([{ ...id, type: "boolean" }, column("more", "json"), { ...column("name", "date") }])
    expect((await shop.run((session) => session.shape(three, true))).map(({ kind }) => kind)).toEqual(["add", "refused"])
  })

  test("every type is there as it was wanted, and a second shape has nothing to do", async () => {
    const types = ["string", "integer", "decimal", "float", "boolean", "date", "time", "timestamp", "json", "bytes", "array", "unknown"] as const
    const columns = types.map((type) => column(`c_${type}`, type))
    const all = wanted([{ ...column("id", "string", "", false) }, { ...column("part", "bytes", "", false), maxLength: 20 }, ...columns], ["id", "part"])
    expect((await shop.run((session) => session.shape(all, true))).map(({ kind }) => kind)).toEqual(["create"])
    expect(await shop.run((session) => session.shape(all, true))).toEqual([])
    const row = ["k", "AP8=", "long", 5, "1.5", 0.5, true, "2024-02-29", "01:02:03.000004", "2024-03-31T01:30:00.123456Z", { a: 1 }, "AP8=", [1], "x"]
    const batch = { columns: all.columns, rows: [row, [...row.slice(0, 2).map((value) => (value === "k" ? "K" : value)), ...row.slice(2)]] }
    expect(await shop.run((session) => session.write({ ...stream("made"), path: ["synced", "made"] }, batch, { mode: "upsert" }))).toMatchObject({ written: 2 })
    expect((await shop.run((session) => valuesOf(session.read(stream("made")))))[1]).toEqual(
      row.map((value) => (value === true ? 1 : value === 5 ? "5" : value === "1.5" ? `1.5${"0".repeat(29)}` : value)),
    )
  })

  test("a change of a column keeps all that it says beside its type", async () => {
    await shop.query(`CREATE TABLE synced.made (id int unsigned AUTO_INCREMENT PRIMARY KEY,
      name varchar(5) COLLATE utf8mb4_bin NOT NULL DEFAULT 'x' COMMENT 'it''s \\\\ NOT NULL,\\n one' CHECK (name <> 'no'), j json NOT NULL, e enum('a','b') NOT NULL, t timestamp NULL)`)
    const more = [{ ...column("name", "string"), maxLength: 9 }, column("j", "json"), column("e", "string"), { ...column("t", "timestamp"), precision: 3 }]
    const steps = await shop.run((session) => session.shape(wanted([{ ...id, precision: 64 }, ...more], []), true))
    expect(steps.map((step) => [step.kind, "column" in step && step.column])).toEqual(["id", "name", "name", "j", "e", "t"].map((name) => ["widen", name]))
    const [created] = await shop.query("SHOW CREATE TABLE synced.made")
    const lines = String(created?.["Create Table"]).split("\n")
    expect(lines.slice(1, 6)).toEqual([
      "  `id` bigint(20) NOT NULL AUTO_INCREMENT,",
      "  `name` varchar(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT 'x' COMMENT 'it''s \\\\ NOT NULL,\\n one' CHECK (`name` <> 'no'),",
      "  `j` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT NULL CHECK (json_valid(`j`)),",
      "  `e` enum('a','b') DEFAULT NULL,",
      "  `t` timestamp(3) NULL DEFAULT NULL,",
    ])
    expect(await shop.run((session) => session.shape(wanted([{ ...id, precision: 64 }, ...more], []), true))).toEqual([])
  })
})

describe("commits", () => {
  const commit = { run: "r1", part: "p", sequence: 0 }

  test("a table without transactions keeps no commit, and nothing is written", async () => {
    const { code } = await failure(
      shop.run((session) => session.write(stream("loose"), { columns: [column("id", "integer")], rows: [[1]] }, { mode: "append", commit })),
    )
    expect([code, await shop.query("SELECT COUNT(*) AS n FROM synced.loose")]).toEqual(["query_invalid", [{ n: 0 }]])
  })
})

describe("slices", () => {
  test("show no common moment, and one of a snapshot is refused", async () => {
    await shop.run(async (session) => {
      await using slicing = await session.slices(stream("item"), { kind: "all" }, 4)
      expect([slicing.slices.length, slicing.consistent]).toEqual([4, false])
      const slice = { id: "whole", of: "x'; --" }
      expect((await failure(shop.run((other) => collect(other.read(stream("item"), { slice }))))).code).toBe("request_invalid")
    })
  })
})

describe("reset", () => {
  test("nothing of a use is there in the next one", async () => {
    await shop.query(`CREATE FUNCTION synced.mark() RETURNS int BEGIN SET @@SESSION.lc_time_names = 'de_DE'; RETURN 1; END`)
    await shop.run(
      async (session) => {
        const kept = "SELECT CONNECTION_ID(), @kept, @@lc_time_names, @@character_set_client, @@collation_connection, DATABASE(), 'naïve👩'"
        const before = await valuesOf(session.query(kept))
        await collect(session.query("SELECT GET_LOCK('jackfield', 5), @kept := 1, synced.mark()"))
        expect(await valuesOf(session.query(kept))).not.toEqual(before)
        expect(await shop.query("SELECT IS_FREE_LOCK('jackfield') AS free")).toEqual([{ free: 0 }])
        await session.reset()
        expect(await shop.query("SELECT IS_FREE_LOCK('jackfield') AS free")).toEqual([{ free: 1 }])
        expect(await valuesOf(session.query(kept))).toEqual(before)
        // A statement that was prepared before is prepared again.
        expect(await valuesOf(session.query("SELECT ?", ["x"]))).toEqual([["x"]])
      },
      { database: "synced" },
    )
  })

  test("a role that a function took on does not outlive the use", async () => {
    await shop.query(`CREATE OR REPLACE ROLE elder; GRANT elder TO ${LOW};
      CREATE FUNCTION synced.rise() RETURNS int SQL SECURITY INVOKER BEGIN SET ROLE elder; RETURN 1; END`)
    await shop.run(async (session) => {
      const before = await valuesOf(session.query("SELECT CURRENT_ROLE()"))
      await collect(session.query("SELECT synced.rise()"))
      expect(await valuesOf(session.query("SELECT CURRENT_ROLE()"))).toEqual([["elder"]])
      await session.reset()
      expect(await valuesOf(session.query("SELECT CURRENT_ROLE()"))).toEqual(before)
      await shop.query(`SET DEFAULT ROLE elder FOR ${LOW}`)
      await session.reset()
      expect(await valuesOf(session.query("SELECT CURRENT_ROLE()"))).toEqual([["elder"]])
      await shop.query("DROP ROLE elder")
    })
  })

  test("a password that was changed meanwhile ends the session", async () => {
    await shop.run(async (session) => {
      await valuesOf(session.query("SELECT 1"))
      await shop.query(`ALTER USER ${LOW} IDENTIFIED BY 'another-password'`)
      try {
        expect((await failure(session.reset())).code).toBe("auth_failed")
      } finally {
        await shop.query(`ALTER USER ${LOW} IDENTIFIED BY 'low-password'`)
      }
    })
  })
})
