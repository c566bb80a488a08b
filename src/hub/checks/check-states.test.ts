import { describe, expect, it } from "vitest"
import type { TestReport } from "../probes/probe.ts"
import { afterCheck, type Health } from "./check-states.ts"

const EVERY_MS = 300_000
const fresh: Health = { state: "unknown", failures: 0 }
const passed: TestReport = { ok: true, durationMs: 1, stages: [] }
const failed = (code: "auth_failed" | "tunnel_auth_failed" | "host_unreachable", details?: Readonly<Record<string, unknown>>): TestReport => ({
  ok: false,
  durationMs: 1,
  stages: [],
  error: { code, message: "", next: "", stage: "auth", ...(details === undefined ? {} : { details }) },
})
const next = (before: Health, report: TestReport) => afterCheck(before, report, EVERY_MS, () => 0.5)

describe("the state after a check", () => {
  it("is up at the first success, down at the second failure, and stays in between", () => {
    const up = next(fresh, passed)
    expect(up).toEqual({ state: "up", failures: 0, changed: true, nextInMs: EVERY_MS, stop: false })
    const once = next(up, failed("host_unreachable"))
    expect(once).toEqual({ state: "up", failures: 1, changed: false, nextInMs: 15_000, stop: false })
    expect(next(once, failed("host_unreachable"))).toEqual({ state: "down", failures: 2, changed: true, nextInMs: EVERY_MS, stop: false })
  })
  it("is down at once, and the last, when the login is refused", () => {
    for (const code of ["auth_failed", "tunnel_auth_failed"] as const)
      expect(next({ state: "up", failures: 0 }, failed(code, { status: 401 })), code).toMatchObject({ state: "down", changed: true, stop: true })
  })
  it("an HTTP 403 is no refused login, here as in use: checks go on", () => {
    const once = next({ state: "up", failures: 0 }, failed("auth_failed", { status: 403 }))
    expect(once).toMatchObject({ state: "up", changed: false, stop: false })
    expect(next(once, failed("auth_failed", { status: 403 }))).toMatchObject({ state: "down", stop: false })
  })
})
