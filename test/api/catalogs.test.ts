import { beforeAll, expect, it } from "vitest"
import { defineConnector } from "../../src/core/connector.ts"
import { PlatformError } from "../../src/core/errors.ts"
import { Registry } from "../../src/core/registry.ts"
import { runSql } from "../../src/core/remedies.ts"
import type { Discovered } from "../../src/core/streams.ts"
import type { Principal } from "../../src/hub/base/principal.ts"
import { Catalogs } from "../../src/hub/catalogs/catalogs.ts"
import { Connectors } from "../../src/hub/connectors/connectors.ts"
import { Uses } from "../../src/hub/connectors/uses.ts"
import { Onboarding } from "../../src/hub/onboarding.ts"
import { startHub } from "../support/hub.ts"
import { use } from "../support/use.ts"

let found: Iterable<Discovered> | AsyncIterable<Discovered> = []

/** A system whose schema and count a test decides. */
const scripted = defineConnector({
  type: "scripted",
  title: "Scripted",
  category: "file",
  proof: "stand-in",
  summary: "A system whose schema a test decides.",
  fields: {},
  connect: () => ({}),
  close() {},
  test: async () => ({ product: "Scripted" }),
  async *discover() {
    yield* found
  },
})

const stream = (name: string): Discovered => ({ stream: { path: [name], kind: "table", columns: [], key: [] } })
const counted = (total: number): Discovered => ({ counted: { total, byKind: { table: total } } })

let by: Principal
let catalogs: Catalogs
let connectors: Connectors
const hub = use(() => startHub())
beforeAll(async () => {
  const parts = { ...hub.served.hub, registry: new Registry([scripted]) }
  connectors = new Connectors(parts)
  catalogs = new Catalogs(parts.store, new Uses(parts))
  by = await hub.served.hub.identity.authenticate(hub.key, undefined)
  await connectors.create(by, { name: "scripted", type: "scripted", config: {} })
})

const discover = (...what: Discovered[]) => {
  found = what
  return catalogs.discover(by, "scripted", {})
}

it("is complete if every object that the system counts is a stream", async () => {
  expect(await discover(counted(2), stream("a"), stream("b"))).toMatchObject({ complete: true, counts: { total: 2, streams: 2, skipped: 0 }, skipped: [] })
})

it.each([
  ["fewer than it counts", 3],
  ["more than it counts", 1],
])("reports that it found %s", async (_, total) => {
  const page = await discover(counted(total), stream("a"), stream("b"))
  expect(page).toMatchObject({ complete: false, counts: { total, streams: 2, skipped: 1 } })
  expect(page.skipped[0]?.reason).toContain(`counts ${total} things, and 2 were seen`)
})

it("names the skipped objects", async () => {
  const skipped = { path: ["b"], reason: "The role may not read it." }
  expect(await discover(counted(2), stream("a"), { skipped })).toMatchObject({
    complete: false,
    counts: { total: 2, streams: 1, skipped: 1 },
    skipped: [skipped],
  })
})

it("keeps the last catalog if a discovery fails, and nothing of the failed one", async () => {
  const before = await discover(counted(1), stream("a"))
  found = (function* () {
    yield counted(500)
    for (let index = 0; index < 250; index++) yield stream(`t${index}`)
    throw new PlatformError("connection_lost", "The connection broke; try again.")
  })()
  await expect(catalogs.discover(by, "scripted", {})).rejects.toMatchObject({ code: "connection_lost" })
  expect(await catalogs.page(by, "scripted", { limit: 20 })).toEqual(before)
  const versions = await hub.served.hub.store.inWorkspace(by.workspace.id, (tx) =>
    tx.selectFrom("catalogs").select("version").where("workspace_id", "=", by.workspace.id).where("discovered_at", "is", null).execute(),
  )
  expect(versions).toEqual([])
})

it("reports that the connector does not exist if it was removed in the meantime", async () => {
  await connectors.create(by, { name: "removed", type: "scripted", config: {} })
  found = (async function* () {
    yield counted(100)
    await connectors.remove(by, "removed")
    for (let index = 0; index < 100; index++) yield stream(`t${index}`)
  })()
  await expect(catalogs.discover(by, "removed", {})).rejects.toMatchObject({ code: "not_found" })
})

