import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { beforeAll, describe, expect, test } from "vitest"
import { startTestDatabase } from "../support/embedded.ts"
import { jackfield, json, problem } from "../support/jackfield.ts"
import { keepFolder } from "../support/keeper.ts"
import { listenRaw } from "../support/loopback.ts"
import { use } from "../support/use.ts"

const PASSWORD = "p@ss/w#rd hunter2"

let at: string

const folder = use(() => keepFolder("test-cli"))
/** A server that accepts connections and never sends anything. */
const silent = use(() => listenRaw())
const database = use(() => startTestDatabase())
beforeAll(async () => {
  await database.query(`create role reader login password '${PASSWORD}'`)
  at = `${database.host}:${database.port}/${database.database}`
})

interface Report {
  ok: boolean
  stages: { name: string; status: string }[]
  server?: { product: string }
  error?: { code: string }
}

describe("check, without a hub", () => {
  test("shows each stage, then the server, in plain text for a pipe", async () => {
    const ran = await jackfield(["check", `postgres://reader:${encodeURIComponent(PASSWORD)}@${at}?sslmode=disable`])
    expect(ran.stderr).toBe("")
    expect(ran.code).toBe(0)
    const lines = ran.stdout.split("\n")
    expect(lines.slice(0, 7).map((line) => line.split(/\s+/).slice(0, 2).join(" "))).toEqual(
      ["config", "resolve", "policy", "connect", "auth", "permission", "probe"].map((stage) => `✓ ${stage}`),
    )
    expect(lines[7]).toMatch(/^Works: PostgreSQL \d/)
    expect(ran.stdout).not.toContain("\u001b")
    expect(ran.stdout).not.toContain("hunter2")
  })

  test.each([
    ["the environment", async () => ({ args: [], env: { JACKFIELD_CHECK_PASSWORD: PASSWORD } })],
    ["a file, without its final line break", async () => ({ args: ["--secret-file", await passwordFile()] })],
    ["stdin", async () => ({ args: ["--secret-file", "-"], stdin: `${PASSWORD}\n` })],
  ])("takes the password from %s", async (_, give) => {
    const { args, ...options } = (await give()) as { args: string[]; env?: Record<string, string>; stdin?: string }
    const ran = await jackfield(["check", `postgres://reader@${at}?sslmode=disable`, "--json", ...args], options)
    expect(json<Report>(ran).server?.product).toBe("PostgreSQL")
    expect(ran.code).toBe(0)
  })

  async function passwordFile(): Promise<string> {
    const path = join(folder.path, "password")
    await writeFile(path, `${PASSWORD}\n`, { mode: 0o600 })
    return path
  }

  test("a variable that a driver would read has no effect", async () => {
    const ran = await jackfield(["check", `postgres://reader@${at}?sslmode=disable`, "--json"], { env: { PGPASSWORD: PASSWORD } })
    expect(json<Report>(ran).error?.code).toBe("auth_failed")
  })

  test.each([
    ["a wrong password", () => `postgres://reader:hunter2-wrong@${at}?sslmode=disable`, "auth_failed", "auth"],
    ["TLS with a server that has none", () => `postgres://reader:hunter2@${at}`, "tls_unsupported", "tls"],
    ["a closed port", () => "postgres://reader:hunter2@127.0.0.1:9/x", "host_unreachable", "connect"],
    ["a metadata address", () => "postgres://reader:hunter2@169.254.169.254/x", "egress_denied", "policy"],
    ["an unknown name", () => "postgres://reader:hunter2@single/x", "host_not_found", "resolve"],
    ["a silent server", () => `postgres://reader:hunter2@127.0.0.1:${silent.port}/x?sslmode=disable`, "timed_out", "auth"],
  ])("%s fails with 1, its code and its stage, and without the secret", async (_, url, code, stage) => {
    const ran = await jackfield(["check", url(), "--json", "--timeout", "1"])
    const report = json<Report>(ran)
    expect([ran.code, report.ok, report.error?.code]).toEqual([1, false, code])
    expect(report.stages.at(-1)).toMatchObject({ name: stage, status: "failed" })
    expect(ran.stdout + ran.stderr).not.toContain("hunter2")
  })

  test("explains how the URL turns TLS off if the server has none", async () => {
    const ran = await jackfield(["check", `postgres://reader:x@${at}`])
    expect(ran.stdout).toContain("✗ tls")
    expect(ran.stdout).toContain("?sslmode=disable")
  })

  test.each([
    ["another scheme", "redis://root:hunter2@127.0.0.1/x", "postgres://"],
    ["an unknown parameter", "postgres://u:hunter2@127.0.0.1/x?options=-c", "sslmode"],
    ["a path for a host", "postgres://u:hunter2@%2Fvar%2Frun/x", ""],
    ["a missing CA file", "postgres://u:hunter2@127.0.0.1/x?sslrootcert=/nonexistent/ca.pem", "path"],
  ])("%s is wrong usage, 2, reported as a problem document without the secret", async (_, url, next) => {
    const ran = await jackfield(["check", url, "--json"])
    expect(ran.code).toBe(2)
    expect(ran.stdout).toBe("")
    expect(problem(ran).detail).not.toBe("")
    expect(problem(ran).next ?? "").toContain(next)
    expect(ran.stderr).not.toContain("hunter2")
  })

  test("Ctrl-C ends it immediately with 130", async () => {
    const begun = Date.now()
    const ran = await jackfield(["check", `postgres://reader:hunter2@127.0.0.1:${silent.port}/x?sslmode=disable`, "--timeout", "30"], {
      signalAfter: { text: "connect", signal: "SIGINT" },
    })
    expect(ran.code).toBe(130)
    expect(Date.now() - begun).toBeLessThan(15_000)
  })
})

