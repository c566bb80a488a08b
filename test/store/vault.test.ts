import { randomUUID } from "node:crypto"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { openStore, type Store } from "../../src/store/store.ts"
import { LocalKeys } from "../../src/vault/local-keys.ts"
import { openVault, type SecretBinding, Vault } from "../../src/vault/vault.ts"
import { startTestDatabase } from "../support/embedded.ts"
import { use } from "../support/use.ts"
import { keepLog } from "./seed.ts"

let store: Store
const database = use(() => startTestDatabase())
beforeAll(async () => {
  store = await openStore({ dataDir: "unused", databaseUrl: database.url, log: keepLog() })
})
afterAll(async () => {
  await store.close()
})

const send = () => Promise.reject(new Error("There is no key service here."))
const nowhere = { dataDir: undefined, send }
const master = Buffer.alloc(32, 7)
const newVault = () => new Vault(new LocalKeys(master))

async function newWorkspace(): Promise<string> {
  const id = randomUUID()
  await store.inWorkspace(id, (tx) => tx.insertInto("workspaces").values({ id, name: id, title: "W" }).execute())
  return id
}

const newBinding = async (): Promise<SecretBinding> => ({ workspaceId: await newWorkspace(), connectorId: randomUUID(), pointer: "/password" })

const seal = (vault: Vault, at: SecretBinding, value: string) => store.inWorkspace(at.workspaceId, (tx) => vault.seal(tx, at, value))
const unseal = (vault: Vault, at: SecretBinding, row: { ciphertext: string }) => store.inWorkspace(at.workspaceId, (tx) => vault.unseal(tx, at, row))

describe("a sealed secret", () => {
  test.each(["hunter2", "", "pässwörd 🔑\n\u0000", "x".repeat(100_000)])("opens where it was sealed, by any node with the master key", async (value) => {
    const at = await newBinding()
    const sealed = await seal(newVault(), at, value)
    expect(await unseal(newVault(), at, sealed)).toBe(value)
    if (value.length > 3) for (const form of [value, Buffer.from(value).toString("base64")]) expect(JSON.stringify(sealed)).not.toContain(form)
  })

  test("does not open in another field, on another connector or in another workspace", async () => {
    const vault = newVault()
    const at = await newBinding()
    const sealed = await seal(vault, at, "hunter2")
    const elsewhere = [
      { ...at, pointer: "/token" },
      { ...at, connectorId: randomUUID() },
      { ...at, workspaceId: await newWorkspace() },
    ]
    for (const place of elsewhere) {
      await expect(unseal(vault, place, sealed)).rejects.toMatchObject({ code: "secret_unreadable", message: expect.not.stringContaining("hunter2") })
    }
  })

  test("does not open with a header that was forged to fit another place", async () => {
    const vault = newVault()
    const at = await newBinding()
    const { ciphertext, dataKeyId } = await seal(vault, at, "hunter2")
    const header = { alg: "dir", enc: "A256GCM", ws: at.workspaceId, con: at.connectorId, ptr: "/token", kid: dataKeyId }
    const forged = [Buffer.from(JSON.stringify(header)).toString("base64url"), ...ciphertext.split(".").slice(1)].join(".")
    await expect(unseal(vault, { ...at, pointer: "/token" }, { ciphertext: forged })).rejects.toMatchObject({ code: "secret_unreadable" })
  })

  test("does not open when it is no envelope at all", async () => {
    const at = await newBinding()
    for (const ciphertext of ["", "x", "a.b.c.d.e"]) await expect(unseal(newVault(), at, { ciphertext })).rejects.toMatchObject({ code: "secret_unreadable" })
  })

  test("of one workspace does not open in the transaction of another, though the vault has its key in memory", async () => {
    const vault = newVault()
    const at = await newBinding()
    const sealed = await seal(vault, at, "hunter2")
    const other = await newWorkspace()
    await expect(store.inWorkspace(other, (tx) => newVault().unseal(tx, at, sealed))).rejects.toMatchObject({ code: "secret_unreadable" })
  })
})

