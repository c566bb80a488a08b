import type { Agent as HttpAgent } from "node:http"
import type { Agent as HttpsAgent } from "node:https"
import type { Duplex } from "node:stream"
import type { TLSSocket } from "node:tls"
import type { Dispatcher } from "undici"
import type { PlatformError } from "./errors.ts"
import type { Config, Fields, Secret } from "./fields.ts"
import type { StageName } from "./trace.ts"

/**
 * A value on every wire of ours: JSON, with 64-bit integers and decimals as strings, bytes as base64, timestamps as
 * ISO 8601 with their zone, dates as `YYYY-MM-DD`, and floats that JSON lacks as "NaN", "Infinity", "-Infinity".
 */
export type Value = null | boolean | number | string | readonly Value[] | { readonly [name: string]: Value }

/** One record by name. */
export type Row = Readonly<Record<string, Value>>

export const COLUMN_TYPES = ["string", "integer", "decimal", "float", "boolean", "date", "time", "timestamp", "json", "bytes", "array", "unknown"] as const
export type ColumnType = (typeof COLUMN_TYPES)[number]

/** `nativeType` is the system's own spelling: `numeric(38,10)`. */
export interface Column {
  readonly name: string
  readonly type: ColumnType
  readonly nativeType: string
  readonly nullable: boolean
}

export const STREAM_KINDS = ["table", "view", "materialized view", "foreign table", "topic", "file", "resource"] as const
export type StreamKind = (typeof STREAM_KINDS)[number]

/** One thing that rows come from or go to: a table, a topic, a file, an API resource. `key` names its primary key's columns, in order. */
export interface Stream {
  readonly path: readonly string[]
  readonly kind: StreamKind
  readonly columns: readonly Column[]
  readonly key: readonly string[]
  /** Rows as the system estimates them, if it does. */
  readonly estimatedRows?: number
  readonly comment?: string
}

/**
 * What discovery yields. `counted` says how many things the system has by its own count, so that the hub can tell
 * complete from partial: streams + skipped must equal the total.
 */
export type Discovered =
  | { readonly stream: Stream }
  | { readonly skipped: { readonly path: readonly string[]; readonly reason: string } }
  | { readonly counted: { readonly total: number; readonly byKind: Readonly<Record<string, number>> } }

/** Where a read goes on: opaque to everybody but the connector that made it. */
export type Cursor = string

/** Rows in the order of `columns`. `cursor` resumes after this batch; a stream without a key or an order of its own has none. */
export interface Batch {
  readonly columns: readonly Column[]
  readonly rows: readonly (readonly Value[])[]
  readonly cursor?: Cursor
  /** What a file has in place of rows, in its order: every record is either a row or here. */
  readonly rejected?: readonly RejectedRecord[]
}

/** A record of a file that is no row: the lines that it takes, from 1, and why. */
export interface RejectedRecord {
  readonly line: number
  readonly lastLine: number
  readonly reason: string
}

export type WriteMode = "append" | "upsert"

/** Row by row: written + rejected + skipped = rows given. `index` counts from 0 within the batch. */
export interface WriteReport {
  readonly written: number
  readonly rejected: readonly { readonly index: number; readonly reason: string }[]
  readonly skipped: number
}

/** What the far side says of itself: `{ product: "PostgreSQL", version: "15.18" }`, and warnings that do not fail a test. */
export interface ServerFacts {
  readonly product: string
  readonly version?: string
  readonly details?: Readonly<Record<string, string | number | boolean>>
  readonly warnings?: readonly string[]
}

export interface Address {
  /** A DNS name or an IP literal (IPv6 without brackets). */
  readonly host: string
  readonly port: number
}

/** `require` encrypts without knowing to whom; `verify` also checks chain and name, against `ca` (PEM) or the system's roots. */
export interface TlsSpec {
  readonly mode: "require" | "verify"
  readonly ca?: string | undefined
  /** The name to verify and to send as SNI, when it is not the host's. */
  readonly servername?: string | undefined
  readonly alpn?: readonly string[]
}

/** An SSH bastion. `hostKey` is its pinned fingerprint as OpenSSH prints it: `SHA256:…`. */
export interface TunnelSpec {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly hostKey: string
  readonly auth:
    | { readonly kind: "password"; readonly password: Secret }
    | { readonly kind: "key"; readonly privateKey: Secret; readonly passphrase?: Secret | undefined }
}

/** A socket that a client library may treat as a fresh `net.Socket`: it dials on `connect(port, host)`, and a `data` listener that throws ends it alone. */
export interface LazySocket extends Duplex {
  connect(port: number, host: string): this
}

/** SOCKS5 on loopback, for client libraries that take nothing else. The name and password are good for this lease only. */
export interface SocksEndpoint {
  readonly host: "127.0.0.1"
  readonly port: number
  readonly username: string
  readonly password: string
}

/**
 * The one door to the network: one per test, query or job. Everything that it opens is judged, pinned, timed, and
 * destroyed when `signal` aborts or the lease is closed. Failures are `PlatformError`s.
 */
