import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { LocalKeys, loadLocalKeys } from "./local-keys.ts"

const key = (fill: number) => Buffer.alloc(32, fill)
const context = { workspaceId: "w1", dataKeyId: "d1" }

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "jackfield-test-keys-"))
})
afterEach(() => rmSync(dir, { recursive: true }))

describe("wrapping a data key", () => {
  test("can be undone with the same key and context, and names its master key", async () => {
    const keys = new LocalKeys(key(1))
    const { wrapped } = await keys.wrap(key(9), context)
    expect(Buffer.from(await keys.unwrap(keys.keyId, wrapped, context))).toEqual(key(9))
    expect(keys.keyId).toMatch(/^[0-9a-f]{12}$/)
    expect(wrapped).not.toContain(key(9).toString("base64url").slice(0, 20))
  })

  test.each([
    ["another workspace", { ...context, workspaceId: "w2" }],
    ["another row", { ...context, dataKeyId: "d2" }],
  ])("cannot be undone for %s", async (_, elsewhere) => {
    const keys = new LocalKeys(key(1))
    const { wrapped } = await keys.wrap(key(9), context)
    await expect(keys.unwrap(keys.keyId, wrapped, elsewhere)).rejects.toMatchObject({ code: "secret_unreadable" })
  })

  test("cannot be undone if any part was changed", async () => {
    const keys = new LocalKeys(key(1))
    const { wrapped } = await keys.wrap(key(9), context)
    const parts = wrapped.split(".")
    for (const index of [0, 2, 3, 4]) {
      const part = parts[index] ?? ""
      const changed = parts.with(index, `${part.slice(0, 3)}${part[3] === "A" ? "B" : "A"}${part.slice(4)}`).join(".")
      await expect(keys.unwrap(keys.keyId, changed, context), String(index)).rejects.toMatchObject({ code: "secret_unreadable" })
    }
  })

  test("can be undone with a previous key, and new keys are wrapped with the current one", async () => {
    const { wrapped } = await new LocalKeys(key(1)).wrap(key(9), context)
    const rotated = new LocalKeys(key(2), [key(1)])
    const old = new LocalKeys(key(1)).keyId
    expect(Buffer.from(await rotated.unwrap(old, wrapped, context))).toEqual(key(9))
    await expect(new LocalKeys(key(1)).unwrap(rotated.keyId, (await rotated.wrap(key(9), context)).wrapped, context)).rejects.toThrow(rotated.keyId)
  })
})

describe("finding the master key", () => {
  const text = key(3).toString("base64")

  test("is created once next to the embedded database, readable only by its owner", async () => {
    const made = await loadLocalKeys({ dataDir: dir, mayCreate: true })
    const file = join(dir, "master.key")
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(Buffer.from(readFileSync(file, "utf8").trim(), "base64")).toHaveLength(32)
    expect((await loadLocalKeys({ dataDir: dir, mayCreate: false })).keyId).toBe(made.keyId)
  })

  test("is never created for a database that has secrets", async () => {
    await expect(loadLocalKeys({ dataDir: dir, mayCreate: false })).rejects.toMatchObject({
      code: "secret_unreadable",
      message: expect.stringContaining("is missing"),
    })
  })

  test("is never created with DATABASE_URL", async () => {
    await expect(loadLocalKeys({ mayCreate: true })).rejects.toThrow("JACKFIELD_MASTER_KEY")
  })

  test("comes from the environment or a file, URL-safe and unpadded too", async () => {
    const wanted = new LocalKeys(key(3)).keyId
    writeFileSync(join(dir, "k"), `${text}\n`)
    for (const source of [
      { masterKey: text },
      { masterKey: key(3).toString("base64url") },
      { masterKeyFile: join(dir, "k") },
      { dataDir: dir, masterKey: text },
    ]) {
      expect((await loadLocalKeys({ ...source, mayCreate: false })).keyId).toBe(wanted)
    }
  })

  test.each(["", "short", text.slice(4), `${text}AAAA`, "not base64 at all, but it is long enough to be", "x".repeat(44)])(
    "refuses %j without repeating it",
    async (masterKey) => {
      const error = (await loadLocalKeys({ masterKey, mayCreate: false }).catch((e: unknown) => e)) as Error
      expect(error.message).toContain("JACKFIELD_MASTER_KEY does not contain 32 bytes in base64")
      if (masterKey.length > 8) expect(error.message).not.toContain(masterKey)
    },
  )

  test("rejects both at once, a missing file, and an invalid previous key", async () => {
    await expect(loadLocalKeys({ masterKey: text, masterKeyFile: "/x", mayCreate: false })).rejects.toThrow("both set")
    await expect(loadLocalKeys({ masterKeyFile: join(dir, "none"), mayCreate: false })).rejects.toThrow("does not exist")
    await expect(loadLocalKeys({ masterKey: text, previous: "nope", mayCreate: false })).rejects.toThrow("JACKFIELD_MASTER_KEY_PREVIOUS")
  })
})
