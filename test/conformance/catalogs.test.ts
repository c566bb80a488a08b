import { randomBytes } from "node:crypto"
import type { IncomingMessage, ServerResponse } from "node:http"
import { text } from "node:stream/consumers"
import { expect, test } from "vitest"
import { athena } from "../../src/connectors/athena.ts"
import { databricks } from "../../src/connectors/databricks.ts"
import { firebolt } from "../../src/connectors/firebolt.ts"
import { redshift } from "../../src/connectors/redshift.ts"
import { snowflake } from "../../src/connectors/snowflake.ts"
import { trino } from "../../src/connectors/trino.ts"
import type { AnyConnector } from "../../src/core/connector.ts"
import { startAthena } from "../fixtures/athena-server.ts"
import { startWorkspace } from "../fixtures/databricks.ts"
import { DATABASE, ENGINE, startFirebolt } from "../fixtures/firebolt-server.ts"
import { SEARCH_PATH, startRedshift } from "../fixtures/redshift-front.ts"
import { startAccount } from "../fixtures/snowflake.ts"
import { collect } from "../support/batches.ts"
import { listenHttp } from "../support/loopback.ts"
import { standIn } from "../support/stand-ins.ts"
import { withSession } from "./context.ts"

// Catalogs of 10,000 tables: found whole, in a constant number of statements or in as many pages as the API's size of pages makes of them.

const MANY = 10_000

/** SQL of PostgreSQL, for stand-ins that run on it: relations in a schema, a hundred a transaction, for the sake of locks. Views have no files. */
const manyIn = (schema: string): string => `DO $$ BEGIN FOR n IN 1..${MANY} LOOP
  EXECUTE format('CREATE VIEW "${schema}"."many_%s" AS SELECT 1 AS id, ''x''::text AS name', n); IF n % 100 = 0 THEN COMMIT; END IF; END LOOP; END $$`

/** How many of the many were found, each with its two columns, and whether the count of the system adds up. */
async function found(connector: AnyConnector, config: object): Promise<{ readonly many: number; readonly adds: boolean }> {
  const all = await withSession({ connector }, { ...config }, (session) => collect(session.discover()), { deadlineMs: 60_000 })
  const streams = all.flatMap((each) => ("stream" in each ? [each.stream] : []))
  const skipped = all.filter((each) => "skipped" in each)
  const many = streams.filter(({ path, columns }) => path.at(-1)?.startsWith("many_") && columns.map(({ name }) => name).join() === "id,name")
  const counted = all.flatMap((each) => ("counted" in each ? [each.counted.total] : []))
  return { many: new Set(many.map(({ path }) => path.join("."))).size, adds: counted.length === 1 && counted[0] === streams.length + skipped.length }
}

const WHOLE = { many: MANY, adds: true }
const slow = { timeout: 120_000 }

test("Snowflake: three statements", slow, async () => {
  await using account = await startAccount()
  await account.server.sql(manyIn("CONFORMANCE"))
  await account.server.sql(`GRANT SELECT ON ALL TABLES IN SCHEMA "CONFORMANCE" TO "ANALYST"`)
  const before = account.server.requests.length
  expect(await found(snowflake, account.config)).toEqual(WHOLE)
  expect(account.server.requests.slice(before).filter(({ method }) => method === "POST")).toHaveLength(3)
})

test("Databricks: three statements in a catalog", slow, async () => {
  await using workspace = await startWorkspace({ chunkRows: 5_000 })
  await workspace.server.sql(manyIn("conformance"))
  await workspace.server.sql(`GRANT SELECT ON ALL TABLES IN SCHEMA "conformance" TO "jackfield@example.com"`)
  const before = workspace.server.requests.length
  expect(await found(databricks, workspace.config)).toEqual(WHOLE)
  expect(workspace.server.requests.slice(before).filter(({ method, path }) => method === "POST" && path.endsWith("/sql/statements"))).toHaveLength(3)
})

test("Firebolt: two statements of the system engine", slow, async () => {
  await using server = await startFirebolt()
  await server.sql("CREATE SCHEMA shop; GRANT USAGE ON SCHEMA shop TO reader")
  await server.sql(manyIn("shop"))
  await server.sql("GRANT SELECT ON ALL TABLES IN SCHEMA shop TO reader")
  const before = server.requests.length
  const config = { clientId: server.clientId, clientSecret: server.secret, account: server.account, api: server.api, database: DATABASE, engine: ENGINE }
  expect(await found(firebolt, config)).toEqual(WHOLE)
  expect(server.requests.slice(before).filter(({ body }) => body.includes("information_schema"))).toHaveLength(2)
})

