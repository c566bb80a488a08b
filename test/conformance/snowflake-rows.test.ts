import { describe, expect, test } from "vitest"
import { snowflake } from "../../src/connectors/snowflake.ts"
import type { Session } from "../../src/core/session.ts"
import type { Discovered, Stream } from "../../src/core/streams.ts"
import { type Column, ExactNumber, type Value } from "../../src/core/values.ts"
import { startAccount } from "../fixtures/snowflake.ts"
import { collect } from "../support/batches.ts"
import { failure } from "../support/failure.ts"
import { use } from "../support/use.ts"
import { withSession } from "./context.ts"

const account = use(() => startAccount())

const open = <T>(more: object, work: (session: Session) => Promise<T>, options?: Parameters<typeof withSession>[3]): Promise<T> =>
  withSession({ connector: snowflake }, { ...account.config, ...more }, work, options)
const stream = (name: string, more: Partial<Stream> = {}): Stream => ({ path: ["SHOP", "CONFORMANCE", name], kind: "table", columns: [], key: [], ...more })

describe("discovery", () => {
  const summary = (found: Discovered[]) => ({
    streams: found
      .flatMap((each) =>
        "stream" in each ? [`${each.stream.path.join(".")} ${each.stream.columns.map(({ nativeType }) => nativeType)} ${each.stream.key}`] : [],
      )
      .toSorted(),
    skipped: found.flatMap((each) => ("skipped" in each ? [each.skipped.path.join(".")] : [])),
    total: found.flatMap((each) => ("counted" in each ? [each.counted.total] : [])),
  })

  test("of the whole account finds what discovery of its one database finds", async () => {
    const one = summary(await open({}, (session) => collect(session.discover())))
    const all = summary(await open({ database: "", schema: "" }, (session) => collect(session.discover())))
    expect(all).toEqual(one)
    expect(one.skipped).toEqual(["SHOP.CONFORMANCE.BROKEN"])
    expect(one.streams).toContain("SHOP.CONFORMANCE.PEOPLE VARCHAR(16),NUMBER(38,0),VARCHAR(80),NUMBER(38,10),DATE REGION,ID")
  })

  test("takes three statements, however many tables there are", async () => {
    for (const database of ["SHOP", ""]) {
      const seen = account.server.requests.length
      await open({ database, schema: "" }, (session) => collect(session.discover()))
      expect(account.server.requests.slice(seen).filter(({ method }) => method === "POST")).toHaveLength(3)
    }
  })

  test("does not fall silent where SHOW ends", async () => {
    await account.server.sql(`DO $$ BEGIN EXECUTE (SELECT 'CREATE VIEW "CONFORMANCE"."WIDE" AS SELECT ' || string_agg('1 AS c' || i, ',') FROM generate_series(1, 1600) i);
      FOR n IN 1..6 LOOP EXECUTE format('CREATE VIEW "CONFORMANCE"."WIDE%s" AS SELECT * FROM "CONFORMANCE"."WIDE"', n); END LOOP; END $$;
      GRANT SELECT ON ALL TABLES IN SCHEMA "CONFORMANCE" TO "ANALYST"; REVOKE ALL ON "CONFORMANCE"."HIDDEN" FROM "ANALYST"`)
    try {
      const error = await failure(open({ database: "", schema: "" }, (session) => collect(session.discover())))
      expect([error.code, error.message]).toEqual(["response_too_large", expect.stringMatching(/choose a database/)])
    } finally {
      await account.server.sql('DROP VIEW "CONFORMANCE"."WIDE" CASCADE')
    }
  })
})

