import { beforeAll, expect, it } from "vitest"
import { startTestDatabase } from "../support/embedded.ts"
import { startHub } from "../support/hub.ts"
import { use } from "../support/use.ts"
import { until } from "../support/waiting.ts"
import { startReceiver } from "../support/webhook-receiver.ts"

const FIRST = `
create schema shop;
create table shop.kept (id int primary key, name varchar(20), note text, price numeric(10,2), old text, must text);
create table shop.gone (id int);
create table shop.turned (id int);
create table shop.same (id int primary key, a text)`
const CHANGES = `
alter table shop.kept alter name type varchar(40), alter price type numeric(8,2), alter note set not null, drop old, add fresh text, add needed int not null default 1;
alter table shop.kept drop constraint kept_pkey, add primary key (id, needed);
alter table shop.kept alter id type bigint;
drop table shop.gone;
drop table shop.turned;
create view shop.turned as select 1 as id;
create table shop.new (id int)`

const database = use(() => startTestDatabase())
beforeAll(async () => {
  await database.query(FIRST)
})
const hub = use(() => startHub({ JACKFIELD_EGRESS_ALLOW: "127.0.0.0/8" }))
const receiver = use(() => startReceiver())
beforeAll(async () => {
  const made = await hub.call("POST", "/v1/webhooks", { url: receiver.url, events: ["catalog.changed"] })
  receiver.secret = made.body.signingSecret
  await hub.call("POST", "/v1/connectors", { name: "shop", type: "postgres", config: database.config })
})

const get = (path: string) => hub.call("GET", `/v1/connectors/shop${path}`)
const discover = async () => (await hub.call("POST", "/v1/connectors/shop/discover", {})).body

interface Change {
  readonly kind: string
  readonly path: string[]
  readonly column?: string
  readonly breaking: boolean
  readonly why: string
}
const short = (changes: Change[]) => changes.map(({ kind, path, column, breaking }) => [kind, path.at(-1), ...(column === undefined ? [] : [column]), breaking])

it("a first catalog has no earlier version to compare, and an unchanged catalog has no changes", async () => {
  expect(await discover()).toMatchObject({ version: 1, diff: null })
  const none = await get("/catalog/diff")
  expect([none.status, none.body.code]).toEqual([409, "catalog_missing"])
  expect(await discover()).toMatchObject({ version: 2, diff: { from: 1, to: 2, changes: 0, breaking: 0, byKind: {} } })
  expect((await get("/catalog/diff")).body).toMatchObject({ from: 1, to: 2, changes: 0, data: [], nextCursor: null, total: 0 })
})

it("each change is reported, and breaking changes are marked", async () => {
  await database.query(CHANGES)
  const summary = {
    from: 2,
    to: 3,
    changes: 11,
    breaking: 7,
    byKind: {
      stream_added: 1,
      stream_removed: 1,
      kind_changed: 1,
      key_changed: 1,
      column_added: 2,
      column_removed: 1,
      type_changed: 3,
      nullable_changed: 1,
    },
  }
  expect((await discover()).diff).toEqual(summary)
  const { body } = await get("/catalog/diff?limit=100")
  expect(short(body.data)).toEqual([
    ["stream_removed", "gone", true],
    ["key_changed", "kept", true],
    ["column_added", "kept", "fresh", false],
    ["type_changed", "kept", "id", false],
    ["type_changed", "kept", "name", false],
    ["column_added", "kept", "needed", true],
    ["nullable_changed", "kept", "note", true],
    ["column_removed", "kept", "old", true],
    ["type_changed", "kept", "price", true],
    ["stream_added", "new", false],
    ["kind_changed", "turned", true],
  ])
})

it("the pages of a diff contain all changes; versions are listed, read and compared in both directions", async () => {
  const whole = (await get("/catalog/diff?limit=100")).body
  const pages: Change[] = []
  let cursor: string | null = null
  do {
    const { body } = await get(`/catalog/diff?limit=5${cursor === null ? "" : `&cursor=${cursor}`}`)
    expect(body.total).toBe(whole.total)
    pages.push(...body.data)
    cursor = body.nextCursor
  } while (cursor !== null)
  expect(pages).toEqual(whole.data)
  const { body: versions } = await get("/catalogs")
  expect(versions.data.map((each: { version: number }) => each.version)).toEqual([3, 2, 1])
  const old = (await get("/catalog?version=1&search=gone")).body
  expect([old.version, old.streams.length]).toEqual([1, 1])
  expect((await get("/catalog?search=gone")).body.streams).toEqual([])
  const back = (await get("/catalog/diff?from=3&to=1&limit=100")).body
  expect([back.from, back.to, back.byKind.stream_added, back.byKind.stream_removed]).toEqual([3, 1, 1, 1])
  for (const path of ["/catalog?version=9", "/catalog/diff?from=9", "/catalog/diff?to=9", "/catalog/skipped?version=9"]) {
    const { status, body } = await get(path)
    expect([path, status, body.code]).toEqual([path, 404, "not_found"])
  }
})

it("webhooks receive the changes once, with the number of breaking ones", async () => {
  await until(
    10_000,
    async () => receiver.received.length,
    (count) => count >= 1,
  )
  expect(receiver.received.map(({ verified, body }) => [verified, JSON.parse(body)])).toMatchObject([
    ["yes", { type: "catalog.changed", data: { connector: { name: "shop" }, from: 2, to: 3, changes: 11, breaking: 7 } }],
  ])
})

it("at most twenty versions are kept", async () => {
  for (let index = 0; index < 20; index++) await discover()
  const { body } = await get("/catalogs?limit=100")
  expect([body.total, body.data[0].version, body.data.at(-1).version]).toEqual([20, 23, 4])
})
