import { randomBytes } from "node:crypto"
import type { IncomingMessage, ServerResponse } from "node:http"
import { createServer } from "node:https"
import { beforeEach, describe, expect, test } from "vitest"
import { mssql } from "../../src/connectors/mssql.ts"
import type { TokenAsk, TokenSource } from "../../src/core/call.ts"
import { parseConfig } from "../../src/core/config.ts"
import type { Session } from "../../src/core/session.ts"
import type { Batch, Stream } from "../../src/core/streams.ts"
import { ExactNumber, type Value } from "../../src/core/values.ts"
import { column } from "../fixtures/fixture.ts"
import { DATABASE, startSqlServer } from "../fixtures/mssql-server.ts"
import { drain, table } from "../fixtures/tables.ts"
import { collect, rowsOf, valuesOf } from "../support/batches.ts"
import { certificate } from "../support/certificates.ts"
import { failure } from "../support/failure.ts"
import { testLease } from "../support/lease.ts"
import { listen } from "../support/loopback.ts"
import { standIn } from "../support/stand-ins.ts"
import { use } from "../support/use.ts"
import { withSession } from "./context.ts"

const [USER, PASSWORD] = ["low", "low-password-of-the-test"]
const server = use(() => startSqlServer({ [USER]: PASSWORD }))
const auth = { kind: "password", user: USER, password: PASSWORD }
const run = <T>(work: (session: Session) => Promise<T>, more: object = {}, options: object = {}): Promise<T> =>
  withSession({ connector: mssql }, { host: "127.0.0.1", port: server.port, database: DATABASE, auth, tls: { kind: "off" }, ...more }, work, options)
const stream = (name: string, more: Partial<Stream> = {}): Stream => ({ ...table(["shop", name], [], []), ...more })
const item = (): Promise<Record<string, unknown>[]> => server.sql("SELECT * FROM shop.item ORDER BY id, name")
const query = (session: Session, statement: string, params: readonly Value[] = []): Promise<readonly (readonly Value[])[]> =>
  valuesOf(session.query(statement, params))

beforeEach(async () => {
  server.canned.clear()
  server.routes.length = 0
  await server.snapshots(true)
  await server.sql(`DO $$ BEGIN CREATE ROLE ${USER}; EXCEPTION WHEN duplicate_object THEN END $$; GRANT TEMPORARY, CREATE ON DATABASE ${DATABASE} TO ${USER};
    DROP SCHEMA IF EXISTS shop CASCADE; DELETE FROM standin.missing; DELETE FROM standin.declared; DELETE FROM standin.described; CREATE SCHEMA shop AUTHORIZATION ${USER}; SET ROLE ${USER};
    CREATE TABLE shop.item (id int PRIMARY KEY, name varchar(10) NOT NULL, price numeric(10,2));
    INSERT INTO shop.item VALUES (1, 'one', 1.10), (2, 'two', 2.20)`)
})

describe("the login", () => {
  test("says product, version and who it is, and tells the server nothing else", async () => {
    const facts = await run((session) => session.test())
    expect(facts).toMatchObject({
      product: "SQL Server",
      version: "17.0.1000.7",
      details: { database: DATABASE, login: USER, edition: expect.stringMatching(/Enterprise/) },
    })
    expect(server.logins.at(-1)).toMatchObject({ user: USER, app: "jackfield", host: "jackfield", server: "127.0.0.1", readOnly: false })
  })

  test("asks for a secondary replica", async () => {
    await run((session) => session.test(), { readOnlyIntent: true })
    expect(server.logins.at(-1)?.readOnly).toBe(true)
  })

  test("names a database that is not there, behind the login", async () => {
    const error = await failure(run((session) => session.test(), { database: "nowhere" }))
    expect([error.code, error.message]).toEqual(["database_not_found", expect.stringMatching(/nowhere/)])
  })

  test("needs TLS where the server does, and says so where it has none", async () => {
    server.encryption = 3
    expect((await failure(run((session) => session.test()))).code).toBe("tls_required")
    server.encryption = 2
    expect((await failure(run((session) => session.test(), { tls: { kind: "require" } }))).code).toBe("tls_unsupported")
    server.encryption = 1
    expect(await run((session) => session.test(), { tls: { kind: "require" } })).toMatchObject({ details: { encrypted: true } })
  })

  test.each([
    ["db\\SQLEXPRESS", /Configuration Manager/],
    ["db.example.com,1434", /behind the comma/],
  ])("the server %s is refused with advice", (host, advice) => {
    const { faults } = parseConfig(mssql.fields, { host, auth })
    expect(faults.find(({ pointer }) => pointer === "/host")?.message).toMatch(advice)
  })
})

