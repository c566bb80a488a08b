import type { FastifyReply, FastifyRequest } from "fastify"
import type { Static, TSchema, TUndefined } from "typebox"
import type { AnyConnector } from "../core/connector.ts"
import type { Hub } from "../hub/hub.ts"
import type { Calls } from "../runs/calls.ts"
import type { Access } from "./access.ts"
import type { Differences } from "./exact.ts"
import type { Sent } from "./sending.ts"
import type { Tag } from "./tags.ts"

/** The services that handlers use: the hub's, and the server's own. */
export interface Services extends Hub {
  readonly calls: Calls
  readonly version: string
  /** The metrics of the process, for Prometheus. */
  metrics(): Promise<MetricsText>
  /** The OpenAPI document. */
  description(): object
}

export interface MetricsText {
  readonly contentType: string
  readonly text: string
}

/** Example bodies: by name, accepted by the hub as they are, or generated for each connector type. */
export type Examples<Body> = Readonly<Record<string, Body>> | ((types: readonly AnyConnector[]) => Readonly<Record<string, Body>>)

/** One operation of the API, as data: routing, validation, access and the OpenAPI document come from it. */
export interface Spec<Params extends TSchema, Query extends TSchema, Body extends TSchema, Answer extends TSchema> {
  /** The operationId: a verb and a noun, stable, since clients name their methods after it. */
  readonly id: string
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE"
  /** As OpenAPI spells it: `/v1/connectors/{id}`. */
  readonly path: `/${string}`
  readonly tag: Tag
  readonly summary: string
  readonly description?: string
  readonly access: Access
  /**
   * A caller that is limited to connectors may call it: it touches no connector, or the hub shows that caller only its own.
   * Without this, such a caller is refused.
   */
  readonly scoped?: true
  readonly params?: Params
  readonly query?: Query
  readonly body?: Body
  /** Example bodies, which the hub accepts as they are. */
  readonly examples?: Examples<Static<Body>>
  /** The body is a file, which the handler reads from the request itself. */
  readonly file?: string
  /** The status of a success. The default is 200, or 204 when the answer has no body. */
  readonly status?: 200 | 201 | 202
  /** The JSON answer. */
  readonly answer?: Answer
  /** Other answers of the operation, by media type; the handler sends them itself. */
  readonly media?: Readonly<Partial<Record<MediaType, string>>>
  /** The path of the new resource, with a field of the answer in braces: `/v1/keys/{id}`. */
  readonly location?: `/v1/${string}`
  /** The answer carries its `version` as ETag. */
  readonly etag?: true
  /** Takes `If-Match`. */
  readonly ifMatch?: true
  /** How to treat a repeated request when the outcome of the first one is unknown; `none`: the operation takes no Idempotency-Key. */
  readonly repeat?: "again" | "never" | "none"
  /** The time within which a request must arrive, in milliseconds; set where a request may take longer than usual. */
  readonly arrivalMs?: number
}

export type MediaType = "application/x-ndjson" | "text/csv" | "text/plain"

/** A spec without its type parameters, for lists of operations. */
export type AnySpec = Spec<TSchema, TSchema, TSchema, TSchema>

export interface Operation {
  readonly spec: AnySpec
  readonly handle: (request: FastifyRequest, reply: FastifyReply, services: Services) => Promise<unknown>
}

/** The type of an operation whose handler does not return what its schema says; lists of operations do not accept it. */
export interface Mismatch<Sentences> {
  readonly mismatch: Sentences
}

type Handler<Params extends TSchema, Query extends TSchema, Body extends TSchema, Returned> = (
  request: FastifyRequest<{ Params: Static<Params>; Querystring: Static<Query>; Body: Static<Body> }>,
  reply: FastifyReply,
  services: Services,
) => Promise<Returned>

/** The type of the JSON answer; a handler without one returns nothing. */
type Said<Answer extends TSchema> = undefined extends Static<Answer> ? undefined : Static<Answer>
type Given<Returned> = Exclude<Returned, Sent> extends void ? undefined : Exclude<Returned, Sent>
type Checked<Returned, Answer extends TSchema> = [Differences<Given<Returned>, Said<Answer>>] extends [never]
  ? Operation
  : Mismatch<Differences<Given<Returned>, Said<Answer>>>

/**
 * Ties a handler to its spec: the request is typed by the schemas, and what the handler returns must be exactly what
 * `answer` says. A handler that sends its answer itself returns `Sent`.
 */
export function operation<
  Returned,
  Params extends TSchema = TUndefined,
  Query extends TSchema = TUndefined,
  Body extends TSchema = TUndefined,
  Answer extends TSchema = TUndefined,
>(spec: Spec<Params, Query, Body, Answer>, handle: Handler<Params, Query, Body, Returned>): Checked<Returned, Answer>
export function operation(spec: unknown, handle: unknown): unknown {
  return { spec, handle }
}
