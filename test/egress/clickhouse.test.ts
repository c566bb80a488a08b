import type { ServerResponse } from "node:http"
import { setTimeout as pause } from "node:timers/promises"
import { gzipSync } from "node:zlib"
import { describe, expect, test } from "vitest"
import { clickhouse } from "../../src/connectors/clickhouse.ts"
import { open, type Session } from "../../src/core/session.ts"
import { Door } from "../../src/net/door.ts"
import { Policy } from "../../src/net/policy.ts"
import { Resolver } from "../../src/net/resolver.ts"
import { parseEgressRules } from "../../src/net/rules.ts"
import { opened } from "../conformance/context.ts"
import type { Posted } from "../fixtures/fixture.ts"
import { valuesOf } from "../support/batches.ts"
import { failure } from "../support/failure.ts"
import { type Loopback, listenHttp } from "../support/loopback.ts"
import { until } from "../support/waiting.ts"
import { watchSockets } from "./watch.ts"

// What a server can do that is not ClickHouse, or that a stranger stands before: no answer leads elsewhere, and none that was cut is whole.

interface Asked {
  readonly query: URLSearchParams
  readonly body: string
}

/** Answers a statement; `end` is the text that ends a whole result. */
type Answer = (asked: Asked, response: ServerResponse, end: string) => void

interface Fake extends Loopback {
  readonly asked: Asked[]
}

/** The greeting of a server with these settings, each with its value, its maximum, and whether it is fixed. */
function greetingOf(settings: Readonly<Record<string, readonly string[]>> = {}): string {
  const known = { readonly: ["0"], format_custom_result_after_delimiter: [""], date_time_output_format: ["simple"], ...settings }
  const rows = Object.entries(known).map(([name, [value = "", max = "\\N", fixed = "0"]]) => ["26.9", "1", name, value, max, fixed])
  return [["hub_version", "hub_marked", "name", "value", "max", "readonly"], Array(6).fill("String"), ...rows].map((cells) => `${cells.join("\t")}\n`).join("")
}

/** A server that greets as ClickHouse does, and answers statements by that function. */
async function fake(answer: Answer, greeting: Answer = (_, response) => void response.end(greetingOf())): Promise<Fake> {
  const asked: Asked[] = []
  const server = await listenHttp((request, response) => {
    const parts: Buffer[] = []
    request.on("data", (part: Buffer) => parts.push(part))
    request.on("end", () => {
      const one = { query: new URL(request.url ?? "", "http://x").searchParams, body: Buffer.concat(parts).toString() }
      asked.push(one)
      if (one.body.startsWith("KILL QUERY")) response.end()
      else (one.body.startsWith("SELECT version() AS") ? greeting : answer)(one, response, one.query.get("format_custom_result_after_delimiter") ?? "")
    })
  })
  return Object.assign(server, { asked })
}

async function run<T>({ port }: Loopback, work: (session: Session) => Promise<T>, more: Posted = {}, deadlineMs = 10_000): Promise<T> {
  const policy = new Policy({ fixed: parseEgressRules(`127.0.0.1:${port}`) })
  await using lease = new Door({ policy, resolver: new Resolver({ hosts: new Map() }) }).lease({ deadlineMs, operator: true })
  const config = { host: "127.0.0.1", port, auth: { kind: "password", user: "u", password: "a-password" }, tls: { kind: "off" }, ...more }
  const session = await open(clickhouse, opened(clickhouse, config), lease)
  try {
    return await work(session)
  } finally {
    await session.close()
  }
}

const query = (session: Session, sql = "SELECT 1") => valuesOf(session.query(sql))
const HEAD = "a\nString\n"
const EXCEPTION = "Code: 395. DB::Exception: too far. (FUNCTION_THROW_IF_VALUE_IS_NON_ZERO) (version 26.9.2.1)"

