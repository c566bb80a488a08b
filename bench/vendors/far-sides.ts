import type { IncomingMessage, ServerResponse } from "node:http"
import { text } from "node:stream/consumers"

/** A vendor's service as far as one large result needs it; no login is checked. The tests have the strict stand-ins. */
export interface FarSide {
  readonly what: string
  readonly type: string
  readonly config: object
  readonly hosts: readonly string[]
  answer(request: IncomingMessage, response: ServerResponse): Promise<void>
}

export const ROWS = 1_000_000
const PARTS = 100
const PART_ROWS = ROWS / PARTS
const LONG = "of a long name ".repeat(10)

/** Rows of some 200 bytes, as texts. */
const rowsOf = (part: number, size = PART_ROWS): string[][] =>
  Array.from({ length: size }, (_, at) => [String(part * size + at), `customer ${part * size + at} ${LONG}`, "1234567.89"])
const NAMES = ["id", "name", "amount"]

const json = (response: ServerResponse, body: object, type = "application/json"): void =>
  void response.writeHead(200, { "content-type": type }).end(JSON.stringify(body))
const numberIn = (pattern: RegExp, url: string): number => Number(pattern.exec(url)?.[1] ?? 0)

const ID = "01ef0000-0000-1000-8000-000000000000"
const SNOWFLAKE_COLUMNS = NAMES.map((name) => ({ name, type: "text", nullable: true, length: 200, precision: null, scale: null }))

const snowflake: FarSide = {
  what: "Snowflake by its SQL API",
  type: "snowflake",
  config: { account: "bench", user: "u", auth: { kind: "token", token: "pat-bench" } },
  hosts: ["bench.snowflakecomputing.com"],
  async answer({ method, url = "" }, response) {
    if (method === "GET") return json(response, { data: rowsOf(numberIn(/partition=(\d+)/, url)) })
    const partitionInfo = Array.from({ length: PARTS }, () => ({ rowCount: PART_ROWS }))
    const resultSetMetaData = { numRows: ROWS, rowType: SNOWFLAKE_COLUMNS, partitionInfo }
    json(response, { statementHandle: ID, code: "090001", resultSetMetaData, data: rowsOf(0) })
  },
}

const SNOWFLAKE_STAGE = "bench.s3.eu-central-1.amazonaws.com"

const snowflakeSession: FarSide = {
  what: "Snowflake by the protocol of its drivers",
  type: "snowflake",
  config: { account: "bench", user: "u", auth: { kind: "password", password: "bench" } },
  hosts: ["bench.snowflakecomputing.com", SNOWFLAKE_STAGE],
  async answer({ headers, url = "" }, response) {
    if (headers.host === SNOWFLAKE_STAGE) {
      const rows = rowsOf(numberIn(/part=(\d+)/, url)).map((row) => JSON.stringify(row))
      return void response.writeHead(200, { "content-type": "application/json" }).end(rows.join(","))
    }
    if (!url.startsWith("/queries")) return json(response, { success: true, data: { token: "t", masterToken: "m" } })
    const chunks = Array.from({ length: PARTS }, (_, part) => ({ url: `https://${SNOWFLAKE_STAGE}/x?part=${part}`, rowCount: PART_ROWS }))
    json(response, { success: true, data: { rowtype: SNOWFLAKE_COLUMNS, rowset: [], total: ROWS, queryId: ID, queryResultFormat: "json", chunks } })
  },
}

const DATABRICKS_STAGE = "bench.blob.core.windows.net"

const databricks: FarSide = {
  what: "Databricks",
  type: "databricks",
  config: { host: "dbc-bench.cloud.databricks.com", warehouse: "1a2b3c4d5e6f7890", auth: { kind: "token", token: "dapi-bench" } },
  hosts: ["dbc-bench.cloud.databricks.com", DATABRICKS_STAGE],
  async answer({ headers, method, url = "" }, response) {
    if (headers.host === DATABRICKS_STAGE) return json(response, rowsOf(numberIn(/part=(\d+)/, url)))
    const chunk = method === "POST" ? 0 : numberIn(/chunks\/(\d+)/, url)
    const next = chunk + 1 < PARTS ? { next_chunk_index: chunk + 1 } : {}
    const expiration = new Date(Date.now() + 900_000).toISOString()
    const link = { chunk_index: chunk, row_count: PART_ROWS, external_link: `https://${DATABRICKS_STAGE}/x?part=${chunk}`, expiration, ...next }
    if (method === "GET") return json(response, { external_links: [link] })
    const manifest = { total_chunk_count: PARTS, schema: { columns: NAMES.map((name) => ({ name, type_text: "STRING", type_name: "STRING" })) } }
    json(response, { statement_id: ID, status: { state: "SUCCEEDED" }, manifest, result: { external_links: [link] } })
  },
}

const FIREBOLT = ["api.app.firebolt.io", "id.app.firebolt.io", "engine.us-east-1.app.firebolt.io"] as const

const firebolt: FarSide = {
  what: "Firebolt",
  type: "firebolt",
  config: { clientId: "bench", clientSecret: "bench", account: "bench", api: FIREBOLT[0], database: "shop", engine: "e" },
  hosts: FIREBOLT,
  async answer(request, response) {
    if (request.headers.host === FIREBOLT[1]) return json(response, { access_token: "t", token_type: "Bearer", expires_in: 86_400 })
    if (request.headers.host === FIREBOLT[0]) return json(response, { engineUrl: `${FIREBOLT[2]}?account_id=a` })
    if (/^USE ENGINE/.test(await text(request))) return json(response, { meta: [], data: [], rows: 0 })
    const line = (message: object): boolean => response.write(`${JSON.stringify(message)}\n`)
    response.writeHead(200, { "content-type": "application/json" })
    line({ message_type: "START", result_columns: NAMES.map((name) => ({ name, type: "text" })) })
    for (let part = 0; part < PARTS * 100; part++)
      if (!line({ message_type: "DATA", data: rowsOf(part, PART_ROWS / 100) })) await new Promise((resolve) => response.once("drain", resolve))
    line({ message_type: "FINISH_SUCCESSFULLY" })
    response.end()
  },
}

const athena: FarSide = {
  what: "Amazon Athena",
  type: "athena",
  config: {
    region: "eu-central-1",
    auth: { kind: "access_key", accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "bench" },
    workgroup: "primary",
    output: "s3://bench/",
  },
  hosts: ["athena.eu-central-1.amazonaws.com"],
  async answer(request, response) {
    const say = (body: object): void => json(response, body, "application/x-amz-json-1.1")
    const input = JSON.parse(await text(request)) as { NextToken?: string }
    const action = String(request.headers["x-amz-target"]).replace(/^.*\./, "")
    if (action === "StartQueryExecution") return say({ QueryExecutionId: ID })
    if (action === "GetQueryExecution") return say({ QueryExecution: { Status: { State: "SUCCEEDED" }, StatementType: "DML" } })
    const page = Number(input.NextToken ?? 0)
    const rows = [...(page === 0 ? [NAMES] : []), ...rowsOf(page, 1_000)].map((row) => ({ Data: row.map((cell) => ({ VarCharValue: cell })) }))
    const ColumnInfo = NAMES.map((Name) => ({ Name, Type: "varchar" }))
    say({ ResultSet: { Rows: rows, ResultSetMetadata: { ColumnInfo } }, ...((page + 1) * 1_000 < ROWS ? { NextToken: String(page + 1) } : {}) })
  },
}

export const FAR_SIDES: readonly FarSide[] = [snowflake, snowflakeSession, databricks, firebolt, athena]
