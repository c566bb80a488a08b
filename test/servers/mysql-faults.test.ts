import { describe, expect, test } from "vitest"
import type { WriteMode } from "../../src/core/streams.ts"
import type { Value } from "../../src/core/values.ts"
import { column } from "../fixtures/fixture.ts"
import { collect } from "../support/batches.ts"
import { failure } from "../support/failure.ts"
import { LOW, stream, useShop } from "./shop.ts"

const shop = useShop()
const write = (table: string, names: readonly string[], rows: readonly (readonly Value[])[], mode: WriteMode = "append") =>
  shop.run((session) => session.write(stream("shop", table), { columns: names.map((name) => column(name, "unknown", "")), rows }, { mode }))

describe("a row that the server refuses is that row's fault", () => {
  test.each([
    ["a SQLSTATE of its own", "SIGNAL SQLSTATE 'UE001' SET MESSAGE_TEXT = 'no thirteen'"],
    ["the general SQLSTATE", "SIGNAL SQLSTATE 'HY000' SET MESSAGE_TEXT = 'no thirteen'"],
    ["an error number of its own", "SIGNAL SQLSTATE 'HY000' SET MESSAGE_TEXT = 'no thirteen', MYSQL_ERRNO = 30001"],
    ["class 45", "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no thirteen'"],
    ["a missing table's SQLSTATE", "SIGNAL SQLSTATE '42S02' SET MESSAGE_TEXT = 'no thirteen'"],
    ["no data", "SIGNAL SQLSTATE '02000' SET MESSAGE_TEXT = 'no thirteen'"],
    ["too many rows", "SET NEW.v = (SELECT 1 UNION SELECT 2)"],
    ["a SELECT INTO of two rows", "BEGIN DECLARE x int; SELECT 1 INTO x FROM (SELECT 1 UNION SELECT 2) q; END"],
  ])("when a trigger refuses it by %s", async (_, body) => {
    await shop.query(`CREATE TABLE shop.watched (id int PRIMARY KEY, v varchar(9)); GRANT ALL ON shop.watched TO ${LOW};
      CREATE TRIGGER shop.watching BEFORE INSERT ON shop.watched FOR EACH ROW BEGIN IF NEW.id = 13 THEN ${body}; END IF; END`)
    for (const mode of ["append", "upsert"] as const) {
      const at = mode === "append" ? 0 : 100
      const report = await write(
        "watched",
        ["id", "v"],
        [
          [at + 1, "a"],
          [13, "b"],
          [at + 3, "c"],
        ],
        mode,
      )
      expect(report).toMatchObject({ written: 2, skipped: 0, rejected: [{ index: 1, reason: expect.stringMatching(/no thirteen|more than (1|one) row/) }] })
    }
  })

  test.each([
    ["a", 99, "CONSTRAINT"],
    ["p", 404, "foreign key constraint fails"],
    ["e", "z", "Data truncated"],
    ["s", "abcd", "Data too long"],
    ["d", "100", "Out of range"],
    ["t", "2024-13-01", "Incorrect date value"],
    ["g", "AAAA", "geometry"],
    ["n", null, "cannot be null"],
  ])("when %s is %j", async (name, bad, reason) => {
    await shop.query(`CREATE TABLE shop.strict (id int PRIMARY KEY, a int CHECK (a < 10), p int, FOREIGN KEY (p) REFERENCES shop.item (id), e enum('a','b'),
      s varchar(3), d decimal(3,1), t date, g point, n int NOT NULL DEFAULT 0); GRANT ALL ON shop.strict TO ${LOW}`)
    for (const mode of ["append", "upsert"] as const) {
      const at = mode === "append" ? 0 : 10
      expect(await write("strict", ["id", name], [[at, bad]], mode)).toMatchObject({ written: 0, rejected: [{ reason: expect.stringContaining(reason) }] })
    }
  })

  test("when a view's CHECK OPTION or a missing partition refuses it", async () => {
    await shop.query(`CREATE TABLE shop.parts (id int PRIMARY KEY) PARTITION BY RANGE (id) (PARTITION few VALUES LESS THAN (10)); GRANT ALL ON shop.parts TO ${LOW};
      CREATE VIEW shop.few AS SELECT * FROM shop.nokey WHERE v < 'm' WITH CHECK OPTION; GRANT ALL ON shop.few TO ${LOW}`)
    expect(await write("parts", ["id"], [[1], [20]])).toMatchObject({ written: 1, rejected: [{ index: 1, reason: expect.stringContaining("no partition") }] })
    expect(await write("few", ["v"], [["a"], ["z"]])).toMatchObject({ written: 1, rejected: [{ index: 1, reason: expect.stringContaining("CHECK OPTION") }] })
  })
})

