import { beforeAll, describe, expect, it } from "vitest"
import type { Answer } from "../support/ask.ts"
import { startDnsServer } from "../support/dns-server.ts"
import { startHub } from "../support/hub.ts"
import { type Description, operationsIn, resolved } from "../support/openapi.ts"
import { use } from "../support/use.ts"

interface Schema {
  readonly type?: string
  readonly enum?: readonly unknown[]
  readonly allOf?: readonly Schema[]
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly minProperties?: number
  readonly minLength?: number
  readonly minimum?: number
  readonly minItems?: number
  readonly items?: Schema
  readonly format?: string
}
interface Operation {
  readonly method: string
  readonly path: string
  readonly body?: Schema
  readonly query: readonly { readonly name: string; readonly required: boolean; readonly schema: Schema }[]
}
type Row = Readonly<Record<string, unknown>>

/** A text in every object of the other workspace; no answer to another workspace's caller may contain it. */
const CANARY = "canary-of-two"
const ROLES = ["viewer", "editor", "admin"] as const
/** Paths that belong to no workspace, and paths with which operators act on all workspaces; neither shows a workspace's own objects. */
const SHARED = /^\/(healthz|readyz|openapi\.json|metrics)|^\/v1\/(connector-types|egress)\b/
/** Texts that cannot be generated from a schema. */
const SAMPLES: Readonly<Record<string, unknown>> = {
  name: "sample",
  type: "http",
  email: "sample@example.com",
  url: "https://example.com/hook",
  stream: '["public","t"]',
  config: { url: "https://example.com/" },
  everyMs: 60_000,
}

let document: Description
let operations: Operation[]
let keys: Readonly<Record<(typeof ROLES)[number], string>>
let victim: { readonly id: string; readonly key: string }
/** The other workspace's objects, by the path of the list that contains them. */
const things = new Map<string, Row[]>()

const dns = use(() => startDnsServer(() => "NXDOMAIN"))
beforeAll(async () => {
  // No worker: a check or a webhook that ran meanwhile would be a change of its own.
})
const hub = use(() => startHub({ JACKFIELD_DNS: dns.address, JACKFIELD_ROLE: "api" }))
beforeAll(async () => {
  const one = await hub.workspace("one")
  keys = { admin: one.key, editor: await hub.keyFor("editor", one.key), viewer: await hub.keyFor("viewer", one.key) }
  victim = await hub.workspace("two")
  document = (await hub.call("GET", "/openapi.json")).body
  operations = operationsOf()
  await furnish()
  for (const { path, method, query } of operations) if (method === "GET" && !SHARED.test(path) && query.every(({ required }) => !required)) await collect(path)
})

const operationsOf = (): Operation[] =>
  operationsIn(document).map(({ method, path, parameters, body }) => {
    const schema = body["application/json"]?.schema
    const query = parameters.filter((each) => each.in === "query")
    return {
      method,
      path,
      query: query.map(({ name, required = false, schema }) => ({ name, required, schema })),
      ...(schema === undefined ? {} : { body: schema }),
    }
  })

const asVictim = async (method: string, path: string, body?: unknown): Promise<Answer> => {
  const answer = await hub.call(method, path, body, { key: victim.key })
  expect(answer.status, `${method} ${path}: ${answer.text}`).toBeLessThan(300)
  return answer
}

/** Creates one object of every kind that a workspace can have. */
async function furnish(): Promise<void> {
  const http = { type: "http", description: CANARY, config: { url: "https://example.com/" } }
  for (const name of ["canary-of-two-a", "canary-of-two-b"]) await asVictim("POST", "/v1/connectors", { ...http, name, title: CANARY })
  await asVictim("PATCH", "/v1/connectors/canary-of-two-a", { title: `${CANARY} again` })
  await asVictim("PUT", "/v1/connectors/canary-of-two-a/check", { everyMs: 3_600_000 })
  await asVictim("POST", "/v1/users", { email: `${CANARY}@example.com`, role: "viewer", password: `${CANARY}-password` })
  await asVictim("POST", "/v1/keys", { name: CANARY, role: "viewer" })
  const hook = await asVictim("POST", "/v1/webhooks", { url: "https://example.com/hook", description: CANARY, events: ["catalog.changed"] })
  await asVictim("POST", `/v1/webhooks/${hook.body.id}/ping`)
  const sent = await fetch(`${hub.url}/v1/uploads?name=${CANARY}.csv`, {
    method: "POST",
    headers: { authorization: `Bearer ${victim.key}`, "content-type": "text/csv" },
    body: `a,b\n1,${CANARY}\n`,
  })
  expect(sent.status).toBe(201)
}

