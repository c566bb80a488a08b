import { execFileSync } from "node:child_process"
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { account } from "../support/servers/account.ts"
import { locked } from "../support/servers/lock.ts"
import { type Manager, managers } from "../support/servers/managers.ts"
import { install, missing, type Packages } from "../support/servers/packages.ts"

let cache: string
const installs = vi.spyOn(console, "log")
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), "jackfield-test-cache-"))
  chmodSync(cache, 0o755)
  process.env["JACKFIELD_TEST_CACHE"] = cache
  installs.mockReset()
})
afterEach(() => {
  delete process.env["JACKFIELD_TEST_CACHE"]
  rmSync(cache, { recursive: true, force: true })
})

/** A small package of each registry, and a file that shows that it is installed. */
const SMALL: readonly [Manager, string[], string][] = [
  ["pip", ["--no-deps", "sqlparse==0.5.3"], "bin/sqlformat"],
  ["npm", ["semver@7.7.2"], "node_modules/.bin/semver"],
  ["maven", ["org.slf4j:slf4j-simple:2.0.17"], "jars/slf4j-api-2.0.17.jar"],
  ["maven", ["org.apache.maven.wrapper:maven-wrapper-distribution:3.3.2:zip:only-script"], "mvnw"],
  ["go", ["github.com/pelletier/go-toml/v2/cmd/tomll@v2.2.4"], "bin/tomll"],
]

describe("what is missing is installed once, where the servers' account can read it", () => {
  test.for(SMALL)("%s, %j", { timeout: 300_000 }, async ([manager, list, file], { skip }) => {
    const needed = missing(managers[manager].debian)
    skip(needed.length > 0, `${needed.join(", ")} is not installed here`)
    const packages: Packages = { [manager]: list }
    const { folder } = await install("Small", packages)
    expect(execFileSync("test", ["-r", join(folder, file)], { ...account, cwd: "/" })).toBeDefined()
    expect(readdirSync(folder).filter((name) => ["m2", "modules", "cache"].includes(name))).toEqual([])
    const { mtimeMs } = statSync(join(folder, file))
    expect((await install("Small", packages)).folder).toBe(folder)
    expect([statSync(join(folder, file)).mtimeMs, installs.mock.calls.length]).toEqual([mtimeMs, 1])
  })

  test("by one of those who ask at once", { timeout: 60_000 }, async () => {
    const packages: Packages = { npm: ["semver@7.7.2"] }
    const both = await Promise.all([install("Small", packages), install("Small", packages)])
    expect([new Set(both.map(({ folder }) => folder)).size, installs.mock.calls.length]).toEqual([1, 1])
    expect(execFileSync(both[0].program("semver"), ["1.2.3"], { encoding: "utf8" })).toBe("1.2.3\n")
  })
})

test("an installation that fails says how, and the next one begins anew", { timeout: 60_000 }, async () => {
  const nonsense: Packages = { npm: ["semver@0.0.0-no-such-version"] }
  for (let attempt = 0; attempt < 2; attempt++)
    await expect(install("Nonsense", nonsense)).rejects.toThrow(/npm install failed. Its output ends:\n.*no-such-version/s)
  expect(installs.mock.calls.length).toBe(2)
})

test("a program that is not there is named with its server", async () => {
  const { program } = await install("Nothing", {})
  expect(program("/usr/bin/e*v")).toBe("/usr/bin/env")
  expect(() => program("no-such-program")).toThrow("Nothing: no-such-program is not there")
  expect(missing({ coreutils: ["env"], nonsense: ["env", "no-such-program"] })).toEqual(["nonsense"])
})

test("a lock is one process's at a time, and is free again when its work has failed", async () => {
  const file = join(cache, "lock")
  const order: string[] = []
  const work = (name: string) => async () => {
    order.push(`${name} begins`)
    await new Promise((resolve) => setTimeout(resolve, 50))
    order.push(`${name} ends`)
    throw new Error(name)
  }
  const results = await Promise.allSettled([locked(file, work("one")), locked(file, work("two"))])
  expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected"])
  expect(order.map((each) => each.split(" ")[1])).toEqual(["begins", "ends", "begins", "ends"])
  expect(existsSync(file)).toBe(true)
})
