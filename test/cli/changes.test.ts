import { beforeAll, describe, expect, test } from "vitest"
import { startTestDatabase } from "../support/embedded.ts"
import { startHub } from "../support/hub.ts"
import { jackfield, json, problem, type RunOptions } from "../support/jackfield.ts"
import { use } from "../support/use.ts"

const [BLUE, GREEN] = ["blue-hunter2", "green-hunter2"]

const run = (args: string, options: RunOptions = {}) =>
  jackfield(["connectors", ...args.split(" ")], { ...options, env: { JACKFIELD_DATA: hub.dataDir, GREEN, BLUE, WRONG: "wrong", ...options.env } })

const database = use(() => startTestDatabase())
const hub = use(() => startHub({ JACKFIELD_EGRESS_ALLOW: `127.0.0.0/8:${database.port}` }))
beforeAll(async () => {
  await database.query(`create role blue login password '${BLUE}'; create role green login password '${GREEN}'`)
  const fields = `--set host=127.0.0.1 --set port=${database.port} --set user=blue --set database=postgres --set tls.kind=off --secret-env password=BLUE`
  expect((await run(`add --type postgres --name shop ${fields}`)).code).toBe(0)
})

describe("changes from the shell", () => {
  test("change names its fields, and never takes secrets as arguments", async () => {
    const changed = await run("change shop --title Shop --set database=template1")
    expect([changed.code, changed.stdout]).toEqual([0, "Changed shop, now version 2, untested.\n"])
    expect((await run("change shop --title Shop")).stdout).toBe("shop already has these values.\n")
    expect((await run("change shop --set tls.kind=require --json")).stdout).toContain('"kind": "require"')
    expect(problem(await run("change shop --set password=x --json")).detail).toContain("--secret-env")
    for (const args of ["change shop", "change shop --enable --disable", "restore shop x"]) expect((await run(args)).code, args).toBe(2)
    expect((await run("change nobody --title x")).code).toBe(5)
  })

  test("change sets labels, limits and purpose, and another type", async () => {
    const about = "--label team=sales --label env=prod --purpose source --limit requests=100 --limit perMs=60000"
    const added = await run(`add --type postgres --name other --draft --disable ${about} --json`)
    const limits = { requests: 100, perMs: 60_000 }
    expect(json(added)).toMatchObject({ status: "disabled", labels: { team: "sales", env: "prod" }, purpose: "source", limits })
    const changed = await run("change other --remove-label env --label team=ops --limit concurrency=5 --purpose none --json")
    expect(json(changed)).toMatchObject({ labels: { team: "ops" }, purpose: null, limits: { ...limits, concurrency: 5 } })
    expect((await run("show other")).stdout).toMatch(/labels +team=ops\nlimits +requests=100 perMs=60000 concurrency=5\n/)
    const unlimited = await run("change other --limit none --type http --set url=https://example.com/ --json")
    expect(json(unlimited)).toMatchObject({ type: "http", limits: null, labels: { team: "ops" }, config: { url: "https://example.com/" } })
    for (const args of ["--purpose nothing", "--limit rate=1", "--limit perMs=1", "--label team"])
      expect((await run(`change other ${args}`)).code, args).toBe(2)
    expect((await run("change other --type nothing")).code).toBe(5)
    expect((await run("remove other --yes")).code).toBe(0)
  })

  test("versions lists the versions and shows one, and restore restores one", async () => {
    const listed = await run("versions shop")
    expect(listed.stdout).toMatch(
      /^VERSION +AT +WHAT +BY +CHANGED\n3 .*changed +first admin key +\/config\/tls\/kind\n2 .*\/title \/config\/database\n1 .*created/,
    )
    const shown = await run("versions shop 2")
    expect(shown.stdout).toContain('/config/database  changed  "postgres" → "template1"')
    expect((await run("restore shop 1")).stdout).toBe("Restored version 1 of shop as version 4, untested.\n")
    expect((await run("restore shop 99")).code).toBe(5)
    expect(json<{ total: number }>(await run("versions shop --json")).total).toBe(4)
  })

  test("the next credentials are staged, tested, switched and rolled back", async () => {
    expect((await run("credentials switch shop")).stderr).toContain("Nothing is staged")
    const staged = await run("credentials stage shop --set user=green --secret-env password=GREEN")
    expect([staged.code, staged.stdout]).toEqual([0, "Staged user, password for shop.\n"])
    expect((await run("credentials switch shop")).stderr).toContain("not tested")
    expect((await run("credentials test shop --timeout 31")).code).toBe(2)
    const tested = await run("credentials test shop --timeout 30")
    expect([tested.code, tested.stdout]).toEqual([0, expect.stringContaining("Works: PostgreSQL")])
    expect((await run("credentials switch shop")).stdout).toBe("Switched shop to the staged credentials, now version 5, active.\n")
    const shown = await run("credentials show shop")
    expect(shown.stdout).toMatch(/^current, passed their test\n.*green[\s\S]*next: none staged\nprevious, of version 4\n.*blue/)
    expect((await run("credentials rollback shop")).stdout).toBe("Rolled the credentials of shop back, now version 6, untested.\n")
    await run("credentials stage shop --secret-env password=WRONG")
    expect((await run("credentials test shop")).code).toBe(1)
    expect((await run("credentials discard shop")).stdout).toBe("Discarded the staged credentials of shop.\n")
    await run("change shop --secret-env password=WRONG")
    await run("query shop select+1")
    expect((await run("show shop")).stdout).toMatch(/refused +its credentials, since/)
    expect((await run("credentials show shop")).stdout).toMatch(/^Refused by the system since/)
    expect((await run("query shop select+1")).code).toBe(1)
  })
})
