import { beforeAll, describe, expect, test } from "vitest"
import type { ReadPlan } from "../../src/core/streams.ts"
import type { Value } from "../../src/core/values.ts"
import { collect, valuesOf } from "../support/batches.ts"
import { LOW, stream, useShop } from "./shop.ts"
import { walk } from "./walk.ts"

const shop = useShop()
const STEPS = { batchRows: 1 }

// MySQL 8's own mode, under which the server takes a zero date in a comparison for NULL.
beforeAll(() => shop.query("SET GLOBAL sql_mode = 'STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,NO_ENGINE_SUBSTITUTION'").then(() => undefined))

/** A type of a key, and values as SQL. */
const KEYS: readonly (readonly [string, readonly string[]])[] = [
  ["date", ["'0000-00-00'", "'2024-00-00'", "'2024-00-15'", "'2024-01-00'", "'2024-01-01'", "'9999-12-31'"]],
  ["datetime", ["'0000-00-00'", "'0001-01-01 00:00:00'", "'2024-00-15 10:00:00'", "'2024-01-01 00:00:00'"]],
  ["datetime(6)", ["'0000-00-00'", "'2024-01-01 00:00:00.000001'", "'2024-01-01 00:00:00.1'"]],
  ["timestamp(6) NOT NULL DEFAULT 0", ["0", "'1970-01-01 00:00:01'", "'2024-01-01 00:00:00.000001'", "'2038-01-19 03:14:07.999999'"]],
  ["float", ["0.1", "0.25", "1e38", "16777217", "0.3"]],
  ["float(7,3)", ["0.1", "0.255", "1234.567"]],
  ["double", ["-1e-300", "0", "5e-324", "0.1", "0.30000000000000004", "123456789012345680000", "1e308"]],
  ["double(10,3)", ["0.1", "0.255", "1234.567"]],
  ["enum('z','a','m')", ["'z'", "'a'", "'m'"]],
  ["set('z','a','m')", ["'z'", "'a,m'", "''"]],
  ["bit(10)", ["0", "1", "512", "1023"]],
  ["year", ["0", "1901", "1970", "2069", "2155"]],
  ["time", ["'-838:59:59'", "'-00:00:01'", "'00:00:00'", "'24:00:00'", "'838:59:59'"]],
  ["time(6)", ["'-838:59:59.999999'", "'-00:00:00.000001'", "'00:00:00'", "'99:00:00.5'", "'100:00:00'"]],
  ["bigint unsigned", ["0", "9007199254740993", "9223372036854775808", "18446744073709551615"]],
  ["bigint", ["-9223372036854775808", "-9007199254740993", "0", "9223372036854775807"]],
  ["int zerofill", ["1", "20", "300"]],
  ["decimal(10,2) zerofill", ["1.5", "20", "300.25"]],
  ["decimal(65,30)", ["-0.000000000000000000000000000001", "0", "12345678901234567890123456789012345.5"]],
  ["binary(4)", ["x'00'", "x'0001'", "'a'", "'a '", "x'ff'"]],
  ["varbinary(4)", ["x''", "x'00'", "x'0000'", "'a'", "'a '", "x'ff'"]],
  ["char(4) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci", ["'a'", "'b'", "'a\\t'", "'é1'", "''"]],
  ["char(4) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin", ["'a'", "'b'", "'a\\t'", "''"]],
  ["varchar(4) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin", ["'a'", "'a '", "'a\\t'", "''", "' '"]],
  ["varchar(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_nopad_ci", ["'a'", "'a '", "'a\\t'", "''", "'ß'"]],
  ["varchar(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_uca1400_ai_ci", ["'a'", "'b'", "'ch'", "'ñ'", "'😀'", "'日本'"]],
  ["varchar(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_german2_ci", ["'ae'", "'af'", "'äz'", "'ß'"]],
  ["varchar(9) CHARACTER SET latin1 COLLATE latin1_german2_ci", ["'ä'", "'ad'", "'af'", "'€'"]],
  ["varchar(9) CHARACTER SET sjis", ["'日本'", "'ｱ'", "'a'"]],
  ["varchar(9) CHARACTER SET utf16", ["'日本'", "'😀'", "'a'"]],
  ["varchar(9) CHARACTER SET cp1251", ["'я'", "'a'"]],
  ["uuid", ["'00000000-0000-0000-0000-000000000001'", "'00000001-0000-1000-8000-000000000000'", "'123e4567-e89b-12d3-a456-426655440000'"]],
  ["inet6", ["'::1'", "'::ffff:1.2.3.4'", "'fe80::1'"]],
]

const sorted = (rows: readonly (readonly Value[])[]): string[] => rows.map((row) => JSON.stringify(row)).sort()