describe("routing", () => {
  test("follows the server's route through the door", async () => {
    server.routes.push({ host: "localhost", port: server.port })
    expect(await run((session) => session.test())).toMatchObject({ product: "SQL Server" })
    expect(server.logins.slice(-2).map(({ server: name }) => name)).toEqual(["127.0.0.1", "localhost"])
  })

  test.each(["169.254.169.254", "10.0.0.1", "[::ffff:169.254.169.254]", "metadata.google.internal"])("a route to %s is denied", async (host) => {
    server.routes.push({ host, port: 1_433 })
    const error = await failure(run((session) => session.test(), {}, { deadlineMs: 5_000 }))
    expect(["egress_denied", "host_not_found", "config_invalid", "dns_failed"]).toContain(error.code)
  })

  test("the certificate of a routed host must be its own", async () => {
    const { ca } = server
    server.routes.push({ host: "127.0.0.1", port: server.port }, { host: "other.example.test", port: server.port })
    const error = await failure(run((session) => session.test(), { host: "db.example.test", tls: { kind: "verify", ca } }))
    expect(error.code).toBe("tls_name_mismatch")
  })

  test("a route in a circle ends", async () => {
    for (let each = 0; each < 20; each++) server.routes.push({ host: "127.0.0.1", port: server.port })
    expect((await failure(run((session) => session.test()))).code).toBe("protocol_invalid")
  })
})

describe("Entra", () => {
  const TENANT = "contoso.onmicrosoft.com"
  const CLIENT = "11111111-2222-3333-4444-555555555555"
  const secret = `s3cr3t/+=${randomBytes(12).toString("hex")}`
  const entra = { kind: "entra", tenant: TENANT, clientId: CLIENT, clientSecret: secret }
  const hosts = ["login.microsoftonline.com", "login.microsoftonline.us"]
  const asked: { host: string; path: string; form: Record<string, string> }[] = []
  const grant = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const form = Object.fromEntries(new URLSearchParams(Buffer.concat((await request.toArray()) as Buffer[]).toString("utf8")))
    asked.push({ host: String(request.headers.host), path: request.url ?? "", form })
    const token = `eyJ${randomBytes(900).toString("base64url")}`
    const known = form["client_secret"] === secret && form["client_id"] === CLIENT && form["grant_type"] === "client_credentials"
    if (known) server.tokens.add(token)
    response.writeHead(known ? 200 : 401, { "content-type": "application/json" })
    response.end(
      JSON.stringify(
        known ? { access_token: token, token_type: "Bearer", expires_in: 3_599 } : { error: "invalid_client", error_description: "AADSTS7000215" },
      ),
    )
  }
  use(async () => {
    const ca = certificate({ name: "Entra stand-in CA", ca: true })
    const own = certificate({ name: hosts[0] ?? "", names: hosts, issuer: ca })
    const loopback = await listen(createServer({ cert: own.cert, key: own.key }, (request, response) => void grant(request, response)))
    const undo = standIn(hosts, loopback.port, ca.cert)
    return {
      async [Symbol.asyncDispose]() {
        undo()
        await loopback.close()
      },
    }
  })

  test("a service principal logs in by a token for the database", async () => {
    expect(await run((session) => session.test(), { auth: entra })).toMatchObject({ product: "SQL Server" })
    expect(asked.at(-1)).toMatchObject({ path: `/${TENANT}/oauth2/v2.0/token`, form: { scope: "https://database.windows.net/.default" } })
    expect(server.logins.at(-1)).toMatchObject({ user: "", token: expect.stringMatching(/^eyJ/) })
  })

  test("the government's cloud has its own addresses", async () => {
    await run((session) => session.test(), { auth: { ...entra, cloud: "government" } })
    expect(asked.at(-1)).toMatchObject({ host: "login.microsoftonline.us", form: { scope: "https://database.usgovcloudapi.net/.default" } })
  })

  test("a wrong secret is a refused login", async () => {
    expect((await failure(run((session) => session.test(), { auth: { ...entra, clientSecret: "wrong-secret-of-a-client" } }))).code).toBe("auth_failed")
  })

  test("a token that the server no longer takes is renewed, once", async () => {
    const asks: (string | undefined)[] = []
    /** Knows a token that has expired, until it is told so; `renewed` is what it gives then. */
    const tokens =
      (renewed: (ask: TokenAsk) => Promise<string>): TokenSource =>
      async (ask) => {
        asks.push(ask.refused)
        return ask.refused === undefined ? { value: "eyJ-expired", cached: true } : { value: await renewed(ask), cached: false }
      }
    await using lease = testLease()
    const granted = tokens(async (ask) => (await ask.grant(lease, undefined)).accessToken)
    expect(await run((session) => session.test(), { auth: entra }, { token: granted })).toMatchObject({ product: "SQL Server" })
    expect(asks).toEqual([undefined, "eyJ-expired"])
    asks.length = 0
    const stale = tokens(async () => "eyJ-expired-too")
    expect((await failure(run((session) => session.test(), { auth: entra }, { token: stale }))).code).toBe("auth_failed")
    expect(asks).toEqual([undefined, "eyJ-expired"])
  })

  test("an access token that has expired is a refused login", async () => {
    expect((await failure(run((session) => session.test(), { auth: { kind: "token", token: "eyJ-that-has-expired" } }))).code).toBe("auth_failed")
  })
})

