import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { startTestDatabase, type TestDatabase } from "../support/embedded.ts"
import { startHub, type TestHub } from "../support/hub.ts"
import { jackfield, json, type RunOptions } from "./run.ts"

let database: TestDatabase
let hub: TestHub
let folder: string

beforeAll(async () => {
  database = await startTestDatabase()
  hub = await startHub({ JACKFIELD_EGRESS_ALLOW: `127.0.0.0/8:${database.port}` })
  folder = await mkdtemp(join(tmpdir(), "jackfield-test-apply-"))
})
afterAll(async () => {
  await hub?.stop()
  await database?.stop()
  await rm(folder, { recursive: true, force: true })
})

const run = (args: readonly string[], options: RunOptions = {}) => jackfield(args, { ...options, env: { JACKFIELD_DATA: hub.dataDir, ...options.env } })

async function file(text: string, name = "connectors.yaml"): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, text)
  return path
}

const apply = async (text: string, more: readonly string[] = [], options: RunOptions = {}) =>
  run(["apply", "-f", await file(text), "--yes", ...more], { ...options, env: { DB_PASSWORD: database.password, ...options.env } })

interface Shown {
  id: string
  name: string
  type: string
  title: string
  status: string
  version: number
  labels: Record<string, string>
  limits: unknown
  purpose: unknown
  description: string
  config: Record<string, unknown>
}
const show = async (name: string) => (await hub.call("GET", `/v1/connectors/${name}`)).body as Shown

const shop = (password = `\${env:DB_PASSWORD}`, more = ""): string => `
  shop:
    type: postgres
${more}    config:
      host: 127.0.0.1
      port: ${database.port}
      user: ${database.user}
      password: ${password}
      database: postgres
      tls: { kind: "off" }
`

interface PlanDocument {
  summary: { create: number; change: number; remove: number; unchanged: number }
  changes: { action: string; name: string; file: string; line: number; differences: { pointer: string; before?: unknown; after?: unknown }[] }[]
  outcomes?: { name: string; outcome: string; error?: { code: string } }[]
}

describe("apply", () => {
  test("makes what is not there, and a second time changes nothing", async () => {
    const first = await apply(`connectors:${shop()}`)
    expect([first.code, first.stderr]).toEqual([0, ""])
    expect(first.stdout).toMatch(
      /^\+ shop \(postgres\) .*connectors\.yaml:2\n[\s\S]*\+ config\.password: a secret\n[\s\S]*Plan: 1 to create[\s\S]*✓ shop created\nApplied: 1 created/,
    )
    const made = await show("shop")
    expect(made).toMatchObject({ version: 1, title: "shop", config: { port: database.port, password: { set: true } } })
    const second = await apply(`connectors:${shop()}`, ["--detailed-exitcode"])
    expect([second.code, second.stdout]).toEqual([0, "No changes: 1 connector is as the files say.\n"])
    expect(await show("shop")).toEqual(made)
  })

  test("a plan changes nothing, tells each leaf old → new, and its exit code says that there are changes", async () => {
    const text = `connectors:${shop(`\${env:OTHER}`, "    title: The shop\n    limits: { requests: 5, perMs: 1000 }\n").replace("database: postgres", "database: other")}`
    const before = await show("shop")
    const options = { env: { OTHER: "another-hunter2" } }
    const planned = await run(["plan", "-f", await file(text), "--detailed-exitcode"], options)
    expect(planned.code).toBe(6)
    expect(planned.stdout).toContain("~ title: shop → The shop")
    expect(planned.stdout).toContain("~ config.database: postgres → other")
    expect(planned.stdout).toContain("~ config.password: the secret changes")
    expect(planned.stdout).toContain('~ limits: null → {"requests":5,"perMs":1000}')
    expect(await show("shop")).toEqual(before)
    const document = json<PlanDocument>(await run(["apply", "-f", await file(text), "--dry-run", "--json"], options))
    expect(document.summary).toEqual({ create: 0, change: 1, remove: 0, unchanged: 0 })
    expect(JSON.stringify(document) + planned.stdout).not.toContain("hunter2")
    expect(document.changes[0]?.differences.map(({ pointer }) => pointer).sort()).toEqual(["/config/database", "/config/password", "/limits", "/title"])
    expect(await show("shop")).toEqual(before)
  })

  test("what a file no longer says is no longer so", async () => {
    await apply(
      `connectors:${shop(undefined, "    title: The shop\n    description: sells\n    labels: { team: sales }\n    purpose: source\n    limits: { concurrency: 2 }\n    enabled: false\n")}`,
    )
    expect(await show("shop")).toMatchObject({
      title: "The shop",
      labels: { team: "sales" },
      purpose: "source",
      limits: { concurrency: 2 },
      status: "disabled",
    })
    await apply(`connectors:${shop().replace("      database: postgres\n", "")}`)
    expect(await show("shop")).toMatchObject({
      title: "shop",
      description: "",
      labels: {},
      purpose: null,
      limits: null,
      status: "untested",
      config: { password: { set: true } },
    })
    expect((await show("shop")).config["database"]).not.toBe("postgres")
    expect((await apply(`connectors:${shop().replace("      database: postgres\n", "")}`)).stdout).toMatch(/^No changes/)
  })
})
