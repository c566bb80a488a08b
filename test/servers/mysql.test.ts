import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { mysql } from "../../src/connectors/mysql.ts"
import type { Batch, Column, Stream, Value } from "../../src/core/connector.ts"
import type { Session } from "../../src/core/session.ts"
import { collect, failure, withSession } from "../conformance/context.ts"
import { column } from "../fixtures/fixture.ts"
import { type MariaDb, mariadb } from "../fixtures/mysql.ts"

// Beside Debian's MariaDB: `npm run test:servers`.

let server: MariaDb
const LOW = "'low'@'127.0.0.1'"
const config = (more: object = {}) => ({ host: "127.0.0.1", port: server.port, user: "low", password: "low-password", tls: { kind: "off" }, ...more })
const run = <T>(work: (session: Session) => Promise<T>, more: object = {}, options: object = {}): Promise<T> =>
  withSession({ connector: mysql }, config(more), work, options)
const rows = async (batches: AsyncIterable<Batch>): Promise<Value[][]> => (await collect(batches)).flatMap((batch) => batch.rows.map((row) => [...row]))
const stream = (...path: string[]): Stream => ({ path, kind: "table", columns: [], key: [] })

beforeAll(async () => {
  server = await mariadb()
  await server.query(`CREATE OR REPLACE USER ${LOW} IDENTIFIED BY 'low-password'`)
})
afterAll(() => server?.query(`DROP USER IF EXISTS ${LOW}; DROP DATABASE IF EXISTS shop; DROP DATABASE IF EXISTS locked; DROP DATABASE IF EXISTS elsewhere`))
beforeEach(async () => {
  await server.query(`
    DROP DATABASE IF EXISTS shop; DROP DATABASE IF EXISTS locked; DROP DATABASE IF EXISTS elsewhere;
    CREATE DATABASE shop CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci; CREATE DATABASE locked; CREATE DATABASE elsewhere;
    USE shop;
    CREATE TABLE item (id int PRIMARY KEY, name varchar(20) NOT NULL, stock int CHECK (stock >= 0), maker int, code varchar(9) UNIQUE) COMMENT 'What we sell';
    INSERT INTO item VALUES (1, 'one', 1, NULL, 'c1');
    CREATE TABLE \`we\`\`ird.name\` (\`co"l\` int PRIMARY KEY); INSERT INTO \`we\`\`ird.name\` VALUES (7);
    CREATE TABLE nokey (v text); INSERT INTO nokey VALUES ('a'), ('b');
    CREATE TABLE partly (id int PRIMARY KEY, open text, closed text);
    CREATE TABLE only_insert (id int);
    CREATE TABLE invisible (id int);
    CREATE TABLE gone (id int); CREATE VIEW broken AS SELECT * FROM gone; DROP TABLE gone;
    CREATE VIEW items AS SELECT * FROM item;
    CREATE SEQUENCE numbers;
    CREATE TABLE elsewhere.other (id int PRIMARY KEY);
    GRANT ALL ON shop.item TO ${LOW}; GRANT ALL ON shop.nokey TO ${LOW}; GRANT ALL ON shop.\`we\`\`ird.name\` TO ${LOW};
    GRANT SELECT (id, open) ON shop.partly TO ${LOW}; GRANT INSERT ON shop.only_insert TO ${LOW}; GRANT SELECT ON shop.items TO ${LOW};
    GRANT SELECT ON shop.broken TO ${LOW}; GRANT SELECT ON elsewhere.* TO ${LOW}; GRANT CREATE ROUTINE, EXECUTE ON shop.* TO ${LOW}`)
})

