import { describe, expect, test } from "vitest"
import { trino } from "../../src/connectors/trino.ts"
import { open, type Session } from "../../src/core/session.ts"
import { Door } from "../../src/net/door.ts"
import { Policy } from "../../src/net/policy.ts"
import { Resolver } from "../../src/net/resolver.ts"
import { parseEgressRules } from "../../src/net/rules.ts"
import { opened } from "../conformance/context.ts"
import { valuesOf } from "../support/batches.ts"
import { failure } from "../support/failure.ts"
import { type Loopback, listenHttp } from "../support/loopback.ts"
import { watchSockets } from "./watch.ts"

// A hostile server in the place of a coordinator, or an attacker in front of one: none of its answers can redirect the hub.

interface Asked {
  readonly method: string
  readonly path: string
  readonly body: string
}

/** An answer: a JSON object, a text, or either of them with a status and headers. */
type Given = object | string | { readonly status: number; readonly body?: object | string; readonly headers?: Record<string, string> }

interface Coordinator extends Loopback {
  readonly asked: Asked[]
}

/** A server that answers each request with that function, which may use the server's URL. */
async function coordinator(answer: (asked: Asked, url: string, count: number) => Given): Promise<Coordinator> {
  const asked: Asked[] = []
  const server = await listenHttp((request, response) => {
    const parts: Buffer[] = []
    request.on("data", (part: Buffer) => parts.push(part))
    request.on("end", () => {
      const one = { method: request.method ?? "", path: request.url ?? "", body: Buffer.concat(parts).toString() }
      asked.push(one)
      if (one.method === "DELETE") {
        response.writeHead(204).end()
        return
      }
      const given = answer(one, server.url, asked.length)
      const { status, body, headers } =
        typeof given === "object" && "status" in given ? (given as Extract<Given, { status: number }>) : { status: 200, body: given, headers: {} }
      response.writeHead(status, { "content-type": typeof body === "string" ? "text/plain" : "application/json", ...headers })
      response.end(typeof body === "object" ? JSON.stringify(body) : body)
    })
  })
  return Object.assign(server, { asked })
}

async function run<T>({ port }: Loopback, work: (session: Session) => Promise<T>, deadlineMs = 10_000): Promise<T> {
  const policy = new Policy({ fixed: parseEgressRules(`127.0.0.1:${port}`) })
  await using lease = new Door({ policy, resolver: new Resolver({ hosts: new Map() }) }).lease({ deadlineMs, operator: true })
  const session = await open(trino, opened(trino, { host: "127.0.0.1", port, user: "u", auth: { kind: "none" }, tls: { kind: "off" } }), lease)
  try {
    return await work(session)
  } finally {
    await session.close()
  }
}

const query = (session: Session, sql = "SELECT 1") => valuesOf(session.query(sql))
const COLUMNS = [{ name: "a", type: "bigint", typeSignature: { rawType: "bigint", arguments: [] } }]

describe("a link to anywhere else is not followed", () => {
  test.each([
    ["a metadata service", () => "http://169.254.169.254/v1/statement/1"],
    ["the same host by another name", (url: string) => `${url.replace("127.0.0.1", "localhost")}/v1/statement/1`],
    ["the same host by another number", (url: string) => `${url.replace("127.0.0.1", "127.0.0.2")}/v1/statement/1`],
    ["another port", (url: string) => `${url.slice(0, -1)}/v1/statement/1`],
    ["another scheme", (url: string) => `${url.replace("http:", "https:")}/v1/statement/1`],
    ["a user before the host", (url: string) => `${url}@169.254.169.254/v1/statement/1`],
    ["another path", (url: string) => `${url}/v1/query/1`],
    ["a path with ..", (url: string) => `${url}/v1/statement/../../ui`],
    ["a file", () => "file:///v1/statement/1"],
    ["only a path", () => "/v1/statement/1"],
    ["a number", () => 1],
    ["nothing", () => null],
  ])("%s", async (_, link) => {
    await using server = await coordinator((__, url) => ({ id: "1", nextUri: link(url), stats: {} }))
    using watch = watchSockets()
    const error = await failure(run(server, query))
    expect(error).toMatchObject({ code: "response_invalid", message: expect.stringContaining("process-forwarded") })
    expect([server.asked.length, watch.past, watch.byDoor.length <= 1]).toEqual([1, [], true])
  })

  test("also in a later answer, after rows", async () => {
    await using server = await coordinator(({ method }, url) =>
      method === "POST" ? { nextUri: `${url}/v1/statement/executing/1` } : { columns: COLUMNS, data: [[1]], nextUri: "http://169.254.169.254/v1/statement/2" },
    )
    expect((await failure(run(server, query))).message).toContain("http://169.254.169.254/v1/statement/2")
    expect(server.asked).toHaveLength(2)
  })

  test("and neither is a redirect", async () => {
    await using server = await coordinator(() => ({ status: 307, headers: { location: "http://169.254.169.254/v1/statement" } }))
    expect(await failure(run(server, query))).toMatchObject({ code: "response_invalid", message: expect.stringContaining("http://169.254.169.254") })
    expect(server.asked).toHaveLength(1)
  })
})

