import { beforeAll, beforeEach, describe, expect, test } from "vitest"
import { postgres } from "../../src/connectors/postgres.ts"
import type { PlatformError } from "../../src/core/errors.ts"
import type { Session } from "../../src/core/session.ts"
import type { Stream, WriteReport } from "../../src/core/streams.ts"
import type { Value } from "../../src/core/values.ts"
import { column } from "../fixtures/fixture.ts"
import { table } from "../fixtures/tables.ts"
import { collect } from "../support/batches.ts"
import { startTestDatabase } from "../support/embedded.ts"
import { failure } from "../support/failure.ts"
import { use } from "../support/use.ts"
import { withSession } from "./context.ts"

// A fault that one row brings about is that row's, whatever its code; a fault of the statement is the batch's, and says what lacks.

const server = use(() => startTestDatabase())
const run = <T>(work: (session: Session) => Promise<T>): Promise<T> =>
  withSession({ connector: postgres }, { ...server.config, user: "low", password: "low-password" }, work)
const stream = (name: string): Stream => table(["r", name], [], [])

type Mode = "append" | "upsert"
const write = (mode: Mode, name: string, names: readonly string[], rows: readonly (readonly Value[])[], key: readonly string[] = []): Promise<WriteReport> =>
  run((session) => session.write({ ...stream(name), key }, { columns: names.map((each) => column(each, "unknown")), rows }, { mode }))
const refused = async (work: Promise<WriteReport>): Promise<PlatformError> => await failure(work)

beforeAll(() => server.query("CREATE ROLE low LOGIN PASSWORD 'low-password'; GRANT TEMPORARY ON DATABASE postgres TO low"))
beforeEach(() => server.query("DROP SCHEMA IF EXISTS r CASCADE; CREATE SCHEMA r; GRANT USAGE ON SCHEMA r TO low"))

/** A table with a trigger that does that for the row whose `v` is 13. */
const poisoned = (body: string, when = "BEFORE INSERT"): Promise<unknown> =>
  server.query(`CREATE TABLE r.t (id int PRIMARY KEY, v int); CREATE TABLE r.audit (x int); GRANT ALL ON r.t TO low;
    CREATE FUNCTION r.f() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN IF NEW.v = 13 THEN ${body}; END IF; RETURN NEW; END $f$;
    CREATE ${when.startsWith("CONSTRAINT") ? when : `TRIGGER t ${when} ON r.t`} FOR EACH ROW EXECUTE FUNCTION r.f()`)
const ids = async (): Promise<unknown> => (await server.query("SELECT id FROM r.t ORDER BY 1")).map(({ id }) => id)

