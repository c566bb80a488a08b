import { setTimeout as wait } from "node:timers/promises"
import { inspect } from "node:util"
import { describe, expect, it } from "vitest"
import { defineConnector } from "./connector.ts"
import { PlatformError } from "./errors.ts"
import { Secret, secret, text } from "./fields.ts"
import type { Lease } from "./lease.ts"
import { open } from "./session.ts"
import type { Batch } from "./streams.ts"

const CANARY = "canary-p4ssword"

/** A lease that opens nothing: these tests cover the session's handling of a driver, not the network. */
function leaseUntil(signal: AbortSignal): Lease {
  return { signal, remainingMs: () => 1_000, stage: (_name: string, work: () => Promise<unknown>) => work() } as unknown as Lease
}

type Step = () => Promise<void>

const driver = (behave: { test?: Step; close?: Step; batches?: () => AsyncIterable<Batch>; explain?: (error: unknown) => PlatformError | undefined }) =>
  defineConnector({
    type: "thing",
    title: "Thing",
    category: "api",
    proof: "stand-in",
    summary: "",
    fields: { host: text("Host"), password: secret("Password") },
    connect: () => ({}),
    close: behave.close ?? (async () => undefined),
    test: async () => {
      await behave.test?.()
      return { product: "Thing" }
    },
    ...(behave.batches === undefined ? {} : { query: behave.batches }),
    ...(behave.explain === undefined ? {} : { explain: behave.explain }),
  })

const config = { host: "h", password: new Secret(CANARY) }
const never = new AbortController().signal
const caught = (work: Promise<unknown>): Promise<PlatformError> =>
  work.then(
    () => Promise.reject(new Error("it passed")),
    (error: unknown) => error as PlatformError,
  )

describe("errors of a driver", () => {
  it("become PlatformErrors without the secret in message, details, cause or inspection", async () => {
    const wrapped = new Error(`login ${Buffer.from(CANARY).toString("base64")}`, { cause: Object.assign(new Error(CANARY), { config: CANARY }) })
    const connector = driver({
      test: () => Promise.reject(wrapped),
      explain: (error) =>
        new PlatformError("auth_failed", `Refused ${CANARY}: ${(error as Error).message}`, {
          cause: error,
          details: { sent: [CANARY] },
          faults: [{ pointer: "", message: CANARY }],
        }),
    })
    const error = await caught((await open(connector, config, leaseUntil(never))).test())
    expect(error.code).toBe("auth_failed")
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(CANARY)
    expect(inspect(error, { depth: 9 })).not.toContain(Buffer.from(CANARY).toString("base64"))
    expect(JSON.stringify(error.details)).toContain("[secret]")
  })

  it("an error of the door takes precedence over the driver's explanation; an unexplained error is internal", async () => {
    const door = new PlatformError("egress_denied", "no")
    const hidden = driver({ test: () => Promise.reject(new Error("ECONNRESET", { cause: door })), explain: () => new PlatformError("connection_lost", "x") })
    expect((await caught((await open(hidden, config, leaseUntil(never))).test())).code).toBe("egress_denied")
    const unknown = driver({ test: () => Promise.reject(new Error(CANARY)) })
    const error = await caught((await open(unknown, config, leaseUntil(never))).test())
    expect([error.code, error.message.includes(CANARY)]).toEqual(["internal", false])
  })

  it("an absent verb is unsupported, with a list of the present ones", async () => {
    const session = await open(driver({}), config, leaseUntil(never))
    const error = await caught(session.request({}))
    expect([error.code, error.message]).toEqual(["unsupported", "Thing connectors cannot request; they can test."])
  })
})

describe("the deadline", () => {
  it("ends a call whose client library hangs, with the lease's reason, and a close that hangs too", async () => {
    const controller = new AbortController()
    const connector = driver({ test: () => new Promise(() => undefined), close: () => new Promise(() => undefined) })
    const session = await open(connector, config, leaseUntil(controller.signal))
    const failed = caught(session.test())
    controller.abort(new PlatformError("timed_out", "too late"))
    expect((await failed).code).toBe("timed_out")
    await session.close()
    await session.close()
  })

  it("ends a stream between and inside batches", async () => {
    const controller = new AbortController()
    const connector = driver({
      batches: async function* () {
        yield { columns: [], rows: [[]] }
        await new Promise(() => undefined)
      },
    })
    const session = await open(connector, config, leaseUntil(controller.signal))
    const seen: number[] = []
    const drained = caught(
      (async () => {
        for await (const batch of session.query("x")) {
          seen.push(batch.rows.length)
          controller.abort(new PlatformError("cancelled", "gone"))
        }
      })(),
    )
    expect([(await drained).code, seen]).toEqual(["cancelled", [1]])
  })
})

describe("streams", () => {
  it("a consumer that stops early closes the driver's stream", async () => {
    let closed = false
    const connector = driver({
      batches: async function* () {
        try {
          while (true) {
            yield { columns: [], rows: [[]] }
            await wait(1)
          }
        } finally {
          closed = true
        }
      },
    })
    const session = await open(connector, config, leaseUntil(never))
    for await (const _ of session.query("x")) break
    expect(closed).toBe(true)
  })

  it("a driver that hangs while it closes its stream delays the consumer no longer than the deadline", async () => {
    const controller = new AbortController()
    const connector = driver({
      batches: async function* () {
        try {
          yield { columns: [], rows: [[]] }
        } finally {
          await new Promise(() => undefined)
        }
      },
    })
    const session = await open(connector, config, leaseUntil(controller.signal))
    for await (const _ of session.query("x")) {
      setTimeout(() => controller.abort(new PlatformError("timed_out", "too late")), 20)
      break
    }
    expect(controller.signal.aborted).toBe(true)
  })
})
