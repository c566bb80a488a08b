import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { chooseRunAs, findBinaries } from "../../src/store/binaries.ts"
import { spawnServer, stopServer } from "../../src/store/cluster.ts"
import { openStore, type Store } from "../../src/store/store.ts"
import { certificate } from "../support/certificates.ts"
import { startTestDatabase } from "../support/embedded.ts"
import { use } from "../support/use.ts"
import { until } from "../support/waiting.ts"
import { keepLog } from "./seed.ts"

const database = use(() => startTestDatabase())

const urlOf = (name: string, user = database.user, password = database.password) =>
  `postgres://${user}:${encodeURIComponent(password)}@127.0.0.1:${database.port}/${name}`

const open = (databaseUrl: string): Promise<Store> => openStore({ dataDir: "unused", databaseUrl, log: keepLog() })

const refusal = async (databaseUrl: string) => {
  const error = (await open(databaseUrl)
    .then((store) => store.close())
    .catch((e: unknown) => e)) as { code: string; message: string } | undefined
  return error === undefined ? undefined : { code: error.code, message: error.message }
}

describe("PostgreSQL of one's own", () => {
  test("is migrated once by hubs that start at once, and used by all of them", async () => {
    await database.query("create database many")
    const stores = await Promise.all(Array.from({ length: 5 }, () => open(urlOf("many"))))
    expect(stores.filter((store) => store.migrated.length > 0)).toHaveLength(1)
    await stores[0]?.asHub((tx) => tx.insertInto("settings").values({ key: "shared", value: "1" }).execute())
    for (const store of stores) {
      expect(store.embedded).toBe(false)
      expect(await store.asHub((tx) => tx.selectFrom("settings").select("key").execute())).toEqual([{ key: "shared" }])
      await store.close()
    }
  })

  test("works for an owner that is no superuser but may make roles", async () => {
    await database.query("create role maker login createrole password 'pw'")
    await database.query("create database made owner maker")
    const store = await open(urlOf("made", "maker", "pw"))
    await store.ping()
    await store.close()
  })

  test("prints the SQL to run where the owner may not make roles, and works once it was run", async () => {
    await database.query("create role humble login password 'pw'")
    await database.query("create database humble owner humble")
    const first = await refusal(urlOf("humble", "humble", "pw"))
    expect(first).toMatchObject({ code: "store_unavailable", message: expect.stringContaining("may not create roles") })
    const statements = first?.message.split("\n").slice(1).join("\n") ?? ""
    expect(statements).toMatch(/^create role "jackfield_[0-9a-f]{8}" login .* password 'SCRAM-SHA-256\$/)
    expect((await refusal(urlOf("humble", "humble", "pw")))?.message).toContain(/jackfield_[0-9a-f]{8}/.exec(statements)?.[0])
    await database.query(statements)
    const store = await open(urlOf("humble", "humble", "pw"))
    await store.ping()
    await store.close()
  })

  test("prints the SQL to run where the user may not make the schema", async () => {
    await database.query("create role guest login password 'pw'")
    await database.query("create database house")
    const first = await refusal(urlOf("house", "guest", "pw"))
    expect(first?.message).toContain('grant create on database "house" to "guest";')
  })

  test("is refused clearly when it is not there, when the login is wrong, and when the URL is", async () => {
    expect(await refusal(urlOf("absent"))).toMatchObject({ code: "store_unavailable", message: expect.stringContaining('"absent" does not exist') })
    const wrong = await refusal(urlOf("postgres", "hub", "wrong-password"))
    expect(wrong).toMatchObject({ code: "store_unavailable", message: expect.stringContaining("password authentication failed") })
    expect(wrong?.message).not.toContain("wrong-password")
    expect(await refusal("postgres://hub:s3cret@127.0.0.1:1/postgres")).toMatchObject({ code: "store_unavailable" })
    expect(await refusal("mysql://hub:s3cret@127.0.0.1/x")).toMatchObject({ code: "store_unavailable", message: expect.not.stringContaining("s3cret") })
  })
})

test("a database that goes away is store_unavailable, and the same store works when it is back", { timeout: 90_000 }, async () => {
  const own = await startTestDatabase({ settings: { fsync: "on" } })
  const store = await open(own.url)
  const count = () =>
    store
      .asHub((tx) => tx.selectFrom("settings").select("key").execute())
      .then(
        (rows) => rows.length,
        (error: { code: string; cause: unknown }) => `${error.code} ${error.cause instanceof Error}`,
      )
  // Ten at once, so that the whole pool is filled with connections that then break.
  expect(new Set(await Promise.all(Array.from({ length: 10 }, count)))).toEqual(new Set([0]))
  const binaries = await findBinaries()
  await stopServer(binaries, own.folder, own.pid, 30_000)
  expect(new Set(await Promise.all(Array.from({ length: 20 }, count)))).toEqual(new Set(["store_unavailable true"]))
  const logFile = join(own.folder, "..", "server.log")
  const again = await spawnServer(binaries, { folder: own.folder, port: own.port, logFile, as: await chooseRunAs(join(own.folder, "..")) })
  const outcome = await until(20_000, count, (many) => many === 0)
  expect(outcome, readFileSync(logFile, "utf8")).toBe(0)
  expect(new Set(await Promise.all(Array.from({ length: 20 }, count)))).toEqual(new Set([0]))
  await store.close()
  await stopServer(binaries, own.folder, again.pid, 30_000)
  await own.stop()
})

test("a commit of a transaction that had failed is an error, not a silent rollback", async () => {
  const store = await open(database.url)
  const swallowed = store.asHub(async (tx) => {
    await tx.insertInto("settings").values({ key: "half", value: "1" }).execute()
    await tx
      .insertInto("settings")
      .values({ key: "half", value: "1" })
      .execute()
      .catch(() => undefined)
  })
  await expect(swallowed).rejects.toThrow()
  expect(await store.asHub((tx) => tx.selectFrom("settings").select("key").where("key", "=", "half").execute())).toEqual([])
  await store.close()
})

test("sslmode=require is TLS, and disable is refused by a server that insists on it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "jackfield-test-tls-"))
  const cert = join(folder, "cert.pem")
  const ssl = certificate({ name: "database", names: ["127.0.0.1"], ca: true })
  writeFileSync(cert, ssl.cert)
  const own = await startTestDatabase({ ssl, requireSsl: true })
  const store = await open(`${own.url}?sslmode=require`)
  await store.ping()
  const sessions = await own.query(
    "select bool_and(s.ssl) as all from pg_stat_ssl s join pg_stat_activity a using (pid) where a.application_name = 'jackfield'",
  )
  expect(sessions).toEqual([{ all: true }])
  await store.close()
  expect(await refusal(own.url)).toMatchObject({ code: "store_unavailable", message: expect.stringContaining("no encryption") })
  expect(await refusal(`${own.url}?sslmode=verify-full`)).toMatchObject({ code: "store_unavailable" })
  const verified = await open(`${own.url}?sslmode=verify-full&sslrootcert=${encodeURIComponent(cert)}`)
  await verified.close()
  await own.stop()
  rmSync(folder, { recursive: true })
})