describe("what one row brings about is that row's:", () => {
  test.each<[what: string, body: string, reason: RegExp]>([
    ["a code of the author's own", "RAISE EXCEPTION 'thirteen' USING ERRCODE = 'UE001'", /^thirteen\.$/],
    ["55000", "RAISE EXCEPTION 'thirteen' USING ERRCODE = '55000'", /thirteen/],
    ["42501 by RAISE", "RAISE EXCEPTION 'thirteen' USING ERRCODE = 'insufficient_privilege'", /thirteen/],
    ["57014 by RAISE", "RAISE EXCEPTION 'thirteen' USING ERRCODE = 'query_canceled'", /thirteen/],
    ["25006 by RAISE", "RAISE EXCEPTION 'thirteen' USING ERRCODE = '25006'", /thirteen/],
    ["08006 by RAISE", "RAISE EXCEPTION 'thirteen' USING ERRCODE = '08006'", /thirteen/],
    ["XX000 by RAISE", "RAISE EXCEPTION 'thirteen' USING ERRCODE = 'XX000'", /thirteen/],
    ["a statement of the trigger that fails", "PERFORM * FROM r.nowhere", /r\.nowhere/],
    ["a case that was not foreseen", "CASE NEW.v WHEN 1 THEN NULL; END CASE", /case/i],
    ["a calculation that fails", "NEW.v := 1 / 0", /division by zero/],
  ])("%s", async (_, body, reason) => {
    await poisoned(body)
    for (const [mode, from] of [
      ["append", 0],
      ["upsert", 10],
    ] as const) {
      const report = await write(
        mode,
        "t",
        ["id", "v"],
        [
          [from + 1, 1],
          [from + 2, 13],
          [from + 3, 3],
        ],
      )
      expect(report).toEqual({ written: 2, skipped: 0, rejected: [{ index: 1, reason: expect.stringMatching(reason) }] })
    }
    expect(await ids()).toEqual([1, 3, 11, 13])
  })

  test("a constraint trigger that waits for COMMIT", async () => {
    await poisoned("RAISE EXCEPTION 'thirteen' USING ERRCODE = 'UE001'", "CONSTRAINT TRIGGER t AFTER INSERT ON r.t DEFERRABLE INITIALLY DEFERRED")
    expect(
      await write(
        "append",
        "t",
        ["id", "v"],
        [
          [1, 1],
          [2, 13],
          [3, 3],
        ],
      ),
    ).toMatchObject({ written: 2, rejected: [{ index: 1 }] })
  })

  test("an exclusion constraint, and a key that is too long for its index", async () => {
    await server.query(
      "CREATE TABLE r.t (id int PRIMARY KEY, during int4range, EXCLUDE USING gist (during WITH &&)); CREATE TABLE r.long (k text PRIMARY KEY); GRANT ALL ON r.t, r.long TO low",
    )
    const report = await write(
      "append",
      "t",
      ["id", "during"],
      [
        [1, "[1,5)"],
        [2, "[4,6)"],
        [3, "[6,7)"],
      ],
    )
    expect(report).toMatchObject({ written: 2, rejected: [{ index: 1 }] })
    const long = Array.from({ length: 4_000 }, (_, index) => String.fromCodePoint(33 + ((index * 7919) % 8_000))).join("")
    expect(await write("append", "long", ["k"], [["a"], [long], ["b"]])).toMatchObject({
      written: 2,
      rejected: [{ index: 1, reason: expect.stringMatching(/index/) }],
    })
  })

  test.each([
    "TABLE r.t (id int PRIMARY KEY, tenant text, v text)",
    "TABLE r.t (id int, tenant text, v text, PRIMARY KEY (id, tenant)) PARTITION BY LIST (tenant)",
  ])("a policy of row-level security (%s)", async (create) => {
    await server.query(`CREATE ${create}; ALTER TABLE r.t ENABLE ROW LEVEL SECURITY; GRANT ALL ON r.t TO low;
        CREATE POLICY p ON r.t USING (tenant = current_user) WITH CHECK (tenant = current_user)`)
    if (create.includes("PARTITION")) await server.query("CREATE TABLE r.rest PARTITION OF r.t DEFAULT")
    for (const [mode, from] of [
      ["append", 0],
      ["upsert", 10],
    ] as const) {
      const report = await write(
        mode,
        "t",
        ["id", "tenant", "v"],
        [
          [from + 1, "low", "a"],
          [from + 2, "else", "b"],
          [from + 3, "low", "c"],
        ],
      )
      expect(report).toEqual({ written: 2, skipped: 0, rejected: [{ index: 1, reason: expect.stringContaining("row-level security") }] })
    }
    // COPY is refused under row-level security, so bytes are not taken.
    expect(await run((session) => session.takes(stream("t")))).toEqual([])
  })
})

