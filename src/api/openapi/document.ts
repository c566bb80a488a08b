import { connectors } from "../../connectors/index.ts"
import type { AnyConnector } from "../../core/connector.ts"
import { examplesOf } from "../examples.ts"
import type { AnySpec } from "../operation.ts"
import { operations } from "../operations.ts"
import { statusOf } from "../register.ts"
import { Problem } from "../schemas/problems.ts"
import { TAGS } from "../tags.ts"
import { Components, type JsonSchema } from "./components.ts"
import { connectorBodies } from "./connector-bodies.ts"
import { HEADERS, IDEMPOTENCY_KEY, IF_MATCH } from "./headers.ts"

const DESCRIPTION = `One hub for every system a team uses: register it once, then test, browse, query and call it by name.

Send \`Authorization: Bearer <API key or session token>\`, or \`x-api-key\`. Errors are problem documents (RFC 9457), which say what mends them in \`remedies\`; lists have pages.

The fields of a connector type are in the schema of [Register a connector](#/connectors/createConnector), with an example for each type, in the answer of
[Get a connector type](#/connector%20types/getConnectorType), and on the command line: \`jackfield connectors types postgres\`.`

/** The native API as an OpenAPI 3.1 document; the same for every hub of this version. */
export function openApi(version: string, types: readonly AnyConnector[] = connectors): object {
  const components = new Components(connectorBodies(types))
  const paths: Record<string, Record<string, JsonSchema>> = {}
  for (const { spec } of operations) {
    paths[spec.path] ??= {}
    Object.assign(paths[spec.path] ?? {}, { [spec.method.toLowerCase()]: operationOf(spec, types, components) })
  }
  const problem = { "application/problem+json": { schema: components.schema(Problem) } }
  return {
    openapi: "3.1.0",
    info: { title: "Jackfield", version, description: DESCRIPTION, license: { name: "Apache 2.0", identifier: "Apache-2.0" } },
    servers: [
      { url: "/", description: "The hub that serves this document" },
      { url: "http://127.0.0.1:7420", description: "A hub on this machine, started with `npm start`" },
    ],
    security: [{ key: [] }, { apiKey: [] }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      ...components.all(),
      responses: {
        Refused: { description: "The request was refused", headers: errorHeaders, content: problem },
        Failed: { description: "The hub, or the system behind a connector, failed", headers: errorHeaders, content: problem },
      },
      headers: HEADERS,
      securitySchemes: {
        key: { type: "http", scheme: "bearer", description: "An API key, or the token of a session" },
        apiKey: { type: "apiKey", in: "header", name: "x-api-key", description: "An API key" },
      },
    },
  }
}

const header = (name: keyof typeof HEADERS): JsonSchema => ({ $ref: `#/components/headers/${name}` })
const errorHeaders = { "x-request-id": header("RequestId"), "retry-after": header("RetryAfter") }

function operationOf(spec: AnySpec, types: readonly AnyConnector[], components: Components): JsonSchema {
  const { id, tag, summary, description, access } = spec
  const role =
    access === "public"
      ? undefined
      : access === "operator"
        ? "For operators only."
        : `Requires the role ${access}${access === "admin" ? "" : " or a higher one"}.`
  const told = [description, role].filter((part) => part !== undefined).join(" ")
  const parameters = parametersOf(spec, components)
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(told === "" ? {} : { description: told }),
    ...(access === "public" ? { security: [] } : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...bodyOf(spec, types, components),
    responses: {
      [statusOf(spec)]: answerOf(spec, components),
      "4XX": { $ref: "#/components/responses/Refused" },
      "5XX": { $ref: "#/components/responses/Failed" },
    },
  }
}

interface ObjectSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
}

function parametersOf({ method, access, repeat, ifMatch, params, query }: AnySpec, components: Components): JsonSchema[] {
  const { properties: inPath = {} } = (params ?? {}) as ObjectSchema
  const { properties: inQuery = {}, required = [] } = (query ?? {}) as ObjectSchema
  return [
    ...Object.entries(inPath).map(([name, schema]) => components.parameter("path", name, true, schema)),
    // A parameter that has a default may be left out.
    ...Object.entries(inQuery).map(([name, schema]) => components.parameter("query", name, required.includes(name) && schema["default"] === undefined, schema)),
    ...(method === "POST" && access !== "public" && repeat !== "none" ? [components.parameter("header", "idempotency-key", false, IDEMPOTENCY_KEY)] : []),
    ...(ifMatch === true ? [components.parameter("header", "if-match", false, IF_MATCH)] : []),
  ]
}

function bodyOf(spec: AnySpec, types: readonly AnyConnector[], components: Components): object {
  const { body, file } = spec
  if (file !== undefined)
    // An empty file has no bytes, and a request without a body has none either.
    return { requestBody: { required: false, content: { "application/octet-stream": { schema: { type: "string", format: "binary", description: file } } } } }
  if (body === undefined) return {}
  const { required = [], minProperties = 0 } = body as { readonly required?: readonly string[]; readonly minProperties?: number }
  const content = { "application/json": { schema: components.schema(body), ...examplesOf(spec, types) } }
  // A body without required fields may be left out.
  return { requestBody: { required: required.length > 0 || minProperties > 0, content } }
}

function answerOf(spec: AnySpec, components: Components): JsonSchema {
  const { answer, media = {}, etag, location } = spec
  const headers = {
    "x-request-id": header("RequestId"),
    ...(etag === true ? { etag: header("ETag") } : {}),
    ...(location === undefined ? {} : { location: header("Location") }),
  }
  const json = answer === undefined ? {} : { "application/json": { schema: components.schema(answer) } }
  const others = Object.entries(media).map(([type, description]) => [type, { schema: { type: "string", description } }])
  const content = { ...json, ...Object.fromEntries(others) }
  return { description: DONE[statusOf(spec)] ?? "Done", headers, ...(Object.keys(content).length === 0 ? {} : { content }) }
}

const DONE: Readonly<Record<number, string>> = { 200: "Done", 201: "Created", 202: "Accepted", 204: "Done; the answer has no body" }
