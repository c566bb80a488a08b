import { createServer, type Server } from "node:net"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { postgres } from "../../src/connectors/postgres.ts"
import type { AnyConnector, Batch, Call, Discovered, Lease, Stream } from "../../src/core/connector.ts"
import type { Secret } from "../../src/core/fields.ts"
import type { Running } from "../fixtures/fixture.ts"
import { postgresFixture } from "../fixtures/postgres.ts"
import { type Claim, claims } from "./claims.ts"

const whole: AnyConnector = postgres
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
      read: (client: never, from: Stream, cursor: string | undefined, call: Call) =>
        changed<Batch>(postgres.read?.(client, from, cursor, call) as AsyncIterable<Batch>, (batch) => ({
          ...batch,
          rows: batch.rows.map((row) => row.map((value) => (value === "9007199254740993" ? Number(value) : value))),
        })),
    },
    says: /9007199254740992/,
  },
  "paging equals one shot": {
    as: {
      read: (client: never, from: Stream, _cursor: string | undefined, call: Call) => postgres.read?.(client, from, undefined, call) as AsyncIterable<Batch>,
    },
    says: /a cursor of its own/,
  },
  resume: {
    as: {
      read: (client: never, from: Stream, _cursor: string | undefined, call: Call) => postgres.read?.(client, from, undefined, call) as AsyncIterable<Batch>,
    },
    says: /as many rows as there are/,
  },
  "upsert twice": {
    as: { write: (client: never, to: Stream, batch: Batch, _: string, call: Call) => postgres.write?.(client, to, batch, "append", call) as never },
    says: /last of two rows/,
  },
  "bad statement": { as: { query: nothing }, says: /it succeeded/ },
  close: {
    as: {
      connect: (config: Parameters<typeof postgres.connect>[0], lease: Lease) => {
        servers.push(createServer().listen(0, "127.0.0.1"))
        return postgres.connect(config, lease)
      },
    },
    says: /no socket is left/,
  },
  "absent verb": { as: { request: async () => ({}) }, says: /request/ },
  // Last: without the cancel the statement goes on at the server.
  cancel: {
    as: { connect: (config: Parameters<typeof postgres.connect>[0], lease: Lease) => postgres.connect(config, withoutCancel(lease)) },
    says: /it is gone from the server/,
  },
}

describe("each claim catches a connector that breaks it", () => {
  let server: Running
  beforeAll(async () => {
    server = await postgresFixture.start()
  })
  afterAll(async () => {
    for (const each of servers) each.close()
    await server[Symbol.asyncDispose]()
  })

  for (const [name, { as, says }] of Object.entries(broken))
    test(name, async () => {
      const claim = claims.find((each) => each.name === name)
      await expect(claim?.hold({ connector: { ...whole, ...as }, server })).rejects.toThrow(says)
    })
})
