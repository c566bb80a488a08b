import type { Call, Render } from "./call.ts"
import type { EncodedRecords } from "./encoded-records.ts"
import type { Fault, PlatformError } from "./errors.ts"
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
  Guess,
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
import type { Column, Row, Value } from "./values.ts"

/**
 * The remote system's description of itself: `{ product: "PostgreSQL", version: "15.18" }`, and warnings that do not
 * fail a test. `guesses`: how a file is read without proof; each of them is among the warnings too.
 */
export interface ServerFacts {
  readonly product: string
  readonly version?: string
  readonly details?: Readonly<Record<string, string | number | boolean>>
  readonly warnings?: readonly string[]
  readonly guesses?: readonly Guess[]
}

/** What a statement would read and answer, as the system says it without running the statement. */
export interface DryRun {
  /** Bytes that the statement would read; absent if the system does not say. */
  readonly bytes?: number
  /** How `bytes` relate to what the statement reads in the end; absent if the system does not say. */
  readonly accuracy?: "exact" | "at most" | "at least"
  /** The columns of its result. */
  readonly columns: readonly Column[]
  /** Further facts, of cost above all: `{ tables: 2 }`. */
  readonly details?: Readonly<Record<string, string | number | boolean>>
  /** Reasons not to run the statement: the connector's limit of cost would refuse it, for example. */
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

/**
 * How the type's claims were proven: against a real server, an emulator, or a stand-in written from documentation.
 */
export type Proof = "server" | "emulator" | "stand-in"

/**
 * A connector type. A verb that is present is a capability; no separate list exists. `connect` reaches the network
 * only through the lease, and `test` makes a real authenticated round trip.
 */
export interface Connector<F extends Fields = Fields, Client = unknown> {
  /** snake_case, stable: `postgres`. */
  readonly type: string
  readonly title: string
  readonly category: Category
  readonly proof: Proof
  /** The program that the type was proven against: "Trino 476". An emulator is always named. */
  readonly provenBy?: string
  /** One or two sentences that help users choose a type. */
  readonly summary: string
  /**
   * Facts that a user of the type needs besides its fields (how values come out, limits, rights), as Markdown for its
   * page.
   */
  readonly notes?: string
  readonly fields: F
  /** The faults of a config, without its secrets, that concern several fields at once. */
  contradictions?(config: Readonly<Record<string, unknown>>): readonly Fault[]
  /** The type's URLs. */
  readonly url?: UrlForm
  /** The address in a config, which may be a draft without secrets; undefined if it names none. */
  address?(config: Readonly<Record<string, unknown>>): Address | undefined
  connect(config: Config<F>, lease: Lease): Client | Promise<Client>
  close(client: Client): void | Promise<void>
  /** Returns a client to a clean state for its next use; a type without `reset` connects again for each use. */
  reset?(client: Client, call: Call): Promise<void>
  test(client: Client, call: Call): Promise<ServerFacts>
  discover?(client: Client, call: Call): AsyncIterable<Discovered>
  query?(client: Client, statement: string, params: readonly Value[], call: Call): AsyncIterable<Batch>
  /** Checks a statement that `query` would take, and says what it would read; runs nothing, and costs nothing. */
  dryRun?(client: Client, statement: string, params: readonly Value[], call: Call): Promise<DryRun>
  /** The plans that `read` supports; only `all` by default. Any other plan fails with `unsupported`. */
  readonly plans?: readonly ReadPlan["kind"][]
  read?(client: Client, from: Stream, options: ReadOptions, call: Call): AsyncIterable<Batch>
  /** Cuts a stream into at most `most` slices, under one snapshot if the system supports snapshots. */
  slices?(client: Client, from: Stream, plan: ReadPlan, most: number, call: Call): Promise<Slicing>
  /** The formats in which `readBytes` can deliver the stream, best first. */
  offers?(client: Client, from: Stream, call: Call): Promise<readonly ByteOffer[]>
  readBytes?(client: Client, from: Stream, offer: ByteOffer, options: ReadOptions, call: Call): AsyncIterable<BytePiece>
  write?(client: Client, to: Stream, batch: Batch, options: WriteOptions, call: Call): Promise<WriteReport>
  /** Whether `write` takes the mode `upsert`; without it, rows can only be appended. */
  readonly upserts?: true
  /** Whether `write` accepts batches with deletes. */
  readonly deletes?: true
  /** The formats that `writeBytes` accepts for the stream, best first. */
  takes?(client: Client, to: Stream, call: Call): Promise<readonly ByteOffer[]>
  writeBytes?(client: Client, to: Stream, piece: BytePiece, offer: ByteOffer, options: WriteOptions, call: Call): Promise<ByteReport>
  /**
   * Creates the stream, or adds and widens columns until it matches `wanted`; without `apply`, only returns the
   * steps.
   */
  shape?(client: Client, wanted: WantedStream, apply: boolean, call: Call): Promise<readonly SchemaStep[]>
  /** How `write` stores a commit's token; `none` by default. */
  readonly commits?: CommitKind
  /** The last committed sequence of that run and part; undefined if there is none. */
  committed?(client: Client, to: Stream, of: Omit<Commit, "sequence">, call: Call): Promise<number | undefined>
  /** Sends one request for one row of input and returns the record or records of the response; encoded ones as a `list`. */
  request?(client: Client, input: Row, call: Call): Promise<Row | readonly Row[] | EncodedRecords>
  /** The records of the same request, in the parts in which they arrive, for responses of several pages; encoded ones as `lines`. */
  records?(client: Client, input: Row, call: Call): AsyncIterable<readonly Row[] | EncodedRecords>
  /** The inputs of `request`; needs no connection. */
  inputs?(config: Config<F>): readonly Input[]
  /** The request that `request` would send for that input; sends nothing. */
  prepare?(config: Config<F>, input: Row, render: Render): Promise<PreparedRequest>
  /**
   * Converts an error of the client library to a `PlatformError`. If it returns undefined, the error becomes
   * `internal`.
   */
  explain?(error: unknown): PlatformError | undefined
}

// biome-ignore lint/suspicious/noExplicitAny: a registry holds definitions of every client type; `open` never mixes them.
export type AnyConnector = Connector<any, any>

export const VERBS = ["discover", "query", "dryRun", "read", "slices", "readBytes", "write", "writeBytes", "shape", "request"] as const
export type Verb = (typeof VERBS)[number]

/**
 * Returns its argument. At compile time it ties `fields` to `config`, and the client that `connect` returns to every
 * verb.
 */
export function defineConnector<const F extends Fields, Client>(connector: Connector<F, Client>): Connector<F, Client> {
  return connector
}

/** The verbs that a type has. */
export const capabilities = (connector: AnyConnector): Verb[] => VERBS.filter((verb) => connector[verb] !== undefined)
