import { beforeEach, describe, expect, test } from "vitest"
import { http } from "../../src/connectors/http.ts"
import type { Stream } from "../../src/core/streams.ts"
import { json, library, type Serve, startApi } from "../support/api-server.ts"
import { collect } from "../support/batches.ts"
import { failure } from "../support/failure.ts"
import { use } from "../support/use.ts"
import { withSession } from "./context.ts"

const api = use(startApi)
beforeEach(() => void api.seen.splice(0))

describe("a stream", () => {
  const stream: Stream = { path: ["items"], kind: "resource", columns: [], key: [] }
  const session = <T>(more: object, work: Parameters<typeof withSession<T>>[2]) =>
    withSession({ connector: http }, { url: `${api.origin}/items`, ...more }, work)

  test("has the columns of its first page, and wider ones as they come", async () => {
    api.serve = ({ url }, response) =>
      json(
        response,
        url.searchParams.get("page") === "1"
          ? [
              { a: 1, b: null },
              { a: 1.5, b: "x" },
            ]
          : url.searchParams.get("page") === "2"
            ? [{ a: 2, c: [1] }]
            : [],
      )
    const paging = { kind: "page", parameter: "page" }
    await session({ paging, key: "a, b" }, async (open) => {
      const [, found] = await collect(open.discover())
      expect(found).toMatchObject({
        stream: {
          path: ["items"],
          key: ["a", "b"],
          columns: [
            { name: "a", type: "float" },
            { name: "b", type: "string" },
          ],
        },
      })
      const batches = await collect(open.read(stream))
      expect(batches.map(({ columns, rows: each }) => [columns.map(({ name }) => name), each])).toEqual([
        [
          ["a", "b"],
          [
            [1, null],
            [1.5, "x"],
          ],
        ],
        [["a", "b", "c"], [[2, null, [1]]]],
      ])
    })
  })

  test("says so where a later page does not fit the types of its catalog", async () => {
    api.serve = ({ url }, response) => json(response, [[{ id: 1 }], [{ id: "A-3" }], []][Number(url.searchParams.get("page")) - 1])
    await session({ paging: { kind: "page", parameter: "page" } }, async (open) => {
      const columns = [{ name: "id", type: "integer", nativeType: "", nullable: true }] as const
      const batches = await collect(open.read({ ...stream, columns }))
      expect(batches.map((batch) => [batch.columns.map(({ type }) => type), batch.rows])).toEqual([
        [["integer"], [[1]]],
        [["json"], [["A-3"]]],
      ])
    })
  })

  test.each([
    ["POST", { method: "POST" }],
    ["inputs without a value", { parameters: [{ name: "q" }] }],
    ["a URL made of inputs", { url: "http://db.example.test/{% if a %}{{ a }}{% endif %}/items" }],
  ])("is none with %s, and says why", async (_, more) => {
    api.serve = library
    await session(more, async (open) => {
      expect((await collect(open.discover()))[1]).toMatchObject({ skipped: { path: ["items"], reason: expect.stringMatching(/GET|row by row/) } })
      expect((await failure(collect(open.read(stream)))).code).toBe("unsupported")
    })
    expect(api.seen).toEqual([])
  })

  test("of another name is not found", async () => {
    api.serve = library
    await session({}, async (open) => {
      expect((await failure(collect(open.read({ ...stream, path: ["other"] })))).code).toBe("stream_not_found")
    })
  })

  const code = (position: unknown): string => Buffer.from(JSON.stringify(position)).toString("base64url")
  test.each<[string, object, () => string]>([
    ["nothing", {}, () => ""],
    ["no base64", {}, () => "x"],
    ["null", {}, () => code(null)],
    ["no count", {}, () => code({ position: { at: 1 } })],
    ["a count below 0", {}, () => code({ done: -1 })],
    ["a page of a URL without pages", {}, () => code({ position: { at: 1 }, done: 0 })],
    ["a page that is no number", { paging: { kind: "page", parameter: "page" } }, () => code({ position: { at: "1" }, done: 0 })],
    ["another kind of paging", { paging: { kind: "page", parameter: "page" } }, () => code({ position: { cursor: "x" }, done: 0 })],
    ["an address elsewhere", { paging: { kind: "link" } }, () => code({ position: { url: `${api.elsewhere}/x` }, done: 0 })],
    ["no address", { paging: { kind: "link" } }, () => code({ position: { url: "x" }, done: 0 })],
    ["an incremental read", {}, () => code({ done: 0, since: { given: [] } })],
  ])("refuses a cursor of %s", async (_, more, cursor) => {
    api.serve = library
    const error = await failure(session(more, (open) => collect(open.read(stream, { after: cursor() }))))
    expect([error.code, error.faults.map(({ pointer }) => pointer), api.seen.length]).toEqual(["request_invalid", ["/cursor"], 0])
  })
})