describe("wrong usage", () => {
  test.each([
    ["an unknown command", ["conectors"]],
    ["an unknown option", ["connectors", "list", "--pasword=hunter2"]],
    ["a missing argument", ["connectors", "test"]],
    ["an argument too many", ["connectors", "list", "hunter2"]],
    ["a group without a command", ["keys"]],
    ["an invalid number", ["connectors", "query", "x", "select 1", "--max-rows", "0"]],
  ])("%s ends with 2 and quotes no value", async (_, args) => {
    const ran = await jackfield(args)
    expect(ran.code).toBe(2)
    expect(ran.stderr).not.toBe("")
    expect(ran.stdout).toBe("")
    expect(ran.stderr).not.toContain("hunter2")
  })

  test("--help ends with 0, lists the exit codes, and loads no command", async () => {
    const ran = await jackfield(["connectors", "add", "--help"])
    expect(ran.code).toBe(0)
    expect(ran.stdout).toMatch(/--secret-env[\s\S]*Exit codes:\n {2}0 {2}ok/)
  })
})

describe("no hub", () => {
  test("is 3 and explains how to start one", async () => {
    const ran = await jackfield(["connectors", "list"])
    expect(ran.code).toBe(3)
    expect(ran.stderr).toContain("npm start")
  })

  test("that does not answer is 3", async () => {
    const ran = await jackfield(["connectors", "list", "--json"], { env: { JACKFIELD_URL: "http://127.0.0.1:9", JACKFIELD_KEY: "jf_hunter2" } })
    expect([ran.code, problem(ran).code]).toEqual([3, "hub_unreachable"])
    expect(ran.stderr).not.toContain("hunter2")
  })

  test("the file's key is not sent to another hub", async () => {
    await writeFile(join(folder.path, "cli.json"), JSON.stringify({ url: "http://127.0.0.1:1", key: "jf_hunter2" }))
    const ran = await jackfield(["connectors", "list", "--json"], { env: { JACKFIELD_DATA: folder.path, JACKFIELD_URL: `http://127.0.0.1:${silent.port}` } })
    expect([ran.code, problem(ran).code]).toEqual([4, "unauthenticated"])
  })
})
