import { afterAll, beforeAll, expect, test } from "vitest"
import { databricks } from "../../src/connectors/databricks.ts"
import { withSession } from "../conformance/context.ts"
import { rowsOf } from "../support/batches.ts"
import { certificate } from "../support/certificates.ts"
import { failure } from "../support/failure.ts"
import { standIn } from "../support/stand-ins.ts"
import { use } from "../support/use.ts"
import { minilake } from "./minilake.ts"

// What the emulator can show of the Statement Execution API. Its values are no texts, so only texts are asked for; all else is the stand-in's.

const HOST = "dbc-minilake.cloud.databricks.com"
const authority = certificate({ name: "minilake CA", ca: true })
const { cert, key } = certificate({ name: HOST, names: [HOST, "127.0.0.1"], issuer: authority })
const server = use(() => minilake.start({ tls: { cert, key, ca: authority.cert } }))

let undo: (() => void) | undefined
beforeAll(() => {
  undo = standIn([HOST], server.port, server.ca)
})
afterAll(() => undo?.())

const query = (statement: string) =>
  withSession({ connector: databricks }, { host: HOST, warehouse: server.warehouse, auth: { kind: "token", token: "dapi0123" } }, (session) =>
    rowsOf(session.query(statement, [])),
  )

test("a query's rows come by links", async () => {
  const rows = await query("SELECT 'row ' || i AS name, CASE WHEN i = 2 THEN NULL ELSE 'naïve 👩‍👩‍👧' END AS more FROM range(1, 4) t(i) ORDER BY i")
  expect(rows).toEqual([
    { name: "row 1", more: "naïve 👩‍👩‍👧" },
    { name: "row 2", more: null },
    { name: "row 3", more: "naïve 👩‍👩‍👧" },
  ])
})

test("a query without rows has none", async () => expect(await query("SELECT 'x' AS name WHERE 1 = 0")).toEqual([]))

test("a statement that cannot run says why", async () => {
  expect(await failure(query("SELECT nothing"))).toMatchObject({ code: "query_invalid", message: expect.stringMatching(/nothing/) })
})
