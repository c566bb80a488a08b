import { describe, expect, test } from "vitest"
import type { ByteOffer } from "../../src/core/streams.ts"
import type { Value } from "../../src/core/values.ts"
import { column } from "../fixtures/fixture.ts"
import { collect, valuesOf } from "../support/batches.ts"
import { failure } from "../support/failure.ts"
import { LOW, stream, useShop } from "./shop.ts"
import { walk } from "./walk.ts"

const shop = useShop()

/** Runs the work on a server whose global setting is another one, and puts it back. */
async function under<T>(setting: string, value: string, work: () => Promise<T>): Promise<T> {
  const [before] = await shop.query(`SELECT @@GLOBAL.${setting} AS was`)
  const was = before?.["was"]
  await shop.query(`SET GLOBAL ${setting} = ${value}`)
  try {
    return await work()
  } finally {
    await shop.query(`SET GLOBAL ${setting} = ${typeof was === "number" ? was : `'${String(was)}'`}`)
  }
}

const onLogin = <T>(statement: string, work: () => Promise<T>) => under("init_connect", `"${statement}"`, work)

const SEED = `
  CREATE TABLE shop.texts (id int PRIMARY KEY, v varchar(20) CHARACTER SET utf8mb4, c char(5));
  INSERT INTO shop.texts VALUES (1, '日本', 'ab');
  CREATE TABLE shop.words (k varchar(20) CHARACTER SET utf8mb4 PRIMARY KEY);
  INSERT INTO shop.words VALUES (''), ('a'), ('é'), ('日本'), ('z');
  CREATE TABLE shop.pairs (k varchar(20), n int, PRIMARY KEY (k, n));
  INSERT INTO shop.pairs VALUES ('', 1), ('', 2), ('a', 1);
  GRANT ALL ON shop.texts TO ${LOW}; GRANT ALL ON shop.words TO ${LOW}; GRANT ALL ON shop.pairs TO ${LOW}`

const [TEXTS, WORDS, PAIRS] = [stream("shop", "texts"), stream("shop", "words"), stream("shop", "pairs")]

/** Reads, walks by text keys in steps of one row, writes and deletes, in one session that is reset in between. */
const all = () =>
  shop.run(
    async (session) => {
      const done: unknown[] = []
      for (const id of [2, 3]) {
        const columns = [column("id", "integer"), column("v", "string", "text"), column("c", "string", "text")]
        done.push(await session.write(TEXTS, { columns, rows: [[id, "日本", "ab"]] }, { mode: "append" }))
        done.push(await valuesOf(session.read(TEXTS)))
        done.push(await session.write(TEXTS, { columns, rows: [[id, null, null]], ops: ["delete"] }, { mode: "upsert" }))
        await session.reset()
      }
      return { done, words: await walk(session, WORDS), pairs: await walk(session, PAIRS) }
    },
    {},
    { batchRows: 1 },
  )

const OF_2 = { written: 1, rejected: [], skipped: 0 }
const RIGHT = {
  done: [2, 3].flatMap((id) => [
    OF_2,
    [
      [1, "日本", "ab"],
      [id, "日本", "ab"],
    ],
    OF_2,
  ]),
  words: [[""], ["a"], ["é"], ["z"], ["日本"]],
  pairs: [
    ["", 1],
    ["", 2],
    ["a", 1],
  ],
}

describe("what a server sets for each login changes nothing", () => {
  test.each([
    "SET NAMES latin1",
    "SET NAMES binary",
    "SET character_set_client = latin1",
    "SET character_set_results = NULL",
    "SET collation_connection = utf8mb4_bin",
    "SET sql_mode = 'PAD_CHAR_TO_FULL_LENGTH,EMPTY_STRING_IS_NULL'",
    "SET completion_type = 2",
    "SET sql_safe_updates = 1",
    "SET autocommit = 0",
    "SET time_zone = '-08:00'",
  ])("%s", async (statement) => {
    await shop.query(SEED)
    expect(await onLogin(statement, all)).toEqual(RIGHT)
    expect(await shop.query("SELECT id, HEX(v) AS v FROM shop.texts")).toEqual([{ id: 1, v: "E697A5E69CAC" }])
  })

  test.each(["ORACLE,EMPTY_STRING_IS_NULL", "ANSI,NO_BACKSLASH_ESCAPES", "PAD_CHAR_TO_FULL_LENGTH", "NO_ZERO_DATE,NO_ZERO_IN_DATE"])(
    "sql_mode %s",
    async (mode) => {
      await shop.query(SEED)
      expect(await under("sql_mode", `'${mode}'`, all)).toEqual(RIGHT)
    },
  )

  test("a statement of the caller's has the server's own sql_mode, and UTF-8", async () => {
    await shop.query(SEED)
    const values = (sql: string): Promise<readonly (readonly Value[])[]> => shop.run((session) => valuesOf(session.query(sql)))
    const given = await under("sql_mode", "'ANSI'", () => onLogin("SET NAMES latin1", () => values(`SELECT "v" || '本' FROM "shop"."texts"`)))
    expect(given).toEqual([["日本本"]])
  })

  test("the messages that name a missing right come in English", async () => {
    const denied = () => failure(shop.run((session) => collect(session.query("SELECT * FROM shop.invisible"))))
    const { message } = await onLogin("SET lc_messages = 'de_DE'", denied)
    expect(message).toContain("GRANT SELECT ON `shop`.`invisible`")
  })

  test("rows that are not committed are not read", async () => {
    await under("tx_isolation", "'READ-UNCOMMITTED'", () =>
      shop.run(async (session) => {
        await valuesOf(session.query("SELECT 1"))
        expect(await valuesOf(session.query("SELECT @@tx_isolation"))).toEqual([["REPEATABLE-READ"]])
      }),
    )
  })
})

