import { generateKeyPairSync, sign } from "node:crypto"
import { request as send } from "node:https"
import { gunzipSync } from "node:zlib"
import { describe, expect, test } from "vitest"
import { startAccount } from "../fixtures/snowflake.ts"
import { use } from "../support/use.ts"

// What the stand-in refuses is what makes a passing connector mean something; the pages are named in its sources.
const account = use(() => startAccount())

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Record<string, unknown>
}

const HANDLE = "00000000-0000-0000-0000-000000000000"
const PATH = "/api/v2/statements"
const headers = (more: Record<string, string | undefined> = {}): Record<string, string> =>
  Object.fromEntries(
    Object.entries({
      authorization: `Bearer ${account.accessToken}`,
      "x-snowflake-authorization-token-type": "PROGRAMMATIC_ACCESS_TOKEN",
      "user-agent": "test/1.0",
      accept: "application/json",
      "content-type": "application/json",
      ...more,
    }).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )

function ask(method: string, path: string, body?: unknown, more: Record<string, string | undefined> = {}): Promise<Answer> {
  const host = `${String(account.config["account"])}.snowflakecomputing.com`
  return new Promise((resolve, reject) => {
    const asked = send(
      { host: "127.0.0.1", port: account.server.port, servername: host, ca: account.server.ca, method, path, headers: headers(more), agent: false },
      (response) => {
        response.toArray().then((chunks: Buffer[]) => {
          const raw = Buffer.concat(chunks)
          const text = response.headers["content-encoding"] === "gzip" ? gunzipSync(raw) : raw
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: JSON.parse(text.toString()) as Record<string, unknown> })
        }, reject)
      },
    )
    asked.on("error", reject)
    asked.end(body === undefined ? undefined : JSON.stringify(body))
  })
}

const run = (statement: string, more: object = {}, query = "") =>
  ask("POST", PATH + query, { statement, warehouse: "COMPUTE_WH", database: "SHOP", schema: "CONFORMANCE", ...more })

describe("requests are refused", () => {
  test.each([
    ["without a User-Agent", { "user-agent": undefined }, 400, "391903"],
    ["with one that is no name and version", { "user-agent": "curl" }, 400, "391903"],
    ["without Accept", { accept: undefined }, 400, "391902"],
    ["that accept something else", { accept: "text/html" }, 400, "391902"],
    ["whose body is not declared as JSON", { "content-type": "text/plain" }, 400, "391901"],
    ["without a token", { authorization: undefined }, 401, "390101"],
    ["with a token that nobody has", { authorization: "Bearer pat-nobody" }, 401, "394400"],
    ["with a token of another type", { "x-snowflake-authorization-token-type": "OAUTH" }, 401, "390303"],
    ["with a type of token that there is not", { "x-snowflake-authorization-token-type": "BASIC" }, 400, "390142"],
    ["with a token that is no JWT", { "x-snowflake-authorization-token-type": "KEYPAIR_JWT" }, 401, "390144"],
  ])("%s", async (_, more, status, code) => {
    expect(await ask("POST", PATH, { statement: "SELECT 1" }, more)).toMatchObject({ status, body: { code, message: expect.any(String) } })
  })

  test.each([
    ["an unknown field", { user: "x" }, "", 400, "390142"],
    ["an unknown parameter", { parameters: { AUTOCOMMIT: "false" } }, "", 400, "390142"],
    ["an unknown query parameter", {}, "?asynchronous=true", 400, "390142"],
    ["a request id that is no UUID", {}, "?requestId=1", 400, "390142"],
    ["an empty role", { role: "" }, "", 400, "390142"],
    ["a timeout that is text", { timeout: "10" }, "", 400, "390142"],
    ["a binding out of order", { bindings: { 2: { type: "TEXT", value: "x" } } }, "", 400, "390142"],
    ["a binding whose value is a number", { bindings: { 1: { type: "FIXED", value: 1 } } }, "", 400, "390142"],
    ["a binding of VARIANT", { bindings: { 1: { type: "VARIANT", value: "1" } } }, "", 422, "002040"],
    ["a role that the user has not", { role: "ACCOUNTADMIN" }, "", 400, "390186"],
    ["no statement", { statement: undefined }, "", 400, "000900"],
    ["two statements", { statement: "SELECT 1; SELECT 2" }, "", 422, "000008"],
    ["USE", { statement: "USE ROLE X" }, "", 422, "391911"],
    [
      "a block with bind variables",
      { statement: "EXECUTE IMMEDIATE 'BEGIN RETURN 1; END;'", bindings: { 1: { type: "TEXT", value: "1" } } },
      "",
      422,
      "002049",
    ],
  ])("for %s", async (_, more, query, status, code) => {
    expect(await run("SELECT 1", more, query)).toMatchObject({ status, body: { code } })
  })

  test("for other paths, methods and handles", async () => {
    expect(await ask("GET", "/api/v2/other")).toMatchObject({ status: 404 })
    expect(await ask("PUT", PATH, {})).toMatchObject({ status: 405 })
    expect(await ask("GET", `${PATH}/${HANDLE}`)).toMatchObject({ status: 400, body: { code: "000709" } })
  })
})