describe("what no row can mend is the batch's", () => {
  test.each([
    ["a view that cannot be written", "CREATE VIEW shop.many AS SELECT COUNT(*) AS id FROM shop.item", "many", "id"],
    ["a view whose definer lacks a right", `CREATE DEFINER = ${LOW} VIEW shop.theirs AS SELECT * FROM shop.invisible`, "theirs", "id"],
  ])("%s", async (_, definition, table, name) => {
    await shop.query(`CREATE TABLE shop.watched (id int PRIMARY KEY); ${definition}; GRANT ALL ON shop.${table} TO ${LOW}`)
    expect((await failure(write(table, [name], [[1], [2]]))).code).toMatch(/^(query_invalid|remote_failed)$/)
  })
})

test("a trigger that refuses every row has each of them rejected, with its reason", async () => {
  await shop.query(`CREATE TABLE shop.watched (id int PRIMARY KEY); GRANT ALL ON shop.watched TO ${LOW};
    CREATE TRIGGER shop.t BEFORE INSERT ON shop.watched FOR EACH ROW INSERT INTO shop.nope VALUES (1)`)
  const { written, rejected } = await write("watched", ["id"], [[1], [2], [3]])
  expect([written, rejected.map(({ reason }) => reason)]).toEqual([0, Array(3).fill("Table 'shop.nope' doesn't exist.")])
})

describe("a write that lacks a right", () => {
  const refused = async (table: string, names: readonly string[], mode: WriteMode) => {
    const { code, message } = await failure(write(table, names, [names.map(() => 1)], mode))
    expect(code).toBe("permission_denied")
    return message
  }

  test("names the rights that it lacks, and not those that it has, by itself or by a role", async () => {
    await shop.query(`CREATE TABLE shop.half (id int PRIMARY KEY, v int); CREATE OR REPLACE ROLE half_writer; GRANT SELECT ON shop.* TO half_writer;
      GRANT half_writer TO ${LOW}; SET DEFAULT ROLE half_writer FOR ${LOW}; GRANT INSERT (id, v) ON shop.half TO ${LOW}`)
    try {
      const message = await refused("half", ["id", "v"], "upsert")
      expect(message).toMatch(/; run GRANT UPDATE ON `shop`\.`half` TO `low`@`127\.0\.0\.1`\.$/)
      await shop.query(/GRANT .*(?=\.$)/.exec(message)?.[0] ?? "")
      expect((await write("half", ["id", "v"], [[1, 1]], "upsert")).written).toBe(1)
    } finally {
      await shop.query("DROP ROLE half_writer")
    }
  })

  test.each([
    ["a trigger's table", `CREATE DEFINER = ${LOW} TRIGGER shop.t BEFORE INSERT ON shop.watched FOR EACH ROW INSERT INTO shop.invisible VALUES (NEW.id)`],
    ["the sequence of a default", "ALTER TABLE shop.watched ADD n int DEFAULT NEXTVAL(shop.numbers)"],
  ])("on %s is not told to grant what it has", async (_, definition) => {
    await shop.query(`CREATE TABLE shop.watched (id int PRIMARY KEY); GRANT ALL ON shop.watched TO ${LOW}; ${definition}`)
    const message = await refused("watched", ["id"], "append")
    expect(message).toMatch(/for table `shop`\.`(invisible|numbers)`\); it has every right on shop\.watched itself, so grant what the server names/)
    expect(message).not.toContain("GRANT")
  })

  test("and a table that only one row needs is that row's fault", async () => {
    await shop.query(`CREATE TABLE shop.watched (id int PRIMARY KEY); GRANT ALL ON shop.watched TO ${LOW};
      CREATE TRIGGER shop.t BEFORE INSERT ON shop.watched FOR EACH ROW BEGIN IF NEW.id = 13 THEN INSERT INTO shop.nope VALUES (1); END IF; END`)
    expect(await write("watched", ["id"], [[1], [13], [3]])).toMatchObject({ written: 2, rejected: [{ index: 1, reason: "Table 'shop.nope' doesn't exist." }] })
  })
})

describe("a user's limits", () => {
  test.each([
    ["MAX_QUERIES_PER_HOUR 1", "max_queries_per_hour"],
    ["MAX_USER_CONNECTIONS 1", "max_user_connections"],
  ])("%s is named, and not the server's", async (limit, named) => {
    await shop.query(`CREATE OR REPLACE USER 'few'@'127.0.0.1' IDENTIFIED BY 'x' WITH ${limit}`)
    const few = { user: "few", password: "x" }
    const { code, message } = await failure(shop.run(() => shop.run((session) => collect(session.query("SELECT 1")), few), few))
    expect([code, message.includes(named), message.includes("max_connections")]).toEqual(["too_many_connections", true, false])
  })
})