describe("nothing leads elsewhere", () => {
  test.each([301, 302, 303, 307, 308])("a redirect by %i is an error", async (status) => {
    const redirect: Answer = (_, response) => void response.writeHead(status, { location: "http://169.254.169.254/latest/meta-data" }).end()
    await using server = await fake(redirect)
    await using greeter = await fake(redirect, redirect)
    using watch = watchSockets()
    for (const [each, many] of [[server, 2] as const, [greeter, 1] as const]) {
      expect(await failure(run(each, query))).toMatchObject({ code: "response_invalid", message: expect.stringContaining("http://169.254.169.254") })
      expect(each.asked).toHaveLength(many)
    }
    expect(watch.past).toEqual([])
  })

  test.each([
    ["a path that climbs", { path: "/a/../../b" }, "/path"],
    ["a path with a query", { path: "/a?user=x" }, "/path"],
    ["a path with another host", { path: "//169.254.169.254/" }, "/path"],
    ["a setting that is a parameter", { settings: [{ name: "query", value: "DROP TABLE x" }] }, "/settings/0/name"],
    ["a setting that binds", { settings: [{ name: "param_p1", value: "x" }] }, "/settings/0/name"],
    ["a setting that logs in", { settings: [{ name: "password", value: "x" }] }, "/settings/0/name"],
    ["a setting that writes", { settings: [{ name: "readonly", value: "0" }] }, "/settings/0/name"],
    ["a setting with a second one", { settings: [{ name: "a=1&b", value: "x" }] }, "/settings/0/name"],
  ])("%s is a fault of the config", (_, more, pointer) => {
    const config = { host: "h", auth: { kind: "password", user: "u" }, ...more }
    expect(() => opened(clickhouse, config)).toThrow(pointer)
  })

  test("values of settings, roles, databases and parameters stay values", async () => {
    await using server = await fake((_, response, end) => void response.end(`a\nString\n1\n${end}`))
    const odd = "x&readonly=0#%\"'"
    const more = { database: odd, roles: [{ role: odd }], settings: [{ name: "log_comment", value: odd }] }
    expect(await run(server, (session) => valuesOf(session.query("SELECT {p1:String}", [`${odd}\n`])), more)).toEqual([["1"]])
    const [, { query: sent }] = server.asked as [Asked, Asked]
    expect([sent.get("database"), sent.get("role"), sent.get("log_comment"), sent.getAll("readonly")]).toEqual([odd, odd, odd, ["1"]])
    expect(sent.get("param_p1")).toBe("x&readonly=0#%\"\\'\\n")
  })
})

describe("a result is whole only with its end", () => {
  const cut: readonly [string, (end: string) => string, string][] = [
    ["without an end", () => `${HEAD}1\n`, "connection_lost"],
    ["with a part of it", (end) => `${HEAD}1\n${end.slice(0, -1)}`, "connection_lost"],
    ["with more behind it", (end) => `${HEAD}1\n${end}\n2\n`, "connection_lost"],
    ["with another end", () => `${HEAD}1\nend 0123456789abcdef01234567`, "connection_lost"],
    ["without anything", () => "", "connection_lost"],
    ["without types", (end) => `a\n${end}`, "connection_lost"],
    ["with an exception, marked", () => `${HEAD}1\n\r\n__exception__\r\ntag\r\n${EXCEPTION}\n99 tag\r\n__exception__\r\n`, "query_invalid"],
    ["with an exception, marked within a row", () => `${HEAD}1\n2\r\n__exception__\r\n${EXCEPTION}\n`, "query_invalid"],
    ["with an exception, marked, and an end", (end) => `${HEAD}1\n\r\n__exception__\r\ntag\r\n${EXCEPTION}\n${end}`, "query_invalid"],
    ["with an exception that is not marked", () => `${HEAD}1\n${EXCEPTION}`, "query_invalid"],
    ["with an exception that ends its line", () => `${HEAD}1\n${EXCEPTION}\n`, "query_invalid"],
    ["with an exception of several lines", () => `${HEAD}1\n${EXCEPTION}\nStack trace:\n1\n2\n`, "query_invalid"],
    ["with an exception in place of two columns", () => `a\tb\nString\tString\n1\t2\n${EXCEPTION}\n`, "query_invalid"],
  ]
  test.each(cut)("one %s", async (_, body, code) => {
    for (const zipped of [false, true]) {
      await using server = await fake((__, response, end) => {
        response.writeHead(200, { "content-type": "text/plain", ...(zipped ? { "content-encoding": "gzip" } : {}) })
        response.end(zipped ? gzipSync(body(end)) : body(end))
      })
      const rows: unknown[] = []
      const read = run(server, async (session) => {
        for await (const batch of session.query("SELECT 1")) rows.push(...batch.rows.flat())
      })
      expect(await failure(read)).toMatchObject({ code })
      expect(JSON.stringify(rows)).not.toMatch(/Code|trace|exception/)
    }
  })

  test("a value may look like an exception", async () => {
    await using server = await fake((_, response, end) => void response.end(`${HEAD}${EXCEPTION}\n__exception__\n${end}`))
    expect(await run(server, query)).toEqual([[EXCEPTION], ["__exception__"]])
    await using longer = await fake((_, response, end) => void response.end(`${HEAD}${`${EXCEPTION}\n`.repeat(5_000)}${end}`))
    expect(await run(longer, query)).toHaveLength(5_000)
  })

  test.each([false, true])("a connection that breaks behind an exception tells the exception, also to a slow reader (compressed: %s)", async (zipped) => {
    const packed = (text: string): Buffer => (zipped ? gzipSync(text) : Buffer.from(text))
    let breaks: (() => Promise<void>) | undefined
    await using server = await fake((_, response) => {
      response.writeHead(200, { "content-type": "text/plain", ...(zipped ? { "content-encoding": "gzip" } : {}) })
      response.write(packed(`${HEAD}${"1\n".repeat(10_000)}`))
      breaks = async () => {
        const frame = packed(`\r\n__exception__\r\ntag\r\n${EXCEPTION}\n`)
        await new Promise((resolve) => response.write(frame, resolve))
        response.destroy()
        // Both arrive while the reader does something else.
        await pause(100)
      }
    })
    const read = run(server, async (session) => {
      for await (const _ of session.query("SELECT 1")) {
        await breaks?.()
        breaks = undefined
      }
    })
    expect(await failure(read)).toMatchObject({ code: "query_invalid", message: expect.stringContaining("too far") })
  })
})

