import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { canReach, findBinaries, reachableBinaries } from "../../src/store/binaries.ts"
import { startEmbedded } from "../../src/store/embedded.ts"
import { keepLog } from "./seed.ts"

const NOBODY = { uid: 65534, gid: 65534 }
const asRoot = process.getuid?.() === 0

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "jackfield-test-place-"))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

// Who is not root runs PostgreSQL under the same id, and nothing of this arises.
describe.runIf(asRoot)("a hub that is started by root", () => {
  test("runs PostgreSQL as nobody, in the data folder, which it opens no further than it must", async () => {
    const data = join(folder, "data")
    chmodSync(folder, 0o711)
    const embedded = await startEmbedded(data, keepLog())
    expect(statSync(data).mode & 0o777).toBe(0o711)
    expect(statSync(join(data, "postgres", "cluster"))).toMatchObject({ uid: 65534 })
    expect(readFileSync(`/proc/${embedded.pid}/status`, "utf8")).toMatch(/^Uid:\s+65534\s+65534\s+65534\s+65534$/m)
    expect(statSync(join(data, "postgres", "hub.json"))).toMatchObject({ uid: 0 })
    await embedded.stop()
  })

  test("lets it pass through a data folder of mode 0700 that is empty", async () => {
    const embedded = await startEmbedded(folder, keepLog())
    expect(existsSync(join(folder, "postgres", "cluster"))).toBe(true)
    await embedded.stop()
  })

  test("puts the database elsewhere when PostgreSQL cannot pass through, notes where, and says so", async () => {
    const data = join(folder, "data")
    mkdirSync(data)
    writeFileSync(join(data, "master.key"), "")
    const log = keepLog()
    const embedded = await startEmbedded(data, log)
    const home = readFileSync(join(data, "postgres.location"), "utf8").split("\n")[0] ?? ""
    try {
      expect(dirname(home)).toMatch(/^\/var\/(lib|tmp)\/jackfield$/)
      expect(log.lines.filter((line) => line.includes("outside the data folder"))).toHaveLength(1)
      expect(statSync(folder).mode & 0o777).toBe(0o700)
      await embedded.stop()
      const again = await startEmbedded(data, log)
      expect(again.systemIdentifier).toBe(embedded.systemIdentifier)
      await again.stop()
      rmSync(data, { recursive: true })
      const anew = await startEmbedded(data, log)
      expect(anew.systemIdentifier).not.toBe(embedded.systemIdentifier)
      await anew.stop()
      rmSync(readFileSync(join(data, "postgres.location"), "utf8").split("\n")[0] ?? "", { recursive: true })
    } finally {
      rmSync(home, { recursive: true })
    }
  })

  test("runs PostgreSQL as the owner of the data folder, who can then go on alone", async () => {
    const owner = 1
    const data = join(folder, "data")
    chmodSync(folder, 0o711)
    mkdirSync(data, { mode: 0o700 })
    chownSync(data, owner, owner)
    const embedded = await startEmbedded(data, keepLog())
    for (const name of ["", "hub.json", "server.log", "cluster"]) expect(statSync(join(data, "postgres", name)).uid, name).toBe(owner)
    await embedded.stop()
  })

  test("copies the programs where they can be executed, once, for root alone to change", async () => {
    const found = await findBinaries()
    const hidden = { ...found, initdb: join(folder, "initdb"), postgres: join(folder, "postgres") }
    const home = join(dirname(folder), `jackfield-test-copy-${process.pid}`)
    try {
      const { binaries, copied } = await reachableBinaries(hidden, NOBODY, [home])
      expect(copied).toBe(true)
      expect(canReach(binaries.postgres, "x", NOBODY)).toBe(true)
      const before = statSync(binaries.postgres)
      expect(before).toMatchObject({ uid: 0 })
      expect(before.mode & 0o022).toBe(0)
      expect((await reachableBinaries(hidden, NOBODY, [home])).binaries).toEqual(binaries)
      expect(statSync(binaries.postgres).ino).toBe(before.ino)
    } finally {
      rmSync(home, { recursive: true, force: true })
    }
  })

  test("takes no programs from a folder that others can write", async () => {
    const found = await findBinaries()
    const hidden = { ...found, initdb: join(folder, "initdb"), postgres: join(folder, "postgres") }
    const open = join(folder, "open")
    mkdirSync(open)
    chmodSync(open, 0o777)
    await expect(reachableBinaries(hidden, NOBODY, [open])).rejects.toMatchObject({
      code: "store_unavailable",
      message: expect.stringContaining("DATABASE_URL"),
    })
  })
})

test("a data folder that is a file is refused by name", async () => {
  const data = join(folder, "data")
  writeFileSync(data, "")
  await expect(startEmbedded(data, keepLog())).rejects.toMatchObject({ code: "store_unavailable", message: expect.stringContaining(data) })
})

test("a cluster of another major version is refused, not started", async () => {
  chmodSync(folder, 0o711)
  await (await startEmbedded(folder, keepLog())).stop()
  writeFileSync(join(folder, "postgres", "cluster", "PG_VERSION"), "12\n")
  await expect(startEmbedded(folder, keepLog())).rejects.toMatchObject({ message: expect.stringMatching(/created by PostgreSQL 12, .* backup/) })
})

test("a server that cannot start is told with what it said", async () => {
  chmodSync(folder, 0o711)
  await (await startEmbedded(folder, keepLog())).stop()
  writeFileSync(join(folder, "postgres", "cluster", "postgresql.conf"), "nonsense = 1\n")
  await expect(startEmbedded(folder, keepLog())).rejects.toMatchObject({
    message: expect.stringMatching(/server\.log.*It reported: .*nonsense|configuration file.*errors/s),
  })
})
