import type { Call, Render } from "./call.ts"
import type { PlatformError } from "./errors.ts"
import type { Config, Fields } from "./fields.ts"
import type { Address, Lease } from "./lease.ts"
import type {
  Batch,
  ByteOffer,
  BytePiece,
  ByteReport,
  Commit,
  CommitKind,
  Discovered,
  ReadOptions,
  ReadPlan,
  SchemaStep,
  Slicing,
  Stream,
  WantedStream,
  WriteOptions,
  WriteReport,
} from "./streams.ts"
import type { UrlForm } from "./url-form.ts"
import type { Row, Value } from "./values.ts"

/** The far side as it describes itself: `{ product: "PostgreSQL", version: "15.18" }`, and warnings that do not fail a test. */
export interface ServerFacts {
  readonly product: string
  readonly version?: string
  readonly details?: Readonly<Record<string, string | number | boolean>>
  readonly warnings?: readonly string[]
}

/** An input of `request`. A default that is a secret is not shown. */
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
  /** What a user of the type should know besides its fields (how values come out, limits, rights), as Markdown for its page. */
  readonly notes?: string
  readonly fields: F
  /** How the type is written as a URL. */
  readonly url?: UrlForm
  /** The address that a config leads to, which may be a draft's without its secrets; undefined while it names none. */
  address?(config: Readonly<Record<string, unknown>>): Address | undefined
  connect(config: Config<F>, lease: Lease): Client | Promise<Client>
  close(client: Client): void | Promise<void>
  /** Makes a client as good as new for its next use; a type without it is connected anew for each use. */
  reset?(client: Client, call: Call): Promise<void>
  test(client: Client, call: Call): Promise<ServerFacts>
  discover?(client: Client, call: Call): AsyncIterable<Discovered>
  query?(client: Client, statement: string, params: readonly Value[], call: Call): AsyncIterable<Batch>
  /** The plans that `read` takes; `all` alone unless it says more. Any other is `unsupported`. */
  readonly plans?: readonly ReadPlan["kind"][]
  read?(client: Client, from: Stream, options: ReadOptions, call: Call): AsyncIterable<Batch>
  /** Cuts a stream into at most `most` slices, under one snapshot where the system can keep one. */
  slices?(client: Client, from: Stream, plan: ReadPlan, most: number, call: Call): Promise<Slicing>
  /** The forms in which `readBytes` gives the stream, the best first. */
  offers?(client: Client, from: Stream, call: Call): Promise<readonly ByteOffer[]>
  readBytes?(client: Client, from: Stream, offer: ByteOffer, options: ReadOptions, call: Call): AsyncIterable<BytePiece>
  write?(client: Client, to: Stream, batch: Batch, options: WriteOptions, call: Call): Promise<WriteReport>
  /** Whether `write` takes batches with deletes. */
  readonly deletes?: true
  /** The forms that `writeBytes` takes for the stream, the best first. */
  takes?(client: Client, to: Stream, call: Call): Promise<readonly ByteOffer[]>
  writeBytes?(client: Client, to: Stream, piece: BytePiece, offer: ByteOffer, options: WriteOptions, call: Call): Promise<ByteReport>
  /** Creates the stream, or adds and widens columns until it holds what is wanted; without `apply` it only says the steps. */
  shape?(client: Client, wanted: WantedStream, apply: boolean, call: Call): Promise<readonly SchemaStep[]>
  /** How `write` keeps a commit's token; `none` unless it says more. */
  readonly commits?: CommitKind
  /** The last sequence of that run and part that is committed there; undefined when none is. */
  committed?(client: Client, to: Stream, of: Omit<Commit, "sequence">, call: Call): Promise<number | undefined>
  /** One request for one row of input; the answer's record or records. */
  request?(client: Client, input: Row, call: Call): Promise<Row | readonly Row[]>
  /** The inputs of `request`, without a connection. */
  inputs?(config: Config<F>): readonly Input[]
  /** The request that `request` would send for that input; nothing is sent. */
  prepare?(config: Config<F>, input: Row, render: Render): Promise<PreparedRequest>
  /** The client library's error as ours; an error that it leaves undefined becomes `internal`. */
  explain?(error: unknown): PlatformError | undefined
}

// biome-ignore lint/suspicious/noExplicitAny: a registry holds definitions of every client type; `open` keeps them apart.
export type AnyConnector = Connector<any, any>

export const VERBS = ["discover", "query", "read", "slices", "readBytes", "write", "writeBytes", "shape", "request"] as const
export type Verb = (typeof VERBS)[number]

/** Identity at run time; at compile time it ties `fields` to `config` and what `connect` returns to every verb. */
export function defineConnector<const F extends Fields, Client>(connector: Connector<F, Client>): Connector<F, Client> {
  return connector
}

/** The verbs that a type has. */
export const capabilities = (connector: AnyConnector): Verb[] => VERBS.filter((verb) => connector[verb] !== undefined)
