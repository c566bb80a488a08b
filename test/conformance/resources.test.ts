import { beforeEach, describe, expect, test } from "vitest"
import { authKinds, authOf } from "../../src/connectors/shared/http/auth/fields.ts"
import { type HttpClient, httpClient } from "../../src/connectors/shared/http/client.ts"
import { requestTo } from "../../src/connectors/shared/http/requests.ts"
import type { Resource, Unreadable } from "../../src/connectors/shared/http/resource.ts"
import { resourceVerbs } from "../../src/connectors/shared/http/resources.ts"
import { RETRIES } from "../../src/connectors/shared/http/retry.ts"
import { failureOf } from "../../src/connectors/shared/http/statuses.ts"
import { defineConnector } from "../../src/core/connector.ts"
import { PlatformError } from "../../src/core/errors.ts"
import { text, variant } from "../../src/core/fields.ts"
import type { Session } from "../../src/core/session.ts"
import type { Batch, Stream } from "../../src/core/streams.ts"
import type { Row, Value } from "../../src/core/values.ts"
import { json, startApi } from "../support/api-server.ts"
import { collect } from "../support/batches.ts"
import { failure } from "../support/failure.ts"
import { use } from "../support/use.ts"
import { withSession } from "./context.ts"

/** What a session of the toy type holds. */
interface Client {
  readonly http: HttpClient
  readonly origin: string
}

/** A CRM as they are: it lists its objects and their properties, pages by `after`, filters by `since`, and upserts by batches of two. */
function objectOf({ name, readable }: { name: string; readable: boolean }, origin: string): Resource<Client> | Unreadable {
  if (!readable) return { path: [name], reason: "Objects of this kind have no API." }
  const at = (query: Record<string, string>): URL => new URL(`/objects/${name}?${new URLSearchParams(query)}`, origin)
  return {
    path: [name],
    key: ["id"],
    origin,
    orderedBy: "updated",
    holds: (position) => typeof position === "string",
    async columns({ http }, call) {
      const found = (await http.json(requestTo(new URL(`/properties/${name}`, origin)), call)) as { name: string; type: "integer" | "string" }[]
      return found.map((each) => ({ ...each, nativeType: each.type, nullable: true }))
    },
    async page({ http }, { position, since, columns }, call) {
      const query = {
        ...(position === undefined ? {} : { after: String(position) }),
        ...(since === undefined ? {} : { since: String(since) }),
        properties: columns.map((column) => column.name).join(),
      }
      const { results, next } = (await http.json(requestTo(at(query)), call)) as { results: Row[]; next?: string }
      return next === undefined ? { rows: results } : { rows: results, next }
    },
    upsert: {
      most: 2,
      async rows({ http }, rows, call) {
        const { results } = (await http.json(requestTo(at({}), { method: "PUT", json: rows }), call)) as { results: { error?: string }[] }
        return results.map(({ error }) => error)
      },
    },
  }
}

const { plans, discover, read, write, upserts } = resourceVerbs<Client>({
  async *list({ http, origin }, call) {
    const found = (await http.json(requestTo(new URL("/objects", origin)), call)) as { name: string; readable: boolean }[]
    for (const each of found) yield objectOf(each, origin)
  },
})

const crm = defineConnector({
  type: "crm",
  title: "CRM",
  category: "api",
  proof: "stand-in",
  summary: "A toy.",
  fields: { url: text("URL"), auth: variant("Login", { bearer: authKinds.bearer }) },
  connect({ url, auth }, lease): Client {
    const judge: NonNullable<Parameters<HttpClient["with"]>[0]["judge"]> = (answer, call) => {
      if (answer.status === 403) return new PlatformError("permission_denied", "The token has no right to read it; add the scope.")
      return answer.status < 400 ? undefined : failureOf(answer, call)
    }
    const http = httpClient(lease.dispatcher(), { auth: authOf(auth, { mode: "verify" }), retries: RETRIES, judge })
    return { http, origin: new URL(url).origin }
  },
  close() {},
  test: async () => ({ product: "CRM" }),
  plans,
  discover,
  read,
  write,
  upserts,
})

const api = use(startApi)
const TOKEN = "crm-token-canary"
const people = new Map<number, Row>()
beforeEach(() => {
  api.seen.splice(0)
  people.clear()
  for (let id = 1; id <= 7; id++) people.set(id, { id, name: `Person ${id}`, updated: `2026-01-0${id}T00:00:00Z` })
  api.serve = ({ method, url, headers, body }, response) => {
    if (headers.authorization !== `Bearer ${TOKEN}`) return json(response, {}, 401)
    const [, kind, name] = url.pathname.split("/")
    if (kind === "objects" && name === undefined)
      return json(response, [
        { name: "people", readable: true },
        { name: "deals", readable: true },
        { name: "calls", readable: false },
      ])
    if (kind === "properties" && name === "people")
      return json(response, [
        { name: "id", type: "integer" },
        { name: "name", type: "string" },
        { name: "updated", type: "string" },
      ])
    if (name !== "people") return json(response, { message: "missing scope" }, 403)
    if (method === "PUT") return json(response, { results: (JSON.parse(body) as Row[]).map(taken) })
    const since = url.searchParams.get("since") ?? ""
    const found = [...people.values()].filter(({ updated }) => String(updated) >= since)
    const from = Number(url.searchParams.get("after") ?? 0)
    json(response, { results: found.slice(from, from + 3), ...(from + 3 < found.length ? { next: String(from + 3) } : {}) })
  }
})

function taken(row: Row): { error?: string } {
  if (String(row["name"]).length > 12) return { error: "name is too long" }
  people.set(row["id"] as number, { ...people.get(row["id"] as number), ...row })
  return {}
}