describe("an answer that no ClickHouse gives is an error that says so", () => {
  test.each<[string, (end: string) => string | Buffer, string]>([
    ["a row of nothing but tabs", (end) => `a\nString\n${"\t".repeat(20_000_000)}\n${end}`, "response_invalid"],
    ["a header of nothing but tabs", (end) => `${"\t".repeat(20_000_000)}\nString\n${end}`, "response_too_large"],
    ["more cells than columns", (end) => `${HEAD}1\t2\n${end}`, "response_invalid"],
    ["more types than names", (end) => `a\nString\tString\n${end}`, "response_invalid"],
    ["a list that never ends", (end) => `a\nArray(Int8)\n[1,\n${end}`, "response_invalid"],
    ["a list of any depth", (end) => `a\nDynamic\tArray(Dynamic)\n1\t${"[".repeat(1_000_000)}\n${end}`, "response_invalid"],
    ["JSON of any depth", (end) => `a\nJSON\n${"[".repeat(100_000)}${"]".repeat(100_000)}\n${end}`, "response_invalid"],
    ["bytes that are no text", (end) => Buffer.concat([Buffer.from(`${HEAD}`), Buffer.from([0xff, 0xfe, 0x0a]), Buffer.from(end)]), "response_invalid"],
  ])("%s", async (_, body, code) => {
    await using server = await fake((__, response, end) => void response.end(body(end)))
    expect(await failure(run(server, query))).toMatchObject({ code })
  })

  test.each<[string, number, string, Record<string, string>, string]>([
    ["a refusal without a code", 500, "broken", {}, "remote_failed"],
    ["a refusal of HTML", 502, "<html>", { "content-type": "text/html" }, "server_unavailable"],
    ["too many requests", 429, "slow down", { "retry-after": "7" }, "rate_limited"],
    ["HTML with a status of success", 200, "<html>\n<body>\nLog in\n</body>\n</html>", { "content-type": "text/html; charset=utf-8" }, "response_invalid"],
    ["a code that begins as another", 500, "Code: 607. DB::Exception: x", {}, "remote_failed"],
    ["an exception with a status of success", 200, EXCEPTION, { "x-clickhouse-exception-code": "395" }, "query_invalid"],
    ["an exception of a code that is new", 500, "Code: 99999. DB::Exception: new. (NEW) (version 30.1)", {}, "remote_failed"],
    ["a code from a prototype", 500, "Code: constructor. DB::Exception: x", {}, "remote_failed"],
  ])("%s", async (_, status, body, headers, code) => {
    await using server = await fake((__, response) => void response.writeHead(status, headers).end(body))
    const error = await failure(run(server, query))
    expect(error.code).toBe(code)
    expect(error.message).not.toContain("version")
  })

  test("a greeting that is none", async () => {
    for (const text of ["Ok.\n", "", "<html></html>", "x".repeat(1_000_000)]) {
      await using server = await fake(
        () => undefined,
        (_, response) => void response.end(text),
      )
      expect(await failure(run(server, (session) => session.test()))).toMatchObject({ code: "protocol_invalid" })
    }
  })

  test("a bomb of compressed bytes takes as much memory as a row may", async () => {
    const bomb = gzipSync(Buffer.alloc(160 * 1_048_576, "a"), { level: 9 })
    await using server = await fake((_, response) => void response.writeHead(200, { "content-encoding": "gzip" }).end(bomb))
    expect(await failure(run(server, query))).toMatchObject({ code: "response_too_large" })
  })
})

