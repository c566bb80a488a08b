import { createServer, type Server } from "node:net"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import type { HttpConfig } from "../../src/connectors/http/fields.ts"
import { http } from "../../src/connectors/http.ts"
import { postgres } from "../../src/connectors/postgres.ts"
import type { Call } from "../../src/core/call.ts"
import type { AnyConnector } from "../../src/core/connector.ts"
import type { Secret } from "../../src/core/fields.ts"
import type { Lease } from "../../src/core/lease.ts"
import {
  type Batch,
  type BytePiece,
  type Discovered,
  EVERYTHING,
  type ReadOptions,
  type SchemaStep,
  type Stream,
  type WantedStream,
  type WriteOptions,
  type WriteReport,
} from "../../src/core/streams.ts"
import type { Row } from "../../src/core/values.ts"
import type { Running } from "../fixtures/fixture.ts"
import { httpFixture } from "../fixtures/http.ts"
import { postgresFixture } from "../fixtures/postgres.ts"
import { collect } from "../support/batches.ts"
import { type Claim, claims } from "./claims.ts"

const servers: Server[] = []

/** A verb's batches or discoveries, each passed through `change`; undefined leaves one out. */
const changed = <T>(each: AsyncIterable<T>, change: (one: T) => T | undefined): AsyncIterable<T> =>
  (async function* () {
    for await (const one of each) {
      const other = change(one)
      if (other !== undefined) yield other
    }
  })()

async function* nothing(): AsyncGenerator<Batch> {}

/** The lease, but what a driver would do on the server at the deadline is forgotten. */
const withoutCancel = (lease: Lease): Lease =>
  new Proxy(lease, {
    get(target, name) {
      if (name === "beforeCutOff") return () => () => undefined
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === "function" ? value.bind(target) : value
    },
  })

/** Greets without a single byte on the network, as a test that cannot fail does. */
const asleep: Partial<AnyConnector> = { connect: () => ({}), close: () => undefined, test: async () => ({ product: "PostgreSQL" }) }

const listening = (connector: AnyConnector): Partial<AnyConnector> => ({
  connect: (config: never, lease: Lease) => {
    servers.push(createServer().listen(0, "127.0.0.1"))
    return connector.connect(config, lease)
  },
})

/** PostgreSQL whose reads, writes or shapes go through a change. */
const reading = (change: (options: ReadOptions) => ReadOptions): Partial<AnyConnector> => ({
  read: (client: never, from: Stream, options: ReadOptions, call: Call) => postgres.read?.(client, from, change(options), call) as AsyncIterable<Batch>,
})

type Run = (batch: Batch, options?: WriteOptions) => Promise<WriteReport>
const writing = (change: (batch: Batch, run: Run) => Promise<WriteReport>): Partial<AnyConnector> => ({
  write: (client: never, to: Stream, batch: Batch, options: WriteOptions, call: Call) =>
    change(batch, (other, how = options) => postgres.write?.(client, to, other, how, call) as Promise<WriteReport>),
})

type Steps = Promise<readonly SchemaStep[]>
const shaping = (change: (apply: boolean, run: (apply: boolean) => Steps) => Steps): Partial<AnyConnector> => ({
  shape: (client: never, wanted: WantedStream, apply: boolean, call: Call) =>
    change(apply, (really) => postgres.shape?.(client, wanted, really, call) as Steps),
})