describe("a query", () => {
  test.each([
    "DELETE FROM shop.item",
    "SELECT 1 DELETE FROM shop.item",
    "SELECT * INTO shop.copy FROM shop.item",
    "WITH c AS (SELECT 1 AS a) UPDATE shop.item SET name = 'x'",
    "SELECT 1; SELECT 2",
    "SELECT 1 EXEC xp_cmdshell 'dir'",
    "SELECT 1 COMMIT",
    "SELECT * FROM OPENROWSET('SQLNCLI', 'Server=other', 'SELECT 1')",
    "SELECT * FROM OPENQUERY(other, 'DELETE FROM t')",
    "SELECT NEXT VALUE FOR shop.numbers",
    "SELECT 1 WAITFOR DELAY '01:00'",
    "SELECT 1 -- x\n SHUTDOWN",
    "SELECT 1 /* a /* nested */ */ DROP TABLE shop.item",
    "sp_who",
    "",
  ])("is refused before it is sent: %s", async (statement) => {
    await run(async (session) => {
      const before = server.seen.length
      expect((await failure(drain(session, statement))).code).toBe("query_invalid")
      expect(server.seen.slice(before)).toEqual([])
    })
    expect(await item()).toHaveLength(2)
  })

  test.each([
    "SELECT 'update' AS [delete]",
    'SELECT 1 AS "drop" -- insert',
    "SELECT N'it''s; exec' AS a",
    "SELECT count(*) FROM shop.item WHERE name <> 'into'",
  ])("is sent: %s", async (statement) => {
    expect(await run((session) => drain(session, statement))).toBe(1)
  })

  test("has two results: refused, and the session goes on", async () => {
    server.canned.set("SELECT 1 SELECT 2", { columns: [{ name: "a", type: "int" }], rows: [["1"]] })
    expect(await run((session) => drain(session, "SELECT 1 SELECT 2"))).toBe(1)
  })

  test("binds parameters with their types", async () => {
    const values = ["naïve 👩‍👩‍👧", 7, 9_007_199_254_740_991, 0.1, true, new ExactNumber("9223372036854775807")]
    const [row] = await run((session) => query(session, "SELECT @p1 AS a, @p2 AS b, @p3 AS c, @p4 AS d, @p5 AS e, @p6 AS f", values))
    expect(row).toEqual(["naïve 👩‍👩‍👧", 7, "9007199254740991", 0.1, true, "9223372036854775807"])
  })

  test("binds long texts and nothing", async () => {
    const long = "x".repeat(10_000)
    expect(await run((session) => query(session, "SELECT @p1 AS a, @p2 AS b", [long, null]))).toEqual([[long, null]])
    expect((await failure(run((session) => query(session, "SELECT @p1 AS a", ["\ud800"])))).code).toBe("query_invalid")
  })

  test("stops at the rows that are wanted, by an ATTENTION, and the session goes on", async () => {
    await run(
      async (session) => {
        expect(await rowsOf(session.query("SELECT object_id FROM sys.all_objects"))).toHaveLength(3)
        expect(await query(session, "SELECT 1 AS a")).toEqual([[1]])
      },
      {},
      { maxRows: 3 },
    )
  })

  test("an error names the statement's fault, and the transaction is rolled back", async () => {
    await run(async (session) => {
      expect(await failure(drain(session, "SELECT nope FROM shop.item"))).toMatchObject({ code: "query_invalid", details: { number: 207, severity: 16 } })
      expect(await failure(drain(session, "SELECT CAST('x' AS int)"))).toMatchObject({ code: "query_invalid", details: { number: 245 } })
      expect(await query(session, "SELECT 1 AS a")).toEqual([[1]])
    })
  })
})

