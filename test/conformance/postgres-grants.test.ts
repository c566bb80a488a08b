import { beforeAll, describe, expect, test } from "vitest"
import { postgres } from "../../src/connectors/postgres.ts"
import type { PlatformError } from "../../src/core/errors.ts"
import type { Remedy } from "../../src/core/remedies.ts"
import type { Session } from "../../src/core/session.ts"
import type { Batch } from "../../src/core/streams.ts"
import { table } from "../fixtures/tables.ts"
import { collect } from "../support/batches.ts"
import { startTestDatabase } from "../support/embedded.ts"
import { failure } from "../support/failure.ts"
import { use } from "../support/use.ts"
import { withSession } from "./context.ts"

const server = use(() => startTestDatabase())

/** Names that a careless quoting would turn into another statement, or that a terminal would obey. */
const NAMES = {
  plain: "orders",
  quotes: `we"ird'name`,
  statement: `x"; DROP TABLE victim; --`,
  newline: "two\nlines\\! ls",
  escape: "bell\u0007\u001b[2Jend",
  backtick: "a`b$$c.d",
  override: "abc\u202egpj",
} as const

const ident = (name: string): string => `"${name.replaceAll('"', '""')}"`
/** The role of that name; a connector's user has no control characters. */
const roleOf = (name: string): string => (/\p{Cc}/u.test(name) ? `visible ${name.length}` : name)
const batch = (id: number): Batch => ({ columns: [{ name: "id", type: "integer", nativeType: "integer", nullable: false }], rows: [[id]] })
const PASSWORD = "low-password"

const run = <T>(user: string, work: (session: Session) => Promise<T>, more: object = {}): Promise<T> =>
  withSession({ connector: postgres }, { ...server.config, user, password: PASSWORD, ...more }, work)

const statements = (remedies: readonly Remedy[] | undefined): string[] =>
  (remedies ?? []).flatMap(({ kind, sql }) => (kind === "sql" && sql !== undefined ? [sql] : []))

/** Runs what the remedies say, as a person would copy it. */
async function mend({ remedies }: { readonly remedies?: readonly Remedy[] }): Promise<string[]> {
  const all = statements(remedies)
  for (const sql of all) await server.query(sql)
  return all
}

beforeAll(async () => {
  await server.query("CREATE TABLE victim (id int)")
})

/** A role and a table in a schema, all of that name; the role has no right at all. */
async function made(name: string): Promise<void> {
  await server.query(`
    DROP SCHEMA IF EXISTS ${ident(name)} CASCADE; DROP ROLE IF EXISTS ${ident(roleOf(name))};
    CREATE ROLE ${ident(roleOf(name))} LOGIN PASSWORD '${PASSWORD}'; CREATE SCHEMA ${ident(name)};
    CREATE TABLE ${ident(name)}.${ident(name)} (id int PRIMARY KEY); INSERT INTO ${ident(name)}.${ident(name)} VALUES (1)`)
}

describe.each(Object.entries(NAMES))("a role, a schema and a table with the name %s", (_, name) => {
  test("are granted as they are called by what a skipped stream says, and then it is read", async () => {
    await made(name)
    const skipped = async () =>
      (await run(roleOf(name), (session) => collect(session.discover()))).flatMap((each) =>
        "skipped" in each && each.skipped.path[0] === name ? [each.skipped] : [],
      )
    const [first] = await skipped()
    expect(first?.path).toEqual([name, name])
    const sql = await mend(first ?? {})
    expect(sql).toHaveLength(2)
    for (const each of sql) expect([each, /[\p{C}\p{Zl}\p{Zp}]/u.test(each)]).toEqual([each, false])
    expect(await skipped()).toEqual([])
    expect(await server.query("SELECT count(*)::int AS n FROM victim")).toEqual([{ n: 0 }])
  })

  test("are granted as they are called by a refused query and a refused write, one statement after another", async () => {
    await made(name)
    const path = [name, name]
    const text = `SELECT * FROM ${ident(name)}.${ident(name)}`
    const query = (session: Session) => collect(session.query(text))
    expect(await mend(await failure(run(roleOf(name), query)))).toHaveLength(1)
    expect(await mend(await failure(run(roleOf(name), query)))).toHaveLength(1)
    expect(await run(roleOf(name), query)).toHaveLength(1)
    const write = (session: Session) => session.write(table(path, [], ["id"]), batch(2), { mode: "upsert" })
    const refused = await failure(run(roleOf(name), write))
    expect(refused.code).toBe("permission_denied")
    // SELECT was granted before: it is not advised again.
    expect(statements(refused.remedies).join("\n")).toMatch(/^GRANT INSERT.* ON /)
    expect(statements(refused.remedies).join("\n")).not.toContain("SELECT")
    await mend(refused)
    expect(await run(roleOf(name), write)).toMatchObject({ written: 1 })
  })
})

