import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { startHub } from "../support/hub.ts"
import { jackfield, type Ran } from "../support/jackfield.ts"
import { keepFolder } from "../support/keeper.ts"
import { use } from "../support/use.ts"

const folder = use(() => keepFolder("test-people"))
const run = (line: string, env: Record<string, string> = {}, stdin = ""): Promise<Ran> =>
  jackfield(line.split(" "), { stdin, env: { JACKFIELD_URL: hub.url, JACKFIELD_KEY: hub.key, ...env } })
const ok = async (line: string, env: Record<string, string> = {}): Promise<string> => {
  const { code, stdout, stderr } = await run(line, env)
  expect([code, stderr.includes("Error")], `${line}: ${stdout}${stderr}`).toEqual([0, false])
  return stdout
}

const hub = use(() => startHub())

it("users are added, changed and removed", async () => {
  const password = (await ok("users add bob@example.com --role admin --name Bob")).trim()
  expect(password).toMatch(/^\S{20}$/)
  expect(await ok("users list --search BOB")).toMatch(/bob@example\.com +Bob +admin/)
  await ok("users set-role bob@example.com editor")
  await ok("users rename bob@example.com Robert")
  expect(await ok("users show bob@example.com")).toMatch(/name +Robert\nrole +editor/)
  const session = (await ok("sessions create bob@example.com --password-env PW", { PW: password })).trim()
  const asBob = { JACKFIELD_KEY: session }
  expect(await ok("whoami", asBob)).toMatch(/login +bob@example\.com\nname +Robert\nrole +editor\nworkspace +main/)
  expect(await ok("sessions list", asBob)).toContain("this one")
  await ok("sessions set-name Rob", asBob)
  expect(await ok("sessions set-password --current-env OLD --password-env NEW", { ...asBob, OLD: password, NEW: "a-new-password" })).toContain("changed")
  expect((await run("sessions set-password --current-env OLD --password-env NEW", { ...asBob, OLD: "wrong", NEW: "a-new-password" })).code).toBe(2)
  expect(await ok("users sessions bob@example.com")).toContain("127.0.0.1")
  await ok("users disable bob@example.com")
  expect((await run("whoami", asBob)).code).toBe(4)
  await ok("users enable bob@example.com")
  await ok("users end-sessions bob@example.com")
  expect((await run("users remove bob@example.com")).code).toBe(2)
  await ok("users remove bob@example.com --yes")
  expect((await run("users show bob@example.com")).code).toBe(5)
  expect((await run("users remove admin@localhost --yes")).stderr).toContain("last admin")
})

it("keys can be limited to connectors by name and by label", async () => {
  for (const name of ["shop", "crm"]) await ok(`connectors add --type http --name ${name} --set url=https://api.example.com/`)
  const key = (await ok("keys create --name limited --role use --connectors shop --labels team:growth")).trim()
  expect(await ok("keys show limited")).toMatch(/role +use\nlimited to +[0-9a-f-]{36}, team:growth\n/)
  const seen = await hub.call("GET", "/v1/connectors", undefined, { key })
  expect(seen.body.data.map((each: { name: string }) => each.name)).toEqual(["shop"])
  expect((await run("keys create --name wrong --role editor --connectors shop")).stderr).toContain("choose use or viewer")
  expect((await run("keys create --name wrong --role use --connectors none")).stderr).toContain("There is no connector none")
})

it("users can be limited to connectors until the limit is lifted", async () => {
  await ok("users add carl@example.com --role use --connectors shop")
  expect(await ok("users show carl@example.com")).toMatch(/role +use\nlimited to +[0-9a-f-]{36}\n/)
  expect(await ok("users limit carl@example.com --labels team:growth")).toMatch(/limited to +team:growth\n/)
  expect((await run("users limit carl@example.com")).code).toBe(2)
  expect((await run("users limit carl@example.com --none --connectors shop")).code).toBe(2)
  expect(await ok("users limit carl@example.com --none")).not.toContain("limited to")
  await ok("users remove carl@example.com --yes")
})

it("keys are created, renamed, rotated and revoked", async () => {
  const value = (await ok("keys create --name app --role editor --expires 90d")).trim()
  expect(await ok("keys list --role editor")).toMatch(/app +jf_\w{4}… +editor/)
  await ok("keys rename app app-2")
  expect(await ok("keys show app-2")).toMatch(/status +live\ncreated .* by first admin key/)
  const next = (await ok("keys rotate app-2 --grace 0")).trim()
  expect([(await run("whoami", { JACKFIELD_KEY: value })).code, (await run("whoami", { JACKFIELD_KEY: next })).code]).toEqual([4, 0])
  expect((await run("keys rotate app-2 --grace soon")).code).toBe(2)
  expect((await run("keys revoke app-2")).code).toBe(2)
  expect((await run("whoami", { JACKFIELD_KEY: next })).code).toBe(0)
  await ok("keys revoke app-2 --yes")
  expect(await ok("keys list --status revoked")).toMatch(/app-2 .*revoked/)
})

