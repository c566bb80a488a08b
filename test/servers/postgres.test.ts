import { beforeAll, describe, expect, test } from "vitest"
import { postgres as connector } from "../../src/connectors/postgres.ts"
import type { Session } from "../../src/core/session.ts"
import type { Stream } from "../../src/core/streams.ts"
import { withSession } from "../conformance/context.ts"
import { column } from "../fixtures/fixture.ts"
import { table } from "../fixtures/tables.ts"
import { collect, valuesOf } from "../support/batches.ts"
import { failure } from "../support/failure.ts"
import { closedPort } from "../support/loopback.ts"
import { use } from "../support/use.ts"
import { pgbouncer } from "./pgbouncer.ts"
import { postgres } from "./postgres.ts"

const LOGIN = { user: "low", password: "low-password", database: "postgres" }
const server = use(() => postgres.start({ locales: ["de_DE", "ja_JP"] }))
const run = <T>(work: (session: Session) => Promise<T>, more: object = {}): Promise<T> =>
  withSession({ connector }, { host: "127.0.0.1", port: server.port, ...LOGIN, tls: { kind: "off" }, ...more }, work)
const stream = (...path: string[]): Stream => table(path, [], [])

beforeAll(() =>
  server.query(`CREATE ROLE low LOGIN PASSWORD 'low-password'; CREATE SCHEMA shop; GRANT ALL ON SCHEMA shop TO low; GRANT TEMPORARY ON DATABASE postgres TO low;
  CREATE TABLE shop.item (id int PRIMARY KEY, price money); INSERT INTO shop.item VALUES (1, 1234.56::numeric), (2, -7.5::numeric); GRANT ALL ON shop.item TO low`),
)

describe("whatever a role sets for its sessions", () => {
  test.each([
    "lc_monetary = 'de_DE.UTF-8'",
    "lc_monetary = 'ja_JP.UTF-8'",
    "quote_all_identifiers = on",
    "array_nulls = off",
    "xmloption = 'document'",
    "lc_messages = 'de_DE.UTF-8'",
  ])("%s: values are read and written as they are", async (setting) => {
    await server.query(
      `ALTER ROLE low RESET ALL; ALTER ROLE low SET ${setting}; TRUNCATE shop.item; INSERT INTO shop.item VALUES (1, 1234.56::numeric), (2, -7.5::numeric)`,
    )
    try {
      const columns = [column("id", "integer"), column("price", "decimal")]
      expect(
        await run((session) =>
          session.write(
            stream("shop", "item"),
            {
              columns,
              rows: [
                [3, "9876.54"],
                [4, "-0.05"],
              ],
            },
            { mode: "append" },
          ),
        ),
      ).toMatchObject({ written: 2 })
      expect(await run((session) => session.write(stream("shop", "item"), { columns, rows: [[4, "-1000000.01"]] }, { mode: "upsert" }))).toMatchObject({
        written: 1,
      })
      expect(await run((session) => valuesOf(session.read(stream("shop", "item"))))).toEqual([
        [1, "1234.56"],
        [2, "-7.50"],
        [3, "9876.54"],
        [4, "-1000000.01"],
      ])
      expect(await server.query("SELECT string_agg(price::numeric::text, ' ' ORDER BY id) AS all FROM shop.item")).toEqual([
        { all: "1234.56 -7.50 9876.54 -1000000.01" },
      ])
      const [batch] = await run((session) => collect(session.query("SELECT $1::text[] AS a, '<a/>b'::xml AS x, 'x'::text AS t", [["NULL", null]])))
      expect(batch?.rows).toEqual([[["NULL", null], "<a/>b", "x"]])
      const found = await run((session) => collect(session.discover()))
      expect(found.flatMap((each) => ("stream" in each ? each.stream.columns.map(({ nativeType }) => nativeType) : []))).toEqual(["integer", "money"])
    } finally {
      await server.query("ALTER ROLE low RESET ALL")
    }
  })
})

