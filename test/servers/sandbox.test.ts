import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, readFileSync, statSync } from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { greetingOf, listen } from "../support/loopback.ts"
import { account } from "../support/servers/account.ts"
import { openSandbox, type Sandbox } from "../support/servers/sandbox.ts"
import { defineServer } from "../support/servers/server.ts"
import { within } from "../support/waiting.ts"

// Every server of the tests runs in a sandbox; here it is held to its promises by servers of a line each.

let sandbox: Sandbox
beforeEach(() => {
  sandbox = openSandbox("test of sandboxes")
})
afterEach(() => sandbox.close())

/** A Node program that listens on a port and greets. */
const greeter = (port: number): string[] => ["-e", `require("net").createServer((s) => s.end("hello")).listen(${port}, "127.0.0.1", () => console.log("up"))`]
const NODE = process.execPath

/** Whether a process runs; one that has ended and that nobody has waited for does not. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"))
  } catch {
    return false
  }
}

test("a server runs as the servers' account, in its folder, with nothing of the tests' environment", async () => {
  process.env["JACKFIELD_TEST_SECRET"] = "inherited"
  const server = await sandbox.launch("shell", "sh", ["-c", "pwd; id -u; env; exec sleep 600"], { ready: async () => true, env: { MORE: "given" } })
  await within(5_000, async () => server.log().includes("MORE=given"), "the environment was printed")
  delete process.env["JACKFIELD_TEST_SECRET"]
  expect(server.log().split("\n").slice(0, 2)).toEqual([sandbox.folder, String(account.uid ?? process.getuid?.())])
  expect(server.log()).not.toContain("inherited")
  expect(server.ended).toBeUndefined()
})

test("a file is the servers' account's alone", () => {
  const { mode, uid } = statSync(sandbox.write("secret", "text"))
  expect([mode & 0o777, uid]).toEqual([0o600, account.uid ?? process.getuid?.()])
})

test("a program that fails says what it printed", async () => {
  expect(await sandbox.run("echo", ["fine"])).toBe("fine\n")
  await expect(sandbox.run("sh", ["-c", "echo so it is >&2; exit 3"])).rejects.toThrow("sh -c failed: so it is")
})

describe("a server that does not start says how its log ends", () => {
  const never = async (): Promise<boolean> => false
  test.each([
    ["it has ended", ["-c", "echo broken config; exit 3"], "shell has ended (exit code 3). Its log ends:\nbroken config"],
    ["it is never ready", ["-c", "echo thinking; exec sleep 600"], "shell is not ready after 500 ms. Its log ends:\nthinking"],
  ])("when %s", async (_, args, message) => {
    await expect(sandbox.launch("shell", "sh", args, { ready: never, readyMs: 500 })).rejects.toThrow(message)
  })

  test("when there is no such program", async () => {
    await expect(sandbox.launch("nothing", "/nonexistent/program", [], { ready: never })).rejects.toThrow(/nothing has ended \(.*ENOENT/)
  })

  test("and nothing of it is left", async () => {
    let folder = ""
    const broken = defineServer({
      name: "Broken",
      packages: {},
      async begin(own): Promise<object> {
        folder = own.folder
        await own.launch("helper", "sleep", ["600"], { ready: async () => true })
        throw new Error("the second half is missing")
      },
    })
    await expect(broken.start()).rejects.toThrow("the second half is missing")
    expect([folder === "", existsSync(folder)]).toEqual([false, false])
  })
})

test("ports are free and different, and others are taken when somebody was quicker", async () => {
  const tried: number[] = []
  await using taken = await listen(createServer())
  const served = await sandbox.onFreePorts(2, async (port, other) => {
    expect(port).not.toBe(other)
    tried.push(port)
    const on = tried.length === 1 ? taken.port : port
    await sandbox.launch(`greeter-${tried.length}`, NODE, greeter(on), { ready: async () => (await greetingOf(on)) === "hello" })
    return on
  })
  expect([tried.length, served]).toEqual([2, tried[1]])
})

test("close() stops every server and removes the folder", async () => {
  const pids: number[] = []
  for (const name of ["first", "second"]) pids.push((await sandbox.launch(name, "sleep", ["600"], { ready: async () => true })).pid)
  const { folder } = sandbox
  expect(pids.map(isAlive)).toEqual([true, true])
  await sandbox.close()
  expect([...pids.map(isAlive), existsSync(folder)]).toEqual([false, false, false])
})

describe("servers end with the tests", () => {
  test.each(["SIGKILL", "SIGTERM", "SIGINT"] as const)("by %s", async (signal) => {
    const child = spawn(NODE, [join(import.meta.dirname, "sandbox-child.ts")], { stdio: ["ignore", "pipe", "inherit"] })
    const [line] = await once(child.stdout, "data")
    const { folders, pids } = JSON.parse(String(line)) as { folders: string[]; pids: number[] }
    expect(pids.map(isAlive)).toEqual([true, true, true])
    child.kill(signal)
    await within(15_000, () => !pids.some(isAlive) && !folders.some((folder) => existsSync(folder)), "the servers, the child and the folders are gone")
  })
})