/** Fills `shop.keyed`, whose key is `k`, or `k` and `n`. */
async function keyed(type: string, values: readonly string[], key: string, engine = "InnoDB"): Promise<readonly (readonly Value[])[]> {
  await shop.query(`SET sql_mode = '', time_zone = '+00:00'; CREATE TABLE shop.keyed (k ${type}, n int, PRIMARY KEY (${key})) ENGINE = ${engine};
    GRANT ALL ON shop.keyed TO ${LOW};
    INSERT INTO shop.keyed VALUES ${values.flatMap((value) => (key === "k" ? [`(${value}, 1)`] : [`(${value}, 1)`, `(${value}, 2)`])).join(", ")}`)
  return await shop.run((session) => valuesOf(session.read(stream("shop", "keyed"))))
}

describe.each(KEYS)("a key of %s", (type, values) => {
  test.each([
    ["k", "InnoDB"],
    ["k, n", "InnoDB"],
    ["k, n", "MyISAM"],
  ])("(%s) in %s gives each row once, whether it is read in steps, in slices or as bytes", async (key, engine) => {
    const all = await keyed(type, values, key, engine)
    expect(all.length).toBe(values.length * key.split(",").length)
    const from = stream("shop", "keyed")
    expect(await shop.run((session) => walk(session, from), {}, STEPS)).toEqual(all)
    await shop.run(async (session) => {
      await using slicing = await session.slices(from, { kind: "all" }, 3)
      const rows: (readonly Value[])[] = []
      for (const slice of slicing.slices) rows.push(...(await shop.run((other) => valuesOf(other.read(from, { plan: { kind: "all" }, slice })))))
      expect(sorted(rows)).toEqual(sorted(all))
    })
    await shop.run(async (session) => {
      const [offer] = await session.offers(from)
      if (offer === undefined) return
      let lines = 0
      for await (const piece of session.readBytes(from, offer, { plan: { kind: "all" } }))
        lines +=
          Buffer.concat(await collect(piece.bytes))
            .toString()
            .split("\n").length - 1
      expect(lines).toBe(all.length)
    })
  })
})

describe("reading since a value, in steps", () => {
  const plan: ReadPlan = { kind: "since", column: "k" }
  test.each(KEYS.filter(([type]) => !/^(float|enum|set|bit|char.*nopad)/.test(type)))("of %s gives each row once", async (type, values) => {
    const all = await keyed(type, values, "k, n")
    expect(sorted(await shop.run((session) => walk(session, stream("shop", "keyed"), { plan }), {}, STEPS))).toEqual(sorted(all))
  })
})

describe("keys that are not what they seem", () => {
  const steps = (name: string) => shop.run((session) => walk(session, stream("shop", name)), {}, STEPS)
  const keyHoldsOf = async (name: string) => {
    const all = await shop.run((session) => collect(session.discover()))
    return all.flatMap((each) => ("stream" in each && each.stream.path[1] === name ? [each.stream.keyHolds] : []))
  }

  test("a MERGE of tables with the same keys gives each row once, and its key is said not to hold", async () => {
    await shop.query(`CREATE TABLE shop.north (id int PRIMARY KEY, v varchar(9)) ENGINE = MyISAM; CREATE TABLE shop.south LIKE shop.north;
      INSERT INTO shop.north SELECT seq, 'n' FROM elsewhere.seq_1_to_9; INSERT INTO shop.south SELECT seq, 's' FROM elsewhere.seq_1_to_9;
      CREATE TABLE shop.both_parts (id int PRIMARY KEY, v varchar(9)) ENGINE = MERGE UNION = (shop.north, shop.south); GRANT ALL ON shop.both_parts TO ${LOW}`)
    expect(new Set(sorted(await steps("both_parts"))).size).toBe(18)
    expect((await steps("both_parts")).length).toBe(18)
    expect([await keyHoldsOf("both_parts"), await keyHoldsOf("item")]).toEqual([[false], [undefined]])
  })

  test("a key of a text's first letters, partitions, and a table that keeps its history give each row once", async () => {
    await shop.query(`SET sql_mode = '';
      CREATE TABLE shop.prefixed (t text, PRIMARY KEY (t(4))); INSERT INTO shop.prefixed VALUES ('b'), ('ab'), ('abcdX'), ('Abce'), ('');
      CREATE TABLE shop.parted (id int, d date, PRIMARY KEY (id, d)) PARTITION BY HASH (id) PARTITIONS 3;
      INSERT INTO shop.parted SELECT seq, '0000-00-00' FROM elsewhere.seq_1_to_30;
      CREATE TABLE shop.history (id int PRIMARY KEY, v int) WITH SYSTEM VERSIONING; INSERT INTO shop.history VALUES (1, 1), (2, 1), (3, 1); UPDATE shop.history SET v = 2;
      GRANT ALL ON shop.prefixed TO ${LOW}; GRANT ALL ON shop.parted TO ${LOW}; GRANT ALL ON shop.history TO ${LOW}`)
    const counts = []
    for (const name of ["prefixed", "parted", "history"]) counts.push(new Set(sorted(await steps(name))).size, (await steps(name)).length)
    expect(counts).toEqual([5, 5, 30, 30, 3, 3])
  })
})