describe("logging in", () => {
  test.each([
    [{ user: "nobody" }, "auth_failed"],
    [{ password: undefined }, "auth_failed"],
    [{ database: "nowhere" }, "permission_denied"],
    [{ database: "locked" }, "permission_denied"],
    [{ tls: { kind: "verify" } }, "tls_untrusted"],
  ])("%j is %s", async (more, code) => expect((await failure(run((session) => session.test(), more))).code).toBe(code))

  test("a database that is not there is so to whoever may know it", async () => {
    const root = { user: process.env["JF_MYSQL_USER"], password: process.env["JF_MYSQL_PASSWORD"] }
    expect((await failure(run((session) => session.test(), { ...root, database: "nowhere" }))).code).toBe("database_not_found")
    const facts = await run((session) => session.test(), root)
    expect([facts.product, facts.version, facts.warnings?.[0]]).toEqual([
      "MariaDB",
      expect.stringMatching(/^1\d\.\d+\.\d+$/),
      expect.stringMatching(/everything/),
    ])
  })

  test("MariaDB refuses who must come over TLS like a wrong password, and the message says that it may be so", async () => {
    await server.query("SET GLOBAL require_secure_transport = ON")
    try {
      const error = await failure(run((session) => session.test()))
      expect([error.code, error.message]).toEqual(["auth_failed", expect.stringContaining("TLS")])
      expect((await run((session) => session.test(), { tls: { kind: "verify", ca: server.ca } })).product).toBe("MariaDB")
    } finally {
      await server.query("SET GLOBAL require_secure_transport = OFF")
    }
  })
})