test("a right that lacks is told with the GRANT that gives it", async () => {
  const said = "Code: 497. DB::Exception: u: Not enough privileges. To execute this query, it's necessary to have the grant SELECT(a) ON d.t. (ACCESS_DENIED)"
  const lists = "database\tname\tengine\tengine_full\tsorting_key\ttotal_rows\tcomment\tc.name\ttype\tdefault_kind\n"
  await using server = await fake(({ body }, response, end) => {
    if (body.includes("currentUser")) response.end(`u\nString\no\`dd\n${end}`)
    else if (body.includes("system.tables")) response.end(`${lists}${Array(10).fill("String").join("\t")}\nd\tt\tMergeTree\t\t\t1\t\ta\tInt8\t\n${end}`)
    else response.writeHead(403, { "x-clickhouse-exception-code": "497" }).end(said)
  })
  const stream = { path: ["d", "t"], kind: "table" as const, columns: [], key: [] }
  const error = await failure(run(server, (session) => valuesOf(session.read(stream))))
  expect(error).toMatchObject({ code: "permission_denied", remedies: [{ sql: "GRANT SELECT ON `d`.`t` TO `o\\`dd`" }] })
  expect(await failure(run(server, query))).toMatchObject({ code: "permission_denied", message: expect.stringContaining("SELECT(a) ON d.t") })
})

describe("a server that never ends", () => {
  test.each<[string, readonly string[], string | undefined, string | undefined]>([
    ["that is the call's", ["0"], undefined, "10"],
    ["that is the profile's", ["4"], undefined, "4"],
    ["that the connector sets", ["4"], "7", "7"],
    ["that is longer than the call", ["400"], "500", "10"],
    ["that the profile takes at most", ["0", "5.5"], "7", "5.5"],
    ["that the profile has fixed", ["3", "\\N", "1"], undefined, undefined],
  ])("is told a time %s", async (_, profile, setting, sent) => {
    const greeting = greetingOf({ max_execution_time: profile })
    await using server = await fake(
      (__, response, end) => void response.end(`${HEAD}1\n${end}`),
      (__, response) => void response.end(greeting),
    )
    await run(server, query, setting === undefined ? {} : { settings: [{ name: "max_execution_time", value: setting }] })
    expect(server.asked.at(-1)?.query.get("max_execution_time") ?? undefined).toBe(sent)
  })

  test("is killed at the deadline, by the id of its statement", async () => {
    await using server = await fake((_, response) => {
      response.write(HEAD)
      const more = setInterval(() => response.write("1\n"), 20)
      response.once("close", () => clearInterval(more))
    })
    expect(await failure(run(server, query, {}, 700))).toMatchObject({ code: "timed_out" })
    const kills = () => server.asked.filter(({ body }) => body.startsWith("KILL QUERY"))
    await until(2_000, kills, (all) => all.length > 0)
    const id = server.asked.find(({ body }) => body === "SELECT 1")?.query.get("query_id")
    expect(kills().map(({ body }) => body)).toEqual([`KILL QUERY WHERE query_id = '${id}' ASYNC`])
  })

  test("and one that does not answer at all is killed too", async () => {
    await using server = await fake(() => undefined)
    expect(await failure(run(server, query, {}, 700))).toMatchObject({ code: "timed_out" })
    expect(
      await until(
        2_000,
        () => server.asked.filter(({ body }) => body.startsWith("KILL QUERY")).length,
        (many) => many > 0,
      ),
    ).toBe(1)
  })

  test("a result that came to its end is not killed", async () => {
    await using server = await fake((_, response, end) => void response.end(`${HEAD}1\n${end}`))
    expect(await run(server, query)).toEqual([["1"]])
    expect(server.asked).toHaveLength(2)
  })
})