describe("values", () => {
  const one = async (type: object, value: string | Buffer): Promise<Value | undefined> => {
    server.canned.set("SELECT one", { columns: [{ name: "a", ...type } as never], rows: [[value], [null]] })
    const [row, none] = await run((session) => query(session, "SELECT one"))
    expect(none).toEqual([null])
    return row?.[0]
  }
  test.each([
    [{ type: "decimal", precision: 38, scale: 10 }, "-1234567890123456789012345678.0123456789", "-1234567890123456789012345678.0123456789"],
    [{ type: "decimal", precision: 38, scale: 0 }, "99999999999999999999999999999999999999", "99999999999999999999999999999999999999"],
    [{ type: "decimal", precision: 5, scale: 5 }, "-0.00001", "-0.00001"],
    [{ type: "int", length: 8 }, "-9223372036854775808", "-9223372036854775808"],
    [{ type: "int", length: 4 }, "-2147483648", -2_147_483_648],
    [{ type: "int", length: 1 }, "255", 255],
    [{ type: "bit" }, "1", true],
    [{ type: "float", length: 8 }, "0.1", 0.1],
    [{ type: "float", length: 4 }, "0.1", 0.1],
    [{ type: "float", length: 8 }, "1.7976931348623157e308", 1.797_693_134_862_315_7e308],
    [{ type: "date" }, "0001-01-01", "0001-01-01"],
    [{ type: "date" }, "9999-12-31", "9999-12-31"],
    [{ type: "time", scale: 7 }, "23:59:59.9999999", "23:59:59.9999999"],
    [{ type: "time", scale: 0 }, "01:02:03", "01:02:03"],
    [{ type: "datetime2", scale: 7 }, "1753-01-01 00:00:00.0000001", "1753-01-01T00:00:00.0000001"],
    [{ type: "datetime2", scale: 3 }, "1899-12-31 23:59:59.120", "1899-12-31T23:59:59.12"],
    [{ type: "datetimeoffset", scale: 7 }, "2024-03-31 01:30:00.1234567+02:00", "2024-03-31T01:30:00.1234567+02:00"],
    [{ type: "datetimeoffset", scale: 7 }, "2024-01-01 00:30:00-05:30", "2024-01-01T00:30:00-05:30"],
    [{ type: "datetimeoffset", scale: 0 }, "2024-01-01 00:00:00+00", "2024-01-01T00:00:00Z"],
    [{ type: "uniqueidentifier" }, "00112233-4455-6677-8899-aabbccddeeff", "00112233-4455-6677-8899-AABBCCDDEEFF"],
    [{ type: "varbinary", length: 65_535 }, "\\x00ff80", "AP+A"],
    [{ type: "nvarchar", length: 65_535 }, "naïve 👩‍👩‍👧", "naïve 👩‍👩‍👧"],
    [{ type: "nvarchar", length: 65_535 }, "", ""],
  ] as const)("%j of %s", async (type, given, expected) => expect(await one(type, given)).toEqual(expected))

  test.each([
    ["money", { type: "money", length: 8 }, Buffer.from("ffff3fff" + "ffffffff", "hex"), /^-?\d+\.\d{4}$/],
    ["the largest money", { type: "money", length: 8 }, Buffer.from([0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff]), "922337203685477.5807"],
    ["the smallest money", { type: "money", length: 8 }, Buffer.from([0, 0, 0, 0x80, 0, 0, 0, 0]), "-922337203685477.5808"],
    ["smallmoney", { type: "money", length: 4 }, Buffer.from([0xff, 0xff, 0xff, 0xff]), "-0.0001"],
    ["datetime", { type: "datetime", length: 8 }, Buffer.from([0, 0, 0, 0, 0x01, 0, 0, 0]), "1900-01-01T00:00:00.003"],
    ["datetime before 1900", { type: "datetime", length: 8 }, Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0x81, 0x8b, 0x01]), "1899-12-31T23:59:59.997"],
    ["smalldatetime", { type: "datetime", length: 4 }, Buffer.from([1, 0, 61, 0]), "1900-01-02T01:01:00"],
    ["a variant of decimal", { type: "variant" }, Buffer.from([0x6c, 2, 38, 2, 0, 0x39, 0x30, 0, 0]), "-123.45"],
    ["a variant of nvarchar", { type: "variant" }, Buffer.concat([Buffer.from([0xe7, 7, 9, 4, 0xd0, 0, 0x34, 0, 1]), Buffer.from("né", "utf16le")]), "né"],
    ["a variant of date", { type: "variant" }, Buffer.from([0x28, 0, 0, 0, 0]), "0001-01-01"],
    ["a variant of time", { type: "variant" }, Buffer.from([0x29, 1, 0, 0x3d, 0x0e, 0]), "01:00:45"],
  ] as const)("%s", async (_, type, bytes, expected) => {
    const value = await one(type, bytes)
    if (expected instanceof RegExp) expect(value).toMatch(expected)
    else expect(value).toBe(expected)
  })
})

