import { readFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { beforeAll, beforeEach, describe, expect, test } from "vitest"
import { postgres } from "../../src/connectors/postgres.ts"
import type { Session } from "../../src/core/session.ts"
import type { Batch, Stream } from "../../src/core/streams.ts"
import type { Value } from "../../src/core/values.ts"
import { column } from "../fixtures/fixture.ts"
import { table } from "../fixtures/tables.ts"
import { collect, valuesOf } from "../support/batches.ts"
import { certificate } from "../support/certificates.ts"
import { startTestDatabase } from "../support/embedded.ts"
import { failure } from "../support/failure.ts"
import { listenHttp, listenRaw } from "../support/loopback.ts"
import { use } from "../support/use.ts"
import { withSession } from "./context.ts"

const OFF = { tls: { kind: "off" } }
const config = (more: object = {}) => ({ host: "127.0.0.1", port: server.port, user: "low", password: "low-password", database: "postgres", ...OFF, ...more })
const run = <T>(work: (session: Session) => Promise<T>, more: object = {}, options: object = {}): Promise<T> =>
  withSession({ connector: postgres }, config(more), work, options)
const stream = (...path: string[]): Stream => table(path, [], [])

const server = use(() => startTestDatabase({ settings: { log_statement: "all" } }))
beforeAll(async () => {
  await server.query("CREATE ROLE low LOGIN PASSWORD 'low-password'; GRANT TEMPORARY ON DATABASE postgres TO low")
  await server.query("CREATE DATABASE locked")
  await server.query("REVOKE CONNECT ON DATABASE locked FROM PUBLIC")
})
beforeEach(async () => {
  await server.query(`
    DROP SCHEMA IF EXISTS shop CASCADE; CREATE SCHEMA shop; GRANT USAGE ON SCHEMA shop TO low;
    CREATE TABLE shop.item (id int PRIMARY KEY, name text NOT NULL, stock int CHECK (stock >= 0), maker int);
    INSERT INTO shop.item VALUES (1, 'one', 1, NULL);
    CREATE TABLE shop."we""ird.name" ("co""l" int PRIMARY KEY); INSERT INTO shop."we""ird.name" VALUES (7);
    CREATE TABLE shop.nokey (v text); INSERT INTO shop.nokey VALUES ('a'), ('b');
    CREATE TABLE shop.partly (id int PRIMARY KEY, open text, closed text);
    CREATE TABLE shop.event (id int, year int, PRIMARY KEY (year, id)) PARTITION BY RANGE (year);
    CREATE TABLE shop.event_1 PARTITION OF shop.event FOR VALUES FROM (1) TO (2);
    CREATE TABLE shop.hidden_event (id int) PARTITION BY RANGE (id);
    CREATE TABLE shop.hidden_event_1 PARTITION OF shop.hidden_event FOR VALUES FROM (1) TO (2);
    CREATE VIEW shop.items AS SELECT * FROM shop.item; CREATE MATERIALIZED VIEW shop.totals AS SELECT 1 AS total;
    COMMENT ON TABLE shop.item IS 'What we sell';
    GRANT ALL ON shop.item, shop.nokey, shop.event, shop.items, shop.totals, shop."we""ird.name", shop.hidden_event_1 TO low;
    GRANT SELECT (id, open) ON shop.partly TO low; CREATE TABLE shop.foreign_to_low (id int)`)
})

describe("logging in", () => {
  test("the environment has no effect", async () => {
    const poison = {
      PGPASSWORD: "low-password",
      PGUSER: "hub",
      PGOPTIONS: "-c search_path=nowhere",
      PGSSLMODE: "require",
      PGSSLNEGOTIATION: "nonsense",
      PGHOST: "192.0.2.1",
      PGREPLICATION: "database",
    }
    Object.assign(process.env, poison)
    try {
      expect((await failure(run((session) => session.test(), { password: undefined }))).code).toBe("auth_failed")
      expect(
        await run((session) => valuesOf(session.query("SELECT current_user, current_setting('search_path'), current_setting('application_name')"))),
      ).toEqual([["low", '"$user", public', "jackfield"]])
    } finally {
      for (const name of Object.keys(poison)) delete process.env[name]
    }
  })

  test.each([
    [{ user: "nobody" }, "auth_failed"],
    [{ password: undefined }, "auth_failed"],
    [{ database: "nowhere" }, "database_not_found"],
    [{ database: "locked" }, "permission_denied"],
    [{ tls: { kind: "require" } }, "tls_unsupported"],
  ])("%j is %s", async (more, code) => expect((await failure(run((session) => session.test(), more))).code).toBe(code))

  test("TLS that is required, untrusted, or not TLS at all", async () => {
    const ssl = certificate({ name: "127.0.0.1", names: ["127.0.0.1"] })
    const strict = await startTestDatabase({ ssl, requireSsl: true })
    try {
      const to = { port: strict.port, user: strict.user, password: strict.password }
      expect((await failure(run((session) => session.test(), to))).code).toBe("tls_required")
      expect((await failure(run((session) => session.test(), { ...to, tls: { kind: "verify" } }))).code).toBe("tls_untrusted")
      expect((await run((session) => session.test(), { ...to, tls: { kind: "verify", ca: ssl.cert } })).warnings?.[0]).toMatch(/superuser/)
    } finally {
      await strict.stop()
    }
  })

  test.each(["Sinjected", "E", "HTTP/1.1 400 Bad Request\r\n\r\n"])("an answer to SSLRequest of %j is refused", async (answer) => {
    await using fake = await listenRaw((socket) => socket.once("data", () => socket.write(answer)))
    expect((await failure(run((session) => session.test(), { port: fake.port, tls: { kind: "require" } }))).code).toBe("protocol_invalid")
  })

  test("a web server is not a PostgreSQL", async () => {
    await using web = await listenHttp((_, response) => response.end("hello"))
    for (const tls of [{ kind: "off" }, { kind: "require" }])
      expect((await failure(run((session) => session.test(), { port: web.port, tls }))).code).toBe("protocol_invalid")
  })
})

describe("discover", () => {
  test("finds what may be read, names what may not, and adds up, in two queries", async () => {
    const log = join(dirname(server.folder), "server.log")
    const before = (await readFile(log, "utf8")).length
    const found = await run((session) => collect(session.discover()))
    const statements = (await readFile(log, "utf8")).slice(before).match(/LOG: {2}(statement|execute)(?!: ROLLBACK)/g)?.length
    expect(statements).toBe(3) // BEGIN with its settings, the count, the catalog; nobody waits for the ROLLBACK
    const streams = found.flatMap((each) => ("stream" in each ? [each.stream] : []))
    const skipped = found.flatMap((each) => ("skipped" in each ? [each.skipped] : []))
    const total = found.flatMap((each) => ("counted" in each ? [each.counted.total] : []))
    expect(streams.length + skipped.length).toBe(total[0])
    expect(streams.map(({ path, kind, key }) => [path.join("/"), kind, key.join()])).toEqual([
      ["shop/event", "table", "year,id"],
      ["shop/hidden_event_1", "table", ""],
      ["shop/item", "table", "id"],
      ["shop/items", "view", ""],
      ["shop/nokey", "table", ""],
      ["shop/partly", "table", "id"],
      ["shop/totals", "materialized view", ""],
      ['shop/we"ird.name', "table", 'co"l'],
    ])
    expect(skipped.map(({ path, reason }) => `${path.join("/")}: ${reason}`)).toEqual([
      'shop/foreign_to_low: The role may not read it; run GRANT SELECT ON "shop"."foreign_to_low" TO "low".',
      'shop/hidden_event: The role may not read it; run GRANT SELECT ON "shop"."hidden_event" TO "low".',
    ])
    const partly = streams.find(({ path }) => path[1] === "partly")
    expect([partly?.columns.map(({ name }) => name), partly?.comment]).toEqual([["id", "open"], "The role may read only these columns of it."])
    expect(streams.find(({ path }) => path[1] === "event")?.comment).toBe("Partitions: 1; their rows are read through it.")
    expect(streams.find(({ path }) => path[1] === "item")?.comment).toBe("What we sell")
  })
})

describe("query", () => {
  test.each([
    "DELETE FROM shop.item",
    "WITH gone AS (DELETE FROM shop.item RETURNING 1) SELECT * FROM gone",
    "SELECT * INTO shop.copy FROM shop.item",
    "SELECT 1; DELETE FROM shop.item",
    "SELECT set_config('transaction_read_only', 'off', false)",
    "SELECT * FROM shop.item FOR UPDATE",
    "EXPLAIN ANALYZE DELETE FROM shop.item",
    "COMMIT",
    "",
  ])("%j is refused and changes nothing", async (statement) => {
    await run(async (session) => {
      await valuesOf(session.query("SELECT 1"))
      expect((await failure(collect(session.query(statement)))).code).toBe("query_invalid")
      expect(await valuesOf(session.query("SELECT count(*)::int FROM shop.item"))).toEqual([[1]])
    })
    expect(await server.query("SELECT id FROM shop.item")).toEqual([{ id: 1 }])
  })

  test("parameters are bound, names told apart, reading may stop and go on", async () => {
    await run(
      async (session) => {
        expect(await valuesOf(session.query("SELECT $1::text, $2::int + 1, $3::text[] AS a", ["'; DROP TABLE shop.item --", 1, ["x", 'y"']]))).toEqual([
          ["'; DROP TABLE shop.item --", 2, ["x", 'y"']],
        ])
        for await (const batch of session.query("SELECT i, i FROM generate_series(1, 100000) i")) {
          expect([batch.rows.length, batch.columns.map(({ name }) => name)]).toEqual([10, ["i", "i_2"]])
          break
        }
        expect((await valuesOf(session.query("SELECT generate_series(1, 1000)"))).length).toBe(25)
        const [empty] = await collect(session.query("SELECT 1 AS one WHERE false"))
        expect([empty?.columns[0]?.name, empty?.rows]).toEqual(["one", []])
      },
      {},
      { batchRows: 10, maxRows: 25 },
    )
  })

  test("a permission that lacks is named, and a broken connection is told apart", async () => {
    const error = await failure(run((session) => collect(session.query("SELECT * FROM shop.foreign_to_low"))))
    expect([error.code, error.message]).toEqual(["permission_denied", expect.stringContaining("GRANT SELECT")])
    await run(async (session) => {
      const broken = failure(collect(session.query("SELECT pg_sleep(30)")))
      for (
        let tries = 0;
        tries < 100 &&
        (await server.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'low' AND query LIKE '%pg_sleep%'")).length === 0;
        tries++
      );
      expect((await broken).code).toMatch(/server_unavailable|connection_lost/)
    })
  })
})

describe("read", () => {
  test.each([
    [["shop", "nowhere"], "stream_not_found"],
    [["item"], "stream_not_found"],
    [["shop", "item", "x"], "stream_not_found"],
    [["shop", "foreign_to_low"], "permission_denied"],
  ])("%j is %s", async (path, code) => expect((await failure(run((session) => collect(session.read(stream(...path)))))).code).toBe(code))

  test("without a key there is no cursor", async () => {
    await run(async (session) => {
      const [batch] = await collect(session.read(stream("shop", "nokey")))
      expect([batch?.rows.length, batch?.cursor]).toEqual([2, undefined])
    })
  })
})

describe("write", () => {
  const batch = (given: Value[][], names = ["id", "name", "stock"]): Batch => ({ columns: names.map((name) => column(name, "unknown")), rows: given })
  const write = (mode: "append" | "upsert", given: Batch, ...path: string[]) =>
    run((session) => session.write(stream(...(path.length === 0 ? ["shop", "item"] : path)), given, { mode }))

  test("what a key, a check and the protocol refuse is charged to its row, by append and by upsert", async () => {
    const report = await write(
      "append",
      batch([
        [2, "two", 2],
        [1, "again", 1],
        [4, "four", -1],
        [5, "five", null],
        [7, "\u0000", 1],
      ]),
    )
    expect(report).toMatchObject({ written: 2, skipped: 0 })
    expect(report.rejected.map(({ index, reason }) => [index, /duplicate key|check constraint|0x00/.exec(reason)?.[0]])).toEqual([
      [1, "duplicate key"],
      [2, "check constraint"],
      [4, "0x00"],
    ])
    expect(
      await write(
        "upsert",
        batch([
          [1, "changed", 9],
          [3, null, 1],
          [4, "bad", -1],
        ]),
      ),
    ).toMatchObject({ written: 1, rejected: [{ index: 1 }, { index: 2 }] })
    expect(await server.query("SELECT id, name FROM shop.item ORDER BY 1")).toEqual([
      { id: 1, name: "changed" },
      { id: 2, name: "two" },
      { id: 5, name: "five" },
    ])
  })

  test("a constraint that waits for COMMIT is charged to its row, a row that a trigger drops is skipped", async () => {
    await server.query(`ALTER TABLE shop.item ADD FOREIGN KEY (maker) REFERENCES shop.item DEFERRABLE INITIALLY DEFERRED;
      CREATE FUNCTION shop.drop_nine() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF NEW.id = 9 THEN RETURN NULL; END IF; RETURN NEW; END';
      CREATE TRIGGER nine BEFORE INSERT ON shop.item FOR EACH ROW EXECUTE FUNCTION shop.drop_nine()`)
    const given = batch(
      [
        [2, "two", 1],
        [3, "three", 404],
        [9, "nine", 1],
      ],
      ["id", "name", "maker"],
    )
    expect(await write("append", given)).toMatchObject({ written: 1, skipped: 1, rejected: [{ index: 1 }] })
  })

  test.each([
    ["append", ["shop", "nowhere"], ["id"], "stream_not_found"],
    ["append", ["shop", "item"], ["id", "nope"], "query_invalid"],
    ["upsert", ["shop", "item"], ["name"], "query_invalid"],
    ["upsert", ["shop", "nokey"], ["v"], "query_invalid"],
    ["append", ["shop", "foreign_to_low"], ["id"], "permission_denied"],
  ] as const)("%s into %j of %j is %s, and nothing is written", async (mode, path, names, code) =>
    expect((await failure(write(mode, batch([names.map(() => 5)], [...names]), ...path))).code).toBe(code),
  )
})
