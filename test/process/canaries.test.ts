import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { connectors } from "../../src/connectors/index.ts"
import type { AnyConnector } from "../../src/core/connector.ts"
import { cli } from "../support/cli.ts"
import { type DataFolder, makeDataFolder } from "../support/data-folder.ts"
import { type HubProcess, startHubProcess } from "../support/hub-process.ts"
import { type FarSide, startFarSide } from "./canaries/far-side.ts"
import { Ledger } from "./canaries/ledger.ts"
import { pass, placeFor } from "./canaries/native.ts"
import { configAt, type Place } from "./canaries/places.ts"
import { Search } from "./canaries/search.ts"
import { searchDatabase, searchFiles } from "./canaries/sinks.ts"
import { CANARIES, canaryOf } from "./canaries/values.ts"

const ADMIN_KEY = `jk_${canaryOf("admin key").replaceAll(/\W/g, "x")}`
const ADMIN_PASSWORD = canaryOf("admin password")
/** 32 bytes that are letters, so that they can be searched for both directly and as base64. */
const MASTER_KEY = canaryOf("master key").replaceAll(/\W/g, "x").padEnd(32, "y").slice(0, 32)
const OWN = { "the admin's key": ADMIN_KEY, "the admin's password": ADMIN_PASSWORD, "the master key": MASTER_KEY }
const MARKER = "Wellensittich"
/** The number of canaries at once; most of the time is spent waiting for unreachable hosts. */
const LANES = 60

const ledger = new Ledger(new Search([...CANARIES, ...Object.entries(OWN).map(([about, value]) => ({ about, value }))]))
let data: DataFolder
let hub: HubProcess
let anyone: FarSide
let mysql: FarSide
let folder: string
let passages = 0
/** Those that lead to the server that repeats what it is told. */
let nearby = 0

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "jackfield-canaries-"))
  data = makeDataFolder()
  anyone = await startFarSide(CANARIES)
  mysql = await startFarSide(CANARIES, "mysql")
  hub = startHubProcess(data.dir, {
    env: {
      JACKFIELD_LOG: "debug",
      JACKFIELD_ADMIN_KEY: ADMIN_KEY,
      JACKFIELD_ADMIN_PASSWORD: ADMIN_PASSWORD,
      JACKFIELD_MASTER_KEY: Buffer.from(MASTER_KEY).toString("base64"),
      JACKFIELD_HOSTS: VENDORS.map((host) => `${host}=127.0.0.1`).join(","),
    },
  })
  await hub.ready
  const { body } = await hub.call("GET", "/v1/me")
  const plan = await hub.call("PATCH", `/v1/workspaces/${body.workspace.id}`, { plan: { tests: { perMinute: 100_000, concurrency: 100 } } })
  expect(plan.status).toBe(200)
  await everyPassage()
}, 1_200_000)
afterAll(async () => {
  await hub?.end()
  await data?.remove()
  await Promise.all([anyone?.close(), mysql?.close()])
  rmSync(folder, { recursive: true, force: true })
})

/** Types that wait for the server's first packet, as in MySQL's protocol. */
const MYSQL = ["mysql", "singlestore"]

/** The vendors' hosts in the types' examples, which resolve to this machine. */
const VENDORS = [
  ...["myorg-myaccount.snowflakecomputing.com", "adb-1234567890123456.7.azuredatabricks.net", "login.microsoftonline.com"],
  ...["api.app.firebolt.io", "id.app.firebolt.io", "sample.athena.amazonaws.com"],
  ...["athena.eu-central-1.amazonaws.com", "sts.eu-central-1.amazonaws.com"],
  ...["bigquery.googleapis.com", "storage.googleapis.com", "oauth2.googleapis.com", "iamcredentials.googleapis.com"],
  ...["my-exports.s3.eu-central-1.amazonaws.com", "mystorage.blob.core.windows.net"],
]

