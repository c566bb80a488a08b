import type { Evaluate } from "./answer-plan.ts"
import type { Lease } from "./lease.ts"
import type { StageName } from "./trace.ts"
import type { Row } from "./values.ts"

/** The last argument of each verb: the limits of the call, and the hub's services for it. */
export interface Call {
  readonly signal: AbortSignal
  /** Milliseconds in which the next result must come. */
  remainingMs(): number
  /** Milliseconds in which all of the call must be over, for limits that a server keeps: a day for a read that may last as long as it moves. */
  longestMs(): number
  stage<T>(name: StageName, work: () => Promise<T>): Promise<T>
  /** Writes to the log; the message and the facts are scrubbed. */
  log(message: string, facts?: Readonly<Record<string, unknown>>): void
  /** The text without the connector's secrets, at most `most` characters of it. Every text that leaves is scrubbed anyway; one that is cut short is cut here, so that no half of a secret stays. */
  scrub(text: string, most?: number): string
  /** Takes note of a request, for metrics. */
  measure(facts: RequestFacts): void
  /** The maximum number of rows that the caller wants. A driver may stop there; the caller cuts off the rest in any case. */
  readonly maxRows?: number
  /**
   * The number of rows that the caller wants per batch. Batches may be shorter; a read ends one after every multiple of
   * this number, counted over the whole read, or later where further rows share the key of the last one.
   */
  readonly batchRows: number
  readonly render: Render
  readonly evaluate: Evaluate
  /** Room in memory for one large answer. */
  room(): Room
  readonly upload: OpenUpload
  readonly token: TokenSource
  readonly turn: Turn
}

/** Room in memory for a large answer, to be disposed of when the answer is no longer needed. */
export interface Room extends Disposable {
  /** Waits for its turn, once; fails with the reason of the call's signal. */
  need(): Promise<void>
}

/** One request over HTTP, noted when its answer was read or given up. */
export interface RequestFacts {
  readonly method: string
  /** The class of the answer's status, `2xx` to `5xx`, or `none` when there was no whole answer. */
  readonly outcome: string
  readonly durationMs: number
  /** Bytes of the bodies, as they go over the network. */
  readonly sentBytes: number
  readonly receivedBytes: number
}

/** A file that a user uploaded into the workspace. */
export interface UploadedFile {
  readonly name: string
  readonly bytes: number
  /** In hexadecimal. */
  readonly sha256: string
  /** The bytes in order, starting at offset `from`. */
  read(from?: number): AsyncIterable<Buffer>
}

/** Opens the upload with that id in the workspace of the call; fails with `not_found` for any other. */
export type OpenUpload = (id: string) => Promise<UploadedFile>

/**
 * Waits until the connector's limits allow one more request. A verb calls it before every request except its first:
 * before retries and pages, for example. `retryOf` names the failure of the previous request. Fails with
 * `rate_limited` if the wait would be too long.
 */
export type Turn = (retryOf?: string) => Promise<void>

/**
 * The response of a token endpoint (RFC 6749, section 5.1). `expiresInMs` is undefined if the response does not state
 * it.
 */
export interface TokenGrant {
  readonly accessToken: string
  readonly expiresInMs: number | undefined
  readonly refreshToken: string | undefined
}

/** One login of an OAuth 2.0 client. */
export interface TokenAsk {
  /**
   * The login, secrets included. A token that was stored for another identity is never returned. Only a keyed hash of
   * the identity is stored.
   */
  readonly identity: string
  /** The other inputs that an access token depends on. A stored refresh token remains usable under other terms. */
  readonly terms: string
  /** A token that the system has just refused; it is not returned again. */
  readonly refused?: string
  /**
   * Asks the endpoint. `refreshToken` is the one that replaced the configured one, if any. The lease is independent
   * of the caller, so the grant is stored even if the caller leaves.
   */
  grant(lease: Lease, refreshToken: string | undefined): Promise<TokenGrant>
}

/** `cached` is false for a token that was requested for this call or while it waited. */
export interface Token {
  readonly value: string
  readonly cached: boolean
}

/**
 * Returns the access token of a login, shared by all nodes. However many callers ask at once, the endpoint gets one
 * request.
 */
export type TokenSource = (ask: TokenAsk) => Promise<Token>

/**
 * What the template produces: a JSON document, a URL whose host is fixed in the template, or a form
 * (`application/x-www-form-urlencoded`).
 */
export type TemplatePlace = "json" | "url" | "form"

/**
 * Fills a template with the inputs of a call, each escaped for its place. No value can change the template's
 * structure. Fails with `config_invalid` or `query_invalid`, with the reason.
 */
export type Render = (template: string, values: Row, place?: TemplatePlace) => Promise<string>