describe("a read", () => {
  test("of what is not there, or not this role's, says so", async () => {
    for (const path of [["SHOP", "CONFORMANCE", "HIDDEN"], ["SHOP", "CONFORMANCE", "x"], ["OTHER", "CONFORMANCE", "PEOPLE"], ["PEOPLE"], []])
      expect(await failure(open({}, (session) => collect(session.read(stream("", { path })))))).toMatchObject({ code: "stream_not_found" })
  })

  test("takes a path without its database, and the columns that are asked for", async () => {
    const columns = [{ name: "NAME", type: "string", nativeType: "", nullable: true }] as const
    const [batch] = await open({}, (session) => collect(session.read(stream("", { path: ["CONFORMANCE", "PEOPLE"], columns }))), { maxRows: 2 })
    expect([batch?.columns.map(({ name }) => name), batch?.rows.length]).toEqual([["REGION", "ID", "NAME"], 2])
  })

  test("loses no row where a key that nobody enforces comes twice", async () => {
    await account.server.sql(`CREATE TABLE "CONFORMANCE"."TWICE" (id numeric(38,0) NOT NULL, n numeric(38,0));
      INSERT INTO "CONFORMANCE"."TWICE" SELECT i / 4, i FROM generate_series(0, 21) i; INSERT INTO standin.keys VALUES ('CONFORMANCE', 'TWICE', 'id', 1);
      GRANT SELECT ON "CONFORMANCE"."TWICE" TO "ANALYST"`)
    const seen: Value[] = []
    let cursor: string | undefined
    for (let pages = 0; pages < 20; pages++) {
      const first = await open(
        {},
        async (session) => {
          for await (const batch of session.read(stream("TWICE"), { after: cursor })) return batch
          return undefined
        },
        { batchRows: 3 },
      )
      if (first === undefined || first.rows.length === 0) break
      seen.push(...first.rows.map(([, n]) => n ?? null))
      cursor = first.cursor
    }
    expect(seen.map(Number).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 22 }, (_, n) => n))
    const read = (after: string | undefined, maxRows: number) => open({}, (session) => collect(session.read(stream("TWICE"), { after })), { maxRows })
    const capped = await read(undefined, 6)
    // Equal rows that the limit cuts have no cursor; the rows before them have one, and a read that goes on from it loses none.
    expect(capped.map(({ rows, cursor: next }) => [rows.length, typeof next])).toEqual([
      [4, "string"],
      [2, "undefined"],
    ])
    const [rest] = await read(capped[0]?.cursor, 4)
    expect(rest?.rows.map(([, n]) => Number(n)).toSorted((a, b) => a - b)).toEqual([4, 5, 6, 7])
  })
})

describe("a key whose texts are equal by a collation", () => {
  const SEED = `DROP TABLE IF EXISTS "CONFORMANCE"."COLLATED"; DROP COLLATION IF EXISTS standin.ci;
    CREATE COLLATION standin.ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    CREATE TABLE "CONFORMANCE"."COLLATED" ("K" varchar(9) COLLATE standin.ci NOT NULL, "N" numeric(38,0));
    COMMENT ON COLUMN "CONFORMANCE"."COLLATED"."K" IS 'en-ci'; GRANT ALL ON "CONFORMANCE"."COLLATED" TO "ANALYST"; GRANT USAGE ON SCHEMA standin TO "ANALYST";
    INSERT INTO "CONFORMANCE"."COLLATED" VALUES ('a', 1), ('A', 2), ('b', 3), ('B', 4), ('c', 5);
    DELETE FROM standin.keys WHERE table_name = 'COLLATED'; INSERT INTO standin.keys VALUES ('CONFORMANCE', 'COLLATED', 'K', 1)`

  test("gives each row once, in one pass without a cursor, and keeps its type", async () => {
    await account.server.sql(SEED)
    const batches = await open({}, (session) => collect(session.read(stream("COLLATED"))), { batchRows: 1 })
    expect(batches.flatMap(({ rows }) => rows.map(([, n]) => Number(n))).toSorted()).toEqual([1, 2, 3, 4, 5])
    expect(batches.map(({ cursor }) => cursor)).toEqual(batches.map(() => undefined))
    expect(batches[0]?.columns[0]).toMatchObject({ type: "string", nativeType: "VARCHAR(9) COLLATE 'en-ci'", maxLength: 9 })
    const since = open({}, (session) => collect(session.read(stream("COLLATED"), { plan: { kind: "since", column: "K" } })))
    expect(await failure(since)).toMatchObject({ code: "query_invalid", message: expect.stringMatching(/may be equal though they differ/) })
  })

  test("is not widened, since that would take the collation away", async () => {
    await account.server.sql(SEED)
    const wanted = {
      path: ["SHOP", "CONFORMANCE", "COLLATED"],
      columns: [{ name: "K", type: "string", nativeType: "", nullable: false, maxLength: 20 } as const],
      key: ["K"],
    }
    expect(await open({}, (session) => session.shape(wanted, false))).toMatchObject([{ kind: "refused", column: "K" }])
  })
})

