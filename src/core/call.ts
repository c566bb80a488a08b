import type { Lease } from "./lease.ts"
import type { StageName } from "./trace.ts"
import type { Row } from "./values.ts"

/** The last argument of each verb: the call's limits, and the hub's services for it. */
export interface Call {
  readonly signal: AbortSignal
  remainingMs(): number
  stage<T>(name: StageName, work: () => Promise<T>): Promise<T>
  /** Facts for the log; scrubbed. */
  log(message: string, facts?: Readonly<Record<string, unknown>>): void
  /** Rows wanted at most; a driver may stop early, the caller cuts anyway. */
  readonly maxRows?: number
  /** Rows per batch wanted. */
  readonly batchRows: number
  readonly render: Render
  readonly upload: OpenUpload
  readonly token: TokenSource
  readonly turn: Turn
}

/** A file that somebody uploaded into the workspace. */
export interface UploadedFile {
  readonly name: string
  readonly bytes: number
  /** In hexadecimal. */
  readonly sha256: string
  /** Its bytes in order, from that offset on. */
  read(from?: number): AsyncIterable<Buffer>
}

/** The upload of that id in the workspace of the call; `not_found` for any other. */
export type OpenUpload = (id: string) => Promise<UploadedFile>

/**
 * Waits until the connector's limits allow one more request: before every request of a verb but its first, a retry or a page.
 * `retryOf` names what went wrong with the one before; `rate_limited` when the turn would come too late.
 */
export type Turn = (retryOf?: string) => Promise<void>

/** The answer of a token endpoint (RFC 6749, 5.1). `expiresInMs` is undefined when it does not say. */
export interface TokenGrant {
  readonly accessToken: string
  readonly expiresInMs: number | undefined
  readonly refreshToken: string | undefined
}

/** One login of an OAuth 2.0 client. */
export interface TokenAsk {
  /** The login, secrets included: a token that is kept for another identity is not given. Only a keyed hash of it is stored. */
  readonly identity: string
  /** What the access token depends on besides; a kept refresh token is good under other terms too. */
  readonly terms: string
  /** A token that the system has just refused; it is not given again. */
  readonly refused?: string
  /** Asks the endpoint, with the refresh token that took the configured one's place, if any. The lease is not the caller's: the grant is kept even when the caller goes. */
  grant(lease: Lease, refreshToken: string | undefined): Promise<TokenGrant>
}

/** `cached` is false for a token that was made for this call, or while it waited. */
export interface Token {
  readonly value: string
  readonly cached: boolean
}

/** The access token of a login, kept for all nodes; however many ask at once, the endpoint is asked once. */
export type TokenSource = (ask: TokenAsk) => Promise<Token>

/** The result of a template: a JSON document, a URL whose host stands in the template, or a form (`application/x-www-form-urlencoded`). */
export type TemplatePlace = "json" | "url" | "form"

/** Fills a template with a call's inputs, each escaped for its place; `config_invalid` or `query_invalid` says why it cannot. No value changes the template's structure. */
export type Render = (template: string, values: Row, place?: TemplatePlace) => Promise<string>