const open = <T>(work: (session: Session) => Promise<T>, options: Parameters<typeof withSession>[3] = {}) =>
  withSession({ connector: crm }, { url: api.origin, auth: { kind: "bearer", token: TOKEN } }, work, options)
const stream: Stream = { path: ["people"], kind: "resource", columns: [], key: ["id"] }
const idsOf = (batches: readonly Batch[]): Value[] => batches.flatMap(({ rows }) => rows.map(([id]) => id as Value))

describe("discovery", () => {
  test("counts what is listed, and skips with a reason what cannot be read; each request but the first takes a turn", async () => {
    let turns = 0
    const found = await open((session) => collect(session.discover()), {
      turn: async () => {
        turns++
      },
    })
    expect(found).toEqual([
      { counted: { total: 3, byKind: { resource: 3 } } },
      {
        stream: {
          path: ["people"],
          kind: "resource",
          key: ["id"],
          columns: [
            { name: "id", type: "integer", nativeType: "integer", nullable: true },
            { name: "name", type: "string", nativeType: "string", nullable: true },
            { name: "updated", type: "string", nativeType: "string", nullable: true },
          ],
        },
      },
      { skipped: { path: ["deals"], reason: "The token has no right to read it; add the scope." } },
      { skipped: { path: ["calls"], reason: "Objects of this kind have no API." } },
    ])
    expect([api.seen.length, turns]).toEqual([3, 2])
  })
})

describe("reading", () => {
  test("goes through all pages in the columns of the resource, and goes on behind a cursor", async () => {
    const batches = await open((session) => collect(session.read(stream)), { batchRows: 2 })
    expect(batches.map(({ rows }) => rows.length)).toEqual([2, 1, 1, 2, 1])
    expect(batches[0]?.rows[0]).toEqual([1, "Person 1", "2026-01-01T00:00:00Z"])
    for (const [index, { cursor }] of batches.entries()) {
      const rest = await open((session) => collect(session.read(stream, { ...(cursor === undefined ? {} : { after: cursor }) })))
      expect(idsOf(rest)).toEqual(idsOf(batches.slice(index + 1)))
    }
    expect(api.seen.find(({ url }) => url.searchParams.has("properties"))?.url.searchParams.get("properties")).toBe("id,name,updated")
  })

  test("gives what is new", async () => {
    const plan = { kind: "since", column: "updated", from: "2026-01-06T00:00:00Z" } as const
    const first = await open((session) => collect(session.read(stream, { plan })))
    expect(idsOf(first)).toEqual([6, 7])
    people.set(8, { id: 8, name: "Person 8", updated: "2026-01-07T00:00:00Z" })
    const after = first.at(-1)?.cursor ?? ""
    expect(idsOf(await open((session) => collect(session.read(stream, { plan, after }))))).toEqual([8])
  })

  test.each<[string, readonly string[], string]>([
    ["that is not listed", ["none"], "stream_not_found"],
    ["that has no API", ["calls"], "unsupported"],
    ["without the right to read it", ["deals"], "permission_denied"],
  ])("of a resource %s is told", async (_, path, code) => {
    expect((await failure(open((session) => collect(session.read({ ...stream, path }))))).code).toBe(code)
  })

  test("refuses a cursor that is not of its pages", async () => {
    const cursor = Buffer.from(JSON.stringify({ position: { url: "http://evil.example/" }, done: 0 })).toString("base64url")
    expect((await failure(open((session) => collect(session.read(stream, { after: cursor }))))).code).toBe("request_invalid")
  })
})

describe("writing", () => {
  const batchOf = (rows: readonly Row[]): Batch => {
    const columns = ["id", "name"].map((name) => ({ name, type: "string" as const, nativeType: "", nullable: true }))
    return { columns, rows: rows.map((row) => columns.map(({ name }) => row[name] ?? null)) }
  }
  const upsert = (rows: readonly Row[], to = stream) => open((session) => session.write(to, batchOf(rows), { mode: "upsert" }))

  test("accounts for every record: the last of equal keys wins, and each that is refused has the API's reason", async () => {
    const report = await upsert([
      { id: 1, name: "first" },
      { id: 20, name: "a name that is too long" },
      { id: 21, name: "new" },
      { name: "no key" },
      { id: 1, name: "last" },
    ])
    expect(report).toEqual({
      written: 2,
      rejected: [
        { index: 1, reason: "name is too long" },
        { index: 3, reason: "The row has no value in id, which is part of the key." },
      ],
      skipped: 1,
    })
    expect([people.get(1)?.["name"], people.get(21)?.["name"], people.has(20)]).toEqual(["last", "new", false])
    expect(api.seen.filter(({ method }) => method === "PUT").map(({ body }) => (JSON.parse(body) as Row[]).length)).toEqual([2, 1])
  })

  test("twice is once", async () => {
    const rows = [{ id: 30, name: "thirty" }]
    expect(await upsert(rows)).toEqual(await upsert(rows))
    expect(people.size).toBe(8)
  })

  test("is refused where the resource cannot, the key is missing, or the answer does not add up", async () => {
    expect((await failure(open((session) => session.write(stream, batchOf([]), { mode: "append" })))).code).toBe("unsupported")
    expect((await failure(upsert([{ id: 1, name: "x" }], { ...stream, key: ["email"] }))).message).toMatch(/lack email/)
    const answer = api.serve
    api.serve = (seen, response) => (seen.method === "PUT" ? json(response, { results: [] }) : answer(seen, response))
    expect((await failure(upsert([{ id: 1, name: "x" }]))).message).toMatch(/0 of the 1 records/)
  })
})
