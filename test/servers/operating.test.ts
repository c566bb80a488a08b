import { execFileSync, spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { beforeAll, describe, expect, test } from "vitest"
import { install } from "../support/servers/packages.ts"
import { faultOf, outputsOf, scriptOf, stepsOf } from "./operating/page.ts"

const ROOT = join(import.meta.dirname, "..", "..")
/** What the page has the reader install, and what its throw-away machine is made with. */
const PACKAGES = {
  debian: {
    postgresql: ["/usr/bin/pg_createcluster", "/usr/lib/postgresql/*/bin/postgres"],
    "nginx-light": ["nginx"],
    prometheus: ["prometheus"],
    openssl: ["openssl"],
    curl: ["curl"],
    systemd: ["systemd-analyze"],
  },
}
const NAMESPACES = ["--mount", "--net", "--pid", "--fork", "--mount-proc", "--kill-child"]

/** Why the page cannot be run here; undefined when it can. */
function obstacle(): string | undefined {
  if (process.getuid?.() !== 0) return "the page is root's"
  return spawnSync("unshare", [...NAMESPACES, "true"]).status === 0 ? undefined : "no namespaces of one's own here"
}

const reason = obstacle()

beforeAll(async () => {
  if (reason === undefined) await install("the operators' page", PACKAGES)
})

const SMALL = [
  "```sh not-run",
  "false",
  "```",
  "```sh",
  "name=x",
  "cat > /dev/null << 'END'",
  "$ no prompt",
  "END",
  "```",
  "```console",
  "$ echo one $name; echo two",
  "one …",
]
const printed = (page: readonly string[]): (string | undefined)[] => {
  const steps = stepsOf(page.join("\n"))
  const outputs = outputsOf(spawnSync("bash", { input: scriptOf(steps), encoding: "utf8" }).stdout)
  return steps.map((step, index) => faultOf(step, outputs[index])?.split("\n")[0])
}

describe("what the page is judged by", () => {
  test("commands that do as the page says", () => {
    expect(printed([...SMALL, "two", "$ printf 'no end of line'", "no … line", "$ echo error: no; false", "error: …", "```"])).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ])
  })

  test.each([
    ["another output", [...SMALL, "three", "```"], "line 11, echo one $name; echo two: the page says"],
    ["more than the page shows", [...SMALL, "```"], "line 11, echo one $name; echo two: the page says"],
    ["a failure that the page does not show", ["```console", "$ (exit 3)", "```"], "line 2, (exit 3): exit code 3"],
    ["a refusal that did not come", ["```console", "$ echo error: no", "error: no", "```"], "line 2, echo error: no: exit code 0"],
    ["one failing line of several", ["```sh", "true", "false", "true", "```"], "line 2, true:"],
    ["an end before the end", ["```console", "$ exit 0", "```"], "line 2, exit 0: exit code NaN"],
  ])("%s is told", (_, page, fault) => {
    expect(printed(page)).toEqual(expect.arrayContaining([fault]))
  })

  test("a step after the end is told", () => {
    expect(printed(["```sh", "exit 0", "```", "```sh", "true", "```"])[1]).toBe("line 5, true: was not reached")
  })
})

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
