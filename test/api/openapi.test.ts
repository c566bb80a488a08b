import { readFile } from "node:fs/promises"
import { beforeAll, describe, expect, it } from "vitest"
import { startTestDatabase } from "../support/embedded.ts"
import { startHub } from "../support/hub.ts"
import { answerAt, checkerOf, type DescribedOperation, type Description, operationsIn, resolved } from "../support/openapi.ts"
import { use } from "../support/use.ts"

let document: Description
let operations: DescribedOperation[]

const database = use(() => startTestDatabase())
beforeAll(async () => {
  await database.query("create table public.things (id int primary key, name text); insert into things values (1, 'one')")
})
const hub = use(() => startHub({ JACKFIELD_EGRESS_ALLOW: `127.0.0.0/8:${database.port}` }))
beforeAll(async () => {
  document = (await hub.call("GET", "/openapi.json", undefined, { key: null })).body
  operations = operationsIn(document)
})

describe("the description", () => {
  it("is docs/openapi.json, character by character", async () => {
    expect(document).toEqual(JSON.parse(await readFile("docs/openapi.json", "utf8")))
  })

  it("has a summary, a tag, an answer, the shared errors and a unique name for every operation", () => {
    expect(operations.length).toBeGreaterThan(60)
    const tags = document.tags.map(({ name }: { name: string }) => name)
    for (const { id, summary, tags: own, responses } of operations) {
      expect(id).toMatch(/^[a-z]+([A-Z][a-z]+)*$/)
      expect(summary, id).toMatch(/^[A-Z].*[^.]$/)
      expect(own, id).toEqual([expect.toBeOneOf(tags)])
      const success = Object.keys(responses).filter((status) => status.startsWith("2"))
      expect([id, success.length]).toEqual([id, 1])
      expect([id, responses["4XX"]?.$ref, responses["5XX"]?.$ref]).toEqual([id, "#/components/responses/Refused", "#/components/responses/Failed"])
    }
    expect(new Set(operations.map(({ id }) => id)).size).toBe(operations.length)
  })

  it("contains neither the compatible APIs nor the docs page", () => {
    expect(operations.map(({ path }) => path).filter((path) => !/^\/(v1\/|healthz|readyz|metrics|openapi\.json)/.test(path))).toEqual([])
  })

  it("has one schema for each media type", () => {
    for (const { id, responses } of operations)
      for (const [type, { schema }] of Object.entries(Object.values(responses)[0]?.content ?? {})) {
        const kind = type === "application/json" ? "JSON" : "text"
        expect([id, type, (schema["type"] ?? "") === "string" ? "text" : "JSON"]).toEqual([id, type, kind])
      }
  })

  it("names every object with several fields that occurs more than once", () => {
    const seen = new Map<string, string>()
    const twice: string[] = []
    const walk = (part: unknown, at: string): void => {
      if (part === null || typeof part !== "object") return
      const { type, properties } = part as { type?: unknown; properties?: object }
      if (type === "object" && Object.keys(properties ?? {}).length > 2) {
        const text = JSON.stringify(part)
        if (seen.has(text)) twice.push(`${at} is ${seen.get(text)} again`)
        seen.set(text, at)
      }
      for (const [name, inner] of Object.entries(part)) if (name !== "examples") walk(inner, `${at}/${name}`)
    }
    walk(document, "")
    // Two types may have the same fields, but each has a config with its own name.
    const configs = twice.filter((each) => /^\/components\/schemas\/\w+Config(Change)? is \/components\/schemas\/\w+Config(Change)? again$/.test(each))
    expect(twice.filter((each) => !configs.includes(each))).toEqual([])
  })

  it("has the config of every connector type as a union by type", async () => {
    const { body } = await hub.call("GET", "/v1/connector-types?limit=100")
    const types: string[] = body.data.map(({ type }: { type: string }) => type)
    const { TypedConfig, TypedConfigChange } = document.components.schemas
    for (const [union, suffix] of [
      [TypedConfig, "Config"],
      [TypedConfigChange, "ConfigChange"],
    ]) {
      expect(Object.keys(union.discriminator.mapping)).toEqual(types)
      const members = union.oneOf.map((each: Description) => resolved(document, each).properties)
      expect(members.map(({ type }: Description) => type.const)).toEqual(types)
      for (const { type, config } of members) {
        const name = type.const.replaceAll(/(^|_)(.)/g, (_: string, __: string, letter: string) => letter.toUpperCase())
        expect(config.$ref).toBe(`#/components/schemas/${name}${suffix}`)
      }
    }
    const fields = (type: string) => Object.keys(body.data.find((each: { type: string }) => each.type === type).schema.properties)
    expect(Object.keys(document.components.schemas.PostgresConfig.properties)).toEqual(fields("postgres"))
  })
})