it("workspaces are created, changed and removed", async () => {
  const key = (await ok("workspaces create tenant --title Tenant")).trim()
  expect(await ok("whoami", { JACKFIELD_KEY: key })).toMatch(/workspace +tenant/)
  await ok("workspaces rename tenant --name tenant-2")
  expect(await ok("workspaces plan tenant-2 --http-connectors 5 --concurrency 2")).toMatch(/plan +httpConnectors 5, concurrency 2/)
  expect(await ok("workspaces plan tenant-2 --concurrency none")).toMatch(/plan +httpConnectors 5\n/)
  await ok("workspaces plan tenant-2 --tests-per-minute 60 --tests-at-once 5")
  expect(await ok("workspaces plan tenant-2 --tests-at-once 2")).toMatch(/plan +httpConnectors 5, tests \{"perMinute":60,"concurrency":2\}\n/)
  expect(await ok("workspaces plan tenant-2 --tests-at-once none")).toMatch(/plan +httpConnectors 5\n/)
  expect(await ok("workspaces list")).toMatch(/tenant-2 +Tenant/)
  expect((await run("workspaces remove tenant-2 --name tenant")).code).toBe(2)
  await ok("workspaces remove tenant-2 --name tenant-2")
  expect((await run("workspaces show tenant-2")).code).toBe(5)
})

describe("audit", () => {
  it("is listed, verified and exported; the export is verified without a hub", async () => {
    expect(await ok("audit list --action workspace.* --limit 3")).toMatch(/workspace\.remove +tenant-2/)
    const verified = await ok("audit verify")
    const seen = /chain ends at (\S+)/.exec(verified)?.[1] ?? ""
    expect(verified).toMatch(/^ok {2}\d+ entries, unbroken/)
    await ok("keys create --name later")
    expect(await ok(`audit verify --seen ${seen}`)).toContain("ok")
    const file = join(folder.path, "audit.ndjson")
    await writeFile(file, await ok("audit export"))
    const alone = (args: string, stdin = "") => run(args, { JACKFIELD_URL: "http://127.0.0.1:1" }, stdin)
    expect((await alone(`audit verify --file ${file} --seen ${seen}`)).stdout).toMatch(/^ok {2}\d+ entries/)
    expect((await alone("audit verify --file -", await readFile(file, "utf8"))).code).toBe(0)
  })

  it("a changed export is reported as broken, with the place", async () => {
    const whole = await ok("audit export")
    const lines = whole.trimEnd().split("\n")
    const n = lines.length
    const edit = (index: number, change: (text: string) => string) => lines.map((line, at) => (at === index ? change(line) : line))
    const without = (...indices: number[]) => lines.filter((_, at) => !indices.includes(at))
    const swapped = [...lines.slice(0, 2), lines[3] ?? "", lines[2] ?? "", ...lines.slice(4)]
    const cases: readonly [string, readonly string[], RegExp][] = [
      ["a detail", edit(2, (text) => text.replace(/"name":"[^"]*"/, '"name":"mallory"')), /entry 3 was changed/],
      ["a time", edit(2, (text) => text.replace(/"at":"\d{4}/, '"at":"2001')), /entry 3 was changed/],
      ["an added field", edit(2, (text) => text.replace(/}$/, ',"extra":1}')), /entry 3 was changed/],
      ["a missing line", without(2), /entry 3 is missing/],
      ["a missing first line", without(0), /must begin with entry 1 of the workspace/],
      ["two lines in another order", swapped, /entry 3 is missing/],
      ["the last entry", without(n - 2), /entries end at/],
      ["the last line", without(n - 1), /is incomplete/],
      ["another workspace", edit(n - 1, (text) => text.replace(/"id":"[0-9a-f]{8}/, '"id":"00000000')), /must begin with entry 1 of the workspace/],
      ["more after the end", [...lines, lines[0] ?? ""], /continues after the line/],
    ]
    for (const [what, changed, reason] of cases) {
      const { code, stdout } = await run("audit verify --file -", {}, `${changed.join("\n")}\n`)
      expect([code, stdout], what).toEqual([1, expect.stringMatching(reason)])
    }
    expect((await run("audit verify --file -", {}, "[1]\n")).code).toBe(2)
    expect((await run(`audit verify --file ${folder.path}/none`)).code).toBe(2)
    expect((await run("audit verify --seen 12")).code).toBe(2)
  })
  it("an export without the oldest entries begins after the entry that its last line names", async () => {
    const lines = (await ok("audit export")).trimEnd().split("\n")
    const [first, second] = lines.slice(0, 2).map((line) => JSON.parse(line))
    const ends = JSON.parse(lines.at(-1) ?? "")
    const exported = (removed: unknown) => [...lines.slice(2, -1), JSON.stringify({ ...ends, removed })].join("\n")
    const verify = (removed: unknown, seen = "") => run(`audit verify --file -${seen}`, {}, `${exported(removed)}\n`)
    const { code, stdout } = await verify({ seq: 2, hash: second.hash })
    expect([code, stdout]).toEqual([0, expect.stringContaining(`${lines.length - 3} entries from number 3 on (older ones are no longer kept), unbroken`)])
    for (const removed of [undefined, { seq: 2, hash: first.hash }, { seq: 1, hash: first.hash }])
      expect(await verify(removed)).toMatchObject({ code: 1, stdout: expect.stringContaining("the file must begin with entry") })
    expect(await verify({ seq: 2, hash: second.hash }, ` --seen 1:${first.hash}`)).toMatchObject({ code: 2, stderr: expect.stringContaining("no longer kept") })
  })
})
