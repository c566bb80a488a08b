import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { sql } from "kysely"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { isAlive } from "../../src/store/cluster.ts"
import { startEmbedded } from "../../src/store/embedded.ts"
import { openStore, type Store } from "../../src/store/store.ts"
import { within } from "../support/waiting.ts"
import { kill, makeDataDir, startHub } from "./child.ts"
import { keepLog } from "./seed.ts"

let data: ReturnType<typeof makeDataDir>
beforeEach(() => {
  data = makeDataDir()
})
afterEach(() => data.remove())

const setting = async (store: Store, name: string) =>
  (await store.asHub((tx) => sql<{ value: string }>`select current_setting(${name}) as value`.execute(tx))).rows[0]?.value

const put = (store: Store, key: string) =>
  store.asHub((tx) =>
    tx
      .insertInto("settings")
      .values({ key, value: JSON.stringify(1) })
      .execute(),
  )

const keys = async (store: Store) => (await store.asHub((tx) => tx.selectFrom("settings").select("key").orderBy("key").execute())).map((row) => row.key)

describe("the embedded database", () => {
  test("is made at the first start, durable, on loopback alone, and there again at the next", async () => {
    const first = await openStore({ dataDir: data.dir, log: keepLog() })
    expect(first.migrated).toContain("0001-first")
    expect(await setting(first, "listen_addresses")).toBe("127.0.0.1")
    expect(await setting(first, "fsync")).toBe("on")
    expect(await setting(first, "server_encoding")).toBe("UTF8")
    expect((await first.address()).addresses).toEqual(["127.0.0.1"])
    await put(first, "kept")
    await first.close()
    expect(data.postmaster()).toBeUndefined()
    const again = await openStore({ dataDir: data.dir, log: keepLog() })
    expect(again.migrated).toEqual([])
    expect(await keys(again)).toEqual(["kept"])
    await again.close()
  })

  test("keeps its password from other users, and lets nobody in without it", async () => {
    const embedded = await startEmbedded(data.dir, keepLog())
    expect(statSync(join(data.dir, "postgres", "hub.json")).mode & 0o777).toBe(0o600)
    expect(readFileSync(join(data.dir, "postgres", "cluster", "pg_hba.conf"), "utf8").match(/^(?!#)\S.*\b(trust|peer|md5)\b/gm)).toBeNull()
    expect(readdirSync(join(data.dir, "postgres")).sort()).toEqual(["cluster", "hub.json", "server.log"])
    await embedded.stop()
  })

  test("is adopted when the hub was killed, with every acknowledged row", async () => {
    const hub = startHub(data.dir, "write")
    await hub.first
    await within(20_000, () => hub.lines.length >= 50, "50 rows are acknowledged")
    await kill(hub, "SIGKILL")
    const server = data.postmaster()
    expect(isAlive(server ?? 0)).toBe(true)
    const log = keepLog()
    const store = await openStore({ dataDir: data.dir, log })
    expect(data.postmaster()).toBe(server)
    expect(log.lines.join()).toContain("is adopted")
    const there = new Set(await keys(store))
    const acknowledged = hub.lines.flatMap((line) => (line.wrote === undefined ? [] : [line.wrote]))
    expect(acknowledged.filter((key) => !there.has(key))).toEqual([])
    expect(acknowledged.length).toBeGreaterThanOrEqual(49)
    await store.close()
  })

  test("is refused to a second hub, which names the first and leaves it working", async () => {
    const store = await openStore({ dataDir: data.dir, log: keepLog() })
    const second = startHub(data.dir)
    expect(await second.first).toEqual({
      refused: "in_use",
      message: expect.stringMatching(new RegExp(`process ${process.pid}\\).*${data.dir}.*JACKFIELD_DATA`)),
    })
    await second.exited
    await put(store, "still")
    expect(await keys(store)).toEqual(["still"])
    await store.close()
  })

  test("goes to one of two hubs that start on a new folder at once", async () => {
    const hubs = [startHub(data.dir), startHub(data.dir)]
    const said = await Promise.all(hubs.map((hub) => hub.first))
    expect(said.filter((line) => line.ready)).toHaveLength(1)
    expect(said.filter((line) => line.refused === "in_use")).toHaveLength(1)
    await Promise.all(hubs.map((hub) => kill(hub, "SIGTERM")))
    expect(readdirSync(data.dir)).toEqual(["postgres"])
  })

  test("ends with the hub on SIGTERM, and starts whole after a crash of its own", async () => {
    const hub = startHub(data.dir)
    await hub.first
    const server = data.postmaster() ?? 0
    await kill(hub, "SIGTERM")
    expect(isAlive(server)).toBe(false)
    const crashing = startHub(data.dir, "write")
    await crashing.first
    await kill(crashing, "SIGKILL")
    process.kill(data.postmaster() ?? 0, "SIGKILL")
    const store = await openStore({ dataDir: data.dir, log: keepLog() })
    const there = await keys(store)
    expect(crashing.lines.every((line) => line.wrote === undefined || there.includes(line.wrote))).toBe(true)
    await store.close()
  })

  test("ignores a postmaster.pid whose process id belongs to another program by now", async () => {
    await (await openStore({ dataDir: data.dir, log: keepLog() })).close()
    const port = 1
    writeFileSync(join(data.dir, "postgres", "cluster", "postmaster.pid"), `${process.pid}\n/x\n1\n${port}\n\n127.0.0.1\n0\nready\n`)
    const store = await openStore({ dataDir: data.dir, log: keepLog() })
    await store.ping()
    await store.close()
  })
})

describe("a server that dies under the hub", () => {
  test("is told as store_unavailable and started again by itself", async () => {
    const log = keepLog()
    const store = await openStore({ dataDir: data.dir, log })
    await put(store, "before")
    const before = data.postmaster() ?? 0
    process.kill(before, "SIGKILL")
    const seen = new Set<string>()
    for (let attempt = 0; attempt < 300; attempt++) {
      const outcome = await keys(store).then(
        (found) => found.join(),
        (error: { code: string }) => error.code,
      )
      seen.add(outcome)
      if (outcome === "before" && data.postmaster() !== before) break
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    expect([...seen].sort()).toEqual(["before", "store_unavailable"])
    await put(store, "after")
    const second = startHub(data.dir)
    expect(await second.first).toMatchObject({ refused: "in_use" })
    await store.close()
    expect(log.lines.join()).toContain("starting it again")
  })

  test("is started again when another process asked it to end, which leaves it open for the connections that it has", async () => {
    const store = await openStore({ dataDir: data.dir, log: keepLog(), connections: 2 })
    await put(store, "before")
    const before = data.postmaster() ?? 0
    process.kill(before, "SIGTERM")
    // Two at once: one of them needs a new connection, which such a server refuses.
    await within(
      20_000,
      async () => {
        await Promise.allSettled([keys(store), keys(store), keys(store)])
        return (
          data.postmaster() !== before &&
          (await store.ping().then(
            () => true,
            () => false,
          ))
        )
      },
      "the server is back",
    )
    expect(await keys(store)).toEqual(["before"])
    await store.close()
  })

  test("does not come back once the hub has stopped", async () => {
    const store = await openStore({ dataDir: data.dir, log: keepLog() })
    process.kill(data.postmaster() ?? 0, "SIGKILL")
    await store.close()
    const pid = data.postmaster()
    expect(pid === undefined || !isAlive(pid)).toBe(true)
    await expect(store.ping()).rejects.toMatchObject({ code: "store_unavailable" })
  })
})