/** Reads a list of the other workspace, for each object that it may belong to. */
async function collect(path: string): Promise<void> {
  for (const real of filled(path)) {
    const { status, body } = await hub.call("GET", real, undefined, { key: victim.key })
    const rows = status === 200 && Array.isArray(body?.data) ? (body.data as Row[]) : []
    things.set(path, [...(things.get(path) ?? []), ...rows.map((row) => ({ ...row, $of: real }))])
  }
}

/** The names and ids by which a path may refer to an object. */
const namesOf = (row: Row): string[] =>
  ["id", "name", "serial", "version", "email", "seq"].flatMap((field) =>
    typeof row[field] === "string" || typeof row[field] === "number" ? [String(row[field])] : [],
  )

/** Fills each parameter of a path with the other workspace's names, if they were collected. */
function filled(path: string): string[] {
  const at = path.indexOf("/{")
  if (at < 0) return [path]
  const list = path.slice(0, at)
  const end = path.indexOf("}", at) + 1
  const names = [...new Set((things.get(list) ?? []).flatMap(namesOf))]
  return names.flatMap((name) => filledFrom(`${list}/${encodeURIComponent(name)}`, path.slice(end), `${list}/${path.slice(at + 1, end)}`))
}

/** Continues `filled` after `real`, the part of the path that is already filled; `pattern` is the pattern of that part. */
function filledFrom(real: string, rest: string, pattern: string): string[] {
  const at = rest.indexOf("/{")
  if (at < 0) return [real + rest]
  const end = rest.indexOf("}", at) + 1
  const list = pattern + rest.slice(0, at)
  const own = (things.get(list) ?? []).filter((row) => row["$of"] === real + rest.slice(0, at))
  return own
    .flatMap(namesOf)
    .flatMap((name) => filledFrom(`${real}${rest.slice(0, at)}/${encodeURIComponent(name)}`, rest.slice(end), list + rest.slice(at, end)))
}

/** The smallest value that a schema accepts. */
function sample(given: Schema, name = ""): unknown {
  if (Object.hasOwn(SAMPLES, name)) return SAMPLES[name]
  const schema = resolved(document, given)
  if (schema.allOf !== undefined) return Object.assign({}, ...schema.allOf.map((each) => sample(each)))
  if (schema.oneOf !== undefined) return sample(schema.oneOf[0] ?? {}, name)
  if (schema.enum !== undefined) return schema.enum[0]
  if (schema.anyOf !== undefined) return sample(schema.anyOf[0] ?? {}, name)
  switch (schema.type) {
    case "object": {
      const properties = Object.entries(schema.properties ?? {})
      const least = properties.slice(0, schema.minProperties ?? 0).map(([each]) => each)
      return Object.fromEntries(
        properties.filter(([each]) => schema.required?.includes(each) || least.includes(each)).map(([each, inner]) => [each, sample(inner, each)]),
      )
    }
    case "array":
      return Array.from({ length: schema.minItems ?? 0 }, () => sample(schema.items ?? {}))
    case "integer":
    case "number":
      return schema.minimum ?? 0
    case "boolean":
      return true
    default:
      return "x".repeat(Math.max(8, schema.minLength ?? 0))
  }
}

function asked({ body, query }: Operation, path: string, more: Readonly<Record<string, string>> = {}): readonly [string, unknown] {
  const given = query.filter(({ required }) => required).map(({ name, schema }): [string, string] => [name, String(sample(schema, name))])
  const search = new URLSearchParams([...given, ...Object.entries(more)]).toString()
  return [search === "" ? path : `${path}?${search}`, body === undefined ? undefined : sample(body)]
}

const scoped = (): Operation[] => operations.filter(({ path }) => path.includes("{") && !SHARED.test(path))
/** The same path with names that do not exist. */
const nowhere = (path: string, real: string): string => {
  const parts = path.split("/")
  const seen = real.split("/")
  return parts
    .map((part, index) =>
      !part.startsWith("{")
        ? part
        : /^\d+$/.test(seen[index] ?? "")
          ? "2147483"
          : /-.*-.*-.*-/.test(seen[index] ?? "")
            ? "00000000-0000-4000-8000-000000000000"
            : "nobody-has-this",
    )
    .join("/")
}
const shape = ({ status, body }: Answer): string => `${status} ${body?.code ?? ""}`

