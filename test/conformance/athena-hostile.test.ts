import { randomBytes } from "node:crypto"
import type { ServerResponse } from "node:http"
import { expect, test } from "vitest"
import { athena } from "../../src/connectors/athena.ts"
import { type AthenaFront, startAthena } from "../fixtures/athena-server.ts"
import { failure } from "../support/failure.ts"
import { standIn } from "../support/stand-ins.ts"
import { withSession } from "./context.ts"

// What a front can show without an engine: answers that it is told to give, and its end.

const keys = new Map([["AKIAIOSFODNN7EXAMPLE", { secret: "secret" }]])
const auth = { kind: "access_key", accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "secret" }

const says = (body: object) => (response: ServerResponse) =>
  void response.writeHead(200, { "content-type": "application/x-amz-json-1.1" }).end(JSON.stringify(body))
const page = (from: number, NextToken?: string) => {
  const names = from === 0 ? [{ Data: [{ VarCharValue: "a" }] }] : []
  const Rows = [...names, ...Array.from({ length: 1_000 }, (_, at) => ({ Data: [{ VarCharValue: String(from + at) }] }))]
  return says({ ResultSet: { Rows, ResultSetMetadata: { ColumnInfo: [{ Name: "a", Type: "integer" }] } }, NextToken })
}
const cut = (response: ServerResponse): void => void response.destroy()
const half = (response: ServerResponse): void => {
  response.writeHead(200, { "content-type": "application/x-amz-json-1.1", "content-length": "1000000" })
  response.write('{"ResultSet":{"Rows":[')
  setTimeout(() => response.destroy(), 20)
}

test.each<[string, (front: AthenaFront) => Promise<void>]>([
  ["dies", async (front) => await front[Symbol.asyncDispose]()],
  ["cuts every answer off in the middle", async (front) => front.failNext(...Array.from({ length: 9 }, () => half))],
  ["answers nothing", async (front) => front.failNext(...Array.from({ length: 9 }, () => cut))],
])("a service that %s while it is read is an error behind the rows that came, which are counted", async (_, end) => {
  const region = `zz-${[...randomBytes(6)].map((byte) => String.fromCharCode(97 + (byte % 26))).join("")}-1`
  const host = `athena.${region}.amazonaws.com`
  await using front = await startAthena({ region, hosts: [host], engine: "http://127.0.0.1:1", keys, role: { arn: "", externalId: "" } })
  const undo = standIn([host], front.port, front.ca)
  front.failNext(
    says({ QueryExecutionId: "0123456789abcdef" }),
    says({ QueryExecution: { Status: { State: "SUCCEEDED" }, StatementType: "DML" } }),
    page(0, "one"),
    page(1_000, "two"),
  )
  let rows = 0
  const error = await failure(
    withSession({ connector: athena }, { region, auth, workgroup: "primary", output: "s3://results/hub/" }, async (session) => {
      for await (const batch of session.query("SELECT a FROM big")) {
        rows += batch.rows.length
        if (rows === 2_000) await end(front)
      }
    }),
  )
  undo()
  expect(rows).toBe(2_000)
  expect(["connection_lost", "host_unreachable", "connection_refused", "connection_reset"], error.message).toContain(error.code)
})
