import { mkdtemp, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { Readable, Writable } from "node:stream"
import { describe, expect, test } from "vitest"
import { carryOut } from "../../src/cli/declarative/carry-out.ts"
import type { FileFault } from "../../src/cli/declarative/documents.ts"
import { makePlan } from "../../src/cli/declarative/plan.ts"
import { connectHub } from "../../src/cli/hub-client.ts"
import { startTestDatabase } from "../support/embedded.ts"
import { startHub } from "../support/hub.ts"
import { jackfieldAt, json, problem, type RunOptions } from "../support/jackfield.ts"
import { keepFolder } from "../support/keeper.ts"
import { use } from "../support/use.ts"

const folder = use(() => keepFolder("test-apply"))
const database = use(() => startTestDatabase())
const hub = use(() => startHub({ JACKFIELD_ROLE: "api", JACKFIELD_EGRESS_ALLOW: `127.0.0.0/8:${database.port}` }))
const run = jackfieldAt(hub)

async function file(text: string, name = "connectors.yaml"): Promise<string> {
  const path = join(folder.path, name)
  await writeFile(path, text)
  return path
}

const apply = async (text: string, more: readonly string[] = [], options: RunOptions = {}) =>
  run(["apply", "-f", await file(text), "--yes", ...more], { ...options, env: { DB_PASSWORD: database.password, ...options.env } })

const silent = () => {
  const sink = new Writable({ write: (_chunk, _encoding, done) => done() })
  return { argv: [], stdin: Readable.from([]), stdout: sink, stderr: sink, signal: new AbortController().signal }
}

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
  test("creates missing connectors, and changes nothing the second time", async () => {
    const first = await apply(`connectors:${shop()}`)
    expect([first.code, first.stderr]).toEqual([0, ""])
    expect(first.stdout).toMatch(
      /^\+ shop \(postgres\) .*connectors\.yaml:2\n[\s\S]*\+ config\.password: a secret\n[\s\S]*Plan: 1 to create[\s\S]*✓ shop created\nApplied: 1 created/,
    )
    const made = await show("shop")
    expect(made).toMatchObject({ version: 1, title: "shop", config: { port: database.port, password: { set: true } } })
    const second = await apply(`connectors:${shop()}`, ["--detailed-exitcode"])
    expect([second.code, second.stdout]).toEqual([0, "No changes: 1 connector matches the files.\n"])
    expect(await show("shop")).toEqual(made)
  })

  test("a plan changes nothing, shows each value as old → new, and its exit code shows that there are changes", async () => {
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

  test("a value that is removed from the file is removed from the connector", async () => {
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

describe("apply rejects", () => {
  const refused = async (text: string, more: readonly string[] = [], options: RunOptions = {}) => {
    const before = (await hub.call("GET", "/v1/connectors?limit=100")).body
    const ran = await apply(text, ["--json", ...more], options)
    expect((await hub.call("GET", "/v1/connectors?limit=100")).body).toEqual(before)
    expect(ran.stdout + ran.stderr).not.toContain("hunter2")
    return { ...(problem(ran) as { code: string; errors?: unknown } as { code: string; errors?: FileFault[] }), exit: ran.code }
  }

  test("all faults of all connectors at once, each with its line and column", async () => {
    const { exit, errors } = await refused(`connectors:
  one:
    type: postgres
    config:
      host: "a/b"
      port: 70000
      hots: hunter2
  two:
    type: nothing
  three:
    type: http
    title: 7
    colour: red
    config: { url: "\${env:NO_SUCH}" }
  four:
    type: postgres
    config: { tls: {} }
`)
    expect(exit).toBe(2)
    expect(errors?.map(({ line, column, pointer }) => `${line}:${column} ${pointer}`)).toEqual([
      "4:5 /connectors/one/config/user",
      "5:7 /connectors/one/config/host",
      "6:7 /connectors/one/config/port",
      "7:7 /connectors/one/config/hots",
      "9:5 /connectors/two/type",
      "13:5 /connectors/three/colour",
      "14:15 /connectors/three/config/url",
      "17:15 /connectors/four/config/tls/kind",
    ])
  })

  test("a value of the wrong shape for the API, with its place", async () => {
    const { errors } = await refused(
      "connectors:\n  one:\n    type: http\n    title: 7\n    limits: { perMs: 5 }\n    config: { url: https://api.example.com }\n",
    )
    expect(errors?.map(({ line, pointer }) => `${line} ${pointer}`)).toEqual(
      expect.arrayContaining(["4 /connectors/one/title", "5 /connectors/one/limits/requests"]),
    )
  })

  test("an invalid name, and one that is too long", async () => {
    const { errors } = await refused(`connectors:\n  "a b": { type: http, draft: true }\n  ${"x".repeat(101)}: { type: http, draft: true }\n`)
    expect(errors?.map(({ line }) => line)).toEqual([2, 3])
  })

  test("a secret in plain text, with its line; --allow-plain accepts it", async () => {
    const text = `connectors:${shop("hunter2").replace("shop", "plain")}`
    expect((await refused(text)).errors).toMatchObject([{ line: 8, pointer: "/connectors/plain/config/password" }])
    expect((await apply(text, ["--allow-plain"])).code).toBe(0)
    expect((await apply(text, ["--allow-plain"])).stdout).toMatch(/^No changes/)
  })

  test("a plain value for a secret header, but not for one that is not secret", async () => {
    const headers = (name: string) =>
      `connectors:\n  headers: { type: http, config: { url: "https://api.example.com", headers: [{ name: ${name}, value: text/csv }] } }\n`
    expect((await refused(headers("X-Key"))).errors?.[0]?.pointer).toBe("/connectors/headers/config/headers/0/value")
    expect((await apply(headers("Accept"))).code).toBe(0)
  })

  test.each([
    ["no file", ["apply", "--yes"], 2],
    ["a missing file", ["apply", "-f", "/nothing/here.yaml", "--yes"], 2],
    ["a missing confirmation without a terminal", ["apply", "-f", "-"], 2],
    ["--prune without an owner", ["apply", "-f", "-", "--prune", "--yes"], 2],
    ["a hub that does not answer", ["apply", "-f", "-", "--yes"], 3],
    ["a key without permission", ["apply", "-f", "-", "--yes"], 4],
  ])("%s", async (what, args, code) => {
    const viewer = await hub.keyFor("viewer")
    const env: Record<string, string> =
      what === "a hub that does not answer"
        ? { JACKFIELD_URL: "http://127.0.0.1:1", JACKFIELD_KEY: "x" }
        : what === "a key without permission"
          ? { JACKFIELD_URL: hub.url, JACKFIELD_KEY: viewer }
          : {}
    const ran = await run(args, { stdin: "connectors: { never: { type: http, draft: true } }", env })
    expect([ran.code, ran.stderr.startsWith("error: ")]).toEqual([code, true])
    expect((await hub.call("GET", "/v1/connectors/never")).status).toBe(404)
  })

  test("a file of 10 MB and one byte, and a file that is not UTF-8", async () => {
    const path = await file("", "large.yaml")
    await writeFile(path, `# ${"x".repeat(10 << 20)}`)
    expect((await run(["plan", "-f", path])).stderr).toContain("10 MB")
    await writeFile(path, Buffer.from([0xff, 0xfe, 0xfd]))
    expect((await run(["plan", "-f", path])).stderr).toContain("UTF-8")
  })
})

describe("owners", () => {
  const owned = (owner: string, ...names: string[]): string =>
    `owner: ${owner}\nconnectors:${names.length === 0 ? " {}" : ""}\n${names.map((name) => `  ${name}: { type: http, draft: true }\n`).join("")}`

  test("--prune removes only connectors that have the files' label but are in none of the files", async () => {
    await hub.call("POST", "/v1/connectors", { name: "by-hand", type: "http", config: {}, draft: true })
    await apply(owned("red", "red-1", "red-2"))
    await apply(owned("blue", "blue-1"))
    expect((await show("red-1")).labels).toEqual({ "managed-by": "red" })
    const kept = await apply(owned("red", "red-1"))
    expect(kept.stdout).toMatch(/^No changes/)
    const pruned = await apply(owned("red", "red-1"), ["--prune"])
    expect(pruned.stdout).toMatch(/^- red-2 \(http\) {2}not in any file of red\n[\s\S]*✓ red-2 removed/)
    const { data } = (await hub.call("GET", "/v1/connectors?limit=100")).body as { data: { name: string }[] }
    const names = data.map(({ name }) => name)
    expect(names).toEqual(expect.arrayContaining(["by-hand", "blue-1", "red-1"]))
    expect(names).not.toContain("red-2")
  })

  test("a connector of other files is not changed without --take-over", async () => {
    const ran = await apply(owned("green", "blue-1"), ["--json"])
    expect([ran.code, problem(ran).errors?.[0]?.message]).toEqual([2, expect.stringContaining("belongs to the files of blue")])
    expect((await apply(owned("green", "blue-1"), ["--take-over"])).code).toBe(0)
    expect((await show("blue-1")).labels).toEqual({ "managed-by": "green" })
    expect((await apply("connectors: { blue-1: { type: http, draft: true } }")).code).toBe(2)
  })

  test("all files of a folder belong together", async () => {
    const path = await mkdtemp(join(folder.path, "folder-"))
    await writeFile(join(path, "a.yaml"), owned("violet", "violet-1"))
    await writeFile(join(path, "b.yml"), owned("violet", "violet-2"))
    await writeFile(join(path, "readme.md"), "no YAML: [")
    expect((await run(["apply", "-f", path, "--yes", "--prune"])).stdout).toContain("Applied: 2 created, 0 changed, 0 removed.")
    expect((await run(["apply", "-f", path, "--yes", "--prune"])).stdout).toBe("No changes: 2 connectors match the files.\n")
    await writeFile(join(path, "b.yml"), owned("violet", "violet-1"))
    expect((await run(["plan", "-f", path])).stderr).toMatch(/b\.yml:3:3: .*"violet-1" occurs twice; the first is in .*a\.yaml, line 3/)
  })
})

describe("changes of names, types and secrets", () => {
  test("a rename keeps id and secret, and frees the old name for another connector", async () => {
    const text = (name: string, from?: string): string =>
      `connectors:${shop().replace("shop:", `${name}:${from === undefined ? "" : `\n    renamedFrom: ${from}`}`)}`
    await apply(text("old-name"))
    const before = await show("old-name")
    const ran = await apply(text("new-name", "old-name"))
    expect(ran.stdout).toContain("~ name: old-name → new-name")
    expect(await show("new-name")).toMatchObject({ id: before.id, config: before.config })
    expect((await apply(text("new-name", "old-name"))).stdout).toMatch(/^No changes/)
    await apply("connectors: { chain-1: { type: http, draft: true }, chain-2: { type: http, draft: true } }")
    const chained = await apply("connectors: { chain-3: { type: http, draft: true, renamedFrom: chain-2 }, chain-2: { type: http, draft: true } }")
    expect([chained.code, chained.stderr]).toEqual([0, ""])
  })

  test("a change of type keeps the id and starts empty", async () => {
    await apply(`connectors:${shop().replace("shop:", "turned:")}`)
    const before = await show("turned")
    const ran = await apply("connectors: { turned: { type: http, config: { url: 'https://api.example.com' } } }")
    expect(ran.stdout).toContain("~ type: postgres → http")
    expect(ran.stdout).toContain("! The new type starts empty")
    expect(ran.stdout).toContain("- config.password: the secret is removed")
    expect(await show("turned")).toMatchObject({ id: before.id, type: "http", config: { url: "https://api.example.com" } })
  })

  test(`\${keep} keeps the stored secret, unless the destination changes`, async () => {
    const before = await show("new-name")
    const text = `connectors:${shop(`\${keep}`, "    title: Kept\n").replace("shop:", "new-name:")}`
    expect((await apply(text)).stderr).toBe("")
    expect(await show("new-name")).toMatchObject({ title: "Kept", config: before.config })
    expect((await hub.call("POST", "/v1/connectors/new-name/test", {})).body.ok).toBe(true)
    const elsewhere = await apply(text.replace("127.0.0.1", "db.example.com"), ["--json"])
    expect([elsewhere.code, problem(elsewhere).errors?.[0]?.message]).toEqual([2, expect.stringContaining("another destination")])
    const unset = await apply(text.replace("new-name", "nothing-kept"), ["--json"])
    expect(problem(unset).errors?.[0]?.message).toContain("no value is stored")
  })

  test("a draft is stored with its missing fields, and is no longer a draft once the file completes it", async () => {
    expect((await apply("connectors: { drafted: { type: postgres, draft: true, config: { host: db.example.com } } }")).code).toBe(0)
    expect(await show("drafted")).toMatchObject({ status: "incomplete" })
    expect((await apply("connectors: { drafted: { type: postgres, config: { host: db.example.com } } }")).code).toBe(2)
    expect((await apply("connectors: { drafted: { type: postgres, config: { host: db.example.com, user: u } } }")).code).toBe(0)
    expect(await show("drafted")).toMatchObject({ status: "untested" })
  })

  test("a scheduled check is added, changed and removed with the file", async () => {
    const text = (check: string): string => `connectors: { checked: { type: http, config: { url: "https://api.example.com/" }${check} } }`
    const schedule = async () => (await hub.call("GET", "/v1/connectors/checked/check")).body as { everyMs?: number; timeoutMs?: number }
    expect((await apply(text(", check: { everyMs: 3600000 }"))).stderr).toBe("")
    expect(await schedule()).toMatchObject({ everyMs: 3_600_000, timeoutMs: 10_000 })
    expect((await apply(text(", check: { everyMs: 3600000 }"))).stdout).toMatch(/^No changes/)
    const { version } = await show("checked")
    expect((await apply(text(", check: { everyMs: 3600000, timeoutMs: 5000 }"))).stdout).toContain("~ check.timeoutMs: 10000 → 5000")
    expect([(await schedule()).timeoutMs, (await show("checked")).version]).toEqual([5_000, version])
    expect((await apply(text(", check: { everyMs: 1 }"))).stderr).toContain("/connectors/checked/check/everyMs")
    expect((await apply(text(""))).stdout).toContain("- check.everyMs: 3600000")
    expect((await hub.call("GET", "/v1/connectors/checked/check")).status).toBe(404)
  })

  test("numbers and flags can also come from placeholders", async () => {
    const text = `connectors:${shop()
      .replace("shop:", `filled:\n    enabled: \${env:ON}\n    limits: { requests: "\${env:N}" }`)
      .replace(/port: \d+/, `port: \${env:PORT}`)}`
    const env = { ON: "false", N: "7", PORT: String(database.port) }
    expect((await apply(text, [], { env })).stderr).toBe("")
    expect(await show("filled")).toMatchObject({ status: "disabled", limits: { requests: 7 }, config: { port: database.port } })
    expect((await apply(text, [], { env })).stdout).toMatch(/^No changes/)
  })
})

describe("carrying out", () => {
  test("a failure halfway reports which changes were made; a second run makes the others", async () => {
    const text = `owner: half\nconnectors:${shop().replace("shop:", "half-1:")}${shop(`\${env:WRONG}`).replace("shop:", "half-2:")}${shop().replace("shop:", "half-3:")}`
    await apply("owner: half\nconnectors: { half-0: { type: http, draft: true } }")
    const ran = await apply(text, ["--verify", "--prune"], { env: { WRONG: "hunter2" } })
    expect(ran.code).toBe(1)
    expect(ran.stdout).toMatch(/✓ half-1 created\n✗ half-2 not created\n[\s\S]*✗ auth[\s\S]*✓ half-3 created\n- half-0 not removed/)
    expect(ran.stderr).toContain("Partly done: 2 created, 0 changed, 0 removed. Not done: 2 of 4.")
    expect((await hub.call("GET", "/v1/connectors/half-2")).status).toBe(404)
    expect(await show("half-1")).toMatchObject({ status: "active" })
    const document = json<PlanDocument>(await apply(text, ["--verify", "--prune", "--json"], { env: { WRONG: "hunter2" } }))
    expect(document.outcomes).toMatchObject([
      { name: "half-2", outcome: "failed", error: { code: "verification_failed" } },
      { name: "half-0", outcome: "not tried" },
    ])
    const finished = await apply(text, ["--verify", "--prune", "--detailed-exitcode"], { env: { WRONG: database.password } })
    expect([finished.code, finished.stderr]).toEqual([6, ""])
    expect(finished.stdout).toContain("Applied: 1 created, 0 changed, 1 removed.")
    expect((await apply(text, ["--verify", "--prune"], { env: { WRONG: database.password } })).stdout).toMatch(/^No changes: 3/)
    expect(ran.stdout + ran.stderr + JSON.stringify(document)).not.toContain("hunter2")
  })

  test("a change that was made to a connector after the plan is not overwritten", async () => {
    await apply("owner: race\nconnectors: { race-1: { type: http, draft: true }, race-2: { type: http, draft: true } }")
    const shell = { ...silent(), env: { JACKFIELD_DATA: hub.dataDir } }
    const client = await connectHub(shell)
    const path = await file("owner: race\nconnectors: { race-1: { type: http, draft: true, title: Ours }, race-3: { type: http, draft: true } }")
    const planned = await makePlan(shell, client, { file: [path], prune: true })
    await hub.call("PATCH", "/v1/connectors/race-1", { title: "Theirs" })
    await hub.call("PATCH", "/v1/connectors/race-2", { title: "Theirs" })
    await hub.call("POST", "/v1/connectors", { name: "race-3", type: "http", config: {}, draft: true })
    const outcomes = await carryOut(client, { ...planned, steps: [] }, false, async () => undefined)
    outcomes.push(...(await carryOut(client, { ...planned, removals: [] }, false, async () => undefined)))
    expect(outcomes.map(({ name, failure }) => [name, failure?.problem.code])).toEqual([
      ["race-2", "version_stale"],
      ["race-1", "version_stale"],
      ["race-3", "name_taken"],
    ])
    expect([(await show("race-1")).title, (await show("race-2")).title]).toEqual(["Theirs", "Theirs"])
  })

  test("a change of only the label keeps the connector's test result", async () => {
    await apply(`connectors:${shop().replace("shop:", "tested:")}`, ["--verify"])
    expect(await show("tested")).toMatchObject({ status: "active" })
    await apply(`connectors:${shop(undefined, "    labels: { a: b }\n").replace("shop:", "tested:")}`)
    expect(await show("tested")).toMatchObject({ status: "active", labels: { a: "b" } })
  })
})