/** An answer without the parts of the requested path that it repeats. */
const beside = ({ text }: Answer, path: string): string => {
  let left = text
  for (const part of path
    .split("/")
    .map(decodeURIComponent)
    .sort((one, other) => other.length - one.length))
    if (part.includes(CANARY)) left = left.replaceAll(part, "")
  return left
}

async function snapshot(): Promise<string[]> {
  const lists: string[] = []
  for (const { method, path, query } of operations) {
    if (method !== "GET" || SHARED.test(path) || query.some(({ required }) => required)) continue
    for (const real of filled(path)) {
      const { status, text } = await hub.call("GET", real, undefined, { key: victim.key })
      lists.push(`${real} ${status} ${text.replace(/"(lastUsedAt|requestId)":"[^"]*"/g, "")}`)
    }
  }
  return lists
}

describe("another workspace's objects", () => {
  it("exist for every list with a path for single objects", () => {
    const lists = new Set(scoped().flatMap(({ path }) => [path.slice(0, path.indexOf("/{"))]))
    const empty = [...lists].filter((list) => (things.get(list) ?? []).length === 0)
    // Sessions belong to a login, and workspaces are requested by their own ids below.
    expect(empty.filter((list) => !["/v1/sessions"].includes(list))).toEqual([])
  })

  it.each(ROLES)("are answered for another workspace's %s exactly like objects that do not exist", async (role) => {
    const before = await snapshot()
    let count = 0
    for (const operation of scoped()) {
      const { method, path } = operation
      for (const real of filled(path)) {
        const [url, body] = asked(operation, real)
        const answer = await hub.call(method, url, body, { key: keys[role] })
        const [none, same] = asked(operation, nowhere(path, real))
        const absent = await hub.call(method, none, same, { key: keys[role] })
        const what = `${role} ${method} ${real}: ${answer.text}`
        expect(shape(answer), what).toBe(shape(absent))
        expect([404, 403], what).toContain(answer.status)
        if (answer.status === 403) expect(`${role} ${absent.body.detail}`, what).toMatch(/^(viewer|editor|admin) (The role|Only operators)/)
        expect(beside(answer, real), what).not.toContain(CANARY)
        count++
      }
    }
    expect(count).toBeGreaterThan(60)
    expect((await snapshot()).filter((each, index) => each !== before[index])).toEqual([])
  })

  it("an admin is rejected by role only on paths for operators", async () => {
    for (const operation of scoped()) {
      const real = filled(operation.path)[0]
      if (real === undefined) continue
      const answer = await hub.call(operation.method, ...asked(operation, real), { key: keys.admin })
      expect(answer.status === 404 || /Only operators/.test(answer.body.detail), `${operation.method} ${real}: ${answer.text}`).toBe(true)
    }
  })

  it("are in no list, with any search, and in no answer", async () => {
    const words = [...new Set([...things.values()].flat().flatMap(namesOf)), CANARY]
    for (const role of ROLES)
      for (const operation of operations.filter(({ method, path }) => method === "GET" && !path.includes("{") && !SHARED.test(path))) {
        const searches: Readonly<Record<string, string>>[] = [{}]
        for (const { name, schema } of operation.query)
          if (schema.type === "string" && schema.enum === undefined && name !== "cursor")
            for (const word of words.slice(0, 12)) searches.push({ [name]: name === "label" ? `team:${word}` : word })
        for (const search of searches) {
          const { status, text } = await hub.call("GET", ...asked(operation, operation.path, search), { key: keys[role] })
          expect([200, 403, 404, 422], `${operation.path} ${JSON.stringify(search)}: ${text}`).toContain(status)
          if (status === 200) expect(text, `${role} GET ${operation.path} ${JSON.stringify(search)}`).not.toContain(CANARY)
        }
      }
  })

  it("cannot be reached by the header that selects a workspace", async () => {
    const { body } = await hub.call("GET", "/v1/me", undefined, { key: victim.key })
    for (const role of ROLES)
      for (const picked of [body.workspace.id, body.workspace.name, String(body.workspace.serial)]) {
        const answer = await hub.call("GET", "/v1/connectors", undefined, { key: keys[role], headers: { "jackfield-workspace": picked } })
        const none = await hub.call("GET", "/v1/connectors", undefined, { key: keys[role], headers: { "jackfield-workspace": "nobody-has-this" } })
        expect(answer.text, picked).not.toContain(CANARY)
        expect(shape(answer), picked).toBe(shape(none))
      }
  })

  it("are not used in comparisons, and no connector reads their uploads", async () => {
    const [upload] = things.get("/v1/uploads") ?? []
    const compared = await hub.call(
      "POST",
      "/v1/connectors/compare",
      { name: "canary-of-two-a", type: "http", config: { url: "https://example.com/" } },
      { key: keys.editor },
    )
    expect(compared.body).toMatchObject({ action: "create", id: null })
    const types = await hub.call("GET", "/v1/connector-types?limit=100", undefined, { key: keys.editor })
    if (!types.body.data.some(({ type }: { type: string }) => type === "csv")) return
    const config = { source: { kind: "upload", upload: String(upload?.["id"]) } }
    const made = await hub.call("POST", "/v1/connectors", { name: "thief", type: "csv", config, draft: true }, { key: keys.editor })
    if (made.status === 201) expect((await hub.call("POST", "/v1/connectors/thief/test", {}, { key: keys.editor })).body.ok).not.toBe(true)
  })
})

