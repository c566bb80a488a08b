import { randomUUID } from "node:crypto"
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest"
import { PlatformError } from "../../src/core/errors.ts"
import { type Owner, openOwner } from "../../src/store/owner.ts"
import { openStore, type Store } from "../../src/store/store.ts"
import type { KeyProvider } from "../../src/vault/key-provider.ts"
import { LocalKeys } from "../../src/vault/local-keys.ts"
import { rotateMasterKey } from "../../src/vault/master-rotation.ts"
import { proveVault, vaultStatus } from "../../src/vault/proof.ts"
import { rotateDataKeys, rotationBegan } from "../../src/vault/rotation.ts"
import { Vault } from "../../src/vault/vault.ts"
import { use } from "../support/use.ts"
import { within } from "../support/waiting.ts"
import { startOwnedDatabase } from "./owned-database.ts"
import { keepLog } from "./seed.ts"

let store: Store
let owner: Owner
const database = use(() => startOwnedDatabase())
beforeAll(async () => {
  const databaseUrl = database.ownerUrl
  store = await openStore({ dataDir: "unused", databaseUrl, log: keepLog() })
  owner = await openOwner({ dataDir: "unused", databaseUrl, log: keepLog() })
})
afterAll(async () => {
  await owner.close()
  await store.close()
})

afterEach(() => inspect("delete from jackfield.workspaces"))

const key = (fill: number) => Buffer.alloc(32, fill)
const keys = new LocalKeys(key(7))
const never = new AbortController().signal
const notes: string[] = []
const options = { note: (line: string) => void notes.push(line), signal: never }
const inspect = (statement: string) => database.inHub(statement)

interface Place {
  readonly workspaceId: string
  readonly connectorId: string
}

/** A workspace with one connector that has secrets of these values, sealed by a node of its own. */
async function workspaceWith(values: readonly string[]): Promise<Place> {
  const at = { workspaceId: randomUUID(), connectorId: randomUUID() }
  await store.inWorkspace(at.workspaceId, async (tx) => {
    await tx.insertInto("workspaces").values({ id: at.workspaceId, name: at.workspaceId, title: "W" }).execute()
    await tx
      .insertInto("connectors")
      .values({ id: at.connectorId, workspace_id: at.workspaceId, serial: 1, name: "c", title: "C", type: "http", config: "{}", status: "untested" })
      .execute()
  })
  const vault = new Vault(keys)
  for (const [index, value] of values.entries()) await put(vault, at, `/${index}`, value)
  return at
}

async function put(vault: Vault, at: Place, pointer: string, value: string, pauseMs = 0): Promise<void> {
  await store.inWorkspace(at.workspaceId, async (tx) => {
    const { ciphertext, fingerprint, dataKeyId } = await vault.seal(tx, { ...at, pointer }, value)
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
    await tx
      .insertInto("connector_secrets")
      .values({ workspace_id: at.workspaceId, connector_id: at.connectorId, pointer, ciphertext, fingerprint, data_key_id: dataKeyId })
      .onConflict((conflict) =>
        conflict.columns(["connector_id", "pointer"]).where("state", "=", "current").doUpdateSet({ ciphertext, fingerprint, data_key_id: dataKeyId }),
      )
      .execute()
  })
}

const secrets = (at: Place) =>
  store.inWorkspace(at.workspaceId, (tx) =>
    tx.selectFrom("connector_secrets").selectAll().where("connector_id", "=", at.connectorId).orderBy("pointer").execute(),
  )

async function values(vault: Vault, at: Place): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const row of await secrets(at))
    found[row.pointer] = await store.inWorkspace(at.workspaceId, (tx) => vault.unseal(tx, { ...at, pointer: row.pointer }, row))
  return found
}