describe("a key pair's token", () => {
  const claims = (more: object = {}) => {
    const now = Math.floor(Date.now() / 1_000)
    const subject = `${String(account.config["account"]).toUpperCase()}.JACKFIELD`
    return { iss: `${subject}.${account.key.fingerprint}`, sub: subject, iat: now, exp: now + 3_600, ...more }
  }
  const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString("base64url")
  const login = (body: object, key = account.key.plain, head: object = { alg: "RS256", typ: "JWT" }, digest = "RSA-SHA256") => {
    const signed = `${encode(head)}.${encode(body)}`
    const token = `${signed}.${sign(digest, Buffer.from(signed), key).toString("base64url")}`
    return ask("POST", PATH, { statement: "SELECT 1" }, { authorization: `Bearer ${token}`, "x-snowflake-authorization-token-type": "KEYPAIR_JWT" })
  }
  const past = (seconds: number): number => Math.floor(Date.now() / 1_000) - seconds
  const stranger = String(generateKeyPairSync("rsa", { modulusLength: 2_048 }).privateKey.export({ type: "pkcs8", format: "pem" }))

  test("is taken when it is as documented", async () => expect(await login(claims())).toMatchObject({ status: 200, body: { code: "090001" } }))

  test.each([
    ["it has expired", () => login(claims({ iat: past(4_000), exp: past(400) }))],
    ["it is not valid yet", () => login(claims({ iat: past(-400), exp: past(-3_000) }))],
    ["it lives for more than an hour", () => login(claims({ exp: past(-3_700) }))],
    ["it never ends", () => login(claims({ exp: undefined }))],
    ["its account is in lower case", () => login(claims({ sub: claims().sub.toLowerCase() }))],
    ["it is of another account", () => login(claims({ sub: "OTHER.JACKFIELD", iss: `OTHER.JACKFIELD.${account.key.fingerprint}` }))],
    ["its fingerprint is another key's", () => login(claims({ iss: `${claims().sub}.SHA256:AAAA` }))],
    ["another key signed it", () => login(claims(), stranger)],
    ["it is signed in another way", () => login(claims(), account.key.plain, { alg: "RS512", typ: "JWT" }, "RSA-SHA512")],
    ["it is not signed", () => login(claims(), account.key.plain, { alg: "none", typ: "JWT" })],
  ])("is refused when %s", async (_, attempt) => expect(await attempt()).toMatchObject({ status: 401, body: { code: "390144" } }))
})

describe("answers", () => {
  test("have the documented shape, every value text", async () => {
    const { status, body } = await run(`SELECT ID, BALANCE, BORN, NULL::VARCHAR AS NOTHING FROM PEOPLE WHERE ID = ?`, {
      bindings: { 1: { type: "FIXED", value: "9007199254740997" } },
    })
    expect(status).toBe(200)
    expect(body).toMatchObject({
      code: "090001",
      sqlState: "00000",
      statementHandle: expect.stringMatching(/^[0-9a-f-]{36}$/),
      statementStatusUrl: `${PATH}/${String(body["statementHandle"])}`,
      createdOn: expect.any(Number),
      resultSetMetaData: {
        numRows: 1,
        format: "jsonv2",
        partitionInfo: [{ rowCount: 1 }],
        rowType: [
          { name: "ID", type: "fixed", precision: 38, scale: 0, nullable: true },
          { name: "BALANCE", type: "fixed", precision: 38, scale: 10 },
          { name: "BORN", type: "date" },
          { name: "NOTHING", type: "text" },
        ],
      },
      data: [["9007199254740997", "1.0000000000", "7312", null]],
    })
  })

  test("come in partitions, the later ones gzip and data alone; one beyond is refused", async () => {
    const { body } = await run("SELECT ID FROM PEOPLE")
    const path = `${PATH}/${String(body["statementHandle"])}?partition=`
    const counts = (body["resultSetMetaData"] as { partitionInfo: { rowCount: number }[] }).partitionInfo.map(({ rowCount }) => rowCount)
    expect(counts).toEqual([20, 33])
    const second = await ask("GET", `${path}1`)
    expect([second.headers["content-encoding"], Object.keys(second.body), (second.body["data"] as unknown[]).length]).toEqual(["gzip", ["data"], 33])
    expect(await ask("GET", `${path}2`)).toMatchObject({ status: 400, body: { code: "391922" } })
  })

  test("to async=true are 202 with a handle, and 422 once it was cancelled", async () => {
    const { status, body } = await run("SELECT SYSTEM$WAIT(60)", {}, "?async=true")
    const handle = String(body["statementHandle"])
    expect([status, body["code"]]).toEqual([202, "333334"])
    expect(await ask("GET", `${PATH}/${handle}`)).toMatchObject({ status: 202 })
    expect(await ask("POST", `${PATH}/${handle}/cancel`)).toMatchObject({ status: 200, body: { code: "000604" } })
    expect(await ask("GET", `${PATH}/${handle}`)).toMatchObject({ status: 422, body: { code: "000604", sqlState: "57014" } })
  })

  test("to a statement that takes longer than its timeout are 408", async () =>
    expect(await run("SELECT SYSTEM$WAIT(60)", { timeout: 1 })).toMatchObject({
      status: 408,
      body: { code: "000630", message: expect.stringMatching(/1 second/) },
    }))

  test("to a request that is sent again are those of the first", async () => {
    const id = "3f0c1c1e-52ba-4b84-9b1c-3b8f2f4f1a11"
    const [first, again] = [await run("SELECT 1", {}, `?requestId=${id}`), await run("SELECT 1", {}, `?requestId=${id}&retry=true`)]
    expect(again.body["statementHandle"]).toBe(first.body["statementHandle"])
  })
})