/** PostgreSQL connectors that each break one promise, and what the claim says of it. */
const broken: Record<Claim["name"], { readonly as: Partial<AnyConnector>; readonly says: RegExp }> = {
  "form complete": { as: { fields: { ...postgres.fields, host: { ...postgres.fields.host, title: " " } } }, says: /every field has a title/ },
  "test passes": { as: asleep, says: /a stage resolve/ },
  "every way in": {
    as: {
      connect: (config: Parameters<typeof postgres.connect>[0], lease: Lease) =>
        postgres.connect({ ...config, tls: { kind: "verify", ca: undefined, servername: undefined } }, lease),
    },
    says: /by TLS off the test fails/,
  },
  "wrong secret": { as: asleep, says: /it succeeded/ },
  "closed port": { as: asleep, says: /it succeeded/ },
  "silent server": { as: asleep, says: /it succeeded/ },
  "TLS name mismatch": {
    as: { connect: (config: Parameters<typeof postgres.connect>[0], lease: Lease) => postgres.connect({ ...config, tls: { kind: "require" } }, lease) },
    says: /it succeeded/,
  },
  "no secret leaves": {
    as: {
      connect: async (config: Parameters<typeof postgres.connect>[0], lease: Lease) =>
        Object.assign(await postgres.connect(config, lease), { hex: Buffer.from((config.password as Secret).reveal()).toString("hex") }),
    },
    says: /a secret left/,
  },
  discover: {
    as: {
      discover: (client: never, call: Call) =>
        changed<Discovered>(postgres.discover?.(client, call) as AsyncIterable<Discovered>, (one) => ("skipped" in one ? undefined : one)),
    },
    says: /is skipped with a reason/,
  },
  "hard row": {
    as: {
      read: (client: never, from: Stream, options: ReadOptions, call: Call) =>
        changed<Batch>(postgres.read?.(client, from, options, call) as AsyncIterable<Batch>, (batch) => ({
          ...batch,
          rows: batch.rows.map((row) => row.map((value) => (value === "9007199254740993" ? Number(value) : value))),
        })),
    },
    says: /9007199254740992/,
  },
  "paging equals one shot": {
    as: {
      read: (client: never, from: Stream, _: ReadOptions, call: Call) => postgres.read?.(client, from, EVERYTHING, call) as AsyncIterable<Batch>,
    },
    says: /a cursor of its own/,
  },
  resume: {
    as: {
      read: (client: never, from: Stream, _: ReadOptions, call: Call) => postgres.read?.(client, from, EVERYTHING, call) as AsyncIterable<Batch>,
    },
    says: /as many rows as there are/,
  },
  "upsert twice": {
    as: {
      write: (client: never, to: Stream, batch: Batch, _: WriteOptions, call: Call) => postgres.write?.(client, to, batch, { mode: "append" }, call) as never,
    },
    says: /last of two rows/,
  },
  "bad cursors": { as: reading(({ after: _, ...options }) => options), says: /the cursor "" is taken/ },
  since: {
    as: reading(({ plan, ...options }) => ({ ...options, plan: plan.kind === "since" ? { kind: "since", column: plan.column } : plan })),
    says: /from is included/,
  },
  "slices are the whole": { as: reading(({ slice: _, ...options }) => options), says: /as many rows as the stream/ },
  "resume by slice": {
    as: reading(({ after, ...options }) => (options.slice === undefined ? { ...options, after } : options)),
    says: /as many rows as the stream/,
  },
  "bytes equal rows": {
    as: {
      writeBytes: async (_client: never, _to: Stream, piece: BytePiece) => {
        await collect(piece.bytes)
        return { written: piece.rows(), bytes: 1 }
      },
    },
    says: /are the same rows/,
  },
  create: { as: shaping((_, run) => run(true)), says: /a dry run changes nothing/ },
  add: {
    as: shaping(async (apply, run) => (await run(apply)).map((step) => (apply ? step : { ...step, statement: "" }))),
    says: /doing and the dry run agree/,
  },
  widen: { as: shaping(async (apply, run) => (await run(apply)).filter(({ kind }) => kind !== "widen")), says: /the dry run names the steps/ },
  "append reports row by row": {
    as: writing(async (batch, run) => ({ ...(await run(batch)), rejected: [] })),
    says: /accounts for every row/,
  },
  "last of equal keys wins": { as: writing((batch, run) => run({ ...batch, rows: batch.rows.toReversed() })), says: /the last of the rows with one key/ },
  delete: { as: writing(({ ops: _, ...batch }, run) => run(batch)), says: /deleted rows are gone/ },
  "names are quoted": {
    as: writing((batch, run) => run({ ...batch, columns: batch.columns.map((each) => ({ ...each, name: each.name.replaceAll('"', "") })) })),
    says: /has no column/,
  },
  "same commit twice is once": { as: writing((batch, run) => run(batch, { mode: "append" })), says: /the repeat gives the first report/ },
  "bad statement": { as: { query: nothing }, says: /it succeeded/ },
  "reset leaves nothing": { as: { reset: async () => undefined }, says: /after a reset the session is as it was/ },
  close: { as: listening(postgres), says: /no socket is left/ },
  "absent verb": { as: { request: async () => ({}) }, says: /request/ },
  // Last: without the cancel the statement goes on at the server.
  cancel: {
    as: { connect: (config: Parameters<typeof postgres.connect>[0], lease: Lease) => postgres.connect(config, withoutCancel(lease)) },
    says: /it is gone from the server/,
  },
}

const hear = (config: HttpConfig, lease: Lease): object => ({
  ...(http.connect(config, lease) as object),
  heard: config.auth.kind === "bearer" ? config.auth.token.reveal() : "",
})
const readingHttp = (change: (options: ReadOptions) => ReadOptions): Partial<AnyConnector> => ({
  read: (client: never, from: Stream, options: ReadOptions, call: Call) => http.read?.(client, from, change(options), call) as AsyncIterable<Batch>,
})

/** The same for HTTP, where a claim stands on other code. */
const brokenHttp: Partial<typeof broken> = {
  "test passes": { as: asleep, says: /a stage resolve/ },
  "every way in": {
    as: { connect: (config: HttpConfig, lease: Lease) => http.connect({ ...config, auth: { kind: "none" } }, lease) },
    says: /by plain http the test fails/,
  },
  "wrong secret": { as: asleep, says: /it succeeded/ },
  "TLS name mismatch": {
    as: { connect: (config: HttpConfig, lease: Lease) => http.connect({ ...config, tls: { kind: "require" } }, lease) },
    says: /it succeeded/,
  },
  "no secret leaves": { as: { connect: hear }, says: /a secret left/ },
  "hard row": {
    as: {
      request: async (client: never, input: Row, call: Call) =>
        (((await http.request?.(client, input, call)) ?? []) as Row[]).map((row) => ({ ...row, big: 2 ** 53 })),
    },
    says: /9007199254740992/,
  },
  "bad cursors": { as: readingHttp(({ after: _, ...options }) => options), says: /the cursor "" is taken/ },
  since: { as: readingHttp(({ after: _, ...options }) => options), says: /a read goes on behind its cursor/ },
  "bad statement": { as: { request: async () => ({}) }, says: /it succeeded/ },
  close: { as: listening(http), says: /no socket is left/ },
  "absent verb": { as: { query: nothing }, says: /query/ },
  cancel: { as: { request: () => new Promise(() => undefined) }, says: /it runs on the server/ },
}

describe.each([
  { type: postgres as AnyConnector, fixture: postgresFixture, table: broken },
  { type: http as AnyConnector, fixture: httpFixture, table: brokenHttp },
])("each claim catches a $type.title connector that breaks it", ({ type, fixture, table }) => {
  let server: Running
  beforeAll(async () => {
    server = await fixture.start()
  })
  afterAll(async () => {
    for (const each of servers.splice(0)) each.close()
    await server[Symbol.asyncDispose]()
  })

  for (const [name, { as, says }] of Object.entries(table))
    test(name, async () => {
      const claim = claims.find((each) => each.name === name)
      await expect(claim?.hold({ connector: { ...type, ...as }, server })).rejects.toThrow(says)
    })
})