test("Amazon Redshift: as many statements as for one table", slow, async () => {
  await using server = await startRedshift()
  await server.query(`CREATE ROLE low LOGIN PASSWORD 'low-password'; ALTER ROLE low SET search_path = ${SEARCH_PATH}; CREATE SCHEMA shop AUTHORIZATION low`)
  await server.query(`CREATE VIEW shop.many_0 AS SELECT 1 AS id; GRANT SELECT ON shop.many_0 TO low`)
  const config = { host: "127.0.0.1", port: server.port, user: "low", password: "low-password", database: "postgres", tls: { kind: "off" } }
  const asked = async (expected: object): Promise<number> => {
    const before = server.asked()
    expect(await found(redshift, config)).toEqual(expected)
    return server.asked() - before
  }
  const one = await asked({ many: 0, adds: true })
  await server.query(manyIn("shop"))
  await server.query("GRANT SELECT ON ALL TABLES IN SCHEMA shop TO low")
  expect(await asked(WHOLE)).toBe(one)
})

test("Amazon Athena: pages of fifty", slow, async () => {
  const region = `zz-${"abcdefghij"[randomBytes(1).readUInt8() % 10]}many-1`
  const host = `athena.${region}.amazonaws.com`
  const keys = new Map([["AKIAIOSFODNN7EXAMPLE", { secret: "secret" }]])
  await using front = await startAthena({ region, hosts: [host], engine: "http://127.0.0.1:1", keys, role: { arn: "", externalId: "" } })
  const undo = standIn([host], front.port, front.ca)
  const size = 50
  const pages = Array.from({ length: MANY / size }, (_, page) => (response: ServerResponse): void => {
    const Columns = ["id", "name"].map((Name) => ({ Name, Type: "string" }))
    const tables = Array.from({ length: size }, (_, at) => ({ Name: `many_${page * size + at}`, TableType: "EXTERNAL_TABLE", Columns }))
    const more = page + 1 < MANY / size ? { NextToken: `page ${page + 1}` } : {}
    response.writeHead(200, { "content-type": "application/x-amz-json-1.1" }).end(JSON.stringify({ TableMetadataList: tables, ...more }))
  })
  front.failNext(...pages)
  const auth = { kind: "access_key", accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "secret" }
  const config = { region, auth, workgroup: "primary", output: "s3://results/hub/", catalog: "AwsDataCatalog", database: "wide" }
  expect(await found(athena, config)).toEqual(WHOLE)
  expect(front.requests.map(({ input }) => input["NextToken"])).toEqual(pages.map((_, page) => (page === 0 ? undefined : `page ${page}`)))
  undo()
})

const typed = (name: string, type: string) => ({ name, type, typeSignature: { rawType: type, arguments: [] } })

/** A stand-in for a Trino that knows one catalog, by the protocol's pages of a thousand rows; statements that ask for something else have no rows. */
async function startWideTrino() {
  const statements: string[] = []
  const rows = Array.from({ length: MANY }, (_, table) => ["id", "name"].map((name) => ["wide", `many_${table}`, "BASE TABLE", name, "varchar", "YES"])).flat()
  const columns = (...names: readonly string[]) => names.map((name) => typed(name, "varchar"))
  const server = await listenHttp(async (request: IncomingMessage, response: ServerResponse) => {
    const sql = request.method === "POST" ? await text(request) : ""
    if (sql !== "") statements.push(sql)
    const at = Number(/^\/v1\/statement\/rows\/(\d+)$/.exec(request.url ?? "")?.[1] ?? 0)
    const wide = sql === "" || sql.includes("c.ordinal_position")
    const counts = /GROUP BY t\.table_type/.test(sql) ? [["BASE TABLE", MANY]] : []
    const body = wide
      ? {
          columns: columns("s", "t", "k", "c", "d", "n"),
          data: rows.slice(at, at + 1_000),
          ...(at + 1_000 < rows.length ? { nextUri: `${server.url}/v1/statement/rows/${at + 1_000}` } : {}),
        }
      : {
          columns: [typed("k", "varchar"), typed("n", "bigint")],
          data: counts,
        }
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ id: "wide", stats: { state: "FINISHED" }, ...body }))
  })
  return { ...server, statements }
}

test("Trino: four statements for a catalog", slow, async () => {
  const server = await startWideTrino()
  const config = { host: "127.0.0.1", port: server.port, user: "u", auth: { kind: "none" }, tls: { kind: "off" }, catalog: "lake" }
  expect(await found(trino, config)).toEqual(WHOLE)
  expect(server.statements).toHaveLength(4)
  await server.close()
})