describe("the compatible APIs", () => {
  it.each(ROLES)("show nothing of another workspace to its %s", async (role) => {
    const before = await snapshot()
    const ids = [...new Set((things.get("/v1/connectors") ?? []).flatMap(namesOf))]
    const key = keys[role]
    const calls = (id: string): [method: string, path: string, body?: unknown][] => [
      ["GET", `/databar/v1/connectors/${id}`],
      ["PUT", `/databar/v1/connectors/${id}`, { name: "n", type: "simple", method: "get", url: "https://example.com/" }],
      ["DELETE", `/databar/v1/connectors/${id}`],
      ["GET", `/aisquared/api/v1/connectors/${id}`],
      ["PATCH", `/aisquared/api/v1/connectors/${id}`, { connector: { name: "n" } }],
      ["PUT", `/aisquared/api/v1/connectors/${id}`, { connector: { name: "n" } }],
      ["DELETE", `/aisquared/api/v1/connectors/${id}`],
      ["GET", `/kaireon/api/v1/connectors/${id}`],
      ["PUT", "/kaireon/api/v1/connectors", { id, name: "n" }],
      ["DELETE", `/kaireon/api/v1/connectors?id=${id}`],
      ["POST", "/kaireon/api/v1/connectors/test", { id }],
      ["POST", "/databrain/api/v2/datasource/getDatasourceProgress", { datasourceId: id }],
    ]
    const send = ([method, path, body]: ReturnType<typeof calls>[number]): Promise<Answer> =>
      hub.call(method, path, body, { key, headers: { "x-apikey": key } })
    for (const id of ids)
      for (const [index, call] of calls(id).entries()) {
        const answer = await send(call)
        const absent = await send(
          calls(/^\d+$/.test(id) ? "2147483" : /-.*-.*-.*-/.test(id) ? "00000000-0000-4000-8000-000000000000" : "nobody-has-this")[index] ?? call,
        )
        const what = `${role} ${call[0]} ${call[1]} ${id}: ${answer.text}`
        expect(answer.status, what).toBe(absent.status)
        expect(answer.status, what).toBeGreaterThanOrEqual(400)
        expect(answer.status, what).toBeLessThan(500)
        if (/^\d+$/.test(id) && role === "admin" && /^\/(databar|aisquared)/.test(call[1])) expect(answer.status, what).toBe(404)
        if (/-.*-.*-.*-/.test(id) && role === "admin" && call[1].startsWith("/kaireon")) expect(answer.status, what).toBe(404)
        expect(answer.text.replaceAll(id, ""), what).not.toContain(CANARY)
      }
    for (const path of ["/databar/v1/connectors", "/aisquared/api/v1/connectors", "/kaireon/api/v1/connectors"])
      expect((await send(["GET", path])).text).not.toContain(CANARY)
    expect((await snapshot()).filter((each, index) => each !== before[index])).toEqual([])
  })
})
