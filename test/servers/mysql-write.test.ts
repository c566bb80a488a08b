import { describe, expect, test } from "vitest"
import type { Batch } from "../../src/core/streams.ts"
import type { Value } from "../../src/core/values.ts"
import { column } from "../fixtures/fixture.ts"
import { failure } from "../support/failure.ts"
import { LOW, stream, useShop } from "./shop.ts"

const shop = useShop()

describe("write", () => {
  const batch = (given: Value[][], names = ["id", "name", "stock"]): Batch => ({ columns: names.map((name) => column(name, "unknown")), rows: given })
  const write = (mode: "append" | "upsert", given: Batch, ...path: string[]) =>
    shop.run((session) => session.write(stream(...(path.length === 0 ? ["shop", "item"] : path)), given, { mode }))
  const items = () => shop.query("SELECT id, name FROM shop.item ORDER BY 1")

  test("append reports row by row, and writes the others", async () => {
    const report = await write(
      "append",
      batch([
        [2, "two", 2],
        [1, "again", 1],
        [3, null, 1],
        [4, "four", -1],
        ["x", "text", 1],
        [5, "five", null],
        [6],
        [7, "n".repeat(21), 1],
        [8, "\ud800", 1],
      ]),
    )
    expect(report).toMatchObject({ written: 2, skipped: 0 })
    expect(
      report.rejected.map(({ index, reason }) => [
        index,
        /Duplicate entry|cannot be null|CONSTRAINT|Incorrect integer|1 values for 3|too long|Unicode/.exec(reason)?.[0],
      ]),
    ).toEqual([
      [1, "Duplicate entry"],
      [2, "cannot be null"],
      [3, "CONSTRAINT"],
      [4, "Incorrect integer"],
      [6, "1 values for 3"],
      [7, "too long"],
      [8, "Unicode"],
    ])
    expect((await items()).map(({ id }) => id)).toEqual([1, 2, 5])
  })

  test("upsert changes, adds, rejects; the last of several with one key wins; what is as it was counts as written", async () => {
    const report = await write(
      "upsert",
      batch([
        [1, "changed", 9],
        [2, "first", 1],
        [2, "second", 2],
        [3, null, 1],
        [4, "bad", -1],
        ["x", "y", 1],
      ]),
    )
    expect(report).toMatchObject({ written: 2, skipped: 1 })
    expect(report.rejected.map(({ index }) => index)).toEqual([3, 4, 5])
    expect(await items()).toEqual([
      { id: 1, name: "changed" },
      { id: 2, name: "second" },
    ])
    expect(await write("upsert", batch([[1, "changed", 9]]))).toEqual({ written: 1, rejected: [], skipped: 0 })
  })

  test("a row that meets another one by another unique key changes nothing, and says by which", async () => {
    const report = await write(
      "upsert",
      batch(
        [
          [2, "other", "c1"],
          [3, "fine", "c3"],
        ],
        ["id", "name", "code"],
      ),
    )
    expect(report).toMatchObject({ written: 1, skipped: 0, rejected: [{ index: 0, reason: expect.stringMatching(/Duplicate entry 'c1' for key 'code'/) }] })
    expect(await items()).toEqual([
      { id: 1, name: "one" },
      { id: 3, name: "fine" },
    ])
  })

  test("keys are equal when the server says so: case and zeros are no difference", async () => {
    await shop.query(`CREATE TABLE shop.named (k varchar(9) PRIMARY KEY, v int); CREATE TABLE shop.exact (k decimal(9,2) PRIMARY KEY, v int);
      GRANT ALL ON shop.named TO ${LOW}; GRANT ALL ON shop.exact TO ${LOW}`)
    expect(
      await write(
        "upsert",
        batch(
          [
            ["a", 1],
            ["A", 2],
            ["b", 3],
          ],
          ["k", "v"],
        ),
        "shop",
        "named",
      ),
    ).toEqual({ written: 2, rejected: [], skipped: 1 })
    expect(
      await write(
        "upsert",
        batch(
          [
            ["1.0", 1],
            ["1.00", 2],
            ["2", 3],
          ],
          ["k", "v"],
        ),
        "shop",
        "exact",
      ),
    ).toEqual({ written: 2, rejected: [], skipped: 1 })
  })

  test("in a table without transactions the rows before a bad one are counted too", async () => {
    await shop.query(`CREATE TABLE shop.loose (id int PRIMARY KEY) ENGINE = MyISAM; INSERT INTO shop.loose VALUES (3); GRANT ALL ON shop.loose TO ${LOW}`)
    expect(await write("append", batch([[1], [2], [3], [4]], ["id"]), "shop", "loose")).toMatchObject({ written: 3, skipped: 0, rejected: [{ index: 2 }] })
    expect((await shop.query("SELECT COUNT(*) AS many FROM shop.loose"))[0]?.["many"]).toBe(4)
  })

  test("a foreign key and a trigger that refuses are charged to their row", async () => {
    await shop.query(`ALTER TABLE shop.item ADD FOREIGN KEY (maker) REFERENCES shop.item (id);
      CREATE TRIGGER shop.nine BEFORE INSERT ON shop.item FOR EACH ROW BEGIN IF NEW.id = 9 THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not nine'; END IF; END`)
    const report = await write(
      "append",
      batch(
        [
          [2, "two", 1],
          [3, "three", 404],
          [9, "nine", 1],
        ],
        ["id", "name", "maker"],
      ),
    )
    expect(report).toMatchObject({ written: 1, skipped: 0, rejected: [{ index: 1 }, { index: 2, reason: "not nine." }] })
  })

  test("ten thousand rows, and rows larger than a packet", async () => {
    const report = await write("append", batch(Array.from({ length: 10_000 }, (_, index) => [index + 10, `n${index}`, index])))
    expect(report).toEqual({ written: 10_000, rejected: [], skipped: 0 })
    const big = "x".repeat(20 * 1_048_576)
    const large = await write("append", batch([["small"], [big], ["y".repeat(10_000)]], ["v"]), "shop", "nokey")
    expect(large).toMatchObject({ written: 2, skipped: 0, rejected: [{ index: 1, reason: expect.stringContaining("max_allowed_packet") }] })
  })

  test("0 in a column that counts by itself stays 0, and null takes the next number", async () => {
    await shop.query(`CREATE TABLE shop.counting (id int AUTO_INCREMENT PRIMARY KEY, v int); GRANT ALL ON shop.counting TO ${LOW}`)
    expect(
      (
        await write(
          "append",
          batch(
            [
              [0, 1],
              [null, 2],
            ],
            ["id", "v"],
          ),
          "shop",
          "counting",
        )
      ).written,
    ).toBe(2)
    expect(await shop.query("SELECT id FROM shop.counting ORDER BY v")).toEqual([{ id: 0 }, { id: 1 }])
  })

  test.each([
    ["append", ["shop", "nowhere"], ["id"], "stream_not_found"],
    ["append", ["shop", "item"], ["id", "nope"], "query_invalid"],
    ["upsert", ["shop", "item"], ["name"], "query_invalid"],
    ["upsert", ["shop", "nokey"], ["v"], "query_invalid"],
    ["append", ["shop", "items"], ["id"], "permission_denied"],
  ] as const)("%s into %j of %j is %s, and nothing is written", async (mode, path, names, code) => {
    const error = await failure(write(mode, batch([names.map(() => 5)], [...names]), ...path))
    expect(error.code).toBe(code)
    if (code === "permission_denied") expect(error.message).toContain("GRANT INSERT ON `shop`.`items`")
  })
})