describe("real answers", () => {
  const config = () => database.config
  const calls: [method: string, route: string, path: string, body?: () => unknown][] = [
    ["GET", "/healthz", "/healthz"],
    ["GET", "/readyz", "/readyz"],
    ["GET", "/v1/me", "/v1/me"],
    ["GET", "/v1/workspaces", "/v1/workspaces"],
    ["POST", "/v1/workspaces", "/v1/workspaces", () => ({ name: "schema" })],
    ["POST", "/v1/users", "/v1/users", () => ({ email: "schema@example.com", role: "viewer" })],
    ["GET", "/v1/users", "/v1/users"],
    ["POST", "/v1/keys", "/v1/keys", () => ({ name: "schema", role: "viewer" })],
    ["GET", "/v1/keys", "/v1/keys"],
    ["POST", "/v1/egress", "/v1/egress", () => ({ rule: "10.9.9.9/32:5432" })],
    ["GET", "/v1/egress", "/v1/egress"],
    ["GET", "/v1/connector-types", "/v1/connector-types"],
    ["GET", "/v1/connector-types/{type}", "/v1/connector-types/http"],
    [
      "POST",
      "/v1/connectors",
      "/v1/connectors",
      () => ({ name: "shape", type: "postgres", config: config(), labels: { a: "b" }, limits: { requests: 5, perMs: 1000 }, verify: true }),
    ],
    ["POST", "/v1/connectors", "/v1/connectors", () => ({ name: "draft", type: "postgres", config: {}, draft: true })],
    ["GET", "/v1/connectors", "/v1/connectors"],
    ["GET", "/v1/connectors/{id}", "/v1/connectors/shape"],
    ["PATCH", "/v1/connectors/{id}", "/v1/connectors/shape", () => ({ title: "Shape" })],
    ["POST", "/v1/connectors/{id}/test", "/v1/connectors/shape/test"],
    ["GET", "/v1/connectors/{id}/versions", "/v1/connectors/shape/versions"],
    ["GET", "/v1/connectors/{id}/versions/{version}", "/v1/connectors/shape/versions/2"],
    ["POST", "/v1/connectors/{id}/versions/{version}/restore", "/v1/connectors/shape/versions/1/restore"],
    ["PUT", "/v1/connectors/{id}/credentials/next", "/v1/connectors/shape/credentials/next", () => ({ config: { password: database.password } })],
    ["POST", "/v1/connectors/{id}/credentials/next/test", "/v1/connectors/shape/credentials/next/test"],
    ["GET", "/v1/connectors/{id}/credentials", "/v1/connectors/shape/credentials"],
    ["POST", "/v1/connectors/{id}/credentials/switch", "/v1/connectors/shape/credentials/switch"],
    ["POST", "/v1/connectors/{id}/credentials/rollback", "/v1/connectors/shape/credentials/rollback"],
    ["POST", "/v1/connectors/test", "/v1/connectors/test", () => ({ type: "postgres", config: { ...config(), password: "wrong" } })],
    ["POST", "/v1/connectors/{id}/discover", "/v1/connectors/shape/discover"],
    ["GET", "/v1/connectors/{id}/catalog", "/v1/connectors/shape/catalog"],
    ["POST", "/v1/connectors/{id}/query", "/v1/connectors/shape/query", () => ({ statement: "select *, null as n from things" })],
    ["GET", "/v1/connectors/{id}/rows", '/v1/connectors/shape/rows?stream=["public","things"]'],
  ]
  it.each(calls)("%s %s matches its schema", async (...[method, route, path, body]) => {
    const answer = await hub.call(method, path, body?.())
    expect(answer.status, answer.text).toBeLessThan(300)
    expect(checkerOf(document)(answerAt(method, route, answer), answer.body)).toBeUndefined()
    expect(Object.keys(answer.body).length).toBeGreaterThan(0)
  })

  it("a fault is a problem document", async () => {
    const { body, headers } = await hub.call("GET", "/v1/connectors/none")
    const at = ["components", "responses", "Refused", "content", "application/problem+json", "schema"]
    expect([headers.get("content-type"), checkerOf(document)(at, body)]).toEqual([expect.stringContaining("application/problem+json"), undefined])
  })
})
