import { execFile } from "node:child_process"
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { leftBehind } from "../support/left-behind.ts"
import { within } from "../support/waiting.ts"

// A stand-in for npm: notes how it was called and leaves what an install leaves, or fails as npm does.
const NPM = `
const { appendFileSync, mkdirSync, writeFileSync } = require("node:fs")
appendFileSync("calls", process.argv[2] + "\\n")
if (process.env.FAIL === process.argv[2]) { console.error("npm error code " + process.env.CODE); process.exit(3) }
if (process.env.SLOW) setInterval(() => undefined, 1_000)
else setTimeout(() => {
  mkdirSync("node_modules/node/bin", { recursive: true })
  writeFileSync("node_modules/node/bin/node", "")
}, 300)
`

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "jackfield-test-install-"))
  mkdirSync(join(root, "scripts"))
  copyFileSync(join(import.meta.dirname, "..", "..", "scripts", "install.mjs"), join(root, "scripts", "install.mjs"))
  writeFileSync(join(root, "npm.cjs"), NPM)
  lock("1.0.0")
})
afterEach(() => rmSync(root, { recursive: true }))

const packages = (version: string) => JSON.stringify({ packages: { "": {}, "node_modules/a": { version }, "node_modules/b": { version, optional: true } } })
const lock = (version: string) => writeFileSync(join(root, "package-lock.json"), packages(version))
const calls = () => (existsSync(join(root, "calls")) ? readFileSync(join(root, "calls"), "utf8").trim().split("\n") : [])

const run = (env: Record<string, string> = {}) =>
  new Promise<{ code: number; text: string }>((resolve) => {
    const options = { env: { npm_execpath: join(root, "npm.cjs"), ...env } }
    const child = execFile(process.execPath, [join(root, "scripts", "install.mjs")], options, (_, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, text: stdout + stderr }),
    )
  })

describe("the install script", () => {
  test("installs once, says so, and is quiet from then on", async () => {
    const first = await run()
    expect(first).toEqual({ code: 0, text: expect.stringMatching(/^jackfield: installing packages.*\njackfield: packages installed in \d+ s\n$/) })
    expect(await run()).toEqual({ code: 0, text: "" })
    expect(calls()).toEqual(["ci"])
  })

  test("installs once when several start at once, and all wait for it", async () => {
    const runs = await Promise.all([run(), run(), run()])
    expect(runs.map(({ code }) => code)).toEqual([0, 0, 0])
    expect(calls()).toEqual(["ci"])
    expect(existsSync(join(root, ".install.lock"))).toBe(false)
  })

  test("installs again when the lock file changes", async () => {
    await run()
    lock("1.0.1")
    await run()
    expect(calls()).toEqual(["ci", "ci"])
  })

  test("leaves alone what somebody installed by hand, another platform's packages apart", async () => {
    mkdirSync(join(root, "node_modules"))
    const record = join(root, "node_modules", ".package-lock.json")
    writeFileSync(record, JSON.stringify({ packages: { "node_modules/a": { version: "1.0.0" } } }))
    expect(await run()).toEqual({ code: 0, text: "" })
    expect(calls()).toEqual([])
    rmSync(join(root, "node_modules", ".installed"))
    writeFileSync(record, JSON.stringify({ packages: { "node_modules/a": { version: "0.9.0" } } }))
    await run()
    expect(calls()).toEqual(["ci"])
  })

  test("fails with npm's output, and tries again the next time", async () => {
    expect(await run({ FAIL: "ci", CODE: "ENOTFOUND" })).toEqual({ code: 3, text: expect.stringContaining("npm error code ENOTFOUND") })
    expect((await run()).code).toBe(0)
    expect(calls()).toEqual(["ci", "ci"])
  })

  test("falls back to the lock file's versions where npm ci calls it incomplete", async () => {
    expect((await run({ FAIL: "ci", CODE: "EUSAGE" })).code).toBe(0)
    expect(calls()).toEqual(["ci", "install"])
  })

  test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("passes %s on to npm, fails, and leaves neither process nor lock", async (signal) => {
    const child = execFile(process.execPath, [join(root, "scripts", "install.mjs")], { env: { npm_execpath: join(root, "npm.cjs"), SLOW: "yes" } })
    const exited = new Promise((resolve) => child.once("exit", resolve))
    await within(10_000, () => calls().includes("ci"), "npm runs")
    child.kill(signal)
    child.kill(signal)
    expect(await exited).toBe({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }[signal])
    expect(existsSync(join(root, ".install.lock"))).toBe(false)
    expect(leftBehind(root)).toEqual([])
    expect((await run()).code).toBe(0)
  })

  test("takes over from an install that was killed", async () => {
    mkdirSync(join(root, ".install.lock"))
    writeFileSync(join(root, ".install.lock", "pid"), "999999999")
    expect((await run()).code).toBe(0)
    expect(calls()).toEqual(["ci"])
  })
})
