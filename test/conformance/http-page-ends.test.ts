import { beforeEach, describe, expect, test } from "vitest"
import { http } from "../../src/connectors/http.ts"
import type { Row } from "../../src/core/values.ts"
import { json, records, type Serve, startApi } from "../support/api-server.ts"
import { collect } from "../support/batches.ts"
import { failure } from "../support/failure.ts"
import { use } from "../support/use.ts"
import { withSession } from "./context.ts"

// The far side is a stand-in: a server on loopback whose pages each test decides.
const api = use(startApi)
beforeEach(() => void api.seen.splice(0))

const byPage = { kind: "page", parameter: "page", sizeParameter: "limit", size: 10 }
const byOffset = { kind: "offset", parameter: "offset", sizeParameter: "limit", size: 10 }

const call = (serve: Serve, more: object) => {
  api.serve = serve
  return withSession({ connector: http }, { url: `${api.origin}/items`, ...more }, (session) => session.request({}))
}
/** The ids of a read, and of one that begins anew from the cursor of each batch. */
const read = async (serve: Serve, more: object): Promise<{ ids: unknown[]; resumed: unknown[] }> => {
  api.serve = serve
  const stream = { path: ["items"], kind: "resource", columns: [], key: [] } as const
  return await withSession(
    { connector: http },
    { url: `${api.origin}/items`, ...more },
    async (session) => {
      const ids = (await collect(session.read(stream))).flatMap(({ rows }) => rows.map(([id]) => id))
      const resumed: unknown[] = []
      let after: string | undefined
      for (let more = true; more; ) {
        more = false
        for await (const batch of session.read(stream, after === undefined ? {} : { after })) {
          resumed.push(...batch.rows.map(([id]) => id))
          after = batch.cursor
          more = true
          break
        }
      }
      return { ids, resumed }
    },
    { batchRows: 1_000 },
  )
}
const ids = (count: number): number[] => Array.from({ length: count }, (_, id) => id)

/** A list behind page or offset; `serves` makes the answer of what stands at those positions. */
const list =
  (all: readonly Row[], serves: (rows: readonly Row[], page: number) => unknown, cap = 1_000): Serve =>
  ({ url }, response) => {
    const size = Math.min(cap, Number(url.searchParams.get("limit")))
    const page = Number(url.searchParams.get("page") ?? 0)
    const from = page > 0 ? (page - 1) * size : Number(url.searchParams.get("offset"))
    json(response, serves(all.slice(from, from + size), page))
  }
const plain = (rows: readonly Row[]): unknown => rows

describe.each([
  ["page", byPage],
  ["offset", byOffset],
])("by %s", (_, paging) => {
  test("a server that caps its pages is read to its end", async () => {
    const { ids: got, resumed } = await read(list(records(0, 120), plain, 4), { paging })
    expect(got).toEqual(ids(120))
    expect(resumed).toEqual(ids(120))
  })

  test("a server that leaves records out of its pages is read to its end, each record once", async () => {
    for (const hidden of [[4], [9], [0], [3, 4, 5], [8, 9], [0, 1], [19], [13, 14, 25]]) {
      const serve = list(records(0, 30), (rows) => rows.filter(({ id }) => !hidden.includes(id as number)))
      const expected = ids(30).filter((id) => !hidden.includes(id))
      const { ids: got, resumed } = await read(serve, { paging })
      expect(got, String(hidden)).toEqual(expected)
      expect(resumed, String(hidden)).toEqual(expected)
    }
  })

  test("a total saves the request for the empty page, and fewer records are an error", async () => {
    const serve = (total: unknown) => list(records(0, 20), (rows) => ({ items: rows, meta: { total } }))
    const more = { paging: { ...paging, total: "meta.total" }, records: "items" }
    expect([(await call(serve(20), more)) as Row[], api.seen.length]).toEqual([records(0, 20), 2])
    expect(await call(serve("20"), more)).toEqual(records(0, 20))
    expect((await failure(call(serve(25), more))).message).toMatch(/no more records after 20 of 25/)
    expect((await failure(call(serve("many"), more))).message).toMatch(/no whole number at meta\.total/)
    expect(await call(serve(null), more)).toEqual(records(0, 20))
  })

  test("a 404 behind the last page is the end while the first page is there, and an error when it is gone", async () => {
    let gone = false
    const answer: Serve = ({ url }, response) => {
      const at = Number(url.searchParams.get(paging.parameter))
      const from = paging === byPage ? (at - 1) * 10 : at
      if (from >= 20) gone = gone || url.searchParams.has("break")
      if (from >= 20 || gone) return json(response, { detail: "Invalid page." }, 404)
      json(response, records(from, 10))
    }
    expect(await call(answer, { paging })).toEqual(records(0, 20))
    expect((await failure(call(answer, { paging, parameters: [{ name: "break", value: "1" }] }))).code).toBe("stream_not_found")
  })

  test("a 404 among the statuses of success ends bare lists too", async () => {
    const answer: Serve = ({ url }, response) => {
      const at = Number(url.searchParams.get(paging.parameter))
      const from = paging === byPage ? (at - 1) * 10 : at
      json(response, from >= 20 ? { detail: "Invalid page." } : records(from, 10), from >= 20 ? 404 : 200)
    }
    expect([await call(answer, { paging, successStatuses: "200, 404" }), api.seen.length]).toEqual([records(0, 20), 3])
  })

  test("as many pages as are allowed may be followed by an empty one", async () => {
    const serve = list(records(0, 20), plain)
    expect(await call(serve, { paging: { ...paging, maxPages: 2 } })).toEqual(records(0, 20))
    expect((await failure(call(serve, { paging: { ...paging, maxPages: 1 } }))).message).toMatch(/more than 1 pages/)
  })
})

