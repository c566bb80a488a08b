import { randomBytes } from "node:crypto"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { snowflake } from "../../src/connectors/snowflake.ts"
import { type Claim, claims, concerns, type Promised } from "../conformance/claims.ts"
import { column, type Running } from "../fixtures/fixture.ts"
import { drain, hardTable, passHardRow, table, upsertInto } from "../fixtures/tables.ts"
import { certificate } from "../support/certificates.ts"
import { standIn } from "../support/stand-ins.ts"
import { fakesnow } from "./fakesnow.ts"

// The protocol of the vendor's drivers, user and password, against fakesnow behind a front of ours: an emulator by other people, so that
// the stand-in is not the only reading of that protocol. What fakesnow cannot do is named here, and proven by the stand-in.

const [DATABASE, SCHEMA] = ["SHOP", "CONFORMANCE"]
const DOMAIN = ".snowflakecomputing.com"
const tag = randomBytes(4).toString("hex")
const account = `fakesnow-${tag}`
const password = `p4ss"word'/+= of the user`
const login = { account: account.toUpperCase(), user: "jackfield", password }
const authority = certificate({ name: `fakesnow CA ${tag}`, ca: true })
const own = certificate({ name: `${account}${DOMAIN}`, issuer: authority })

const SEED = [
  `CREATE TABLE "PEOPLE" ("REGION" VARCHAR(16) NOT NULL, "ID" NUMBER(38,0) NOT NULL, "NAME" VARCHAR(80) NOT NULL, "BALANCE" NUMBER(38,10), "BORN" DATE, PRIMARY KEY ("REGION", "ID"))`,
  `INSERT INTO "PEOPLE" SELECT 'r' || I % 3, 9007199254740990 + I, 'name ' || I, I / 7.0, DATEADD(day, I, '1990-01-01'::DATE) FROM (SELECT SEQ4() + 1 AS I FROM TABLE(GENERATOR(ROWCOUNT => 53)))`,
  `CREATE TABLE "HARD" ("id" NUMBER(38,0) PRIMARY KEY, "nothing" VARCHAR, "empty" VARCHAR, "emoji" VARCHAR, "big" NUMBER(38,0), "exact" NUMBER(38,10), "clocks" TIMESTAMP_LTZ, "day" DATE, "raw" BINARY, "nested" VARIANT)`,
  `CREATE TABLE "TARGET" ("ID" NUMBER(38,0) PRIMARY KEY, "NAME" VARCHAR(20))`,
  `INSERT INTO "TARGET" VALUES (1, 'before'), (2, 'before')`,
]

const PEOPLE = table(
  [DATABASE, SCHEMA, "PEOPLE"],
  [
    { ...column("REGION", "string", "VARCHAR(16)", false), maxLength: 16 },
    { ...column("ID", "integer", "NUMBER(38,0)", false), precision: 128 },
    { ...column("NAME", "string", "VARCHAR(80)", false), maxLength: 80 },
    { ...column("BALANCE", "decimal", "NUMBER(38,10)"), precision: 38, scale: 10 },
    column("BORN", "date", "DATE"),
  ],
  ["REGION", "ID"],
)
const TARGET = table([DATABASE, SCHEMA, "TARGET"], [column("ID", "integer", "NUMBER(38,0)", false), column("NAME", "string", "VARCHAR(20)")], ["ID"])

async function start(): Promise<Running> {
  const server = await fakesnow.start({ tls: { ...own, ca: authority.cert }, login })
  await server.run({ database: DATABASE, schema: SCHEMA }, SEED)
  const elsewhere = `other-${tag}`
  const undo = [standIn([`${account}${DOMAIN}`, `${elsewhere}${DOMAIN}`], server.port, authority.cert)]
  const place = { warehouse: "FAKESNOW_WAREHOUSE", database: DATABASE, schema: SCHEMA, role: "" }
  const config = { account, user: "jackfield", auth: { kind: "password", password }, ...place }
  return {
    config,
    wrongSecret: { ...config, auth: { kind: "password", password: `${password}x` } },
    wrongName: { ...config, account: elsewhere },
    others: { "the account's whole host": { ...config, account: `${account}${DOMAIN}` } },
    secrets: [password],
    traces: { look: "SELECT CURRENT_DATABASE(), CURRENT_SCHEMA()" },
    verbs: ["discover", "query", "read", "write", "shape"],
    at({ port }) {
      undo.push(standIn([`at-${port}${DOMAIN}`], port))
      return { ...config, account: `at-${port}` }
    },
    provoke: (session) => drain(session, `SELECT '${password.replaceAll("'", "''")}'::NUMBER`),
    bad: { run: (session) => drain(session, "SELECT * FROM NO_SUCH_TABLE"), names: "NO_SUCH_TABLE" },
    slow: { run: (session) => drain(session, "SELECT SYSTEM$WAIT(60)"), running: async () => 0 },
    hard: (session) => passHardRow(session, hardTable([DATABASE, SCHEMA, "HARD"])),
    catalog: { stream: PEOPLE, skipped: [] },
    pages: { stream: PEOPLE, rows: 53 },
    makes: [DATABASE, SCHEMA],
    upsert: upsertInto(TARGET),
    // DuckDB's texts have no length, and what NOT NULL refuses fakesnow answers with a 500.
    lengths: false,
    empties: false,
    connections: server.connections,
    async [Symbol.asyncDispose]() {
      for (const each of undo) each()
      await server.stop()
    },
  }
}

/** What fakesnow cannot do; the stand-in proves it (`test/conformance/snowflake-session.test.ts`). A claim that holds after all fails here. */
const cannot: Readonly<Partial<Record<Claim["name"], string>>> = {
  "same commit twice is once": "fakesnow has no Snowflake Scripting",
  "names are quoted": "fakesnow fails with a 500 at names with a quotation mark",
  "bad cursors": "DuckDB does not convert a value that no row is compared with",
  cancel: "fakesnow answers an abort and goes on",
}

let server: Running | undefined
beforeAll(async () => {
  server = await start()
})
afterAll(async () => server?.[Symbol.asyncDispose]())

describe("claims", () => {
  for (const claim of claims as readonly Promised[]) {
    if (!concerns(claim, snowflake)) continue
    const reason = cannot[claim.name as Claim["name"]]
    test(`${claim.name}${reason === undefined ? "" : ` (not by fakesnow: ${reason})`}`, async () => {
      if (server === undefined) throw new Error("there is no server")
      const held = claim.hold({ connector: snowflake, server })
      if (reason === undefined) return await held
      await expect(held, "fakesnow can do that after all").rejects.toThrow()
    })
  }
})
