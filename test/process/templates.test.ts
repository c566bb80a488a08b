import { spawn } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { until } from "../support/waiting.ts"

const EVALUATOR = join(import.meta.dirname, "..", "..", "src", "evaluator", "evaluator.ts")
const LOOPS = "{% for a in range(9999) %}".repeat(3) + "{% endfor %}".repeat(3)

/** The child processes of a process, by their current or last known parent. */
const childrenOf = (parent: number): number[] =>
  readdirSync("/proc")
    .map(Number)
    .filter((pid) => {
      try {
        return pid > 0 && Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1]) === parent
      } catch {
        return false
      }
    })

const lives = (pid: number): boolean => {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"))
  } catch {
    return false
  }
}

test.runIf(process.platform === "linux")("the process that fills templates ends if the hub is killed, even in the middle of a loop", async () => {
  const script = `
    const { Evaluator } = await import(${JSON.stringify(EVALUATOR)})
    const pool = new Evaluator(1)
    const { render } = pool.for({ workspaceId: 'one' })
    await render("1", {})
    process.stdout.write("filled\\n")
    for (;;) await render(${JSON.stringify(LOOPS)}, {}).catch(() => undefined)`
  const hub = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", "pipe", "inherit"] })
  await new Promise((resolve) => hub.stdout.once("data", resolve))
  const workers = childrenOf(hub.pid ?? 0)
  expect(workers).toHaveLength(1)
  hub.kill("SIGKILL")
  expect(
    await until(
      5_000,
      async () => workers.filter(lives),
      (left) => left.length === 0,
    ),
  ).toEqual([])
})