describe("rotating the data keys", () => {
  test("seals every value anew, removes the old key, and changes no value; equal ones have equal fingerprints again", async () => {
    const live = new Vault(keys)
    const many = Array.from({ length: 450 }, (_, index) => `value ${index % 100}`)
    const [a, b] = [await workspaceWith(many), await workspaceWith(["one"])]
    const before = await secrets(a)
    expect(await values(live, b)).toEqual({ "/0": "one" })
    const done = await rotateDataKeys(owner.db, keys, options)
    expect(done).toMatchObject({ resumed: undefined, workspaces: 2, newKeys: 2, resealed: 451, removed: 2, kept: [], failures: [] })
    const after = await secrets(a)
    expect(new Set(after.map((row) => row.data_key_id)).size).toBe(1)
    for (const [index, row] of after.entries()) {
      expect(row.ciphertext).not.toBe(before[index]?.ciphertext)
      expect(row.data_key_id).not.toBe(before[index]?.data_key_id)
      expect(row.fingerprint).not.toBe(before[index]?.fingerprint)
    }
    expect(new Set(after.map((row) => row.fingerprint)).size).toBe(100)
    // The node that had the old keys in memory, and one that starts now.
    for (const vault of [live, new Vault(keys)]) {
      expect(Object.values(await values(vault, a)).sort()).toEqual([...many].sort())
      await put(vault, a, "/0", "value 0")
      expect((await secrets(a))[0]?.data_key_id).toBe(after[0]?.data_key_id)
    }
    expect(await rotationBegan(owner.db)).toBeUndefined()
    expect((await proveVault(owner.db, keys, never)).failures).toEqual([])
  })

  test("loses nothing of nodes that write all the while, each of which seals under a key that stays", async () => {
    const at = await workspaceWith(["x"])
    const nodes = [new Vault(keys), new Vault(keys), new Vault(keys)]
    const latest = new Map<string, string>()
    let stop = false
    const failed: unknown[] = []
    const writing = nodes.map(async (vault, node) => {
      for (let round = 0; !stop; round++) {
        const pointer = `/${node}/${round % 7}`
        await put(vault, at, pointer, `${node} ${round}`, 3).then(
          () => latest.set(pointer, `${node} ${round}`),
          (error: unknown) => failed.push(error),
        )
      }
    })
    try {
      for (let turn = 0; turn < 4; turn++) expect(await rotateDataKeys(owner.db, keys, options)).toMatchObject({ kept: [], failures: [] })
    } finally {
      stop = true
      await Promise.all(writing)
    }
    expect(failed).toEqual([])
    latest.set("/0", "x")
    expect(await values(new Vault(keys), at)).toEqual(Object.fromEntries(latest))
    expect(await inspect(`select count(*)::int as n from jackfield.data_keys where workspace_id = '${at.workspaceId}'`)).toEqual([{ n: 1 }])
    expect((await proveVault(owner.db, keys, never)).ok).toBe(true)
  })

  test("waits for who seals under the old key, and for who copies what it read before", async () => {
    const at = await workspaceWith(["copied"])
    let rotation: Promise<unknown> | undefined
    await store.inWorkspace(at.workspaceId, async (tx) => {
      const row = await tx.selectFrom("connector_secrets").selectAll().where("connector_id", "=", at.connectorId).executeTakeFirstOrThrow()
      rotation = rotateDataKeys(owner.db, keys, options)
      const waits = async () => (await inspect("select count(*)::int as n from jackfield.data_keys where retired_at is not null"))[0]?.["n"]
      await within(10_000, async () => (await waits()) !== 0, "a key is retired")
      await new Promise((resolve) => setTimeout(resolve, 300))
      const stale = { ciphertext: row.ciphertext, data_key_id: row.data_key_id }
      await tx.updateTable("connector_secrets").set(stale).where("connector_id", "=", at.connectorId).execute()
    })
    expect(await rotation).toMatchObject({ resealed: 2, removed: 1, kept: [], failures: [] })
    expect(await values(new Vault(keys), at)).toEqual({ "/0": "copied" })
    expect((await inspect("select count(*)::int as n from jackfield.data_keys"))[0]).toEqual({ n: 1 })
  })

  test("that was interrupted goes on: no workspace gets a second new key, and what was left is sealed anew", async () => {
    const places = [await workspaceWith(["a", "b"]), await workspaceWith(["c"])]
    let wraps = 0
    const dying = new LocalKeys(key(7))
    const wrap = dying.wrap.bind(dying)
    dying.wrap = async (...given) => {
      if (++wraps === 2) throw new PlatformError("keys_unavailable", "The key service is away.")
      return await wrap(...given)
    }
    await expect(rotateDataKeys(owner.db, dying, options)).rejects.toMatchObject({ code: "keys_unavailable" })
    const began = await rotationBegan(owner.db)
    const count = async () => (await inspect("select count(*)::int as n from jackfield.data_keys where retired_at is null"))[0]?.["n"] as number
    const workspaces = await count()
    const done = await rotateDataKeys(owner.db, keys, options)
    expect(done).toMatchObject({ resumed: began, workspaces, newKeys: workspaces - 1, kept: [] })
    expect(await count()).toBe(workspaces)
    expect(await values(new Vault(keys), places[0] as Place)).toEqual({ "/0": "a", "/1": "b" })
  })

  test("keeps the key of a value that does not open, says which, and the database would not let it go", async () => {
    const at = await workspaceWith(["good", "bad"])
    const [old, bad] = [(await secrets(at))[0]?.data_key_id, (await secrets(at))[1]?.id]
    await inspect(
      `update jackfield.connector_secrets set ciphertext = left(ciphertext, -4) || 'AAAA' where connector_id = '${at.connectorId}' and pointer = '/1'`,
    )
    const done = await rotateDataKeys(owner.db, keys, options)
    expect(done.kept).toEqual([old])
    expect(done.failures).toEqual([expect.stringContaining(`${bad} cannot be decrypted`)])
    await expect(inspect(`delete from jackfield.data_keys where id = '${old}'`)).rejects.toThrow(/foreign key/)
    expect(await proveVault(owner.db, keys, never)).toMatchObject({ ok: false, failures: [expect.stringContaining(String(bad))] })
    await inspect(`delete from jackfield.connector_secrets where connector_id = '${at.connectorId}' and pointer = '/1'`)
    expect(await rotateDataKeys(owner.db, keys, options)).toMatchObject({ kept: [], failures: [] })
  })
})