describe("what the account sets for its sessions", () => {
  const sent = async (work: (session: Session) => Promise<unknown>) => {
    const seen = account.server.requests.length
    await open({}, work)
    return account.server.requests.slice(seen).filter(({ method, path }) => method === "POST" && !path.includes("/cancel"))
  }

  test("neither cuts results, nor sends bytes in another form", async () => {
    for (const { body } of await sent((session) => collect(session.read(stream("PEOPLE")))))
      expect(body["parameters"]).toMatchObject({ ROWS_PER_RESULTSET: "0", BINARY_OUTPUT_FORMAT: "HEX", TIMEZONE: "UTC" })
  })

  test("does not change how dates and times are read that are written", async () => {
    const columns = [
      { name: "id", type: "integer", nativeType: "", nullable: false } as const,
      { name: "day", type: "date", nativeType: "", nullable: true } as const,
    ]
    const write = (session: Session) => session.write(stream("HARD"), { columns, rows: [[1, "2024-01-02"]] }, { mode: "upsert" })
    const merges = (await sent(write)).map(({ body }) => String(body["statement"])).filter((statement) => statement.startsWith("MERGE"))
    expect(merges).toEqual([expect.stringContaining("CAST(TO_DATE(F.VALUE[1]::VARCHAR, 'AUTO') AS DATE)")])
  })
})

test("numbers among parameters keep their digits, also in a calculation", async () => {
  const given = ["9007199254740993", "99999999999999999999999999999999999999", "0.12345678901234567890123", "1e20"].map((digits) => new ExactNumber(digits))
  const [batch] = await open({}, (session) => collect(session.query("SELECT ? + 0 AS A, ? AS B, ? + 0 AS C, ? + 0 AS D", given)))
  expect(batch?.rows).toEqual([["9007199254740993", "99999999999999999999999999999999999999", "0.12345678901234567890123", "100000000000000000000"]])
})