describe("bytes that pass from one table to another stay the same", () => {
  const SAME = ["v", "l", "u", "d", "dt", "b", "z", "e", "t"].map((name) => `HEX(a.${name}) <=> HEX(b.${name})`).join(" AND ")

  test.each([
    ["SET NAMES latin1", "STRICT_TRANS_TABLES"],
    ["SET NAMES binary", "NO_BACKSLASH_ESCAPES,PAD_CHAR_TO_FULL_LENGTH"],
    ["SET character_set_database = latin1", "ORACLE,EMPTY_STRING_IS_NULL"],
    ["SET sql_mode = 'NO_BACKSLASH_ESCAPES'", "NO_ZERO_DATE,NO_ZERO_IN_DATE,STRICT_ALL_TABLES"],
  ])("after %s and under sql_mode %s", async (init, mode) => {
    await shop.query(`SET GLOBAL local_infile = 1; SET NAMES utf8mb4, sql_mode = 'NO_BACKSLASH_ESCAPES', time_zone = '+00:00';
      CREATE TABLE shop.source (id int PRIMARY KEY, v varchar(60) CHARACTER SET utf8mb4, l varchar(20) CHARACTER SET latin1, u varchar(20) CHARACTER SET utf16,
        d date, dt datetime(6), b bigint unsigned, z int zerofill, e enum('a','b'), t time(3));
      INSERT INTO shop.source VALUES (1, '日本\\N "q" ,\\', 'né€', '😀', '0000-00-00', '2024-01-01 00:00:00.000001', 18446744073709551615, 7, 'a', '-838:59:59.5'),
        (2, '', '', '', '2024-00-15', NULL, NULL, NULL, NULL, NULL), (3, 'NULL', '\\N', 'null', NULL, NULL, 0, 0, 'b', '00:00:00'), (4, NULL, NULL, NULL, NULL, NULL, 1, 1, NULL, NULL);
      CREATE TABLE shop.target LIKE shop.source; GRANT ALL ON shop.source TO ${LOW}; GRANT ALL ON shop.target TO ${LOW}`)
    const [from, to] = [stream("shop", "source"), stream("shop", "target")]
    const pass = () =>
      shop.run(async (session) => {
        const [offer] = await session.offers(from)
        for await (const piece of session.readBytes(from, offer as ByteOffer)) await session.writeBytes(to, piece, offer as ByteOffer, { mode: "append" })
      })
    await under("sql_mode", `'${mode}'`, () => onLogin(init, pass))
    expect(await shop.query(`SELECT COUNT(*) AS same FROM shop.source a JOIN shop.target b USING (id) WHERE ${SAME}`)).toEqual([{ same: 4 }])
  })
})

describe("long keys", () => {
  test("are read in order where the server sorts by their first bytes alone", async () => {
    // MyISAM sorts by itself instead of walking the index.
    await shop.query(`CREATE TABLE shop.long_keys (k varchar(900) CHARACTER SET latin1 PRIMARY KEY, v text) ENGINE = MyISAM;
      INSERT INTO shop.long_keys SELECT CONCAT(REPEAT('x', 100), 1000 - seq), REPEAT('y', 100) FROM elsewhere.seq_1_to_50; GRANT ALL ON shop.long_keys TO ${LOW}`)
    await under("max_sort_length", "64", () =>
      shop.run(
        async (session) => {
          const rows = await walk(session, stream("shop", "long_keys"))
          expect(rows.map(([key]) => Number(String(key).slice(100)))).toEqual(Array.from({ length: 50 }, (_, index) => 950 + index))
        },
        {},
        { batchRows: 1 },
      ),
    )
  })
})
