import type { ServerResponse } from "node:http"
import { describe, expect, test } from "vitest"
import { snowflake } from "../../src/connectors/snowflake.ts"
import type { Session } from "../../src/core/session.ts"
import { keyPair, startAccount } from "../fixtures/snowflake.ts"
import { collect, valuesOf } from "../support/batches.ts"
import { failure } from "../support/failure.ts"
import { use } from "../support/use.ts"
import { withSession } from "./context.ts"

const account = use(() => startAccount())

const open = <T>(work: (session: Session) => Promise<T>, more: object = {}): Promise<T> =>
  withSession({ connector: snowflake }, { ...account.config, ...more }, work)
const query = (statement: string, more: object = {}) => open((session) => valuesOf(session.query(statement)), more)

describe("a result of the SQL API that lies is refused, and never short", () => {
  const rowType = [{ name: "A", type: "text", nullable: true, length: 10, precision: null, scale: null }]
  const says = (body: object) => (response: ServerResponse) =>
    void response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ statementHandle: "0123456789abcdef", code: "090001", ...body }))
  const first = (partitionInfo: readonly object[], data: unknown) => says({ resultSetMetaData: { numRows: 3, rowType, partitionInfo }, data })

  test.each([
    ["a first partition with fewer rows than it should have", [first([{ rowCount: 2 }], [["a"]])], /1 rows in a part of 2/],
    ["a first partition with more", [first([{ rowCount: 1 }], [["a"], ["b"]])], /2 rows in a part of 1/],
    ["a later partition with fewer", [first([{ rowCount: 1 }, { rowCount: 2 }], [["a"]]), says({ data: [["b"]] })], /1 rows in a part of 2/],
    ["a later partition without any", [first([{ rowCount: 1 }, { rowCount: 2 }], [["a"]]), says({ data: [] })], /0 rows in a part of 2/],
    ["a partition without a count", [first([{}], [["a"]])], /1 rows in a part of undefined/],
    ["a partition without rows", [first([{ rowCount: 1 }, { rowCount: 1 }], [["a"]]), says({})], /has no rows/],
  ])("%s", async (_, answers, says_) => {
    account.server.failNext(...answers)
    expect(await failure(query("SELECT A"))).toMatchObject({ code: "response_invalid", message: expect.stringMatching(says_) })
    account.server.forget()
  })

  test("rows before the short partition were given, and the read ends with the error", async () => {
    account.server.failNext(first([{ rowCount: 1 }, { rowCount: 2 }], [["a"]]), says({ data: [["b"]] }))
    const seen: unknown[] = []
    const error = await failure(
      open(async (session) => {
        for await (const { rows } of session.query("SELECT A")) seen.push(...rows)
      }),
    )
    account.server.forget()
    expect([seen, error.code]).toEqual([[["a"]], "response_invalid"])
  })
})

test("a result of more chunks than a call may hold connections is read whole", async () => {
  const says = (body: object) => (response: ServerResponse) =>
    void response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ success: true, ...body }))
  const rowtype = [{ name: "A", type: "text", nullable: true, length: 10, precision: null, scale: null }]
  const chunks = Array.from({ length: 80 }, (_, at) => ({ url: `https://${account.stage}/results/x/${at}`, rowCount: 1 }))
  const result = { rowtype, rowset: [], total: chunks.length, queryId: "q", queryResultFormat: "json", chunks }
  const rows = chunks.map((_, at) => (response: ServerResponse) => void response.writeHead(200).end(JSON.stringify([String(at)])))
  account.server.failNext(says({ data: { token: "t", masterToken: "m" } }), says({ data: result }), ...rows)
  expect(await query("SELECT A", { auth: account.byPassword })).toEqual(chunks.map((_, at) => [String(at)]))
  account.server.forget()
})

describe("a key pair that is rotated", () => {
  const next = keyPair("the next one's")
  const by = (privateKey: string, passphrase?: string) => ({ auth: { kind: "key_pair", privateKey, ...(passphrase === undefined ? {} : { passphrase }) } })

  test("has no gap: both keys log in, and then the new one alone", async () => {
    const old = account.key
    expect((await failure(query("SELECT 1", by(next.plain)))).code).toBe("auth_failed")
    account.setKeys(old.publicKey, next.publicKey)
    expect([await query("SELECT 1", by(old.plain)), await query("SELECT 2", by(next.encrypted, "the next one's"))]).toEqual([[["1"]], [["2"]]])
    account.setKeys(next.publicKey)
    const error = await failure(query("SELECT 1", by(old.plain)))
    expect([error.code, error.message]).toEqual(["auth_failed", expect.stringContaining(old.fingerprint)])
    expect(await query("SELECT 3", by(next.plain))).toEqual([["3"]])
    account.setKeys(old.publicKey)
  })

  test("is missed by a session that has the old one, which says so", async () => {
    const error = await failure(
      open(async (session) => {
        await collect(session.query("SELECT 1"))
        account.setKeys(next.publicKey)
        await collect(session.query("SELECT 1"))
      }),
    )
    account.setKeys(account.key.publicKey)
    expect([error.code, error.message]).toEqual(["auth_failed", expect.stringContaining(account.key.fingerprint)])
  })
})