describe("a write", () => {
  const column = (name: string) => ({ name, type: "unknown", nativeType: "", nullable: true }) as const
  const write = (rows: Value[][], mode: "append" | "upsert", names = ["ID", "NAME"]) =>
    open({}, (session) => session.write(stream("TARGET"), { columns: names.map(column), rows }, { mode }))
  const there = async () => await account.server.sql('SELECT "ID"::int AS id, "NAME" AS name FROM "CONFORMANCE"."TARGET" ORDER BY 1, 2')

  test("accounts for every row: what Snowflake refuses is named, the others are there", async () => {
    await account.server.sql('TRUNCATE "CONFORMANCE"."TARGET"')
    const report = await write([[1, "a"], ["x", "b"], [3, "a name that is longer than twenty"], [null, "d"], [5, null], [6]], "append")
    expect(report).toMatchObject({ written: 2, skipped: 0 })
    expect(report.rejected.map(({ index, reason }) => [index, reason])).toEqual([
      [1, expect.stringMatching(/Numeric value 'x' is not recognized/)],
      [2, expect.stringMatching(/too long/)],
      [3, expect.stringMatching(/non-nullable column/)],
      [5, "The row has 1 values for 2 columns."],
    ])
    expect(await there()).toEqual([
      { id: 1, name: "a" },
      { id: 5, name: null },
    ])
  })

  test("merges: the last of one key wins, however it is spelled, and the ones before it are skipped", async () => {
    await account.server.sql(`TRUNCATE "CONFORMANCE"."TARGET"; INSERT INTO "CONFORMANCE"."TARGET" VALUES (1, 'old'), (2, 'old')`)
    const report = await write(
      [
        [1, "first"],
        ["01", "last"],
        ["bad", "x"],
        [3, "new"],
      ],
      "upsert",
    )
    expect(report).toMatchObject({ written: 2, skipped: 1, rejected: [{ index: 2 }] })
    expect(await there()).toEqual([
      { id: 1, name: "last" },
      { id: 2, name: "old" },
      { id: 3, name: "new" },
    ])
    expect(await write([[1], [9]], "upsert", ["ID"])).toEqual({ written: 2, skipped: 0, rejected: [] })
  })

  test("of much goes in pieces that a bind variable holds", async () => {
    const seen = account.server.requests.length
    const rows = [1, 2, 3].map((id): Value[] => [id, "x".repeat(2_500_000)])
    const report = await open({}, (session) => session.write(stream("HARD"), { columns: ["id", "emoji"].map(column), rows }, { mode: "append" }))
    expect(report).toEqual({ written: 3, skipped: 0, rejected: [] })
    expect(account.server.requests.slice(seen).filter(({ body }) => String(body["statement"]).startsWith("INSERT"))).toHaveLength(3)
  })

  test("of nothing sends nothing; an unknown column and a missing key are refused before", async () => {
    expect(await write([], "append")).toEqual({ written: 0, skipped: 0, rejected: [] })
    expect(await failure(write([[1]], "append", ["NOPE"]))).toMatchObject({ code: "query_invalid", message: expect.stringMatching(/no column NOPE/) })
    expect(await failure(write([["x"]], "upsert", ["NAME"]))).toMatchObject({ code: "query_invalid", message: expect.stringMatching(/lack ID/) })
  })

  test("that the role may not make stops at the first refusal", async () => {
    await account.server.sql('REVOKE INSERT ON "CONFORMANCE"."TARGET" FROM "ANALYST"')
    try {
      const seen = account.server.requests.length
      expect(
        await failure(
          write(
            [
              [1, "a"],
              [2, "b"],
            ],
            "append",
          ),
        ),
      ).toMatchObject({ code: "query_invalid", details: { code: "002003" } })
      expect(account.server.requests.slice(seen).filter(({ body }) => String(body["statement"]).startsWith("INSERT"))).toHaveLength(1)
    } finally {
      await account.server.sql('GRANT INSERT ON "CONFORMANCE"."TARGET" TO "ANALYST"')
    }
  })
})