describe("rows are appended to a view", () => {
  test("that takes INSERT, and to one whose trigger does", async () => {
    await server.query(`CREATE TABLE r.t (id int PRIMARY KEY, v int CHECK (v > 0)); CREATE VIEW r.auto AS SELECT id, v FROM r.t WHERE id < 100 WITH CHECK OPTION;
      CREATE VIEW r.own AS SELECT id, v FROM r.t; CREATE FUNCTION r.f() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN INSERT INTO r.t VALUES (NEW.id + 50, NEW.v); RETURN NEW; END $f$;
      CREATE TRIGGER t INSTEAD OF INSERT ON r.own FOR EACH ROW EXECUTE FUNCTION r.f(); GRANT ALL ON r.t, r.auto, r.own TO low`)
    expect(
      await write(
        "append",
        "auto",
        ["id", "v"],
        [
          [1, 1],
          [2, -1],
          [300, 1],
          [4, 4],
        ],
      ),
    ).toMatchObject({ written: 2, rejected: [{ index: 1 }, { index: 2 }] })
    expect(
      await write(
        "append",
        "own",
        ["id", "v"],
        [
          [1, 1],
          [2, -1],
          [3, 3],
        ],
      ),
    ).toMatchObject({ written: 2, rejected: [{ index: 1 }] })
    expect(await ids()).toEqual([1, 4, 51, 53])
    await server.query("CREATE VIEW r.joined AS SELECT a.id FROM r.t a JOIN r.t b USING (id); GRANT ALL ON r.joined TO low")
    expect((await refused(write("append", "joined", ["id"], [[1], [2]]))).code).toBe("query_invalid")
  })
})

describe("what the statement brings about is the batch's:", () => {
  test("a trigger of the statement that refuses every write", async () => {
    await server.query(`CREATE TABLE r.t (id int PRIMARY KEY); GRANT ALL ON r.t TO low;
      CREATE FUNCTION r.f() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN RAISE EXCEPTION 'closed for the night' USING ERRCODE = 'UE002'; END $f$;
      CREATE TRIGGER t BEFORE INSERT ON r.t FOR EACH STATEMENT EXECUTE FUNCTION r.f()`)
    for (const mode of ["append", "upsert"] as const) {
      const error = await refused(write(mode, "t", ["id"], [[1], [2]]))
      expect([error.code, error.message]).toEqual(["query_invalid", expect.stringContaining("closed for the night")])
    }
  })
})

describe("columns that the server computes", () => {
  beforeEach(() =>
    server.query(`CREATE TABLE r.t (id int PRIMARY KEY, a int, b int GENERATED ALWAYS AS (a * 2) STORED, s int GENERATED ALWAYS AS IDENTITY, d int GENERATED BY DEFAULT AS IDENTITY);
      GRANT ALL ON r.t TO low; CREATE VIEW r.v AS SELECT id, s FROM r.t; GRANT ALL ON r.v TO low`),
  )

  test("are named by the catalog", async () => {
    const found = (await run((session) => collect(session.discover()))).flatMap((each) =>
      "stream" in each && each.stream.path[1] === "t" ? [each.stream] : [],
    )
    expect(found[0]?.columns.map(({ name, generated }) => [name, generated])).toEqual([
      ["id", undefined],
      ["a", undefined],
      ["b", "computed"],
      ["s", "identity"],
      ["d", undefined],
    ])
  })

  test("are refused before anything is sent, and so is an identity that an upsert would change", async () => {
    for (const mode of ["append", "upsert"] as const) {
      const error = await refused(write(mode, "t", ["id", "a", "b"], [[1, 2, 4]]))
      expect([error.code, error.message]).toEqual([
        "query_invalid",
        "r.t: b is a generated column, whose values the system computes; leave it out of the rows.",
      ])
    }
    expect((await refused(write("upsert", "t", ["id", "s"], [[1, 2]]))).message).toContain("s is an identity column")
    expect(await write("append", "t", ["id", "a", "s", "d"], [[1, 2, 77, 78]])).toMatchObject({ written: 1 })
    expect(await write("append", "v", ["id", "s"], [[2, 79]])).toMatchObject({ written: 1 })
    expect(
      await write(
        "upsert",
        "t",
        ["id", "a"],
        [
          [1, 5],
          [3, 6],
        ],
      ),
    ).toMatchObject({ written: 2 })
    expect(await server.query("SELECT id, b, s FROM r.t ORDER BY id")).toEqual([
      { id: 1, b: 10, s: 77 },
      { id: 2, b: null, s: 79 },
      { id: 3, b: 12, s: expect.any(Number) },
    ])
    expect((await run((session) => session.takes(stream("t")))).length).toBe(0)
  })
})