describe("what is advised", () => {
  beforeAll(() => made("app"))

  const refusedBy = (user: string, statement: string): Promise<PlatformError> => failure(run(user, (session) => collect(session.query(statement))))

  test("the role may not even enter the database: CONNECT, for the role that logs in", async () => {
    await server.query("CREATE DATABASE locked")
    await server.query("REVOKE ALL ON DATABASE locked FROM PUBLIC")
    const error = await failure(run("app", (session) => session.test(), { database: "locked" }))
    expect([error.code, statements(error.remedies)]).toEqual(["permission_denied", ['GRANT CONNECT ON DATABASE "locked" TO "app"']])
    expect(error.message).toContain('run GRANT CONNECT ON DATABASE "locked" TO "app".')
  })

  test("two tables of one name: nobody can tell which one was meant, so none is named", async () => {
    await server.query(
      "CREATE SCHEMA one; CREATE SCHEMA two; CREATE TABLE one.same (id int); CREATE TABLE two.same (id int); GRANT USAGE ON SCHEMA one, two TO app",
    )
    const error = await refusedBy("app", "SELECT * FROM two.same")
    expect([error.code, statements(error.remedies)]).toEqual(["permission_denied", []])
    expect(error.remedies.length).toBeGreaterThan(0)
    await server.query("GRANT SELECT ON one.same TO app")
    expect(statements((await refusedBy("app", "SELECT * FROM two.same")).remedies)).toEqual(['GRANT SELECT ON "two"."same" TO "app"'])
  })

  test("a view whose owner may not read its table: the reader has every right, so no GRANT to the reader is advised", async () => {
    await server.query(`
      CREATE ROLE maker; CREATE SCHEMA views AUTHORIZATION maker; CREATE TABLE public.base (id int); GRANT SELECT ON base TO maker, app;
      SET ROLE maker; CREATE VIEW views.v AS SELECT * FROM public.base; GRANT USAGE ON SCHEMA views TO app; GRANT SELECT ON views.v TO app;
      RESET ROLE; REVOKE SELECT ON base FROM maker`)
    const error = await refusedBy("app", "SELECT * FROM views.v")
    expect([error.code, statements(error.remedies)]).toEqual(["permission_denied", []])
  })

  test("a function, by its arguments, and a sequence", async () => {
    await server.query(`
      CREATE FUNCTION public.add(a int, b text) RETURNS int LANGUAGE sql AS 'SELECT 1'; REVOKE ALL ON FUNCTION add FROM PUBLIC;
      CREATE SEQUENCE public.numbers; GRANT USAGE ON SCHEMA public TO app`)
    expect(await mend(await refusedBy("app", "SELECT add(1, 'b')"))).toEqual(['GRANT EXECUTE ON FUNCTION "public"."add"(a integer, b text) TO "app"'])
    expect((await run("app", (session) => collect(session.query("SELECT add(1, 'b')")))).length).toBe(1)
  })

  test("a role that the server changes at the login is the one that is named", async () => {
    await server.query(
      `CREATE ROLE other; CREATE ROLE switched LOGIN PASSWORD '${PASSWORD}'; GRANT other TO switched; ALTER ROLE switched SET role = 'other'; CREATE TABLE public.mine (id int)`,
    )
    expect(statements((await refusedBy("switched", "SELECT * FROM mine")).remedies)).toEqual(['GRANT SELECT ON "public"."mine" TO "other"'])
  })

  test("a temporary table for an upsert needs TEMPORARY on the database", async () => {
    await server.query(
      "REVOKE TEMPORARY ON DATABASE postgres FROM PUBLIC; CREATE TABLE public.put (id int PRIMARY KEY); GRANT SELECT, INSERT, UPDATE ON put TO app",
    )
    const write = (session: Session) => session.write(table(["public", "put"], [], ["id"]), batch(2), { mode: "upsert" })
    expect(await mend(await failure(run("app", write)))).toEqual(['GRANT TEMPORARY ON DATABASE postgres TO "app"'])
    expect(await run("app", write)).toMatchObject({ written: 1 })
  })

  test("a table that may not be made needs CREATE on its schema", async () => {
    const shape = (session: Session) =>
      session.shape({ path: ["app", "fresh"], columns: [{ name: "id", type: "integer", nativeType: "integer", nullable: false }], key: ["id"] }, true)
    await server.query("GRANT USAGE ON SCHEMA app TO app")
    expect(await mend(await failure(run("app", shape)))).toEqual(['GRANT CREATE ON SCHEMA "app" TO "app"'])
    expect((await run("app", shape)).map(({ kind }) => kind)).toEqual(["create"])
  })

  test("a remedy that would repeat the password is left out", async () => {
    await server.query("CREATE ROLE sesame_open_1 LOGIN PASSWORD 'sesame_open_1'; CREATE TABLE public.shut (id int)")
    const error = await failure(run("sesame_open_1", (session) => collect(session.query("SELECT * FROM shut")), { password: "sesame_open_1" }))
    expect([error.code, statements(error.remedies)]).toEqual(["permission_denied", []])
    expect(JSON.stringify(error.remedies)).not.toContain("sesame")
  })
})