describe("data keys", () => {
  test("are one per workspace, however many transactions need the first at once", async () => {
    const at = await newBinding()
    const sealed = await Promise.all(Array.from({ length: 8 }, (_, index) => seal(newVault(), { ...at, pointer: `/${index}` }, "v")))
    expect(new Set(sealed.map((one) => one.dataKeyId)).size).toBe(1)
    expect(await store.inWorkspace(at.workspaceId, (tx) => tx.selectFrom("data_keys").select("id").execute())).toHaveLength(1)
    for (const [index, one] of sealed.entries()) expect(await unseal(newVault(), { ...at, pointer: `/${index}` }, one)).toBe("v")
  })

  test("of a transaction that was rolled back leave nothing behind that a later secret would be under", async () => {
    const vault = newVault()
    const at = await newBinding()
    const failed = store.inWorkspace(at.workspaceId, async (tx) => {
      await vault.seal(tx, at, "lost")
      throw new Error("rolled back")
    })
    await expect(failed).rejects.toThrow("rolled back")
    expect(await unseal(newVault(), at, await seal(vault, at, "kept"))).toBe("kept")
  })
})

describe("fingerprints", () => {
  test("are equal for equal values of one workspace alone, and need its key", async () => {
    const vault = newVault()
    const [a, b] = [await newBinding(), await newBinding()]
    const first = await seal(vault, a, "hunter2")
    expect(first.fingerprint).toMatch(/^[0-9a-f]{12}$/)
    expect((await seal(newVault(), { ...a, pointer: "/other" }, "hunter2")).fingerprint).toBe(first.fingerprint)
    expect((await seal(vault, a, "hunter3")).fingerprint).not.toBe(first.fingerprint)
    expect((await seal(vault, b, "hunter2")).fingerprint).not.toBe(first.fingerprint)
    expect(await store.inWorkspace(a.workspaceId, (tx) => vault.fingerprint(tx, a.workspaceId, "hunter2"))).toBe(first.fingerprint)
  })
})

describe("opening the vault", () => {
  test("refuses a master key that opens nothing here, and takes one that lists the old as previous", async () => {
    await seal(newVault(), await newBinding(), "v")
    const text = (fill: number) => Buffer.alloc(32, fill).toString("base64")
    await expect(openVault(store, { provider: "local", local: { value: text(1) } }, nowhere)).rejects.toMatchObject({
      code: "secret_unreadable",
      message: expect.stringContaining("opens none"),
    })
    await openVault(store, { provider: "local", local: { value: text(1), previous: `${text(2)}, ${master.toString("base64")}` } }, nowhere)
    await openVault(store, { provider: "local", local: { value: master.toString("base64") } }, nowhere)
  })

  test("makes no new master key where the database holds keys already, the hub's own included", async () => {
    await database.query("create database fresh")
    const url = database.url.replace(/postgres$/, "fresh")
    const fresh = await openStore({ dataDir: "unused", databaseUrl: url, log: keepLog() })
    const folders = ["a", "b"].map((name) => mkdtempSync(join(tmpdir(), `jackfield-test-vault-${name}-`)))
    const vault = await openVault(fresh, { provider: "local", local: {} }, { dataDir: folders[0], send })
    const key = await vault.hubKey(fresh, "sessions")
    expect(Buffer.from(await (await openVault(fresh, { provider: "local", local: {} }, { dataDir: folders[0], send })).hubKey(fresh, "sessions"))).toEqual(
      Buffer.from(key),
    )
    await expect(openVault(fresh, { provider: "local", local: {} }, { dataDir: folders[1], send })).rejects.toMatchObject({
      message: expect.stringContaining("is missing"),
    })
    await fresh.close()
    for (const folder of folders) rmSync(folder, { recursive: true })
  })
})