export interface Lease {
  /** The deadline, or the caller gone. */
  readonly signal: AbortSignal
  /** Milliseconds until the deadline, never below 0. */
  remainingMs(): number
  /** A connected stream. */
  dial(to: Address): Promise<Duplex>
  /** TLS over a stream that is already open (STARTTLS, PostgreSQL's SSLRequest). Records the `tls` stage. */
  secure(over: Duplex, host: string, tls: TlsSpec): Promise<TLSSocket>
  dialTls(to: Address, tls: TlsSpec): Promise<TLSSocket>
  /** Lazy and synchronous, for client libraries that want a socket at once; `open` replaces the plain dial. */
  socket(open?: (to: Address) => Promise<Duplex>): LazySocket
  httpAgent(): HttpAgent
  httpsAgent(tls?: TlsSpec): HttpsAgent
  /** For undici's `request`. Certificates are verified unless `tls` says otherwise. */
  dispatcher(tls?: TlsSpec): Dispatcher
  socks5(): Promise<SocksEndpoint>
  /** The same lease through an SSH bastion: shares deadline, stages and sockets. */
  through(tunnel: TunnelSpec): Lease
  /**
   * What to do on the server when the deadline passes or the caller goes: gets one short dial of its own (1 s) before every
   * socket is destroyed. The returned function takes it back.
   */
  beforeCutOff(cancel: (dial: (to: Address) => Promise<Duplex>) => Promise<void>): () => void
  /** Runs `work` as a stage of the test report; time that inner stages took is theirs. */
  stage<T>(name: StageName, work: () => Promise<T>): Promise<T>
}

/** What each verb is called with, besides its client and its own arguments. */
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

/** A file that the workspace was given. */
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

/** What a token endpoint gave (RFC 6749, 5.1). `expiresInMs` is undefined when it did not say. */
export interface TokenGrant {
  readonly accessToken: string
  readonly expiresInMs: number | undefined
  readonly refreshToken: string | undefined
}

/** One login of an OAuth 2.0 client. */
export interface TokenAsk {
  /** Whose login it is, secrets too: what is kept for another identity is not given. Only a keyed hash of it is stored. */
  readonly identity: string
  /** What the access token depends on besides; a kept refresh token is good under other terms too. */
  readonly terms: string
  /** A token that the system has just refused; it is not given again. */
  readonly refused?: string
  /** Asks the endpoint, with the refresh token that took the configured one's place, if any. The lease is not the caller's: what the endpoint gave is kept even when the caller goes. */
  grant(lease: Lease, refreshToken: string | undefined): Promise<TokenGrant>
}

/** `cached` is false for a token that was made for this call, or while it waited. */
export interface Token {
  readonly value: string
  readonly cached: boolean
}

/** The access token of a login, kept for all nodes; however many ask at once, the endpoint is asked once. */
export type TokenSource = (ask: TokenAsk) => Promise<Token>

/** What a template makes: a JSON document, a URL whose host stands in the template, or a form (`application/x-www-form-urlencoded`). */
export type TemplatePlace = "json" | "url" | "form"

/** Fills a template with a call's inputs, each escaped for where it stands; `config_invalid` or `query_invalid` says why it cannot. No value changes the template's structure. */
export type Render = (template: string, values: Row, place?: TemplatePlace) => Promise<string>

/** What one call of `request` may or must give. A default that is a secret is not shown. */
export interface Input {
  readonly name: string
  readonly required: boolean
  readonly default?: string
  readonly from: "parameter" | "body" | "url" | "header"
}

/** A request as it would be sent. */
export interface PreparedRequest {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

export type Category = "database" | "warehouse" | "stream" | "object store" | "api" | "file"

/** How far the type's claims were proven: against a real server, an emulator, or a stand-in written from documentation. */
export type Proof = "server" | "emulator" | "stand-in"

/**
 * A connector type. A verb that is present is a capability; nothing is declared twice. `connect` has no network but
 * the lease, and `test` makes a real authenticated round trip.
 */
export interface Connector<F extends Fields = Fields, Client = unknown> {
  /** snake_case, stable: `postgres`. */
  readonly type: string
  readonly title: string
  readonly category: Category
  readonly proof: Proof
  /** One or two sentences for people who choose a type. */
  readonly summary: string
  readonly fields: F
  connect(config: Config<F>, lease: Lease): Client | Promise<Client>
  close(client: Client): void | Promise<void>
  test(client: Client, call: Call): Promise<ServerFacts>
  discover?(client: Client, call: Call): AsyncIterable<Discovered>
  query?(client: Client, statement: string, params: readonly Value[], call: Call): AsyncIterable<Batch>
  read?(client: Client, from: Stream, cursor: Cursor | undefined, call: Call): AsyncIterable<Batch>
  write?(client: Client, to: Stream, batch: Batch, mode: WriteMode, call: Call): Promise<WriteReport>
  /** One request for one row of input; the answer's record or records. */
  request?(client: Client, input: Row, call: Call): Promise<Row | readonly Row[]>
  /** The inputs of `request`, without a connection. */
  inputs?(config: Config<F>): readonly Input[]
  /** What `request` would send for that input; nothing is sent. */
  prepare?(config: Config<F>, input: Row, render: Render): Promise<PreparedRequest>
  /** The client library's error as ours; what it leaves undefined becomes `internal`. */
  explain?(error: unknown): PlatformError | undefined
}

// biome-ignore lint/suspicious/noExplicitAny: a registry holds definitions of every client type; `open` keeps them apart.
export type AnyConnector = Connector<any, any>

export const VERBS = ["discover", "query", "read", "write", "request"] as const
export type Verb = (typeof VERBS)[number]

/** Identity at run time; at compile time it ties `fields` to `config` and what `connect` returns to every verb. */
export function defineConnector<const F extends Fields, Client>(connector: Connector<F, Client>): Connector<F, Client> {
  return connector
}

/** The verbs that a type has. */
export const capabilities = (connector: AnyConnector): Verb[] => VERBS.filter((verb) => connector[verb] !== undefined)