describe("through PgBouncer", () => {
  const pooler = use(async () => {
    const there = `host=127.0.0.1 port=${server.port} dbname=postgres`
    return await pgbouncer.start({
      databases: {
        postgres: there,
        gone: `host=127.0.0.1 port=${await closedPort()} dbname=postgres`,
        nodb: `host=127.0.0.1 port=${server.port} dbname=nowhere`,
        one: `${there} pool_size=1`,
      },
      users: { low: "low-password" },
      settings: { query_wait_timeout: 2, max_client_conn: 5 },
    })
  })
  const through = <T>(work: (session: Session) => Promise<T>, more: object = {}): Promise<T> => run(work, { port: pooler.port, ...more })

  test.each([
    ["a wrong password", { password: "nope" }, "auth_failed"],
    ["an unknown user", { user: "nobody" }, "auth_failed"],
    ["an unknown database", { database: "xyz" }, "database_not_found"],
    ["a server that is gone", { database: "gone" }, "server_unavailable"],
    ["a database that the server lacks", { database: "nodb" }, /database_not_found|server_unavailable/],
  ])("%s is told", async (_, more, code) => {
    const error = await failure(through((session) => session.test(), more))
    expect(error.code).toMatch(code)
    expect(error.message).not.toContain("refused the statement")
  })

  test("a pool that is full, and a pooler that takes no more clients", async () => {
    await through(
      async (session) => {
        const rows = session.query("SELECT i FROM generate_series(1, 100000) i")[Symbol.asyncIterator]()
        await rows.next()
        expect((await failure(through((other) => other.test(), { database: "one" }))).code).toBe("too_many_connections")
        await rows.return?.()
      },
      { database: "one" },
    )
    const held = (more: number): Promise<unknown> => (more === 0 ? through((session) => session.test()) : through(() => held(more - 1)))
    expect((await failure(held(5))).code).toBe("too_many_connections")
  })

  test("every verb works, transaction by transaction", async () => {
    await server.query("TRUNCATE shop.item")
    await through(async (session) => {
      await session.test()
      const item = stream("shop", "item")
      const columns = [column("id", "integer"), column("price", "decimal")]
      for (const mode of ["append", "upsert"] as const)
        expect(
          await session.write(
            item,
            {
              columns,
              rows:
                mode === "append"
                  ? [
                      [1, "1.50"],
                      [2, "2.50"],
                    ]
                  : [[2, "-2.50"]],
            },
            { mode },
          ),
        ).toMatchObject({ rejected: [] })
      expect(await valuesOf(session.read(item))).toEqual([
        [1, "1.50"],
        [2, "-2.50"],
      ])
      expect(await valuesOf(session.query("SELECT $1::jsonb, $2::text[]", [[1], ["a"]]))).toEqual([[[1], ["a"]]])
      expect((await collect(session.discover())).length).toBe(2)
    })
  })
})

describe("a login without TLS that the server refuses", () => {
  test.each(["C", "de_DE.UTF-8"])("is told to need TLS only where TLS is what it lacks (lc_messages = %s)", async (locale) => {
    await server.query(
      `DO $$ BEGIN CREATE ROLE tlsonly LOGIN PASSWORD 'low-password'; CREATE ROLE rej LOGIN PASSWORD 'low-password'; CREATE ROLE noline LOGIN PASSWORD 'low-password'; EXCEPTION WHEN duplicate_object THEN NULL; END $$`,
    )
    await server.configure(
      `hostssl all tlsonly 127.0.0.1/32 scram-sha-256\nhost all rej 127.0.0.1/32 reject\nhost all low 127.0.0.1/32 scram-sha-256\nhost all jackfield_seed 127.0.0.1/32 scram-sha-256\n`,
    )
    await server.query(`ALTER SYSTEM SET lc_messages = '${locale}'`)
    await server.query("SELECT pg_reload_conf()")
    const refused = async (user: string, tls: string) => (await failure(run((session) => session.test(), { user, tls: { kind: tls } }))).code
    expect(await refused("tlsonly", "off")).toBe("tls_required")
    for (const user of ["rej", "noline"]) for (const tls of ["off", "require"]) expect(await refused(user, tls)).toBe("auth_failed")
    expect(await run((session) => session.test(), { user: "tlsonly", tls: { kind: "require" } })).toMatchObject({ product: "PostgreSQL" })
  })
})
