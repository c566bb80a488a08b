import { Ajv2020 } from "ajv/dist/2020.js"
import { beforeAll, describe, expect, it } from "vitest"
import { startTestDatabase } from "../support/embedded.ts"
import { startHub } from "../support/hub.ts"
import { use } from "../support/use.ts"

interface Operation {
  readonly summary?: string
  readonly tags?: readonly string[]
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, { readonly schema: object }>> }>>
}

let paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>

const database = use(() => startTestDatabase())
beforeAll(async () => {
  await database.query("create table public.things (id int primary key, name text); insert into things values (1, 'one')")
})
const hub = use(() => startHub({ JACKFIELD_EGRESS_ALLOW: `127.0.0.0/8:${database.port}` }))
beforeAll(async () => {
  const { body } = await hub.call("GET", "/openapi.json", undefined, { key: null })
  expect(body.openapi).toBe("3.1.0")
  paths = body.paths
})

describe("the description", () => {
  it("has every route of the native API, each with a summary, a tag, what it answers and how it fails", () => {
    const routes = Object.entries(paths).flatMap(([path, operations]) => Object.entries(operations).map(([method, operation]) => ({ path, method, operation })))
    expect(routes.length).toBeGreaterThan(30)
    for (const { path, method, operation } of routes) {
      const name = `${method} ${path}`
      expect(operation.summary, name).toBeTruthy()
      expect(operation.tags?.length, name).toBe(1)
      expect(
        Object.keys(operation.responses).some((status) => status.startsWith("2")),
        name,
      ).toBe(true)
      if (path.startsWith("/v1")) expect(Object.keys(operation.responses), name).toEqual(expect.arrayContaining(["4XX", "5XX"]))
    }
  })

  it("names no compatible API and nothing of the docs page", () => {
    expect(Object.keys(paths).filter((path) => !/^\/(v1\/|healthz|readyz|metrics|openapi\.json)/.test(path))).toEqual([])
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
  it.each(calls)("%s %s is what its schema says", async (...[method, route, path, body]) => {
    const { status, body: answer } = await hub.call(method, path, body?.())
    expect(status, JSON.stringify(answer)).toBeLessThan(300)
    const schema = paths[route]?.[method.toLowerCase()]?.responses[String(status)]?.content?.["application/json"]?.schema
    expect(schema, `${method} ${route} says nothing of ${status}`).toBeDefined()
    const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(schema ?? {})
    expect(validate(answer), JSON.stringify(validate.errors)).toBe(true)
    // Serialising by the schema drops what it does not name, so an answer with too little would show here.
    expect(Object.keys(answer).length).toBeGreaterThan(0)
  })

  it("a fault is a problem document", async () => {
    const { body } = await hub.call("GET", "/v1/connectors/none")
    const schema = paths["/v1/connectors/{id}"]?.["get"]?.responses["4XX"]?.content?.["application/problem+json"]?.schema
    expect(new Ajv2020({ strict: false, validateFormats: false }).compile(schema ?? {})(body)).toBe(true)
  })
})