describe("the catalog", () => {
  const streams = async (): Promise<Map<string, Stream>> => {
    const found = await run((session) => collect(session.discover()))
    return new Map(found.flatMap((each) => ("stream" in each ? [[each.stream.path.join("."), each.stream] as const] : [])))
  }

  test("has names that need quoting, comments, keys in their order, and what is generated", async () => {
    await server.sql(`SET ROLE ${USER}; CREATE TABLE shop."we]ird [t" ("a]b" int NOT NULL, "c d" varchar(5), n int GENERATED ALWAYS AS IDENTITY, twice int GENERATED ALWAYS AS ("a]b" * 2) STORED, PRIMARY KEY (n, "a]b"));
      INSERT INTO shop."we]ird [t" ("a]b", "c d") VALUES (1, 'x'); RESET ROLE; INSERT INTO standin.described SELECT 'shop.item'::regclass, 'Things to sell'`)
    const found = await streams()
    expect(found.get("shop.item")).toMatchObject({ comment: "Things to sell", key: ["id"], kind: "table" })
    const weird = found.get("shop.we]ird [t")
    expect(weird?.key).toEqual(["n", "a]b"])
    expect(weird?.columns.map(({ name, generated }) => [name, generated])).toEqual([
      ["a]b", undefined],
      ["c d", undefined],
      ["n", "identity"],
      ["twice", "computed"],
    ])
    expect(await run((session) => rowsOf(session.read(weird as Stream)))).toEqual([{ "a]b": 1, "c d": "x", n: 1, twice: 2 }])
  })

  test("says what may not be read, with the GRANT, and which columns alone may be", async () => {
    await server.sql(`CREATE TABLE shop.closed (a int); CREATE TABLE shop.partly (a int, b int); GRANT INSERT ON shop.closed TO ${USER}; GRANT SELECT (a) ON shop.partly TO ${USER};
      CREATE VIEW shop.broken AS SELECT 1 AS a; GRANT SELECT ON shop.broken TO ${USER}; INSERT INTO standin.missing VALUES ('shop', 'broken', 'gone')`)
    const found = await run((session) => collect(session.discover()))
    const skipped = found.flatMap((each) => ("skipped" in each ? [each.skipped] : []))
    expect(skipped.find(({ path }) => path[1] === "closed")?.reason).toBe(`The login may not read it; run GRANT SELECT ON [shop].[closed] TO [${USER}].`)
    expect(skipped.find(({ path }) => path[1] === "broken")?.reason).toMatch(/it reads gone, which is not there/)
    const partly = found.flatMap((each) => ("stream" in each && each.stream.path[1] === "partly" ? [each.stream] : []))[0]
    expect([partly?.columns.map(({ name }) => name), partly?.comment]).toEqual([["a"], "The login may read only these columns of it."])
  })

  test("takes as many statements for many tables as for one", async () => {
    const counted = async (): Promise<readonly [number, number]> => {
      const before = server.seen.length
      const found = await streams()
      return [server.seen.length - before, found.size]
    }
    const [few] = await counted()
    await server.sql(`SET ROLE ${USER}; DO $$ BEGIN FOR i IN 1..300 LOOP EXECUTE format('CREATE TABLE shop.t%s (a int, b text)', i); END LOOP; END $$`)
    expect(await counted()).toEqual([few, 301])
  })
})