describe("a server that never ends", () => {
  test("and sends no rows is stopped at the deadline, with a cancellation", async () => {
    await using server = await coordinator((_, url) => ({ nextUri: `${url}/v1/statement/executing/1` }))
    expect(await failure(run(server, query, 700))).toMatchObject({ code: "timed_out" })
    expect(server.asked.filter(({ method }) => method === "DELETE")).toHaveLength(1)
  })

  test("is not asked for more rows than the caller wants", async () => {
    await using server = await coordinator((_, url, count) => ({ columns: COLUMNS, data: [[count]], nextUri: `${url}/v1/statement/executing/${count}` }))
    await run(server, async (session) => {
      let rows = 0
      for await (const batch of session.query("SELECT 1", [])) {
        rows += batch.rows.length
        if (rows >= 5) break
      }
    })
    expect(server.asked.map(({ method }) => method)).toEqual(["POST", "GET", "GET", "GET", "GET", "DELETE"])
  })
})

describe("an answer that Trino never gives is an error that says so", () => {
  test.each<[string, Given, string]>([
    ["rows without columns", { data: [[1]] }, "response_invalid"],
    ["columns that are not a list", { columns: {}, data: [[1]] }, "response_invalid"],
    ["columns without types", { columns: [{ name: "a" }], data: [[1]] }, "response_invalid"],
    ["a row that is not a list", { columns: COLUMNS, data: [null] }, "response_invalid"],
    [
      "an array that is not a list",
      {
        columns: [{ name: "a", type: "array(bigint)", typeSignature: { rawType: "array", arguments: [{ kind: "TYPE", value: COLUMNS[0]?.typeSignature }] } }],
        data: [[7]],
      },
      "response_invalid",
    ],
    [
      "an unknown time zone",
      {
        columns: [{ name: "a", type: "timestamp(3) with time zone", typeSignature: { rawType: "timestamp with time zone", arguments: [] } }],
        data: [["2024-01-01 00:00:00.000 Nowhere/Else"]],
      },
      "response_invalid",
    ],
    ["JSON with extreme depth", `{"columns":${"[".repeat(100_000)}${"]".repeat(100_000)}}`, "response_invalid"],
    ["HTML", { status: 200, body: "<html>Log in</html>", headers: { "content-type": "text/html" } }, "response_invalid"],
    ["an error without a name", { error: {} }, "remote_failed"],
    ["an error of an unknown kind", { error: { errorName: "NEW", errorType: "NEW", message: "no" } }, "remote_failed"],
    ["an error of the user", { error: { errorName: "NEW", errorType: "USER_ERROR", message: "no" } }, "query_invalid"],
    ["an error with a name from a prototype", { error: { errorName: "constructor", errorType: "__proto__", message: "no" } }, "remote_failed"],
    ["a refusal in plain text", { status: 401, body: "Access Denied: Invalid credentials" }, "auth_failed"],
    ["a failure with a stack trace", { status: 500, body: "no role\n\tat io.trino.Some(Some.java:1)" }, "remote_failed"],
    ["a missing page", { status: 404, body: "Not found" }, "stream_not_found"],
  ])("%s", async (_, given, code) => {
    await using server = await coordinator(() => given)
    const error = await failure(run(server, query))
    expect(error).toMatchObject({ code })
    expect(error.message).toMatch(/\.$/)
    expect(error.message).not.toContain("io.trino")
  })
})

test("numbers keep their digits, at any depth", async () => {
  const type = { rawType: "array", arguments: [{ kind: "TYPE", value: COLUMNS[0]?.typeSignature }] }
  const columns = JSON.stringify([{ name: "a", type: "array(bigint)", typeSignature: type }])
  await using server = await coordinator(() => `{"columns":${columns},"data":[[[9223372036854775807, -9007199254740993, 1]]]}`)
  expect(await run(server, query)).toEqual([[["9223372036854775807", "-9007199254740993", "1"]]])
})

describe("a busy server", () => {
  const busy = (until: number) =>
    coordinator((_, __, count) => (count < until ? { status: 503, headers: { "retry-after": "0" } } : { columns: COLUMNS, data: [[9]], updateCount: 1 }))

  test("gets a statement that only reads again", async () => {
    await using server = await busy(3)
    expect(await run(server, query)).toEqual([["9"]])
    expect(server.asked).toHaveLength(3)
  })

  test("does not get a statement that writes again, because it may have run", async () => {
    await using server = await coordinator(({ body }, _, count) =>
      body.includes("information_schema")
        ? {
            columns: ["a", "b", "c", "d", "e", "f"].map((name) => ({
              ...COLUMNS[0],
              name,
              type: "varchar",
              typeSignature: { rawType: "varchar", arguments: [] },
            })),
            data: [["s", "t", "BASE TABLE", "a", "bigint", "YES"]],
          }
        : { status: 503, body: `busy ${count}` },
    )
    const stream = { path: ["c", "s", "t"], kind: "table" as const, columns: [], key: [] }
    const batch = { columns: [{ name: "a", type: "integer" as const, nativeType: "", nullable: true }], rows: [[1]] }
    expect(await failure(run(server, (session) => session.write(stream, batch, { mode: "append" })))).toMatchObject({ code: "server_unavailable" })
    expect(server.asked.filter(({ body }) => /INSERT/.test(body))).toHaveLength(1)
  })

  test("gets the request for the next page again", async () => {
    await using server = await coordinator(({ method }, url, count) =>
      method === "POST" ? { nextUri: `${url}/v1/statement/queued/1` } : count < 4 ? { status: 502 } : { columns: COLUMNS, data: [[1]] },
    )
    expect(await run(server, query)).toEqual([["1"]])
  })
})
