import type { SwaggerTransform } from "@fastify/swagger"
import type { RouteOptions } from "fastify"
import { Problem } from "./schemas.ts"

declare module "fastify" {
  interface FastifyContextConfig {
    /** The answer carries an `ETag`, and a change takes it back as `If-Match`; `taken`: it is only taken. */
    versioned?: true | "taken"
    /** What the route answers besides JSON, by `Accept`. */
    media?: readonly ("application/x-ndjson" | "text/csv")[]
    /** The one type of an answer that is no JSON. */
    plain?: "text/plain"
  }
}

type Shape = Readonly<Record<string, unknown>>
type Headers = Readonly<Record<string, Shape>>

const REQUEST_ID: Headers = { "x-request-id": { type: "string", format: "uuid", description: "Names the request in the hub's log, and in a problem" } }
const ETAG: Headers = { etag: { type: "string", pattern: '^"\\d+"$', description: "The version; send it as If-Match with a change" } }
const LOCATION: Headers = { location: { type: "string", description: "The path of what was made" } }
const IF_MATCH = {
  type: "string",
  pattern: '^(\\*|(W/)?"\\d{1,9}")$',
  description: "The ETag of the version that the change is for; 412 when there was another change since",
}
const KEY = { minLength: 1, maxLength: 255, pattern: "^[!-~]([ -~]{0,253}[!-~])?$" }

/** Completes a route's description for OpenAPI with what its validation does not know: headers, media types, who needs no key. Nothing here checks anything. */
export const describeRoute: SwaggerTransform = ({ schema, url, route }) => {
  const { config } = route as RouteOptions
  const given = (schema ?? {}) as Shape & { readonly response?: Readonly<Record<string, Shape>>; readonly headers?: Shape & { readonly properties?: Shape } }
  const changes = config?.versioned !== undefined && route.method !== "GET" && !isMaking(given.response)
  const known = (given.headers?.properties ?? {}) as Readonly<Record<string, Shape>>
  const key = known["idempotency-key"] === undefined ? {} : { "idempotency-key": { ...known["idempotency-key"], ...KEY } }
  const properties = { ...known, ...key, ...(changes ? { "if-match": IF_MATCH } : {}) }
  const headers = Object.keys(properties).length === 0 ? {} : { headers: { type: "object", properties } }
  const open = config?.access === "public" || !url.startsWith("/v1/")
  const response = Object.fromEntries(Object.entries(given.response ?? {}).map(([status, answer]) => [status, answerOf(status, answer, config ?? {})]))
  const query = given["querystring"] === undefined ? {} : { querystring: withDefaults(given["querystring"] as Shape) }
  return { schema: { ...given, ...query, ...headers, ...(open ? { security: [] } : {}), response }, url }
}

/** What has a default may be left out, though it is always there once a request was taken. */
function withDefaults(schema: Shape): Shape {
  const properties = (schema["properties"] ?? {}) as Readonly<Record<string, Shape>>
  const required = ((schema["required"] ?? []) as readonly string[]).filter((name) => properties[name]?.["default"] === undefined)
  return { ...schema, required }
}

const isMaking = (response: Readonly<Record<string, Shape>> = {}): boolean => "201" in response

function answerOf(status: string, answer: Shape, { versioned, plain, media = [] }: NonNullable<RouteOptions["config"]>): Shape {
  // Fastify spells a range of statuses as OpenAPI does but for the case of its letters.
  if (!/^2/.test(status)) return { description: "A problem (RFC 9457)", headers: REQUEST_ID, content: { "application/problem+json": { schema: Problem } } }
  const headers = { ...REQUEST_ID, ...(versioned === true && status !== "204" ? ETAG : {}), ...(status === "201" ? LOCATION : {}) }
  if (answer["type"] === "null") return { type: "null", description: "Done; no body", headers }
  if (plain !== undefined) return { description: answer["description"] ?? "Text", headers, content: { [plain]: { schema: answer } } }
  if (media.length === 0) return { ...answer, headers }
  const texts = Object.fromEntries(media.map((type) => [type, { schema: { type: "string" } }]))
  return { description: "By Accept", headers, content: { "application/json": { schema: answer }, ...texts } }
}

interface Described {
  readonly paths?: Readonly<
    Record<string, Readonly<Record<string, { requestBody?: { required?: boolean; readonly content: Readonly<Record<string, { readonly schema?: Shape }>> } }>>>
  >
}

/** A body may be left out where none of its fields is required, though every schema of a body is taken for a required one. */
export function describeBodies<T extends object>(document: T): T {
  for (const operations of Object.values((document as Described).paths ?? {})) {
    for (const { requestBody } of Object.values(operations)) {
      if (requestBody === undefined) continue
      const { required = [], minProperties = 0 } = (requestBody.content["application/json"]?.schema ?? {}) as { required?: unknown[]; minProperties?: number }
      requestBody.required = required.length > 0 || minProperties > 0
    }
  }
  return document
}