describe("reading", () => {
  test("sees one moment where the database allows it, and works where it does not", async () => {
    expect(await run((session) => rowsOf(session.read(stream("item"))))).toHaveLength(2)
    await server.snapshots(false)
    expect(await run((session) => rowsOf(session.read(stream("item"))))).toHaveLength(2)
  })

  test("a server that dies in mid-read is an error behind the rows so far", async () => {
    await server.sql(
      `SET ROLE ${USER}; CREATE TABLE shop.many AS SELECT i AS id, repeat('x', 500) AS filler FROM generate_series(1, 100000) i; ALTER TABLE shop.many ADD PRIMARY KEY (id)`,
    )
    let rows = 0
    const error = await failure(
      run(async (session) => {
        for await (const batch of session.read(stream("many"))) {
          if (rows === 0) server.drop()
          rows += batch.rows.length
        }
      }),
    )
    expect(error.code).toBe("connection_lost")
    expect(rows).toBeGreaterThan(0)
    expect(rows).toBeLessThan(100_000)
  })

  test("a reader that waits holds the server up, and gets every row", async () => {
    await server.sql(
      `SET ROLE ${USER}; CREATE TABLE shop.many AS SELECT i AS id, repeat('x', 500) AS filler FROM generate_series(1, 60000) i; ALTER TABLE shop.many ADD PRIMARY KEY (id)`,
    )
    let [rows, most] = [0, 0]
    await run(async (session) => {
      const before = process.memoryUsage().arrayBuffers
      for await (const batch of session.read(stream("many"))) {
        rows += batch.rows.length
        await new Promise((resolve) => setImmediate(resolve))
        most = Math.max(most, process.memoryUsage().arrayBuffers - before)
      }
    })
    expect(rows).toBe(60_000)
    expect(most).toBeLessThan(200 * 1_048_576)
  })
})

