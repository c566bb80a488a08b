import { describe, expect, it } from "vitest"
import { PlatformError } from "./errors.ts"
import { collapseStages, Trace } from "./trace.ts"

const names = (trace: Trace) => trace.stages.map((stage) => `${stage.name} ${stage.status}`)
const fail = (message: string) => () => Promise.reject(new PlatformError("host_unreachable", message))
const pass = () => Promise.resolve()

describe("stages", () => {
  it("an inner failure fails only the inner stage", async () => {
    const trace = new Trace()
    await trace.stage("auth", () => trace.stage("connect", fail("no"))).catch(() => undefined)
    expect(names(trace)).toEqual(["connect failed"])
    expect(trace.settle(new PlatformError("host_unreachable", "no"), "probe")).toBe("connect")
  })

  it("the time of an inner stage does not count for the outer one", async () => {
    const trace = new Trace()
    const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
    await trace.stage("auth", async () => {
      await trace.stage("connect", () => wait(80))
      await wait(5)
    })
    const [connect, auth] = trace.stages
    expect(connect?.durationMs).toBeGreaterThan(auth?.durationMs ?? Number.POSITIVE_INFINITY)
  })

  it("a deadline fails the innermost running stage, or the fallback if none is running", async () => {
    const trace = new Trace()
    void trace.stage("auth", () => trace.stage("tls", () => new Promise(() => undefined)))
    expect(trace.settle(new PlatformError("timed_out", "late"), "probe")).toBe("tls")
    expect(names(trace)).toEqual(["tls failed"])
    expect(new Trace().settle(new PlatformError("timed_out", "late"), "probe")).toBe("probe")
  })

  it("each is recorded once, the first time", async () => {
    const trace = new Trace()
    const heard: string[] = []
    trace.onStage((stage) => heard.push(stage.name))
    await trace.stage("connect", pass)
    await trace.stage("connect", fail("the grace dial")).catch(() => undefined)
    expect(names(trace)).toEqual(["connect passed"])
    expect(heard).toEqual(["connect"])
  })
})

describe("what only operators see", () => {
  const stage = (name: "config" | "resolve" | "policy" | "connect" | "auth", status: "passed" | "failed") => ({
    name,
    status,
    durationMs: 1,
    detail: "10.1.2.3",
  })
  it("a denial, a failed lookup and a closed port look alike", () => {
    const shapes = [
      [stage("config", "passed"), stage("resolve", "failed")],
      [stage("config", "passed"), stage("resolve", "passed"), stage("policy", "failed")],
      [stage("config", "passed"), stage("resolve", "passed"), stage("policy", "passed"), stage("connect", "failed")],
    ].map((stages) => collapseStages(stages).map(({ name, status }) => `${name} ${status}`))
    expect(new Set(shapes.map(String))).toEqual(new Set(["config passed,connect failed"]))
  })
  it("a success is one stage without a detail, reported only once the connection is established", () => {
    const so = [stage("config", "passed"), stage("resolve", "passed"), stage("policy", "passed")]
    expect(collapseStages(so).map(({ name }) => name)).toEqual(["config"])
    const all = collapseStages([...so, stage("connect", "passed"), stage("auth", "passed")])
    expect(all.map(({ name }) => name)).toEqual(["config", "connect", "auth"])
    expect(all[1]).toEqual({ name: "connect", status: "passed", durationMs: 3 })
  })
})