describe("discover", () => {
  const found = async (more: object = {}) => {
    const all = await run((session) => collect(session.discover()), more)
    const streams = all.flatMap((each) => ("stream" in each ? [each.stream] : []))
    const skipped = all.flatMap((each) => ("skipped" in each ? [each.skipped] : []))
    const counted = all.flatMap((each) => ("counted" in each ? [each.counted] : []))
    return { streams, skipped, counted }
  }

  test("finds what may be read, names what may not, and adds up, by a constant number of statements", async () => {
    const questions = async (): Promise<number> => {
      const [row] = await server.query("SELECT VARIABLE_VALUE AS v FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'QUESTIONS'")
      return Number(row?.["v"])
    }
    const spent: number[] = []
    let result = await found()
    for (const more of [0, 30]) {
      for (let index = 0; index < more; index++) await server.query(`CREATE TABLE elsewhere.t${index} (id int)`)
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
      "shop/broken: The view does not work any more: it names something that is gone, or that its definer may not read; mend or drop it.",
      "shop/only_insert: The user may not read it; GRANT SELECT ON `shop`.`only_insert` TO it.",
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
    await server.query(`GRANT FILE ON *.* TO ${LOW}; GRANT ALL ON shop.numbers TO ${LOW};
      CREATE FUNCTION shop.thief() RETURNS int NOT DETERMINISTIC MODIFIES SQL DATA BEGIN DELETE FROM shop.item; RETURN 1; END`)
    try {
      await run(async (session) => {
        await rows(session.query("SELECT 1"))
        expect((await failure(collect(session.query(statement)))).code).toMatch(/query_invalid|permission_denied/)
        expect(await rows(session.query("SELECT count(*) FROM shop.item"))).toEqual([["1"]])
      })
    } finally {
      await server.query(`REVOKE FILE ON *.* FROM ${LOW}`)
    }
    expect(await server.query("SELECT id FROM shop.item")).toEqual([{ id: 1 }])
  })

  test.each(["SHOW TABLES IN shop", "EXPLAIN SELECT * FROM shop.item", "DESCRIBE shop.item", "(SELECT 1)", "-- why\nSELECT 1", "VALUES (1)", "SELECT 1;"])(
    "%j reads",
    async (statement) => expect((await run((session) => rows(session.query(statement)))).length).toBeGreaterThan(0),
  )

  test("parameters are bound, names told apart, reading may stop and go on", async () => {
    await run(
      async (session) => {
        expect(await rows(session.query("SELECT ?, ? + 1, ?, ? IS NULL, ?", ["'; DROP TABLE shop.item --", 1, "9007199254740993", null, true]))).toMatchObject([
          ["'; DROP TABLE shop.item --", expect.anything(), "9007199254740993", 1, 1],
        ])
        expect(await rows(session.query("SELECT id FROM shop.item LIMIT ?", [1]))).toEqual([[1]])
        for await (const batch of session.query("SELECT seq, seq FROM elsewhere.seq_1_to_100000")) {
          expect([batch.rows.length, batch.columns.map(({ name }) => name)]).toEqual([10, ["seq", "seq_2"]])
          break
        }
        expect((await rows(session.query("SELECT seq FROM elsewhere.seq_1_to_1000"))).length).toBe(25)
        const [empty] = await collect(session.query("SELECT 1 AS one FROM dual WHERE false"))
        expect([empty?.columns[0]?.name, empty?.rows]).toEqual(["one", []])
        expect((await session.test()).product).toBe("MariaDB")
      },
      {},
      { batchRows: 10, maxRows: 25 },
    )
  })

  test("a large answer that nobody reads to its end is stopped at the server, and the session goes on", async () => {
    await run(async (session) => {
      for await (const batch of session.query("SELECT REPEAT('x', 100000) FROM elsewhere.seq_1_to_100000")) {
        expect(batch.rows.length).toBeGreaterThan(0)
        break
      }
      expect(await rows(session.query("SELECT 'still here'"))).toEqual([["still here"]])
    })
  })

  test("memory does not grow with the answer", async () => {
    await run(
      async (session) => {
        const before = process.memoryUsage().rss
        let most = 0
        let seen = 0
        for await (const batch of session.query("SELECT seq, REPEAT('x', 1000) FROM elsewhere.seq_1_to_300000")) {
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
    const error = await failure(run((session) => collect(session.query("SELECT SLEEP(20), 1")), {}, { deadlineMs: 1_500 }))
    expect(error.code).toBe("timed_out")
  })

  test("a permission that lacks is named with its GRANT, and a broken connection is told apart", async () => {
    const denied = await failure(run((session) => collect(session.query("SELECT * FROM shop.invisible"))))
    expect([denied.code, denied.message]).toEqual(["permission_denied", expect.stringContaining("GRANT SELECT ON `shop`.`invisible` TO 'low'@'127.0.0.1'")])
    await run(async (session) => {
      const broken = failure(collect(session.query("SELECT SLEEP(30)")))
      for (let tries = 0; tries < 100; tries++) {
        const [found] = await server.query("SELECT ID FROM information_schema.PROCESSLIST WHERE USER = 'low' AND INFO LIKE '%SLEEP(30)%'")
        if (found !== undefined) {
          await server.query(`KILL CONNECTION ${found["ID"]}`)
          break
        }
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      expect((await broken).code).toMatch(/server_unavailable|connection_lost/)
    })
  })
})

describe("values", () => {
  const TYPES: readonly [string, string, Value, Column["type"]][] = [
    ["tinyint", "-5", -5, "integer"],
    ["tinyint(1)", "1", 1, "integer"],
    ["int unsigned", "4294967295", 4294967295, "integer"],
    ["mediumint", "-8388608", -8388608, "integer"],
    ["bigint", "-9223372036854775808", "-9223372036854775808", "integer"],
    ["bigint unsigned", "18446744073709551615", "18446744073709551615", "integer"],
    ["year", "2024", 2024, "integer"],
    ["decimal(65,30)", "12345678901234567890.123456789012345678901234567890", "12345678901234567890.123456789012345678901234567890", "decimal"],
    ["float", "1/3", 0.33333334, "float"],
    ["double", "0.1", 0.1, "float"],
    ["bit(1)", "b'1'", "1", "string"],
    ["bit(10)", "b'101'", "0000000101", "string"],
    ["char(3)", "'abc'", "abc", "string"],
    ["varchar(10)", "'naïve👩'", "naïve👩", "string"],
    ["varchar(10) CHARACTER SET latin1", "'naïve'", "naïve", "string"],
    ["text", "''", "", "string"],
    ["enum('a','b')", "'b'", "b", "string"],
    ["set('a','b')", "'a,b'", "a,b", "string"],
    ["uuid", "'123e4567-e89b-12d3-a456-426655440000'", "123e4567-e89b-12d3-a456-426655440000", "string"],
    ["inet6", "'::1'", "::1", "string"],
    ["binary(3)", "X'00ff01'", "AP8B", "bytes"],
    ["varbinary(9)", "X''", "", "bytes"],
    ["blob", "X'fffe'", "//4=", "bytes"],
    ["point", "ST_GeomFromText('POINT(1 2)')", "AAAAAAEBAAAAAAAAAAAA8D8AAAAAAAAAQA==", "bytes"],
    ["date", "'2024-02-29'", "2024-02-29", "date"],
    ["date", "'0000-00-00'", "0000-00-00", "date"],
    ["time", "'-838:59:59'", "-838:59:59", "time"],
    ["time(6)", "'01:02:03.5'", "01:02:03.5", "time"],
    ["datetime", "'2024-03-31 02:30:00'", "2024-03-31T02:30:00", "timestamp"],
    ["datetime(6)", "'2024-03-31 02:30:00.123400'", "2024-03-31T02:30:00.1234", "timestamp"],
    ["datetime", "'0000-00-00 00:00:00'", "0000-00-00 00:00:00", "timestamp"],
    ["timestamp NULL", "FROM_UNIXTIME(1711848600)", "2024-03-31T01:30:00Z", "timestamp"],
    ["json", `'{"a": [1, 9007199254740993]}'`, { a: [1, "9007199254740993"] }, "json"],
  ]
  test("each type comes out the same by a stream, by a query, by a prepared one, and goes in again", async () => {
    const names = TYPES.map((_, index) => `c${index}`)
    const sources = TYPES.map(([, source]) => source).join(", ")
    await server.query(`SET sql_mode = ''; SET time_zone = '+05:00';
      CREATE TABLE shop.types (id int PRIMARY KEY, ${TYPES.map(([type], index) => `c${index} ${type}`).join(", ")});
      INSERT INTO shop.types VALUES (1, ${sources}); CREATE TABLE shop.copy LIKE shop.types;
      GRANT ALL ON shop.types TO ${LOW}; GRANT ALL ON shop.copy TO ${LOW}`)
    const wanted = [1, ...TYPES.map(([, , value]) => value)]
    await run(async (session) => {
      const [read] = await collect(session.read(stream("shop", "types")))
      expect(read?.rows[0]).toEqual(wanted)
      expect(read?.columns.slice(1).map(({ type }) => type)).toEqual(TYPES.map(([, , , type]) => type))
      const [queried] = await collect(session.query("SELECT * FROM shop.types"))
      expect(queried?.rows[0]).toEqual(wanted)
      expect(queried?.columns.slice(1).map(({ type }) => type)).toEqual(TYPES.map(([, , , type]) => type))
      expect(await rows(session.query("SELECT * FROM shop.types WHERE id = ?", [1]))).toEqual([wanted])
      const report = await session.write(stream("shop", "copy"), { columns: read?.columns ?? [], rows: [wanted] }, "append")
      expect(report).toEqual({ written: 1, rejected: [], skipped: 0 })
      expect(await rows(session.read(stream("shop", "copy")))).toEqual([wanted])
      const none = [2, ...names.map(() => null)]
      await session.write(stream("shop", "copy"), { columns: read?.columns ?? [], rows: [none] }, "upsert")
      expect((await rows(session.read(stream("shop", "copy"))))[1]).toEqual(none)
    })
  })
})

describe("read", () => {
  test.each([
    [["shop", "nowhere"], "stream_not_found"],
    [["item"], "stream_not_found"],
    [["shop", "item", "x"], "stream_not_found"],
    [["shop", "only_insert"], "permission_denied"],
    [["shop", "invisible"], "stream_not_found"],
  ])("%j is %s", async (path, code) => expect((await failure(run((session) => collect(session.read(stream(...path)))))).code).toBe(code))

  test("names are quoted, and without a key there is no cursor", async () => {
    await run(async (session) => {
      expect(await rows(session.read(stream("shop", "we`ird.name")))).toEqual([[7]])
      const [batch] = await collect(session.read(stream("shop", "nokey")))
      expect([batch?.rows.length, batch?.cursor]).toEqual([2, undefined])
    })
  })

  test.each([
    ["bigint unsigned", ["9007199254740992", "9007199254740993", "9007199254740994", "18446744073709551615"]],
    ["decimal(30,10)", ["-1.5000000000", "12345678901234567890.0000000001", "12345678901234567890.0000000002"]],
    ["varchar(10)", ["A", "ä2", "b", "C"]],
    ["varbinary(10)", ["AA==", "AAE=", "/w=="]],
    ["datetime(6)", ["2024-01-01T00:00:00", "2024-01-01T00:00:00.000001", "2024-01-01T00:00:00.1"]],
    ["timestamp NULL", ["2024-03-31T01:30:00Z", "2024-03-31T01:30:01Z"]],
    ["date", ["1999-12-31", "2024-02-29"]],
    ["time", ["-10:00:00", "00:00:00", "100:00:00"]],
  ] as [string, string[]][])("a key of %s goes on where it stopped", async (type, values) => {
    await server.query(
      `CREATE TABLE shop.keyed (k ${type.replace(" NULL", " NOT NULL DEFAULT CURRENT_TIMESTAMP")}, n int, PRIMARY KEY (k, n)); GRANT ALL ON shop.keyed TO ${LOW}`,
    )
    const given = values.flatMap((value) => [
      [value, 1],
      [value, 2],
    ])
    const target = { columns: [column("k", "unknown"), column("n", "integer")], rows: given }
    expect((await run((session) => session.write(stream("shop", "keyed"), target, "append"))).written).toBe(given.length)
    const paged: Value[][] = []
    let cursor: string | undefined
    for (let pages = 0; pages <= given.length; pages++) {
      let went = false
      await run(
        async (session) => {
          for await (const batch of session.read(stream("shop", "keyed"), cursor)) {
            if (batch.rows.length === 0) break
            paged.push(...batch.rows.map((row) => [...row]))
            cursor = batch.cursor
            went = true
            break
          }
        },
        {},
        { batchRows: 1 },
      )
      if (!went) break
    }
    expect(paged).toEqual(given)
  })

  const cursorOf = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url")
  test.each([
    "",
    "!",
    cursorOf(1),
    cursorOf([["id"], []]),
    cursorOf([["name"], ["x"]]),
    cursorOf([["id"], [null]]),
    cursorOf([["id"], ["not a number"]]),
    cursorOf([["id"], [{ a: 1 }]]),
  ])("%j is no cursor", async (cursor) =>
    expect((await failure(run((session) => collect(session.read(stream("shop", "item"), cursor))))).code).toBe("request_invalid"),
  )
})

describe("write", () => {
  const batch = (given: Value[][], names = ["id", "name", "stock"]): Batch => ({ columns: names.map((name) => column(name, "unknown")), rows: given })
  const write = (mode: "append" | "upsert", given: Batch, ...path: string[]) =>
    run((session) => session.write(stream(...(path.length === 0 ? ["shop", "item"] : path)), given, mode))
  const items = () => server.query("SELECT id, name FROM shop.item ORDER BY 1")

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
    await server.query(`CREATE TABLE shop.named (k varchar(9) PRIMARY KEY, v int); CREATE TABLE shop.exact (k decimal(9,2) PRIMARY KEY, v int);
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
    await server.query(`CREATE TABLE shop.loose (id int PRIMARY KEY) ENGINE = MyISAM; INSERT INTO shop.loose VALUES (3); GRANT ALL ON shop.loose TO ${LOW}`)
    expect(await write("append", batch([[1], [2], [3], [4]], ["id"]), "shop", "loose")).toMatchObject({ written: 3, skipped: 0, rejected: [{ index: 2 }] })
    expect((await server.query("SELECT COUNT(*) AS many FROM shop.loose"))[0]?.["many"]).toBe(4)
  })

  test("a foreign key and a trigger that refuses are charged to their row", async () => {
    await server.query(`ALTER TABLE shop.item ADD FOREIGN KEY (maker) REFERENCES shop.item (id);
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
    await server.query(`CREATE TABLE shop.counting (id int AUTO_INCREMENT PRIMARY KEY, v int); GRANT ALL ON shop.counting TO ${LOW}`)
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
    expect(await server.query("SELECT id FROM shop.counting ORDER BY v")).toEqual([{ id: 0 }, { id: 1 }])
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
