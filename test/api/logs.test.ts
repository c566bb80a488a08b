import { beforeAll, describe, expect, test } from "vitest"
import { startTestDatabase } from "../support/embedded.ts"
import { startHub } from "../support/hub.ts"
import { use } from "../support/use.ts"

const hub = use(() => startHub({ JACKFIELD_EGRESS_ALLOW: "127.0.0.0/8" }))
const database = use(() => startTestDatabase())
let id: string
let workspace: string

beforeAll(async () => {
  const made = await hub.call("POST", "/v1/connectors", { name: "shop", type: "postgres", config: database.config })
  expect(made.status, made.text).toBe(201)
  id = made.body.id as string
  workspace = (await hub.call("GET", "/v1/me")).body.workspace.id as string
})

interface Line {
  readonly msg: string
  readonly reqId?: string
  readonly err?: { readonly message: string; readonly code?: string }
  readonly [fact: string]: unknown
}

/** The log lines about the request that got that answer. */
const linesOf = (headers: Headers): Line[] =>
  hub
    .log()
    .trim()
    .split("\n")
    .map((text) => JSON.parse(text) as Line)
    .filter(({ reqId }) => reqId === headers.get("x-request-id"))

async function ask(path: string, body: object, accept = "application/json"): Promise<{ readonly headers: Headers; readonly text: string }> {
  const headers = { authorization: `Bearer ${hub.key}`, "content-type": "application/json", accept }
  const answer = await fetch(`${hub.url}${path}`, { method: "POST", headers, body: JSON.stringify(body) })
  return { headers: answer.headers, text: await answer.text() }
}

describe("the log", () => {
  test("has the cause of a refused statement under the request's id, with workspace and connector", async () => {
    const { headers } = await ask("/v1/connectors/shop/query", { statement: "select nothing_of_that_name" })
    expect(linesOf(headers)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          code: "query_invalid",
          workspace,
          connector: "shop",
          err: expect.objectContaining({ message: expect.stringContaining("nothing_of_that_name"), code: "42703" }),
        }),
      ]),
    )
  })

  test("has the cause of a stream that fails after its first row", async () => {
    const { headers, text } = await ask(
      "/v1/connectors/shop/query",
      { statement: "select 1 / (2000 - n) from generate_series(1, 3000) n" },
      "application/x-ndjson",
    )
    expect(text).toContain('{"$error":')
    expect(linesOf(headers)).toEqual(
      expect.arrayContaining([expect.objectContaining({ code: "query_invalid", err: expect.objectContaining({ code: "22012" }) })]),
    )
  })

  test("has the cause of a failed test, with workspace and connector", async () => {
    const made = await hub.call("POST", "/v1/connectors", {
      name: "gone",
      type: "postgres",
      config: { ...database.config, database: "no_such_database" },
      verify: false,
    })
    const { headers } = await ask("/v1/connectors/gone/test", {})
    expect(linesOf(headers)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          msg: "test failed",
          workspace,
          connector: made.body.id,
          err: expect.objectContaining({ message: expect.stringContaining("no_such_database") }),
        }),
      ]),
    )
  })

  test("names the workspace, caller and connector of each request", async () => {
    const { headers } = await ask(`/v1/connectors/${id}/query`, { statement: "select 1" })
    expect(linesOf(headers)).toEqual([expect.objectContaining({ msg: "request", workspace, connector: id, by: expect.stringMatching(/^key:/), status: 200 })])
  })

  test("has no line for an invalid body from an unknown caller", async () => {
    const answer = await fetch(`${hub.url}/v1/connectors`, { method: "POST", headers: { "content-type": "application/json" }, body: "{" })
    expect(linesOf(answer.headers).map(({ msg }) => msg)).toEqual(["request"])
  })
})
