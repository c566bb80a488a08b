import { execFileSync, spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, test } from "vitest"
import { faultOf, outputsOf, scriptOf, stepsOf } from "./operating/page.ts"

const ROOT = join(import.meta.dirname, "..", "..")
const NEEDED = ["/usr/sbin/nginx", "/usr/bin/prometheus", "/usr/bin/pg_createcluster", "/usr/bin/systemd-analyze"]
const NAMESPACES = ["--mount", "--net", "--pid", "--fork", "--mount-proc", "--kill-child"]

/** Why the page cannot be run here; undefined when it can. */
function obstacle(): string | undefined {
  if (process.getuid?.() !== 0) return "the page is root's"
  const missing = NEEDED.filter((path) => !existsSync(path))
  if (missing.length > 0) return `${missing.join(", ")} missing`
  return spawnSync("unshare", [...NAMESPACES, "true"]).status === 0 ? undefined : "no namespaces of one's own here"
}

const reason = obstacle()

test.skipIf(reason !== undefined)(`docs/operating.md, every command in its order${reason === undefined ? "" : ` (${reason})`}`, { timeout: 600_000 }, () => {
  const steps = stepsOf(readFileSync(join(ROOT, "docs", "operating.md"), "utf8"))
  expect(steps.length).toBeGreaterThan(40)
  const folder = mkdtempSync(join(tmpdir(), "jackfield-operating-"))
  try {
    const script = join(folder, "page.sh")
    writeFileSync(script, scriptOf(steps))
    const machine = [...NAMESPACES, "bash", join(import.meta.dirname, "operating", "machine.sh"), ROOT, script]
    const env = { PATH: process.env["PATH"] ?? "", LC_ALL: "C.UTF-8" }
    const text = execFileSync("unshare", machine, {
      encoding: "utf8",
      env,
      timeout: 540_000,
      maxBuffer: 64 * 1024 * 1024,
      stdio: ["ignore", "pipe", "inherit"],
    })
    const outputs = outputsOf(text)
    expect(steps.flatMap((step, index) => faultOf(step, outputs[index]) ?? [])).toEqual([])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