describe("writing", () => {
  const batch = (rows: readonly (readonly Value[])[], columns = ["id", "name", "price"], ops?: Batch["ops"]): Batch => ({
    columns: columns.map((name) => column(name, "string")),
    rows,
    ...(ops === undefined ? {} : { ops }),
  })

  test("rejects the rows that the types or the table refuse, by name, and writes the others", async () => {
    const report = await run((session) =>
      session.write(
        stream("item"),
        batch([
          [3, "three", "3.30"],
          ["x", "no number", "1"],
          [4, "longer than ten", "4"],
          [1, "taken", "1"],
          [5, null, "5"],
          [6, "six", "123456789012.00"],
          [7, "seven", "7"],
          [8.5, "half", "8"],
        ]),
        { mode: "append" },
      ),
    )
    expect(report.written).toBe(2)
    expect(report.rejected.map(({ index }) => index)).toEqual([1, 2, 3, 4, 5, 7])
    expect(report.rejected.find(({ index }) => index === 5)?.reason).toBe("column price: it is not a value of decimal(10,2).")
    expect(report.rejected.find(({ index }) => index === 2)?.reason).toMatch(/truncated/)
    expect((await item()).map(({ id }) => id)).toEqual([1, 2, 3, 7])
  })

  test("merges by the key and deletes, with texts that differ as the table says", async () => {
    const report = await run((session) =>
      session.write(
        stream("item"),
        batch(
          [
            [2, "second", "2"],
            [1, null, "x"],
            [9, "nine", null],
            [9, "last", "9.99"],
          ],
          undefined,
          ["upsert", "delete", "upsert", "upsert"],
        ),
        { mode: "upsert" },
      ),
    )
    expect(report).toMatchObject({ written: 3, rejected: [], skipped: 1 })
    expect(await item()).toEqual([
      { id: 2, name: "second", price: "2.00" },
      { id: 9, name: "last", price: "9.99" },
    ])
    expect(server.seen.some((sql) => /^MERGE INTO \[shop\]\.\[item\] WITH \(HOLDLOCK\) T USING [\s\S]*;$/.test(sql))).toBe(true)
  })

  test("keeps the values of an identity column, and refuses computed ones", async () => {
    await server.sql(
      `SET ROLE ${USER}; CREATE TABLE shop.counted (n int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a int, twice int GENERATED ALWAYS AS (a * 2) STORED)`,
    )
    await run(async (session) => {
      expect(await session.write(stream("counted"), batch([[41, 1]], ["n", "a"]), { mode: "append" })).toMatchObject({ written: 1 })
      expect(await session.write(stream("counted"), batch([[5]], ["a"]), { mode: "append" })).toMatchObject({ written: 1 })
      expect((await failure(session.write(stream("counted"), batch([[1, 2]], ["a", "twice"]), { mode: "append" }))).message).toMatch(/twice/)
      expect(await session.write(stream("counted"), batch([[41, 7]], ["n", "a"]), { mode: "upsert" })).toMatchObject({ written: 1 })
    })
    expect(await server.sql("SELECT n, a FROM shop.counted ORDER BY a")).toEqual([
      { n: 1, a: 5 },
      { n: 41, a: 7 },
    ])
  })

  test("two upserts of the same rows at once are one after the other", async () => {
    const rows = Array.from({ length: 50 }, (_, at) => [100 + at, "same", "1"])
    const reports = await Promise.all([1, 2, 3].map(() => run((session) => session.write(stream("item"), batch(rows), { mode: "upsert" }))))
    expect(reports.map(({ written }) => written)).toEqual([50, 50, 50])
    expect(await item()).toHaveLength(52)
  })

  test("an error that ends the transaction writes nothing", async () => {
    await server.sql(`CREATE FUNCTION shop.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM 'x'::int; RETURN NEW; END $$;
      CREATE TRIGGER refuse BEFORE INSERT ON shop.item FOR EACH ROW WHEN (NEW.id = 13) EXECUTE FUNCTION shop.refuse()`)
    const error = await failure(
      run((session) =>
        session.write(
          stream("item"),
          batch([
            [12, "a", "1"],
            [13, "b", "1"],
          ]),
          { mode: "append" },
        ),
      ),
    )
    expect([error.code, error.message]).toEqual(["query_invalid", expect.stringMatching(/whole transaction back/)])
    expect(await item()).toHaveLength(2)
  })

  test("says which right lacks", async () => {
    await server.sql(`CREATE TABLE shop.closed (id int); GRANT SELECT ON shop.closed TO ${USER}`)
    const error = await failure(run((session) => session.write(stream("closed"), batch([[1]], ["id"]), { mode: "append" })))
    expect([error.code, error.message]).toEqual(["permission_denied", expect.stringMatching(/INSERT on \[shop\]\.\[closed\]/)])
  })
})
