import { describe, expect, it } from "vitest"
import type { ErrorCode } from "../../core/errors.ts"
import type { StageName } from "../../core/trace.ts"
import { publicReport, type TestReport } from "./probe.ts"

/** A report as an operator gets it: `stage` failed, those before it passed. */
function failed(code: ErrorCode, message: string, durationMs: number, ...stages: StageName[]): TestReport {
  const last = stages.at(-1) ?? "probe"
  return {
    ok: false,
    durationMs,
    stages: stages.map((name) => (name === last ? { name, status: "failed", durationMs, detail: message } : { name, status: "passed", durationMs: 1 })),
    error: { code, message, next: "…", stage: last, details: { address: "10.1.2.3", stage: last } },
  }
}

describe("an operator's report, as it is stored for everybody", () => {
  it.each([
    [failed("egress_denied", "10.1.2.3 is a private address", 0.4, "config", "resolve", "policy")],
    [failed("host_unreachable", "10.1.2.3:80 refused the connection", 31, "config", "resolve", "policy", "connect")],
    [failed("host_not_found", "x.internal does not exist in DNS", 12, "config", "resolve")],
  ])("a denied, a closed and an unknown one are the same: $error.code", (report) => {
    expect(publicReport(report)).toEqual(publicReport(failed("host_unreachable", "", 0, "config", "connect")))
    expect(JSON.stringify(publicReport(report))).not.toMatch(/10\.1|refused|private|exist|resolve|policy/)
  })

  it("so are they behind a bastion", () => {
    const denied = publicReport(
      failed("egress_denied", "127.0.0.1:80 is a loopback address of the bastion", 2, "config", "resolve", "policy", "connect", "tunnel"),
    )
    expect(denied).toEqual(
      publicReport(
        failed("tunnel_failed", "The bastion could not reach it (the connection failed there)", 80, "config", "resolve", "policy", "connect", "tunnel"),
      ),
    )
    expect(denied.error).toMatchObject({ code: "tunnel_failed", stage: "tunnel" })
    expect(JSON.stringify(denied)).not.toMatch(/loopback|failed there/)
  })

  it("a deadline names no stage that only operators see", () => {
    expect(JSON.stringify(publicReport(failed("timed_out", "it hung in the resolve stage", 9_000, "config", "resolve")))).not.toContain("resolve")
  })

  it("every other failure stays as it is", () => {
    const report = failed("auth_failed", "PostgreSQL refused the login", 9, "config", "auth")
    expect(publicReport(report)).toEqual(report)
  })
})