describe("the proof", () => {
  test.each([
    ["moved to another field", "update jackfield.connector_secrets set pointer = '/moved'"],
    [
      "said to be under another key",
      "update jackfield.connector_secrets set data_key_id = (select id from jackfield.data_keys where workspace_id = connector_secrets.workspace_id and retired_at is not null)",
    ],
    ["replaced by text", "update jackfield.connector_secrets set ciphertext = 'plain'"],
  ])("fails for a value that was %s", async (_, statement) => {
    const at = await workspaceWith(["v"])
    await inspect(
      `insert into jackfield.data_keys select gen_random_uuid(), workspace_id, wrapped, key_id, now(), now() from jackfield.data_keys where workspace_id = '${at.workspaceId}'`,
    )
    await inspect(`${statement} where connector_id = '${at.connectorId}'`)
    const proof = await proveVault(owner.db, keys, never)
    expect(proof.ok).toBe(false)
    expect(proof.failures.some((failure) => failure.startsWith("connector_secrets"))).toBe(true)
    await inspect(
      `delete from jackfield.connector_secrets where connector_id = '${at.connectorId}'; delete from jackfield.data_keys where workspace_id = '${at.workspaceId}'`,
    )
  })
})

describe("rotating the master key", () => {
  test("puts data keys and hub keys under the new one; the old one is needed no more, and a second time changes nothing", async () => {
    const at = await workspaceWith(["kept"])
    const session = await new Vault(keys).hubKey(store, "sessions")
    const both = new LocalKeys(key(8), [key(7)])
    const before = await vaultStatus(owner.db, both)
    expect(before.masterKeys.find((each) => each.id === keys.keyId)).toMatchObject({ current: false, known: true, hubKeys: 1 })
    const done = await rotateMasterKey(owner.db, both, never)
    expect(done).toEqual({ to: both.keyId, dataKeys: before.dataKeys.length, hubKeys: 1, kept: [] })
    const alone = new LocalKeys(key(8))
    expect(await proveVault(owner.db, alone, never)).toMatchObject({ ok: true, dataKeys: before.dataKeys.length, hubKeys: 1 })
    expect((await vaultStatus(owner.db, alone)).masterKeys).toEqual([
      { id: both.keyId, current: true, known: true, dataKeys: before.dataKeys.length, hubKeys: 1 },
    ])
    expect(await values(new Vault(alone), at)).toEqual({ "/0": "kept" })
    expect(Buffer.from(await new Vault(alone).hubKey(store, "sessions"))).toEqual(Buffer.from(session))
    expect((await proveVault(owner.db, keys, never)).ok).toBe(false)
    expect(await rotateMasterKey(owner.db, alone, never)).toMatchObject({ dataKeys: 0, hubKeys: 0 })
  })

  test("says that the old one is kept, when a hub that was started with it makes a data key meanwhile", async () => {
    await workspaceWith(["first"])
    const both = new LocalKeys(key(8), [key(7)])
    let late = false
    const busy: KeyProvider = {
      currentKeyId: () => both.currentKeyId(),
      knows: (id) => both.knows(id),
      unwrap: (id, wrapped, context) => both.unwrap(id, wrapped, context),
      wrap: async (dataKey, context) => {
        if (!late) await workspaceWith(["late"])
        late = true
        return both.wrap(dataKey, context)
      },
    }
    expect(await rotateMasterKey(owner.db, busy, never)).toMatchObject({ kept: [keys.keyId] })
    expect(await rotateMasterKey(owner.db, busy, never)).toMatchObject({ dataKeys: 1, kept: [] })
  })
})
