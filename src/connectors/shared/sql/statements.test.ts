import { describe, expect, test } from "vitest"
import type { Call } from "../../../core/call.ts"
import type { Lease } from "../../../core/lease.ts"
import type { Column, Value } from "../../../core/values.ts"
import { type Progress, type StatementApi, type Submission, wireOver } from "./statements.ts"
import type { Page } from "./wire.ts"

const COLUMNS: readonly Column[] = [{ name: "N", type: "integer", nativeType: "NUMBER", nullable: true }]

/** An API in memory: a statement takes so many polls, and gives so many rows by pages of so many. */
function memory({ polls = 2, rows = 5, pageRows = 2, submitted = Promise.resolve() } = {}) {
  const asked: string[] = []
  const sent: Submission<string>[] = []
  const page = (from: number): Progress<string> => {
    const upTo = Math.min(from + pageRows, rows)
    const some = Array.from({ length: upTo - from }, (_, index): Value[] => [from + index])
    return { rows: some, ended: true, ...(upTo < rows ? { next: `page ${upTo}` } : {}), ...(from === 0 ? { columns: COLUMNS, touched: rows } : {}) }
  }
  const api: StatementApi<string, string> = {
    pollMs: { first: 1, most: 2 },
    submit: async (statement) => {
      sent.push(statement)
      await submitted
      return statement.quick ? page(0) : { next: `poll ${polls}` }
    },
    next: async (from) => {
      asked.push(from)
      const [what, number] = from.split(" ")
      if (what === "page") return page(Number(number))
      return Number(number) > 1 ? { next: `poll ${Number(number) - 1}` } : page(0)
    },
    cancel: async (handle, dial) => void asked.push(`cancel ${handle}${dial === undefined ? "" : " by dial"}`),
  }
  return { api, asked, sent }
}

/** A call and a lease that can be cut off. */
function cutting() {
  const controller = new AbortController()
  const cancels = new Set<Parameters<Lease["beforeCutOff"]>[0]>()
  const lease: Pick<Lease, "beforeCutOff"> = {
    beforeCutOff: (cancel) => {
      cancels.add(cancel)
      return () => cancels.delete(cancel)
    },
  }
  const call = { signal: controller.signal, remainingMs: () => 5_000, batchRows: 100 } as unknown as Call
  const cut = async (): Promise<void> => {
    controller.abort(new Error("cut off"))
    for (const cancel of cancels) await cancel(() => Promise.reject(new Error("not dialled")))
  }
  return { lease, call, cut, cancels }
}

async function collect(pages: AsyncIterable<Page>): Promise<number[][]> {
  const all: number[][] = []
  for await (const { rows } of pages) all.push(rows.map(([n]) => Number(n)))
  return all
}

