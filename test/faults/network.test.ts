import { afterAll, describe, expect, test } from "vitest"
import { connectors } from "../../src/connectors/index.ts"
import { open } from "../../src/core/session.ts"
import { opened } from "../conformance/context.ts"
import { collect } from "../support/batches.ts"
import { failure } from "../support/failure.ts"
import { testLease } from "../support/lease.ts"
import { listenRaw } from "../support/loopback.ts"
import { printMatrix } from "../support/print-matrix.ts"
import { faults, meet } from "./network/cases.ts"
import { answering, BODIES } from "./network/servers.ts"
import { subjects } from "./network/subjects.ts"

// Faults of the network and of servers against every type: each must get its own code, within the deadline and with little memory.

const DEADLINE_MS = 2_500
/** The time for reading up to a cap, which is not measured. */
const BODY_DEADLINE_MS = 30_000
/** A test must end well before this time after its deadline; it includes the grace period for cancelling on the server. */
const LATE_MS = 3_000
const MEMORY_BYTES = 450 * 1_048_576

const table = new Map<string, Map<string, string>>()
const isLong = (name: string): boolean => /body|bomb|without end/.test(name)

test("every type that opens connections is covered", () => {
  expect(subjects.map(({ connector }) => connector.type)).toEqual(connectors.map(({ type }) => type))
})

describe.each(subjects.map((subject) => ({ type: subject.connector.type, subject })))("$type", ({ type, subject }) => {
  const cells = new Map<string, string>()
  table.set(type, cells)
  for (const fault of faults) {
    if (!fault.applies(subject)) {
      cells.set(fault.name, "–")
      continue
    }
    test(fault.name, async () => {
      const deadlineMs = isLong(fault.name) ? BODY_DEADLINE_MS : DEADLINE_MS
      const { report, tookMs, grewBy } = await meet(subject, fault, deadlineMs)
      const { code, stage } = report.error ?? {}
      cells.set(fault.name, `${code ?? "passed"} (${stage ?? ""})`)
      const expected = fault.expected(subject)
      expect(report.ok).toBe(false)
      expect([code, report.error?.message.endsWith(".")], report.error?.message).toEqual([code === fault.or ? fault.or : expected.code, true])
      if (expected.stage !== undefined && code === expected.code) expect(stage).toBe(expected.stage)
      expect(report.error?.next.length).toBeGreaterThan(10)
      expect(tookMs, "the test ends with its deadline").toBeLessThan(deadlineMs + LATE_MS)
      expect(grewBy, "memory stays bounded").toBeLessThan(MEMORY_BYTES)
    })
  }
})

/** A test of a file reads only its first part; discovery reads the whole file. */
test.each([
  ["10 GB body", "timed_out"],
  ["gzip bomb", "response_too_large"],
])("discovery of a whole file, a %s: %s, with little memory", async (name, code) => {
  const csv = subjects.find(({ connector }) => connector.type === "csv")
  if (csv === undefined) throw new Error("no csv")
  await using server = await listenRaw((socket) => answering(socket, BODIES[name] ?? (() => undefined)))
  const lease = testLease({ deadlineMs: code === "timed_out" ? 5_000 : BODY_DEADLINE_MS })
  const before = process.memoryUsage().rss
  let most = before
  const watching = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 20)
  try {
    const session = await open(csv.connector, opened(csv.connector, csv.posted({ host: "127.0.0.1", port: server.port })), lease)
    const error = await failure(collect(session.discover()))
    table.get("csv")?.set(name, `${error.code} (discover)`)
    expect(error.code, error.message).toBe(code)
    expect(most - before).toBeLessThan(MEMORY_BYTES)
  } finally {
    clearInterval(watching)
    await lease.close()
  }
})

afterAll(() => {
  const types = [...table.keys()]
  const rows = faults.map(({ name }): [string, string[]] => [name, types.map((type) => table.get(type)?.get(name) ?? "not run")])
  printMatrix("fault", types, rows, 30)
})