it("stops the discovery of a system that lists too much, and stores nothing of it", async () => {
  found = (function* () {
    for (let index = 0; index < 300_000; index++) yield { skipped: { path: [`t${index}`], reason: "" } }
  })()
  await expect(catalogs.discover(by, "scripted", {})).rejects.toMatchObject({ code: "response_too_large" })
})

it.each([
  ["is removed if the discovery fails", false],
  ["is kept if it was changed in the meantime", true],
])("a connector made in one step %s", async (name, changed) => {
  const onboarding = new Onboarding(hub.served.hub.door, connectors, catalogs)
  found = (async function* () {
    yield counted(1)
    const [made] = (await connectors.list(by, { limit: 100, q: name })).data
    if (changed) await connectors.patch(by, made?.id ?? "", { description: "kept" })
    throw new PlatformError("permission_denied", "The role may not read the schema; grant it.")
  })()
  await expect(onboarding.create(by, { title: name, type: "scripted", config: {} }, { waitMs: 10_000 })).rejects.toMatchObject({ code: "discovery_failed" })
  expect((await connectors.list(by, { limit: 100, q: name })).total).toBe(changed ? 1 : 0)
})

it("skipped objects are all counted and shown in pages", async () => {
  found = (function* () {
    for (let index = 0; index < 250; index++)
      yield { skipped: { path: [`t${index}`], reason: `reason ${index}`, remedies: [runSql("Grant it", `GRANT ${index}`)] } }
  })()
  const page = await catalogs.discover(by, "scripted", {})
  expect([page.counts.skipped, page.skipped.length, page.skipped[0]]).toEqual([
    250,
    20,
    { path: ["t0"], reason: "reason 0", remedies: [runSql("Grant it", "GRANT 0")] },
  ])
  const second = await catalogs.skipped(by, "scripted", { limit: 100, cursor: (await catalogs.skipped(by, "scripted", { limit: 100 })).nextCursor ?? "" })
  expect([second.total, second.data.length, second.data[0]]).toMatchObject([250, 100, { path: ["t100"], remedies: [{ sql: "GRANT 100" }] }])
})

it("two concurrent discoveries each create a version, and a slow one is not mistaken for a killed one", async () => {
  await connectors.create(by, { name: "twice", type: "scripted", config: {} })
  let goOn: () => void = () => undefined
  const held = new Promise<void>((resolve) => {
    goOn = resolve
  })
  let begun: () => void = () => undefined
  const begins = new Promise<void>((resolve) => {
    begun = resolve
  })
  found = (async function* () {
    yield stream("slow")
    begun()
    await held
  })()
  const slow = catalogs.discover(by, "twice", {})
  await begins
  for (const name of ["quick", "quicker", "quickest"]) {
    found = [stream(name)]
    await catalogs.discover(by, "twice", {})
  }
  goOn()
  expect((await slow).version).toBe(4)
  expect((await catalogs.versions(by, "twice", { limit: 10 })).data.map(({ version, diff }) => [version, diff?.from])).toEqual([
    [4, 3],
    [3, 2],
    [2, undefined],
    [1, undefined],
  ])
  expect((await catalogs.page(by, "twice", { limit: 1, version: 1 })).streams[0]?.path).toEqual(["slow"])
})

it("a later discovery deletes the remains of a killed one", async () => {
  const { store } = hub.served.hub
  const { id } = await connectors.create(by, { name: "killed", type: "scripted", config: {} })
  await store.inWorkspace(by.workspace.id, (tx) =>
    tx
      .insertInto("catalogs")
      .values(
        [1, 2].map((version) => ({
          workspace_id: by.workspace.id,
          connector_id: id,
          version,
          complete: false,
          counts: "{}",
          duration_ms: 0,
          begun_at: new Date(Date.now() - (version === 1 ? 3_600_000 : 60_000)),
        })),
      )
      .execute(),
  )
  found = [stream("a")]
  expect((await catalogs.discover(by, "killed", {})).version).toBe(3)
  const left = await store.inWorkspace(by.workspace.id, (tx) =>
    tx.selectFrom("catalogs").select("version").where("workspace_id", "=", by.workspace.id).where("connector_id", "=", id).orderBy("version").execute(),
  )
  expect(left.map(({ version }) => version)).toEqual([2, 3])
})