describe("an incremental read", () => {
  const stream: Stream = { path: ["items"], kind: "resource", columns: [], key: ["id"] }
  const config = {
    paging: { kind: "page", parameter: "page", sizeParameter: "size", size: 3 },
    key: "id",
    since: { kind: "parameter", parameter: "updated_since", column: "at" },
  }
  const plan = { kind: "since", column: "at" } as const
  let records: { id: number; at?: string | number | null; v?: number }[] = []
  /** As many APIs do: records from the value on, that value included, the newest first. */
  const changed: Serve = ({ url }, response) => {
    const since = url.searchParams.get("updated_since")
    const from = (Number(url.searchParams.get("page")) - 1) * 3
    const found = records.filter(({ at }) => since === null || (at !== undefined && at !== null && String(at) >= since))
    json(response, found.toSorted((a, b) => (String(a.at) < String(b.at) ? 1 : -1)).slice(from, from + 3))
  }
  const open = <T>(work: Parameters<typeof withSession<T>>[2], more: object = {}, options: { batchRows?: number } = {}) =>
    withSession({ connector: http }, { url: `${api.origin}/items`, ...config, ...more }, work, options)
  /** The ids that a read gives, sorted, and its last cursor. */
  const readFrom = async (after: string | undefined, how: object = plan, more: object = {}) =>
    open(async (session) => {
      const batches = await collect(session.read(stream, { plan: how as typeof plan, ...(after === undefined ? {} : { after }) }))
      const at = (names: readonly { name: string }[]) => names.findIndex(({ name }) => name === "id")
      return { ids: batches.flatMap(({ columns, rows: each }) => each.map((row) => row[at(columns)])).sort(), cursor: batches.at(-1)?.cursor }
    }, more)

  test("gives all, then what is new, whatever the order; a record that changed comes again, one that did not stays away", async () => {
    api.serve = changed
    records = Array.from({ length: 8 }, (_, id) => ({ id, at: `2026-01-0${1 + (id % 4)}T00:00:00Z`, v: 1 }))
    const first = await readFrom(undefined)
    expect(first.ids).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    expect((await readFrom(first.cursor)).ids).toEqual([])
    records = [
      ...records.map((each) => (each.id === 3 ? { ...each, v: 2 } : each)),
      { id: 8, at: "2026-01-04T00:00:00Z", v: 1 },
      { id: 9, at: "2026-02-01T00:00:00Z", v: 1 },
    ]
    api.seen.splice(0)
    const next = await readFrom(first.cursor)
    // 7 has the highest value of the first read and was given then; 3 has it too, and is another record now.
    expect(next.ids).toEqual([3, 8, 9])
    expect(new Set(api.seen.map(({ url }) => url.searchParams.get("updated_since")))).toEqual(new Set(["2026-01-04T00:00:00Z"]))
    const last = await readFrom(next.cursor)
    expect([last.ids, (await readFrom(last.cursor)).ids]).toEqual([[], []])
  })

  test("goes on where it stopped, in the middle of a page too", async () => {
    api.serve = changed
    records = Array.from({ length: 8 }, (_, id) => ({ id, at: id }))
    const ids: unknown[] = []
    let after: string | undefined
    for (let reads = 0; reads < 20; reads++) {
      const stop = await open(
        async (session) => {
          for await (const batch of session.read(stream, { plan, ...(after === undefined ? {} : { after }) })) {
            ids.push(...batch.rows.map(([id]) => id))
            after = batch.cursor
            return batch.rows.length === 0
          }
          return true
        },
        {},
        { batchRows: 2 },
      )
      if (stop) break
    }
    expect(ids.sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    records.push({ id: 8, at: 8 })
    expect((await readFrom(after)).ids).toEqual([8])
  })

  test("keeps to from and until, leaves out records without a value, and asks for nothing more when the API ignores the parameter", async () => {
    api.serve = library
    api.serve = ({ url }, response) => json(response, url.searchParams.get("page") === "1" ? records : [])
    records = [{ id: 1, at: 5 }, { id: 2, at: null }, { id: 3 }, { id: 4, at: 9 }, { id: 5, at: 7 }]
    const how = { ...plan, from: 5, until: 9 }
    const more = { paging: { kind: "page", parameter: "page" } }
    const first = await readFrom(undefined, how, more)
    expect(first.ids).toEqual([1, 5])
    expect((await readFrom(first.cursor, plan, more)).ids).toEqual([4])
  })

  test("finds the value by JMESPath where it is no member", async () => {
    api.serve = (_, response) =>
      json(response, [
        { id: 1, meta: { at: 1 } },
        { id: 2, meta: { at: 3 } },
      ])
    const more = { paging: { kind: "none" }, since: { kind: "parameter", parameter: "s", column: "meta.at" } }
    const how = { kind: "since", column: "meta.at", from: 2 }
    expect((await readFrom(undefined, how, more)).ids).toEqual([2])
    expect(api.seen.at(-1)?.url.search).toBe("?s=2")
  })

  test.each<[string, object, object, string]>([
    ["by another column", { kind: "since", column: "id" }, {}, "unsupported"],
    ["without a parameter for it", plan, { since: { kind: "none" } }, "unsupported"],
    ["from an object", { ...plan, from: { a: 1 } }, {}, "request_invalid"],
  ])("%s is refused before anything is sent", async (_, how, more, expected) => {
    api.serve = changed
    const error = await failure(readFrom(undefined, how, more))
    expect([error.code, api.seen.length]).toEqual([expected, 0])
  })

  test("refuses a cursor of a whole read", async () => {
    api.serve = changed
    records = [{ id: 1, at: 1 }]
    const { cursor } = await readFrom(undefined, { kind: "all" })
    expect((await failure(readFrom(cursor))).code).toBe("request_invalid")
  })
})