describe("a right that lacks is named, and one that the role has is not advised", () => {
  const advice = async (mode: Mode, name: string, names: readonly string[], rows: readonly (readonly Value[])[]): Promise<string> => {
    const error = await refused(write(mode, name, names, rows))
    expect(error.code).toBe("permission_denied")
    return error.message.slice(error.message.indexOf("); ") + 3)
  }
  test.each<[what: string, sql: string, mode: Mode, names: readonly string[], advised: string]>([
    [
      "the sequence of a serial",
      "CREATE TABLE r.t (id serial PRIMARY KEY, v text); GRANT SELECT, INSERT, UPDATE ON r.t TO low",
      "append",
      ["v"],
      'run GRANT USAGE ON SEQUENCE r.t_id_seq TO "low".',
    ],
    [
      "a function in a default",
      "CREATE FUNCTION r.f(int) RETURNS int LANGUAGE sql AS 'SELECT $1'; REVOKE ALL ON FUNCTION r.f FROM PUBLIC; CREATE TABLE r.t (id int DEFAULT r.f(1), v text); GRANT INSERT ON r.t TO low",
      "append",
      ["v"],
      'run GRANT EXECUTE ON FUNCTION r.f(integer) TO "low".',
    ],
    [
      "a function in a check",
      "CREATE FUNCTION r.f(int) RETURNS boolean LANGUAGE sql AS 'SELECT true'; REVOKE ALL ON FUNCTION r.f FROM PUBLIC; CREATE TABLE r.t (v int CHECK (r.f(v))); GRANT INSERT ON r.t TO low",
      "append",
      ["v"],
      'run GRANT EXECUTE ON FUNCTION r.f(integer) TO "low".',
    ],
    [
      "one column",
      'CREATE TABLE r.t (a int, v text, "B" int); GRANT INSERT (v) ON r.t TO low',
      "append",
      ["v", "B", "a"],
      'run GRANT INSERT (a, "B") ON r.t TO "low".',
    ],
    ["the table", "CREATE TABLE r.t (v text)", "append", ["v"], 'run GRANT INSERT ON r.t TO "low".'],
    [
      "one right of an upsert",
      "CREATE TABLE r.t (v int PRIMARY KEY, w int); GRANT SELECT, INSERT ON r.t TO low",
      "upsert",
      ["v", "w"],
      'run GRANT UPDATE ON r.t TO "low".',
    ],
    [
      "the schema",
      "REVOKE ALL ON SCHEMA r FROM low; CREATE TABLE r.t (v int); GRANT INSERT ON r.t TO low",
      "append",
      ["v"],
      'run GRANT USAGE ON SCHEMA r TO "low".',
    ],
    [
      "a table of a trigger",
      "CREATE TABLE r.t (v int PRIMARY KEY); GRANT ALL ON r.t TO low; CREATE TABLE r.audit (x int); CREATE FUNCTION r.f() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN INSERT INTO r.audit VALUES (1); RETURN NEW; END $f$; CREATE TRIGGER t BEFORE INSERT ON r.t FOR EACH ROW EXECUTE FUNCTION r.f()",
      "append",
      ["v"],
      "it has every right on r.t itself, so grant what the server names: a trigger, a function or another table needs it.",
    ],
  ])("%s", async (_, sql, mode, names, advised) => {
    await server.query(sql)
    expect(await advice(mode, "t", names, [names.map(() => 1), names.map(() => 2)])).toBe(advised)
  })

  test("TEMPORARY for an upsert", async () => {
    await server.query("CREATE TABLE r.t (v int PRIMARY KEY); GRANT ALL ON r.t TO low; REVOKE TEMPORARY ON DATABASE postgres FROM low, PUBLIC")
    expect(await advice("upsert", "t", ["v"], [[1]])).toBe('run GRANT TEMPORARY ON DATABASE postgres TO "low".')
    await server.query("GRANT TEMPORARY ON DATABASE postgres TO low")
  })
})