/** Sends every canary through every type, a few at a time. */
async function everyPassage(): Promise<void> {
  const all = connectors.flatMap((connector) =>
    CANARIES.flatMap((canary, index) => {
      const place = placeFor(connector, canary, index)
      return place === undefined ? [] : [{ connector, canary, index, place }]
    }),
  )
  passages = all.length
  nearby = all.filter(({ connector, place }) => !leadsToVendor(connector, place)).length
  const lanes = Array.from({ length: LANES }, async () => {
    for (let next = all.pop(); next !== undefined; next = all.pop()) {
      const { connector, index } = next
      const aim = { port: MYSQL.includes(connector.type) ? mysql.port : anyone.port, user: `u${index}` }
      await pass({ ...next, hub, ledger, key: ADMIN_KEY, name: `${connector.type}-${index}`, aim })
    }
  })
  await Promise.all(lanes)
}

/** Whether nothing of this machine answers: a type whose address is a vendor's, or one that another server is for. */
function leadsToVendor(connector: AnyConnector, { path }: Place): boolean {
  const config = configAt(connector.fields, path, "x", { port: anyone.port, user: "u" })
  return MYSQL.includes(connector.type) || VENDORS.includes(connector.address?.(config)?.host ?? "")
}

const times = (action: string): number => ledger.actions.get(action) ?? 0
const none = () => expect(ledger.hits.slice(0, 10)).toEqual([])

describe("forty canaries through every type", () => {
  it("were sent everywhere", () => {
    process.stdout.write(`\n${ledger.summary()}\n${anyone.told + mysql.told} repeated by a remote system\n`)
    expect(passages).toBe(connectors.length * CANARIES.length)
    for (const action of ["create", "change", "test", "stage", "restore", "malformed JSON", "dry run", "discover", "query"])
      expect(times(action), action).toBeGreaterThanOrEqual(passages)
    for (const action of ["create", "change", "test", "test, unsaved", "dry run", "compare", "switch all the same", "roll back", "restore"])
      expect(
        [...(ledger.statuses.get(action) ?? [])].filter((status) => status < 300),
        action,
      ).not.toEqual([])
    expect(ledger.failures).toEqual([])
    expect(anyone.told).toBeGreaterThan(nearby)
    expect(mysql.told).toBeGreaterThan(CANARIES.length)
  })

  it("are in no answer", none)

  it("are in no line of the log at debug", () => {
    const log = hub.stdout() + hub.stderr()
    ledger.out("log", log)
    expect(log.length).toBeGreaterThan(100_000)
    none()
  })

  it("are not in the audit, metrics, docs or lists", async () => {
    for (const path of [
      "/v1/audit?limit=100",
      "/v1/audit/export",
      "/v1/audit/verify",
      "/metrics",
      "/v1/metrics",
      "/openapi.json",
      "/docs/json",
      "/v1/checks?limit=100",
      "/v1/connector-types",
    ]) {
      const answer = await ledger.call("read", hub, "GET", path)
      expect([path, answer.status]).toEqual([path, 200])
      ledger.out(path, answer.text)
    }
    for (let path: string | undefined = "/v1/connectors?limit=100"; path !== undefined; ) {
      const { body } = await ledger.call("list", hub, "GET", path)
      path = body.nextCursor === null ? undefined : `/v1/connectors?limit=100&cursor=${body.nextCursor}`
    }
    none()
  })

  it("are in no column of the database", async () => {
    expect(await searchDatabase(data, ledger)).toBeGreaterThan(12)
    none()
  })

  it("are not in a backup", async () => {
    const file = join(folder, "hub.backup")
    const said = await cli(["backup", file], { JACKFIELD_DATA: data.dir })
    expect([said.code, said.stderr]).toEqual([0, ""])
    const bytes = readFileSync(file)
    expect(bytes.includes(MARKER)).toBe(true)
    ledger.out("backup", bytes)
    none()
  })

  it("are in no file of the data folder", () => {
    expect(searchFiles(data, ledger)).toBeGreaterThan(100)
    none()
  })

  it("are found nowhere in total", () => {
    const sinks = [...ledger.sinks].map(([sink, bytes]) => `${sink} ${bytes}`).join(", ")
    process.stdout.write(
      `\ncanaries: ${CANARIES.length} × ${connectors.length} types × ${ledger.actions.size} actions (${[...ledger.actions.values()].reduce((sum, each) => sum + each, 0)} done) × ${ledger.sinks.size} sinks; ${ledger.search.searched} bytes searched; hits ${ledger.hits.length}\n${sinks}\n`,
    )
    none()
  })
})