describe("a wire over a statement API", () => {
  test("reads the rows that arrive behind an answer, and closes them where it stops", async () => {
    const closed: number[] = []
    const stream = async function* (from: number) {
      try {
        for (let at = from; at < from + 4; at += 2) yield [[at], [at + 1]]
      } finally {
        closed.push(from)
      }
    }
    const answer = (from: number): Progress<string> => ({ stream: stream(from), ended: true, ...(from < 8 ? { next: String(from + 4) } : {}) })
    const api: StatementApi<string, string> = {
      submit: async () => ({ ...answer(0), columns: COLUMNS }),
      next: async (from) => answer(Number(from)),
      cancel: () => Promise.reject(new Error("not asked for")),
    }
    const { lease, call } = cutting()
    const wire = wireOver(api, lease)
    expect(await collect(wire.pages("SELECT N", [], { batchRows: 3 }, call))).toEqual([[0, 1], [2], [3], [4, 5], [6, 7], [8], [9], [10, 11]])
    expect((await wire.run("SELECT N", [], call)).rows).toHaveLength(12)
    closed.splice(0)
    expect(await collect(wire.pages("SELECT N", [], { batchRows: 100, maxRows: 5 }, call))).toEqual([[0, 1], [2, 3], [4]])
    expect(closed).toEqual([0, 4])
  })

  test("polls, then reads every page in batches", async () => {
    const { api, asked, sent } = memory({ rows: 5, pageRows: 3 })
    const { lease, call, cancels } = cutting()
    expect(await collect(wireOver(api, lease).pages("SELECT N", ["x"], { batchRows: 2 }, call))).toEqual([[0, 1], [2], [3], [4]])
    expect(asked).toEqual(["poll 2", "poll 1", "page 3"])
    expect(sent).toEqual([
      { id: expect.stringMatching(/^[0-9a-f-]{36}$/), sql: "SELECT N", params: ["x"], timeoutMs: 5_000, maxRows: undefined, quick: false, large: true },
    ])
    expect(cancels.size).toBe(0)
  })

  test("stops at maxRows, and asks for no page that nobody wants", async () => {
    const { api, asked, sent } = memory({ rows: 100, pageRows: 10 })
    const { lease, call } = cutting()
    expect((await collect(wireOver(api, lease).pages("SELECT N", [], { batchRows: 50, maxRows: 12 }, call))).flat()).toHaveLength(12)
    expect(asked).toEqual(["poll 2", "poll 1", "page 10"])
    expect(sent[0]?.maxRows).toBe(12)
  })

  test("gives one empty page with its columns for a result without rows", async () => {
    const { api } = memory({ rows: 0 })
    const { lease, call } = cutting()
    const pages: Page[] = []
    for await (const page of wireOver(api, lease).pages("SELECT N", [], { batchRows: 2 }, call)) pages.push(page)
    expect(pages).toEqual([{ columns: COLUMNS, rows: [] }])
  })

  test("runs a statement whole; a quick one is answered with its submission and registers nothing", async () => {
    const { api, asked } = memory({ rows: 3, pageRows: 2 })
    const { lease, call } = cutting()
    expect(await wireOver(api, lease).run("INSERT", [], call)).toEqual({ columns: COLUMNS, rows: [[0], [1], [2]], touched: 3 })
    asked.length = 0
    const unused = { beforeCutOff: () => expect.unreachable("nothing to cancel") }
    expect((await wireOver(api, unused).run("SHOW", [], call, true)).rows).toHaveLength(3)
    expect(asked).toEqual(["page 2"])
  })

  test("cancels on the server at a cut-off", async () => {
    const { api, asked } = memory({ polls: 1_000 })
    const { lease, call, cut } = cutting()
    const work = collect(wireOver(api, lease).pages("SELECT N", [], { batchRows: 2 }, call))
    while (asked.length < 2) await new Promise((resolve) => setTimeout(resolve, 1))
    await cut()
    await expect(work).rejects.toThrow(/abort/i)
    expect(asked.filter((each) => each.startsWith("cancel"))).toEqual([expect.stringMatching(/^cancel poll \d+ by dial$/)])
  })

  test("cancels also a statement whose submission is answered after the cut-off", async () => {
    const late = Promise.withResolvers<void>()
    const { api, asked } = memory({ submitted: late.promise })
    const { lease, call, cut } = cutting()
    const work = collect(wireOver(api, lease).pages("SELECT N", [], { batchRows: 2 }, call))
    work.catch(() => undefined)
    await new Promise((resolve) => setTimeout(resolve, 5))
    const ended = cut()
    late.resolve()
    await ended
    expect(asked).toContain("cancel poll 2 by dial")
    await expect(work).rejects.toThrow()
  })

  test("cancels nothing of a submission that failed, and sends none after a cut-off", async () => {
    const failing: StatementApi<string, string> = {
      ...memory().api,
      submit: () => Promise.reject(new Error("refused")),
      cancel: () => expect.unreachable("no handle"),
    }
    const { lease, call, cut } = cutting()
    const work = collect(wireOver(failing, lease).pages("SELECT N", [], { batchRows: 2 }, call))
    await expect(work).rejects.toThrow("refused")
    await cut()
    const { api, sent } = memory()
    await expect(collect(wireOver(api, lease).pages("SELECT N", [], { batchRows: 2 }, call))).rejects.toThrow("cut off")
    expect(sent).toEqual([])
  })

  test("cancels a running statement of which the consumer wants no more, and not one that has ended", async () => {
    const { api, asked } = memory({ rows: 10, pageRows: 2 })
    const streaming: StatementApi<string, string> = { ...api, next: async (from) => ({ rows: [[1]], columns: COLUMNS, next: `${from}+` }) }
    const { lease, call } = cutting()
    for await (const _ of wireOver(streaming, lease).pages("SELECT N", [], { batchRows: 2 }, call)) break
    expect(asked).toEqual(["cancel poll 2+"])
    asked.length = 0
    for await (const _ of wireOver(api, lease).pages("SELECT N", [], { batchRows: 2 }, call)) break
    expect(asked).toEqual(["poll 2", "poll 1"])
  })
})