describe("a page that comes again", () => {
  /** The last page stands for every page behind it. */
  const clamped = (answer: (rows: readonly Row[]) => unknown): Serve =>
    list(records(0, 25), (_, page) => answer(records((Math.min(page, 3) - 1) * 10, page >= 3 ? 5 : 10)))

  test.each(["total", "count", "total_count", "totalElements"])("is the end where %s says that all were read", async (name) => {
    expect(
      await call(
        clamped((items) => ({ items, meta: { [name]: 25 } })),
        { paging: byPage, records: "items" },
      ),
    ).toEqual(records(0, 25))
  })

  test("is an error where nothing says so, or something else", async () => {
    for (const more of [{}, { total: 5 }, { count: 10 }, { total: 26 }]) {
      const error = await failure(
        call(
          clamped((items) => ({ items, ...more })),
          { paging: byPage, records: "items" },
        ),
      )
      expect(error.message).toMatch(/same page for two positions.*total/)
    }
  })
})

test("equal records in pages that overlap cannot be told apart", async () => {
  const rows = ids(30).map((id) => ({ v: id % 10 === 4 ? -1 : 7 }))
  const error = await failure(
    call(
      list(rows, (found) => found.filter(({ v }) => v !== -1)),
      { paging: byOffset },
    ),
  )
  expect(error.message).toMatch(/overlap/)
})

test.each([
  ["page", byPage],
  ["cursor", { kind: "cursor", parameter: "cursor", cursor: "next" }],
  ["link", { kind: "link", next: "next" }],
])("by %s, a later page that names an error in place of its records is no end", async (_, paging) => {
  const serve: Serve = (_seen, response) => json(response, api.seen.length === 1 ? { items: records(0, 10), next: "/items?c=2" } : { error: "rate limit" })
  const error = await failure(call(serve, { paging, records: "items" }))
  expect([error.code, error.message]).toEqual(["response_invalid", expect.stringContaining("nothing at items")])
})

describe("a position in the body", () => {
  const posted = { kind: "cursor", parameter: "/variables/after", cursor: "next", place: "body" }
  test("goes to a JSON pointer, and objects on the way are made or kept", async () => {
    api.serve = ({ body }, response) => json(response, { items: [], next: body.includes("after") ? null : "c2" })
    const session = <T>(body: object[], work: () => Promise<T>) =>
      withSession({ connector: http }, { url: `${api.origin}/items`, method: "POST", paging: posted, records: "items", body }, async (open) => {
        await open.request({ variables: { first: 10 } })
        return work()
      })
    await session([{ name: "variables" }], async () => expect(JSON.parse(api.seen.at(-1)?.body ?? "")).toEqual({ variables: { first: 10, after: "c2" } }))
  })

  test("through something that is no object is a fault", async () => {
    api.serve = (_, response) => json(response, { items: [], next: "c2" })
    const config = { url: `${api.origin}/items`, method: "POST", paging: posted, records: "items", body: [{ name: "variables", value: "text" }] }
    const error = await failure(withSession({ connector: http }, config, (open) => open.request({})))
    expect([error.code, error.message]).toEqual(["config_invalid", expect.stringContaining("no object at variables")])
  })
})