describe("a shape", () => {
  const path = ["SHOP", "CONFORMANCE", "MADE"]
  const column = (name: string, type: Column["type"], more: Partial<Column> = {}): Column => ({ name, type, nativeType: "", nullable: true, ...more })
  const id = column("ID", "integer", { precision: 32, nullable: false })
  const shape = (columns: readonly Column[], apply = true) => open({}, (session) => session.shape({ path, columns, key: ["ID"] }, apply))
  const small = [id, column("NAME", "string", { maxLength: 5 }), column("PRICE", "decimal", { precision: 10, scale: 2 })]

  test("creates a table, widens and adds its columns, and does nothing twice", async () => {
    expect((await shape(small)).map(({ kind }) => kind)).toEqual(["create"])
    expect(await shape(small)).toEqual([])
    const all = ["boolean", "date", "time", "timestamp", "json", "bytes", "array", "float"] as const
    const wider = [{ ...id, precision: 64 }, column("NAME", "string", { maxLength: 50 }), ...all.map((type) => column(type.toUpperCase(), type))]
    expect((await shape(wider)).map((step) => `${step.kind} ${"column" in step ? step.column : ""}`)).toEqual([
      "widen ID",
      "widen NAME",
      ...all.map((type) => `add ${type.toUpperCase()}`),
    ])
    expect(await shape(wider)).toEqual([])
    const rows: Value[][] = [["9223372036854775807", "longer than five"]]
    const columns = wider.slice(0, 2)
    const made: Stream = { path, kind: "table", columns: [], key: ["ID"] }
    expect(await open({}, (session) => session.write(made, { columns, rows }, { mode: "upsert" }))).toMatchObject({ written: 1 })
    const gone = { columns, rows, ops: ["delete"] as const }
    expect(await open({}, (session) => session.write(made, gone, { mode: "upsert" }))).toMatchObject({ written: 1 })
    expect(await account.server.sql('SELECT 1 FROM "CONFORMANCE"."MADE"')).toEqual([])
  })

  test("takes merges and deletes once for one commit, and no table is left behind", async () => {
    const own = { path: ["SHOP", "CONFORMANCE", "ONCE"], columns: small.slice(0, 2), key: ["ID"] }
    await open({}, (session) => session.shape(own, true))
    const write = (rows: Value[][], sequence: number, ops: ("upsert" | "delete")[]) => {
      const how = { mode: "upsert", commit: { run: "r'1$$\\", part: "p", sequence } } as const
      return open({}, (session) => session.write({ ...own, kind: "table" }, { columns: own.columns, rows, ops }, how))
    }
    await write(
      [
        [1, "a"],
        [2, "b"],
      ],
      1,
      ["upsert", "upsert"],
    )
    const report = await write(
      [
        [1, null],
        [3, "c"],
      ],
      2,
      ["delete", "upsert"],
    )
    expect(report).toEqual({ written: 2, skipped: 0, rejected: [] })
    expect(
      await write(
        [
          [1, null],
          [3, "c"],
        ],
        2,
        ["delete", "upsert"],
      ),
    ).toEqual({ ...report, already: true })
    expect(await account.server.sql('SELECT "ID"::int AS id FROM "CONFORMANCE"."ONCE" ORDER BY 1')).toEqual([{ id: 2 }, { id: 3 }])
    expect(await account.server.sql("SELECT relname FROM pg_class WHERE relname LIKE 'jackfield_stage_%'")).toEqual([])
  })

  test("drops what a write that was cut off left behind long ago, and nothing else", async () => {
    const named = (days: number, more = "") => `jackfield_stage_${(Date.now() - days * 86_400_000).toString(36)}_${"ab".repeat(12)}${more}`
    const [old, oldKeys, recent, theirs] = [named(3), named(30, "_gone"), named(1), "jackfield_stage_of_mine"]
    for (const name of [old, oldKeys, recent, theirs])
      await account.server.sql(`CREATE TABLE "CONFORMANCE"."${name}" (i int); ALTER TABLE "CONFORMANCE"."${name}" OWNER TO "ANALYST"`)
    const own = { path: ["SHOP", "CONFORMANCE", "SWEPT"], columns: small.slice(0, 2), key: ["ID"] }
    await open({}, (session) => session.shape(own, true))
    const seen = account.server.requests.length
    await open({}, async (session) => {
      for (const sequence of [0, 1]) {
        const how = { mode: "upsert", commit: { run: "r", part: "p", sequence } } as const
        await session.write({ ...own, kind: "table" }, { columns: own.columns, rows: [[sequence, "a"]] }, how)
      }
    })
    const statements = account.server.requests.slice(seen).map(({ body }) => String(body["statement"]))
    expect(statements.filter((each) => each.startsWith("SHOW TABLES"))).toHaveLength(1)
    expect(
      statements.filter((each) => each.startsWith("CREATE") && each.includes("jackfield_stage_")).every((each) => /^CREATE TRANSIENT TABLE /.test(each)),
    ).toBe(true)
    const left = await account.server.sql("SELECT relname FROM pg_class WHERE relname LIKE 'jackfield_stage_%' ORDER BY 1")
    expect(left.map(({ relname }) => relname)).toEqual([recent, theirs].sort())
    for (const name of [recent, theirs]) await account.server.sql(`DROP TABLE "CONFORMANCE"."${name}"`)
  })

  test("refuses a change that Snowflake refuses, before anything is sent", async () => {
    const steps = await shape([id, column("PRICE", "decimal", { precision: 12, scale: 4 })])
    expect(steps).toEqual([{ kind: "refused", column: "PRICE", reason: expect.stringMatching(/cannot widen this column; PRICE is NUMBER\(10,2\) there/) }])
  })
})
