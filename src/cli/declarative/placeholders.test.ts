import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Readable, Writable } from "node:stream"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { startVault, type VaultServer } from "../../../test/support/vault-server.ts"
import type { FileFault } from "./documents.ts"
import { escapePlaceholders, Placeholders } from "./placeholders.ts"

let vault: VaultServer
let folder: string

beforeAll(async () => {
  vault = await startVault({ shop: { password: "from-vault", port: 5432, deep: { a: 1 } }, "a/b c": { "x#y": "odd" }, gone: null }, "admin/team")
  folder = await mkdtemp(join(tmpdir(), "jackfield-test-placeholders-"))
  await writeFile(join(folder, "line"), "from-file\n")
  await writeFile(join(folder, "lines"), "one\ntwo\n")
  await writeFile(join(folder, "large"), "x".repeat((1 << 20) + 1))
})
afterAll(async () => {
  await vault?.stop()
  await rm(folder, { recursive: true, force: true })
})

async function fill(value: Record<string, unknown>, env: Record<string, string> = {}) {
  const faults: FileFault[] = []
  const sink = new Writable({ write: (_chunk, _encoding, done) => done() })
  const shell = {
    argv: [],
    env: { VAULT_ADDR: vault.url, VAULT_TOKEN: vault.token, VAULT_NAMESPACE: "admin/team", NAME: "from-env", EMPTY: "", ...env },
    stdin: Readable.from([]),
    stdout: sink,
    stderr: sink,
    signal: new AbortController().signal,
  }
  const at = (pointer: string, message: string): FileFault => ({ pointer, message, file: "a.yaml", line: 1, column: 1 })
  const entry = { name: "a", value, owner: undefined, source: { file: "a.yaml", text: "", folder }, at }
  return { ...(await new Placeholders(shell).fill(entry, faults)), faults }
}

describe("placeholders", () => {
  test.each([
    [`\${env:NAME}`, "from-env"],
    [`\${env:EMPTY}`, ""],
    [`a \${env:NAME} b \${env:NAME}`, "a from-env b from-env"],
    [`\${file:line}`, "from-file"],
    [`\${file:lines}`, "one\ntwo\n"],
    [`\${vault:team/kv/shop#password}`, "from-vault"],
    [`\${vault:team/kv/shop#port}`, "5432"],
    [`\${vault:team/kv/a/b%20c#password}`, undefined],
    [`$\${env:NAME}`, `\${env:NAME}`],
    [`$$\${env:NAME}`, `$\${env:NAME}`],
    [`$$$\${env:NAME}`, `$$\${env:NAME}`],
    ["$", "$"],
    ["$NAME", "$NAME"],
    ["{env:NAME}", "{env:NAME}"],
    [`\${keep}`, { set: true }],
  ])("%s is filled", async (text, expected) => {
    const { value, faults } = await fill({ at: text })
    if (expected === undefined) expect(faults).toHaveLength(1)
    else expect([value, faults]).toEqual([{ at: expected }, []])
  })

  test.each([
    [`\${env:NOTHING}`, "no NOTHING"],
    [`\${env:NO THING}`, "name of a variable"],
    [`\${env:}`, "name of a variable"],
    [`\${file:nothing}`, "nothing cannot be read (ENOENT)"],
    [`\${file:large}`, "larger than 1 MiB"],
    [`\${file:/dev/zero}`, "larger than 1 MiB"],
    [`\${file:.}`, "EISDIR"],
    [`\${vault:team/kv/shop}`, "must be"],
    [`\${vault:team/kv/../x#a}`, "must be"],
    [`\${vault:team/kv/shop#nothing}`, "no field nothing"],
    [`\${vault:team/kv/shop#toString}`, "no field toString"],
    [`\${vault:team/kv/shop#deep}`, "an object"],
    [`\${vault:team/kv/gone#a}`, "nothing at"],
    [`\${vault:team/kv/data/shop#password}`, "without data/"],
    [`\${vault:old/shop#a}`, "version 2"],
    [`\${vault:other/shop#a}`, "does not let"],
    [`\${vault:team/kv#a}`, "is a mount"],
    [`\${nothing:x}`, "other than"],
    [`\${}`, "other than"],
    [`\${HOME}`, "other than"],
    [`\${env:NAME`, "without a closing }"],
    [`a\${keep}`, "must be the whole value"],
  ])("%s is a fault", async (text, words) => {
    const { faults } = await fill({ rows: [{ "a/b": text }] })
    expect(faults.map(({ pointer }) => pointer)).toEqual(["/rows/0/a~1b"])
    expect(faults[0]?.message).toContain(words)
    expect(JSON.stringify(faults)).not.toMatch(/from-|hvs\./)
  })

  test("all faults are reported at once, and each source is read once", async () => {
    const before = vault.asked.length
    const { faults } = await fill({ a: `\${vault:team/kv/shop#password}`, b: `\${vault:team/kv/shop#port}`, c: `\${env:NO}`, d: `\${file:no}` })
    expect(faults.map(({ pointer }) => pointer).sort()).toEqual(["/c", "/d"])
    expect(vault.asked.slice(before)).toEqual(["GET /v1/sys/internal/ui/mounts/team/kv/shop", "GET /v1/team/kv/data/shop"])
  })

  test("a wrong token, an unreachable Vault and a missing address are reported", async () => {
    const at = { at: `\${vault:team/kv/shop#password}` }
    expect((await fill(at, { VAULT_TOKEN: "wrong" })).faults[0]?.message).toContain("does not let this token")
    expect((await fill(at, { VAULT_ADDR: "http://127.0.0.1:1" })).faults[0]?.message).toContain("does not answer")
    expect((await fill(at, { VAULT_ADDR: "" })).faults[0]?.message).toContain("no VAULT_ADDR")
    expect((await fill(at, { VAULT_ADDR: "file:///etc" })).faults[0]?.message).toContain("not an http(s) URL")
  })

  test("filled values are not filled again, and escaped text keeps its meaning", async () => {
    expect((await fill({ at: `\${env:NAME}` }, { NAME: `\${env:EMPTY}` })).value).toEqual({ at: `\${env:EMPTY}` })
    for (const text of [`\${a}`, `$\${a}`, `$$$\${`, "a$", `\${\${`]) expect((await fill({ at: escapePlaceholders(text) })).value).toEqual({ at: text })
  })
})
